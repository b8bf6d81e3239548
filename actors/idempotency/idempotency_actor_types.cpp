#include "actors/idempotency/idempotency_actor.hpp"

#include "actors/kernel/enum_names.hpp"

namespace troupe::idempotency {

std::string to_string(rejection x) {
  switch (x) {
    case rejection::other_body: return "other_body";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

} // namespace troupe::idempotency

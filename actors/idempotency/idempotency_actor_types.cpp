#include "actors/idempotency/idempotency_actor.hpp"

namespace troupe::idempotency {

std::string to_string(rejection x) {
  switch (x) {
    case rejection::other_body: return "other_body";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, rejection& x) {
  x = static_cast<rejection>(value);
  return to_string(x) != "invalid";
}

bool from_string(caf::string_view text, rejection& x) {
  for (std::uint8_t value = 1; from_integer(value, x); ++value)
    if (std::string_view{text.data(), text.size()} == to_string(x))
      return true;
  return false;
}

} // namespace troupe::idempotency

#include "actors/guard/guard_actor.hpp"

#include "actors/kernel/enum_names.hpp"

namespace troupe::guard {

std::string to_string(rejection x) {
  switch (x) {
    case rejection::unknown_guard: return "unknown_guard";
    case rejection::unknown_policy: return "unknown_policy";
    case rejection::no_reason: return "no_reason";
    case rejection::bad_rule: return "bad_rule";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

} // namespace troupe::guard

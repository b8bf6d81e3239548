#include "actors/kernel/enum_names.hpp"
#include "actors/pause/pause_actor.hpp"

namespace troupe::pause {

std::string to_string(rejection x) {
  switch (x) {
    case rejection::no_reason: return "no_reason";
    case rejection::too_many: return "too_many";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

} // namespace troupe::pause

#include "supervisors/supervision/failure.hpp"

#include "actors/kernel/enum_names.hpp"

namespace troupe::supervision {

std::string to_string(failure x) {
  switch (x) {
    case failure::waited_too_long: return "waited_too_long";
    case failure::buffer_full: return "buffer_full";
    case failure::stopped: return "stopped";
    case failure::restarted_too_often: return "restarted_too_often";
  }
  return "invalid";
}

bool from_string(caf::string_view text, failure& x) {
  return find_by_name(text, x);
}

bool from_integer(std::uint8_t value, failure& x) {
  return find_by_number(value, x);
}

} // namespace troupe::supervision

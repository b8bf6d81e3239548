#include "actors/kernel/caf.hpp"

namespace troupe {

bool from_integer(std::uint8_t value, ec& x) {
  x = static_cast<ec>(value);
  return name_of(x) != "invalid";
}

bool from_string(caf::string_view text, ec& x) {
  for (std::uint8_t value = 1; from_integer(value, x); ++value)
    if (std::string_view{text.data(), text.size()} == name_of(x))
      return true;
  return false;
}

} // namespace troupe

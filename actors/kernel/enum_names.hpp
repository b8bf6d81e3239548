// actors/kernel/enum_names.hpp: reads enums that count from one by their numbers and names, as CAF asks for error
// codes.
#pragma once

#include <caf/string_view.hpp>

#include <cstdint>
#include <string_view>

namespace troupe {

/// Sets `x` to the value of that number; false when `to_string` knows none.
template <class Enum> bool find_by_number(std::uint8_t number, Enum& x) {
  x = static_cast<Enum>(number);
  return to_string(x) != "invalid";
}

/// Sets `x` to the value that `to_string` calls `text`; false when there is none.
template <class Enum> bool find_by_name(caf::string_view text, Enum& x) {
  for (std::uint8_t number = 1; find_by_number(number, x); ++number)
    if (std::string_view{text.data(), text.size()} == to_string(x))
      return true;
  return false;
}

} // namespace troupe

// actors/kernel/enum_names.hpp: reads enums that count from one by their numbers and names, as CAF asks for error
// codes, and sends them in messages.
#pragma once

#include <caf/string_view.hpp>

#include <cstdint>
#include <string>
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

/// How an enum travels that counts from one and whose `name_of` calls all other numbers "invalid": by its number, and
/// by its name where people read it. Refuses any other number or name.
template <class Inspector, class Enum> bool inspect_by_number(Inspector& f, Enum& x) {
  const auto known = [](std::uint8_t number) { return name_of(static_cast<Enum>(number)) != "invalid"; };
  if (f.has_human_readable_format()) {
    auto get = [&x] { return std::string{name_of(x)}; };
    auto set = [&x, known](const std::string& text) {
      for (std::uint8_t number = 1; known(number); ++number)
        if (text == name_of(x = static_cast<Enum>(number)))
          return true;
      return false;
    };
    return f.apply(get, set);
  }
  auto get = [&x] { return static_cast<std::uint8_t>(x); };
  auto set = [&x, known](std::uint8_t number) {
    x = static_cast<Enum>(number);
    return known(number);
  };
  return f.apply(get, set);
}

} // namespace troupe

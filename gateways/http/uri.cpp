#include "gateways/http/uri.hpp"

#include <array>

namespace troupe::gateway {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

// pchar, and what else a path and a query may hold.
constexpr auto allowed = [] {
  std::array<bool, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c)
    table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c)
    table[static_cast<std::size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c)
    table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view{"-._~!$&'()*+,;=:@/?%[]|"})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

} // namespace

bool is_origin_form(std::string_view target) {
  if (target.empty() || target[0] != '/')
    return false;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (!allowed[static_cast<unsigned char>(target[i])])
      return false;
    if (target[i] == '%') {
      if (i + 2 >= target.size() || hex_value(target[i + 1]) < 0 || hex_value(target[i + 2]) < 0)
        return false;
      if (target[i + 1] == '0' && target[i + 2] == '0')
        return false;
      i += 2;
    }
  }
  return true;
}

std::optional<std::string> unescaped(std::string_view text, bool form) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size())
        return std::nullopt;
      const auto high = hex_value(text[i + 1]);
      const auto low = hex_value(text[i + 2]);
      if (high < 0 || low < 0)
        return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += form && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

} // namespace troupe::gateway

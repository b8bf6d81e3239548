// actors/kernel/http.hpp: an HTTP message as a value, for codecs, sandbox twins and routes. No library behind it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::http {

using headers = std::vector<std::pair<std::string, std::string>>;

struct request {
  std::string method; // upper case
  std::string target; // path and query, as on the wire: "/v1/payment_intents/search?query=..."
  headers fields;
  std::string body;
};

struct response {
  int status = 0;
  headers fields;
  std::string body;
};

/// The first field of that name, compared without case as RFC 9110 asks; empty when there is none.
inline std::string_view find(const headers& fields, std::string_view name) {
  constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const auto& [key, value] : fields)
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(),
                   [&](char a, char b) { return lower(a) == lower(b); }))
      return value;
  return {};
}

} // namespace troupe::http

#include "adapters/discovery/address.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::discovery {

namespace {

bool is_host_character(char x) {
  return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9') || x == '-' || x == '.' || x == '_';
}

} // namespace

std::string to_string(const address& x) {
  const bool brackets = x.host.find(':') != x.host.npos;
  return (brackets ? '[' + x.host + ']' : x.host) + ':' + std::to_string(x.port);
}

std::optional<address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos)
    return std::nullopt;
  auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets)
    host = host.substr(1, host.size() - 2);
  const auto fits = [&](char x) { return is_host_character(x) || (brackets && x == ':'); };
  if (host.empty() || !std::all_of(host.begin(), host.end(), fits))
    return std::nullopt;
  if (brackets && host.find(':') == host.npos)
    return std::nullopt;
  address result{std::string{host}, 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (error != std::errc{} || end != port.data() + port.size() || result.port == 0)
    return std::nullopt;
  return result;
}

std::vector<address> in_order(std::vector<address> x) {
  std::sort(x.begin(), x.end());
  x.erase(std::unique(x.begin(), x.end()), x.end());
  return x;
}

} // namespace troupe::discovery

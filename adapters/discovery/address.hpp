// adapters/discovery/address.hpp: where a process listens.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::discovery {

struct address {
  std::string host; // a name, or an IP address; of version 6 without brackets
  std::uint16_t port = 0;

  auto operator<=>(const address&) const = default;
};

/// `10.0.0.1:9400`, `node-1.shop:9400`, `[2001:db8::1]:9400`.
std::string to_string(const address& x);

/// Reads what to_string writes. Nothing for anything else, such as a port of 0 or a blank.
std::optional<address> parse_address(std::string_view text);

/// In order, none twice.
std::vector<address> in_order(std::vector<address> x);

} // namespace troupe::discovery

// adapters/discovery/consul_codec.hpp: Consul's health interface as HTTP messages. No clock, no I/O.
#pragma once

#include "actors/kernel/caf.hpp"
#include "actors/kernel/http.hpp"
#include "adapters/discovery/address.hpp"

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::discovery::consul {

struct query {
  std::string service;
  std::string tag{};        // empty for any
  std::string datacenter{}; // empty for the agent's own
};

/// `prod/services/user` is the service `user` with the tag `prod`; `user` is the service with any tag. Nothing for
/// anything else.
std::optional<query> parse_name(std::string_view name);

/// Asks for the instances whose checks all pass. `token` may be empty.
http::request encode(const query& x, const std::string& token);

/// Addresses in order, none twice: an instance's own address, or else that of its node. Instances without a port are
/// left out. Fails with unavailable when none is left, bad_response, and for other statuses as http::code_of_status
/// says.
caf::expected<std::vector<address>> decode(const query& asked, const http::response& answer);

} // namespace troupe::discovery::consul

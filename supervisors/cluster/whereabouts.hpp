// supervisors/cluster/whereabouts.hpp: where a node is looked for.
#pragma once

#include "actors/cluster/membership.hpp"
#include "adapters/discovery/finder.hpp"
#include "adapters/http_client/curl_engine.hpp"
#include "supervisors/cluster/links.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe::cluster {

/// Who is asked, beside the store, at which addresses a node is. Who is a member, only the store says.
struct discovery_settings {
  enum class kind : std::uint8_t { store_only, listed, dns, consul };

  kind from = kind::store_only;
  std::map<std::string, discovery::address> nodes; // listed: by name
  std::string service;    // dns: the domain that nodes' names stand in; consul: the service, with nodes' names as tags
  std::uint16_t port = 0; // dns: of every node; 0: SRV records of _cluster._tcp in the domain say it
  std::string server;     // dns: "10.0.0.2:53"; the system's when empty
  std::string url;        // consul: of an agent
  std::string token;      // consul: of its access control; empty for none
  http::client_options client; // consul
  duration timeout{1'500};     // of one question
};

/// The addresses of the node of that name, as they are now. Blocks. Fails as a finder does.
using find_fn = std::function<caf::expected<std::vector<discovery::address>>(const std::string& node)>;

/// Empty when only the store says where nodes are. Safe on any thread. Throws std::runtime_error when libcurl fails.
find_fn make_find(const discovery_settings& x);

/// First where the store says that it is, then, asked only when that was no help, where `find` does; none twice.
/// `failed` is told when it finds nothing.
places_fn places_of(const node_record& whom, find_fn find,
                    std::function<void(const std::string& node, const caf::error& why)> failed = {});

} // namespace troupe::cluster

#include "supervisors/cluster/whereabouts.hpp"

#include "adapters/discovery/consul.hpp"
#include "adapters/discovery/dns.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace troupe::cluster {

namespace {

using addresses = std::vector<discovery::address>;

/// Of all nodes of the domain, the one whose host has this name.
caf::expected<addresses> only(const std::string& node, caf::expected<addresses> found) {
  if (!found)
    return found;
  std::erase_if(*found, [&](const discovery::address& x) { return x.host.substr(0, x.host.find('.')) != node; });
  if (found->empty())
    return caf::make_error(ec::unavailable, "DNS, services: no host is called " + node);
  return found;
}

find_fn find_by_dns(const discovery_settings& x) {
  return [x](const std::string& node) -> caf::expected<addresses> {
    if (x.port != 0)
      return discovery::make_dns_addresses({node + '.' + x.service, x.server, x.timeout}, x.port)->find();
    return only(node, discovery::make_dns_services({"_cluster._tcp." + x.service, x.server, x.timeout})->find());
  };
}

find_fn find_by_consul(const discovery_settings& x) {
  return [x, engine = std::make_shared<http::curl_engine>(x.client)](const std::string& node) {
    return discovery::make_consul({x.url, {x.service, node, {}}, x.token, x.timeout}, engine)->find();
  };
}

} // namespace

find_fn make_find(const discovery_settings& x) {
  switch (x.from) {
    case discovery_settings::kind::store_only: return {};
    case discovery_settings::kind::dns: return find_by_dns(x);
    case discovery_settings::kind::consul: return find_by_consul(x);
    case discovery_settings::kind::listed: break;
  }
  return [nodes = x.nodes](const std::string& node) -> caf::expected<addresses> {
    const auto known = nodes.find(node);
    if (known == nodes.end())
      return caf::make_error(ec::unavailable, "cluster.discovery.nodes does not name " + node);
    return addresses{known->second};
  };
}

places_fn places_of(const node_record& whom, find_fn find,
                    std::function<void(const std::string&, const caf::error&)> failed) {
  struct tried {
    addresses all;
    bool asked = false;
  };
  const auto sofar = std::make_shared<tried>();
  if (auto known = discovery::parse_address(whom.address))
    sofar->all.push_back(*std::move(known));
  return [sofar, name = whom.name, find = std::move(find),
          failed = std::move(failed)](std::size_t index) -> std::optional<discovery::address> {
    if (index >= sofar->all.size() && find && !std::exchange(sofar->asked, true)) {
      auto found = find(name);
      if (!found && failed)
        failed(name, found.error());
      for (auto& x : found ? *found : addresses{})
        if (std::find(sofar->all.begin(), sofar->all.end(), x) == sofar->all.end())
          sofar->all.push_back(std::move(x));
    }
    return index < sofar->all.size() ? std::optional{sofar->all[index]} : std::nullopt;
  };
}

} // namespace troupe::cluster

#include "adapters/payment/exchange.hpp"
#include "supervisors/ctl/ctl.hpp"
#include "supervisors/ctl/request.hpp"
#include "supervisors/ctl/table.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace troupe::ctl {

namespace {

using nlohmann::json;

/// "up", "draining", "left" or "dead"; and whether the node that answers has no connection with it.
std::string state_of(const json& node, bool color) {
  const bool live = node.value("live", false);
  auto state = live || text_of(node, "state") == "left" ? text_of(node, "state") : "dead";
  const bool reached = node.value("reachable", false);
  const auto how = state == "dead" || (live && !reached) ? style::bad : state == "up" ? style::good : style::waiting;
  if (live && !reached)
    state += ", not reached";
  return paint(state, how, color);
}

} // namespace

int show_cluster(const target& where, bool shards) {
  const auto got = call(where, where.operations_url, "GET", shards ? "/api/cluster/shards" : "/api/cluster");
  if (got.exit != answered)
    return got.exit;
  if (where.json) {
    print_as_it_came(got);
    return answered;
  }
  std::cout << "As " << text_of(got.body, "self") << " sees it: " << got.body.value("unownedShards", 0)
            << " shards without an owner, " << got.body.value("movingShards", 0) << " on their way, planned by "
            << text_of(got.body, "planner") << '\n';
  if (const auto trouble = got.body.value("trouble", std::string{}); !trouble.empty())
    std::cout << paint("It cannot renew its lease: " + trouble, style::bad, where.color) << '\n';
  table rows{{"NODE", "STATE", "SHARDS", "ARRIVING", "LEASE", "WEIGHT", "ROLES", "VERSION", "ADDRESS"}};
  for (const auto& x : got.body.value("nodes", json::array()))
    rows.add({text_of(x, "name"), state_of(x, where.color), std::to_string(x.value("shards", 0)),
              std::to_string(x.value("arriving", 0)), std::to_string(x.value("leaseMilliseconds", 0)) + " ms",
              std::to_string(x.value("weight", 0)), text_of(x, "roles"), text_of(x, "version"), text_of(x, "address")});
  rows.print(std::cout, where.color);
  if (!shards)
    return answered;
  table each{{"SHARD", "OWNER", "EPOCH", "TO"}};
  for (const auto& x : got.body.value("shards", json::array()))
    each.add({std::to_string(x.value("shard", 0)), text_of(x, "owner"), std::to_string(x.value("epoch", 0)),
              text_of(x, "target")});
  each.print(std::cout, where.color);
  return answered;
}

int drain_node(const target& where, const std::string& node, const std::string& reason) {
  const auto got = call(where, where.operations_url, "POST",
                        "/api/cluster/nodes/" + payment::percent_encoded(node) + "/drain", json{{"reason", reason}});
  if (got.exit != answered)
    return got.exit;
  if (where.json)
    print_as_it_came(got);
  else
    std::cout << paint(node, style::strong, where.color)
              << " owns nothing any more. It can be stopped; started again it "
              << "takes its share.\n";
  return answered;
}

} // namespace troupe::ctl

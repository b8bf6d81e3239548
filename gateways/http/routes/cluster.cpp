// gateways/http/routes/cluster.cpp: the nodes of the cluster, who owns what, and how a node is emptied.
#include "gateways/http/routes/answer.hpp"
#include "gateways/http/routes/routes.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t reason_bytes_max = 200;

constexpr duration drain_deadline{65'000}; // a node on which it ends later is asked again

http::response no_cluster() {
  return refusal(
    {404, "no-cluster", "This node is alone", "It is no member of a cluster; cluster.enabled makes it one.", ""});
}

ordered_json node_json(const cluster::node_record& x, const cluster::report& of, std::size_t shards,
                       std::size_t arriving) {
  const bool reachable =
    x.name == of.self || std::find(of.reachable.begin(), of.reachable.end(), x.name) != of.reachable.end();
  return {{"name", x.name},
          {"incarnation", x.incarnation},
          {"address", x.address},
          {"roles", cluster::to_string(x.roles)},
          {"labels", x.labels},
          {"weight", x.weight},
          {"version", x.version},
          {"protocol", x.protocol},
          {"state", cluster::name_of(x.state)},
          {"live", cluster::is_live(x)},
          {"leaseMilliseconds", x.lease_left.count()},
          {"reachable", reachable},
          {"shards", shards},
          {"arriving", arriving}};
}

ordered_json report_json(const cluster::report& x, bool with_shards) {
  ordered_json out{{"self", x.self},
                   {"incarnation", x.incarnation},
                   {"state", cluster::name_of(x.state)},
                   {"heldShards", x.held},
                   {"leavingShards", x.leaving}};
  if (!x.trouble.empty())
    out["trouble"] = x.trouble;
  auto nodes = ordered_json::array();
  auto shards = ordered_json::array();
  std::size_t unowned = 0;
  std::size_t moving = 0;
  if (x.seen) {
    std::map<std::string, std::size_t> owned;
    std::map<std::string, std::size_t> arriving;
    for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
      const auto* owner = cluster::live_owner(*x.seen, shard);
      const auto& at = x.seen->shards[shard];
      unowned += owner ? 0 : 1;
      const bool moves = !at.target.empty() && (!owner || owner->name != at.target);
      moving += moves ? 1 : 0;
      if (owner)
        ++owned[owner->name];
      if (moves)
        ++arriving[at.target];
      if (with_shards)
        shards.push_back(
          {{"shard", shard}, {"owner", owner ? owner->name : ""}, {"epoch", at.epoch}, {"target", at.target}});
    }
    for (const auto& node : x.seen->nodes)
      nodes.push_back(node_json(node, x, owned[node.name], arriving[node.name]));
    if (const auto* planner = cluster::planner_of(*x.seen))
      out["planner"] = planner->name;
    out["planVersion"] = x.seen->plan_version;
  }
  out["unownedShards"] = unowned;
  out["movingShards"] = moving;
  out["nodes"] = std::move(nodes);
  if (with_shards)
    out["shards"] = std::move(shards);
  return out;
}

eventually<http::response> show(incoming& in, const operations& behind, bool with_shards) {
  if (!behind.cluster)
    co_return no_cluster();
  const auto found = co_await ask<cluster::report>(in, behind.cluster, cluster::get_report{});
  if (!found)
    co_return refusal(found.error());
  co_return answer(200, report_json(*found, with_shards), {{"Cache-Control", "no-store"}});
}

http::response why_not_drained(const caf::error& why) {
  if (code_of(why, ec::bad_response) != ec::refused || !why.context().match_elements<std::string>())
    return refusal(why);
  return refusal({409, "not-drained", "The node cannot be drained", why.context().get_as<std::string>(0) + ".", ""});
}

eventually<http::response> drain(incoming& in, const operations& behind) {
  if (!behind.cluster)
    co_return no_cluster();
  cluster::drain_node command{std::string{in.param("node")}, in.body.at("reason").get<std::string>()};
  const auto done = co_await ask<cluster::drained>(in, behind.cluster, in.context, std::move(command));
  if (!done)
    co_return why_not_drained(done.error());
  const ordered_json body{{"node", done->node}, {"drained", true}};
  co_return answer(200, body, {{"Cache-Control", "no-store"}});
}

// ---- schemas -------------------------------------------------------------------------------------------------------

json report_schema() {
  const json text = {{"type", "string"}};
  const json count = {{"type", "integer"}, {"minimum", 0}};
  const json flag = {{"type", "boolean"}};
  const json state = {{"type", "string"}, {"enum", {"up", "draining", "left"}}};
  const auto node = object_schema(
    {{"name", text},
     {"incarnation", described(count, "Grows each time any node joins")},
     {"address", described(text, "Where other nodes reach it")},
     {"roles", described(text, "gateway, worker or both")},
     {"labels", {{"type", "object"}, {"additionalProperties", text}}},
     {"weight", described(count, "Its part of the shards, compared with the others'")},
     {"version", text},
     {"protocol", count},
     {"state", state},
     {"live", described(flag, "Whether its lease has not run out")},
     {"leaseMilliseconds", {{"type", "integer"}, {"description", "What was left of its lease, by the store's clock"}}},
     {"reachable", described(flag, "Whether this node is connected with it")},
     {"shards", described(count, "That it owns")},
     {"arriving", described(count, "That are on their way to it")}},
    {"name", "incarnation", "address", "roles", "labels", "weight", "version", "protocol", "state", "live",
     "leaseMilliseconds", "reachable", "shards", "arriving"});
  const auto shard = object_schema({{"shard", count},
                                    {"owner", described(text, "Empty when nobody with a lease owns it")},
                                    {"epoch", described(count, "Fences every earlier owner")},
                                    {"target", described(text, "The node that is to own it; empty when it stays")}},
                                   {"shard", "owner", "epoch", "target"});
  return with_example(object_schema({{"self", described(text, "The node that answers")},
                                     {"incarnation", count},
                                     {"state", state},
                                     {"heldShards", described(count, "Of this node")},
                                     {"leavingShards", described(count, "That this node is handing over")},
                                     {"trouble", described(text, "Why it could not renew its lease the last time")},
                                     {"planner", described(text, "The node that plans for all")},
                                     {"planVersion", count},
                                     {"unownedShards", count},
                                     {"movingShards", count},
                                     {"nodes", {{"type", "array"}, {"items", node}}},
                                     {"shards", {{"type", "array"}, {"items", shard}}}},
                                    {"self", "incarnation", "state", "heldShards", "leavingShards", "unownedShards",
                                     "movingShards", "nodes"}),
                      R"json({"self": "node-1", "incarnation": 3, "state": "up", "heldShards": 1024, "leavingShards": 0,
    "planner": "node-1", "planVersion": 2, "unownedShards": 0, "movingShards": 0, "nodes": [
      {"name": "node-1", "incarnation": 3, "address": "10.0.0.5:9100", "roles": "gateway,worker", "labels": {"zone": "a"},
       "weight": 100, "version": "0.1.0", "protocol": 1, "state": "up", "live": true, "leaseMilliseconds": 1950,
       "reachable": true, "shards": 1024, "arriving": 0}]})json");
}

json drain_schema() {
  return with_example(object_schema({{"reason",
                                      {{"type", "string"},
                                       {"minLength", 1},
                                       {"maxLength", reason_bytes_max},
                                       {"pattern", printable_pattern},
                                       {"description", "Why, for the record and for other operators"}}}},
                                    {"reason"}),
                      R"({"reason": "its machine gets a new kernel"})");
}

} // namespace

void add_cluster_routes(router& table, const operations& behind) {
  route all;
  all.method = "GET";
  all.path = "/api/cluster";
  all.operation_id = "getCluster";
  all.summary = "The nodes of the cluster, as this node knows them.";
  all.scope = scope::operator_key;
  all.responses = {{200, "The cluster.", report_schema()}, {404, "This node is alone.", {}}};
  all.handle = [behind](incoming& in) { return show(in, behind, false); };
  table.add(std::move(all));

  route shards;
  shards.method = "GET";
  shards.path = "/api/cluster/shards";
  shards.operation_id = "getClusterShards";
  shards.summary = "The same with every shard: its owner, its epoch and where it is to go.";
  shards.scope = scope::operator_key;
  shards.responses = {{200, "The cluster.", report_schema()}, {404, "This node is alone.", {}}};
  shards.handle = [behind](incoming& in) { return show(in, behind, true); };
  table.add(std::move(shards));

  route out;
  out.method = "POST";
  out.path = "/api/cluster/nodes/{node}/drain";
  out.operation_id = "drainNode";
  out.summary =
    "Has a node hand all its shards over, without a request that fails; it goes on as a gateway until it is "
    "started again. Safe to repeat.";
  out.scope = scope::operator_key;
  out.parameters = {{"node", "path", "Its name, as the list has it.", json{{"type", "string"}}}};
  out.request_schema = drain_schema();
  out.responses = {
    {200, "It owns nothing any more.",
     object_schema({{"node", {{"type", "string"}}}, {"drained", {{"type", "boolean"}}}}, {"node", "drained"})},
    {404, "This node is alone.", {}},
    {409, "There is no such node, or no other that could take its shards.", {}}};
  out.deadline = drain_deadline;
  out.handle = [behind](incoming& in) { return drain(in, behind); };
  table.add(std::move(out));
}

} // namespace troupe::gateway

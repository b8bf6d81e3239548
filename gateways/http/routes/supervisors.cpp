// gateways/http/routes/supervisors.cpp: what a node consists of, and how each part fares.
#include "gateways/http/routes/everywhere.hpp"
#include "gateways/http/routes/routes.hpp"

#include <algorithm>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json part_json(const part& x, time_point now) {
  ordered_json out{{"path", x.path}, {"state", x.state}};
  if (!x.strategy.empty())
    out["strategy"] = x.strategy;
  out["since"] = to_rfc3339(x.since);
  out["sinceMilliseconds"] = std::max<std::int64_t>(0, (now - x.since).count());
  out["restarts"] = x.restarts;
  if (!x.last_error.empty()) {
    out["lastError"] = x.last_error;
    out["failedAt"] = to_rfc3339(x.failed_at);
  }
  out["mailbox"] = {{"messages", x.mailbox}, {"oldestMilliseconds", x.oldest.count()}, {"waitForRestart", x.buffered}};
  if (x.entities)
    out["entities"] = {{"live", x.entities->live}, {"failures", x.entities->failures}};
  return out;
}

/// As this node's clock has it.
part as_here(const cluster::part& x, time_point now) {
  std::optional<part::population> entities;
  if (x.entities)
    entities = part::population{x.entities->live, x.entities->failures};
  return {x.path,         x.strategy, x.state,  now - x.since, x.restarts,         x.last_error,
          now - x.failed, x.mailbox,  x.oldest, x.buffered,    std::move(entities)};
}

eventually<http::response> parts_everywhere(incoming& in, const operations& behind) {
  cluster::survey_parts question{wanted_node(in)};
  const auto found = co_await ask<cluster::parts_seen>(in, behind.survey, std::move(question));
  if (!found)
    co_return why_not_seen(found.error());
  const auto now = behind.now();
  auto list = ordered_json::array();
  for (const auto& of : found->told)
    for (const auto& x : of.what.parts) {
      auto each = part_json(as_here(x, now), now);
      each["node"] = of.node;
      list.push_back(std::move(each));
    }
  ordered_json body{{"parts", std::move(list)}};
  add_missing(body, found->not_told);
  co_return answer(200, body, {{"Cache-Control", "no-store"}});
}

http::response parts(const operations& behind) {
  const auto now = behind.now();
  auto list = ordered_json::array();
  for (const auto& x : behind.parts())
    list.push_back(part_json(x, now));
  return answer(200, {{"parts", std::move(list)}}, {{"Cache-Control", "no-store"}});
}

json parts_schema() {
  const json text = {{"type", "string"}};
  const json count = {{"type", "integer"}, {"minimum", 0}};
  const json instant = {{"type", "string"}, {"format", "date-time"}};
  const auto mailbox =
    object_schema({{"messages", described(count, "That wait, at the last look")},
                   {"oldestMilliseconds", described(count, "How long the oldest has waited, at least")},
                   {"waitForRestart", described(count, "Messages to a part that is down")}},
                  {"messages", "oldestMilliseconds", "waitForRestart"});
  const auto entities =
    object_schema({{"live", described(count, "In memory, of those that this part looks after by their keys")},
                   {"failures", described(count, "That ended one of them since the node started")}},
                  {"live", "failures"});
  const auto each =
    object_schema({{"path", described(text, "Supervisors and the part, from the top down")},
                   {"state", {{"type", "string"}, {"enum", {"starting", "up", "waiting", "stopping", "ended"}}}},
                   {"strategy", described(text, "Of a supervisor: whom a failure concerns")},
                   {"since", described(instant, "Since when it is in this state")},
                   {"sinceMilliseconds", described(count, "How long ago that was")},
                   {"restarts", described(count, "Since its supervisor started")},
                   {"lastError", described(text, "Why it ended the last time")},
                   {"failedAt", described(instant, "When that was")},
                   {"mailbox", mailbox},
                   {"entities", entities},
                   {"node", node_schema()}},
                  {"path", "state", "since", "sinceMilliseconds", "restarts", "mailbox"});
  return with_example(
    object_schema({{"parts", {{"type", "array"}, {"items", each}}}, {"missing", missing_schema()}}, {"parts"}),
    R"json({"parts": [
    {"path": "node/entities/orders", "state": "up", "since": "2026-03-01T12:00:00.000Z", "sinceMilliseconds": 86400000,
     "restarts": 1, "lastError": "an invariant broke", "failedAt": "2026-03-01T11:59:59.940Z",
     "mailbox": {"messages": 3, "oldestMilliseconds": 0, "waitForRestart": 0},
     "entities": {"live": 412, "failures": 0}}]})json");
}

eventually<http::response> at_once(http::response x) {
  co_return x;
}

} // namespace

void add_supervisor_routes(router& table, const operations& behind) {
  route tree;
  tree.method = "GET";
  tree.path = "/api/supervisors";
  tree.operation_id = "getSupervisors";
  tree.summary = "The supervision trees of all nodes, supervisors before their parts.";
  tree.parameters = {node_parameter("Of this node alone.")};
  tree.scope = scope::operator_key;
  tree.responses = {{200, "The trees.", parts_schema()}, {404, "There is no such node.", {}}};
  tree.handle = [behind](incoming& in) {
    return behind.survey ? parts_everywhere(in, behind) : at_once(parts(behind));
  };
  table.add(std::move(tree));
}

} // namespace troupe::gateway

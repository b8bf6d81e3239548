// gateways/http/routes/guards.cpp: what the guards in front of other services do and why, and how operators steer them.
#include "gateways/http/routes/everywhere.hpp"
#include "gateways/http/routes/routes.hpp"

#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t reason_bytes_max = 200;

ordered_json allowance_json(const guard::allowance& x) {
  return {{"limit", x.limit}, {"perMilliseconds", x.per.count()}, {"left", x.left}};
}

ordered_json decision_json(const guard::decision& x) {
  ordered_json out{{"at", to_rfc3339(x.at)}, {"decision", x.what}};
  if (!x.operation.empty())
    out["operation"] = x.operation;
  if (!x.caller.empty())
    out["caller"] = x.caller;
  out["reason"] = x.why;
  return out;
}

ordered_json action_json(const guard::action& x) {
  ordered_json out{{"at", to_rfc3339(x.at)}, {"action", x.what}};
  if (!x.detail.empty())
    out["detail"] = x.detail;
  out["by"] = x.by;
  out["reason"] = x.reason;
  return out;
}

ordered_json breaker_json(const guard::report& x) {
  ordered_json out{{"state", x.state}, {"mode", guard::name_of(x.mode)}, {"consecutiveFailures", x.failures}};
  if (!x.reason.empty())
    out["reason"] = x.reason;
  if (x.wait > duration::zero())
    out["waitMilliseconds"] = x.wait.count();
  return out;
}

ordered_json guard_json(const guard::report& x) {
  ordered_json out{{"name", x.name},
                   {"policy", x.policy},
                   {"source", x.source},
                   {"breaker", breaker_json(x)},
                   {"underWay", x.under_way},
                   {"inLine", x.in_line},
                   {"retryBudget", {{"left", x.retries_left}, {"calls", x.budget_calls}}}};
  if (x.rate)
    out["rate"] = allowance_json(*x.rate);
  if (x.bulk_rate)
    out["bulkRate"] = allowance_json(*x.bulk_rate);
  out["counts"] = {{"calls", x.calls}, {"refused", x.refused}, {"retried", x.retried}, {"failed", x.failed}};
  return out;
}

ordered_json guard_in_full_json(const guard::report& x) {
  auto out = guard_json(x);
  out["rules"] = x.rules;
  auto& recent = out["recent"] = ordered_json::array();
  for (const auto& each : x.recent)
    recent.push_back(decision_json(each));
  if (x.actions) {
    auto& actions = out["actions"] = ordered_json::array();
    for (const auto& each : *x.actions)
      actions.push_back(action_json(each));
  }
  return out;
}

http::response told(caf::expected<guard::report> x) {
  return x ? answer(200, guard_in_full_json(*x), {{"Cache-Control", "no-store"}}) : refusal(x.error());
}

eventually<http::response> list(incoming& in, const guard::guards_actor& guards) {
  const auto all = co_await ask<guard::reports>(in, guards, guard::get_guards{});
  if (!all)
    co_return refusal(all.error());
  auto items = ordered_json::array();
  for (const auto& each : all->items)
    items.push_back(guard_json(each));
  const ordered_json body{{"guards", std::move(items)}};
  http::headers fields{{"Cache-Control", "no-store"}};
  co_return answer(200, body, std::move(fields));
}

eventually<http::response> list_everywhere(incoming& in, const cluster::survey_actor& survey) {
  cluster::survey_guards question{wanted_node(in)};
  const auto found = co_await ask<cluster::guards_seen>(in, survey, std::move(question));
  if (!found)
    co_return why_not_seen(found.error());
  auto items = ordered_json::array();
  for (const auto& of : found->told)
    for (const auto& x : of.what.items) {
      auto each = guard_json(x);
      each["node"] = of.node;
      items.push_back(std::move(each));
    }
  ordered_json body{{"guards", std::move(items)}};
  add_missing(body, found->not_told);
  co_return answer(200, body, {{"Cache-Control", "no-store"}});
}

eventually<http::response> show_at(incoming& in, const cluster::survey_actor& survey) {
  cluster::survey_guard question{wanted_node(in), std::string{in.param("name")}};
  auto found = co_await ask<cluster::guard_seen>(in, survey, std::move(question));
  if (!found)
    co_return why_not_seen(found.error());
  if (found->told.empty())
    co_return refusal(caf::make_error(ec::unavailable));
  auto body = guard_in_full_json(found->told.front().what);
  body["node"] = found->told.front().node;
  co_return answer(200, body, {{"Cache-Control", "no-store"}});
}

eventually<http::response> show(incoming& in, const guard::guards_actor& guards) {
  guard::get_guard question{std::string{in.param("name")}};
  auto answered = co_await ask<guard::report>(in, guards, std::move(question));
  co_return told(std::move(answered));
}

eventually<http::response> set_breaker(incoming& in, const guard::guards_actor& guards) {
  guard::set_breaker command{std::string{in.param("name")},
                             guard::parse_breaker_mode(in.body.at("mode").get<std::string>()).value(),
                             in.body.at("reason").get<std::string>()};
  auto answered = co_await ask<guard::report>(in, guards, in.context, std::move(command));
  co_return told(std::move(answered));
}

eventually<http::response> set_policy(incoming& in, const guard::guards_actor& guards) {
  guard::set_policy command{
    std::string{in.param("name")}, in.body.value("policy", std::string{}), {}, in.body.at("reason").get<std::string>()};
  if (const auto rules = in.body.find("rules"); rules != in.body.end())
    for (const auto& [key, value] : rules->items())
      command.rules.emplace(key, value.is_string() ? value.get<std::string>() : value.dump());
  auto answered = co_await ask<guard::report>(in, guards, in.context, std::move(command));
  co_return told(std::move(answered));
}

// ---- schemas -------------------------------------------------------------------------------------------------------

json text_schema() {
  return {{"type", "string"}};
}

json count_schema(std::string description) {
  return {{"type", "integer"}, {"minimum", 0}, {"description", std::move(description)}};
}

json reason_schema() {
  return {{"type", "string"},
          {"minLength", 1},
          {"maxLength", reason_bytes_max},
          {"pattern", printable_pattern},
          {"description", "Why, for the record and for other operators"}};
}

json allowance_schema() {
  return object_schema({{"limit", count_schema("Calls in any span")},
                        {"perMilliseconds", count_schema("The span")},
                        {"left", count_schema("Calls that may go at once")}},
                       {"limit", "perMilliseconds", "left"});
}

json guard_properties() {
  const json states = {"closed", "open", "half_open"};
  const json modes = {"auto", "open", "closed"};
  return {
    {"name", text_schema()},
    {"policy", text_schema()},
    {"source", described(text_schema(), "Where the policy is configured: file and line, `default`, or who set it")},
    {"breaker",
     object_schema({{"state", {{"type", "string"}, {"enum", states}}},
                    {"mode", {{"type", "string"}, {"enum", modes}, {"description", "What operators decided"}}},
                    {"consecutiveFailures", count_schema("Failures in a row")},
                    {"reason", described(text_schema(), "Why it is not closed")},
                    {"waitMilliseconds", count_schema("Until it lets a call through")}},
                   {"state", "mode", "consecutiveFailures"})},
    {"underWay", count_schema("Attempts that have no answer yet")},
    {"inLine", count_schema("Calls that wait for their turn")},
    {"retryBudget", object_schema({{"left", count_schema("Retries that are allowed now")},
                                   {"calls", count_schema("Calls of the last ten seconds")}},
                                  {"left", "calls"})},
    {"rate", allowance_schema()},
    {"bulkRate", allowance_schema()},
    {"counts", object_schema({{"calls", count_schema("Since the node began")},
                              {"refused", count_schema("Of them without any attempt")},
                              {"retried", count_schema("Attempts beside the first ones")},
                              {"failed", count_schema("Calls that had no answer after all attempts")}},
                             {"calls", "refused", "retried", "failed"})},
    {"node", node_schema()}};
}

const std::vector<std::string> guard_required{"name",     "policy", "source",      "breaker",
                                              "underWay", "inLine", "retryBudget", "counts"};

json guard_schema() {
  auto properties = guard_properties();
  properties["rules"] = {{"type", "object"},
                         {"additionalProperties", {{"type", "string"}}},
                         {"description", "The policy's rules as they would stand in the configuration"}};
  properties["recent"] = {
    {"type", "array"},
    {"description", "The latest decisions other than to let a call pass; latest last"},
    {"items",
     object_schema(
       {{"at", {{"type", "string"}, {"format", "date-time"}}},
        {"decision",
         {{"type", "string"},
          {"enum", {"refused", "retried", "gave_up", "hedged", "cached", "fell_back", "breaker", "operator"}}}},
        {"operation", text_schema()},
        {"caller", described(text_schema(), "`order/<id>`, or whoever asked")},
        {"reason", text_schema()}},
       {"at", "decision", "reason"})}};
  properties["actions"] = {
    {"type", "array"},
    {"maxItems", guard::actions_max},
    {"description",
     "What operators did, over restarts, latest last; left out while the store cannot be asked. A policy that was set "
     "holds until the configuration is read again or the node ends"},
    {"items", object_schema({{"at", {{"type", "string"}, {"format", "date-time"}}},
                             {"action", {{"type", "string"}, {"enum", {"breaker", "policy"}}}},
                             {"detail", described(text_schema(), "The breaker's mode; or the policy and its changes")},
                             {"by", described(text_schema(), "Who did it")},
                             {"reason", text_schema()}},
                            {"at", "action", "by", "reason"})}};
  auto required = guard_required;
  required.insert(required.end(), {"rules", "recent"});
  return with_example(object_schema(std::move(properties), std::move(required)),
                      R"({"name": "payment.rest", "policy": "payment-api", "source": "troupe.yaml:42",
        "breaker": {"state": "open", "mode": "auto", "consecutiveFailures": 5,
                    "reason": "open after 5 consecutive failures", "waitMilliseconds": 23000},
        "underWay": 0, "inLine": 0, "retryBudget": {"left": 8, "calls": 12},
        "rate": {"limit": 100, "perMilliseconds": 60000, "left": 5},
        "counts": {"calls": 7, "refused": 2, "retried": 2, "failed": 3},
        "rules": {"breaker.open_time": "30s"},
        "recent": [{"at": "2026-03-01T12:00:00.000Z", "decision": "refused", "operation": "authorize",
                    "caller": "order/01990000-0000-7000-8000-000000000001",
                    "reason": "breaker \"payment-api\" (troupe.yaml:42): open after 5 consecutive failures, tries again in 23 s"}],
        "actions": [{"at": "2026-03-01T11:00:00.000Z", "action": "policy", "detail": "payment-api, rate.limit=100",
                     "by": "operator", "reason": "they ask us to go slower"}]})");
}

json breaker_request() {
  return with_example(
    object_schema({{"mode",
                    {{"type", "string"},
                     {"enum", {"open", "closed", "auto"}},
                     {"description", "Refuse every call, let every call through, or go by the rules"}}},
                   {"reason", reason_schema()}},
                  {"mode", "reason"}),
    R"({"mode": "open", "reason": "the provider maintains its system until 6 o'clock"})");
}

json policy_request() {
  const json value = {{"type", {"string", "integer"}}, {"maxLength", 100}};
  return with_example(
    object_schema(
      {{"policy", described(text_schema(), "A policy of the configuration; the one that holds when left out")},
       {"rules",
        {{"type", "object"},
         {"maxProperties", 100},
         {"additionalProperties", value},
         {"description", "Rules to change, by their keys in the configuration"}}},
       {"reason", reason_schema()}},
      {"reason"}),
    R"({"policy": "payment-api", "rules": {"breaker.open_time": "10s"}, "reason": "it recovers fast today"})");
}

} // namespace

void add_guard_routes(router& table, const guard::guards_actor& guards, const cluster::survey_actor& survey) {
  route all;
  all.method = "GET";
  all.path = "/api/guards";
  all.operation_id = "listGuards";
  all.summary = "Every guard in front of another service, on all nodes: breaker, line, retry budget, rate.";
  all.parameters = {node_parameter("Of this node alone.")};
  all.scope = scope::operator_key;
  all.responses = {
    {200, "The guards.",
     object_schema({{"guards", {{"type", "array"}, {"items", object_schema(guard_properties(), guard_required)}}},
                    {"missing", missing_schema()}},
                   {"guards"})},
    {404, "There is no such node.", {}}};
  all.handle = [guards, survey](incoming& in) { return survey ? list_everywhere(in, survey) : list(in, guards); };
  table.add(std::move(all));

  const documented_parameter name{"name", "path", "The guard's name, as the list of guards has it.", text_schema()};
  const documented_response unknown{404, "There is no such guard.", {}};
  const documented_response not_stored{503, "The store does not take it, and nothing has changed.", {}};

  route one;
  one.method = "GET";
  one.path = "/api/guards/{name}";
  one.operation_id = "getGuard";
  one.summary = "One guard, with its rules, what it decided lately and why, and what operators did.";
  one.scope = scope::operator_key;
  one.parameters = {name, node_parameter("The node whose guard it is; without it the one that is asked.")};
  one.responses = {{200, "The guard.", guard_schema()}, {404, "There is no such guard, or no such node.", {}}};
  one.handle = [guards, survey](incoming& in) {
    return survey && !wanted_node(in).empty() ? show_at(in, survey) : show(in, guards);
  };
  table.add(std::move(one));

  route breaker;
  breaker.method = "POST";
  breaker.path = "/api/guards/{name}/breaker";
  breaker.operation_id = "setBreaker";
  breaker.summary =
    "Holds a circuit breaker open or closed, or leaves it to its rules. It holds over restarts. Safe to repeat.";
  breaker.scope = scope::operator_key;
  breaker.parameters = {name};
  breaker.request_schema = breaker_request();
  breaker.responses = {{200, "It is so now.", guard_schema()}, unknown, {422, "A field is wrong.", {}}, not_stored};
  breaker.handle = [guards](incoming& in) { return set_breaker(in, guards); };
  table.add(std::move(breaker));

  route policy;
  policy.method = "PUT";
  policy.path = "/api/guards/{name}/policy";
  policy.operation_id = "setGuardPolicy";
  policy.summary =
    "Puts a guard under other rules, until the configuration is read again or the node ends. Safe to repeat.";
  policy.scope = scope::operator_key;
  policy.parameters = {name};
  policy.request_schema = policy_request();
  policy.responses = {
    {200, "It goes by them now.", guard_schema()}, unknown, {422, "A field or a rule is wrong.", {}}, not_stored};
  policy.handle = [guards](incoming& in) { return set_policy(in, guards); };
  table.add(std::move(policy));
}

} // namespace troupe::gateway

// gateways/http/routes/operations.cpp: health and metrics of a node.
#include "gateways/http/routes/answer.hpp"
#include "gateways/http/routes/routes.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string_view name_of(dependency::condition x) {
  switch (x) {
    case dependency::condition::up: return "up";
    case dependency::condition::down: return "down";
    case dependency::condition::unknown: return "unknown";
    case dependency::condition::paused: return "paused";
  }
  return "unknown";
}

bool is_ready(const health_report& x) {
  return !x.draining && std::all_of(x.dependencies.begin(), x.dependencies.end(), [](const dependency& each) {
    return !each.required || each.is == dependency::condition::up;
  });
}

bool is_whole(const health_report& x) {
  return std::all_of(x.dependencies.begin(), x.dependencies.end(),
                     [](const dependency& each) { return each.is == dependency::condition::up; });
}

ordered_json dependency_json(const dependency& x, time_point now) {
  ordered_json out{{"name", x.name}, {"status", name_of(x.is)}, {"required", x.required}};
  if (x.is != dependency::condition::unknown) {
    out["checkedAt"] = to_rfc3339(x.checked_at);
    out["ageMilliseconds"] = std::max<std::int64_t>(0, (now - x.checked_at).count());
  }
  if (!x.detail.empty())
    out["detail"] = x.detail;
  return out;
}

ordered_json dependencies_json(const health_report& x, time_point now) {
  auto out = ordered_json::array();
  for (const auto& each : x.dependencies)
    out.push_back(dependency_json(each, now));
  return out;
}

// Whoever asks for health compares what it gets over time: nothing in between may answer from a cache.
http::response health_answer(bool well, const ordered_json& body) {
  http::headers fields{{"Cache-Control", "no-store"}};
  if (!well)
    fields.emplace_back("Retry-After", "1");
  return answer(well ? 200 : 503, body, std::move(fields));
}

http::response live() {
  return health_answer(true, {{"status", "up"}});
}

http::response ready(const operations& behind) {
  const auto report = behind.health();
  const bool well = is_ready(report);
  return health_answer(well, {{"status", well              ? "ready"
                                         : report.draining ? "draining"
                                                           : "not_ready"},
                              {"dependencies", dependencies_json(report, behind.now())}});
}

http::response health(const operations& behind) {
  const auto report = behind.health();
  const auto now = behind.now();
  const bool well = is_ready(report);
  const auto up_for = std::chrono::floor<std::chrono::seconds>(now - behind.started_at);
  return health_answer(well, {{"status", !well              ? "down"
                                         : is_whole(report) ? "up"
                                                            : "degraded"},
                              {"version", behind.version},
                              {"startedAt", to_rfc3339(behind.started_at)},
                              {"uptimeSeconds", up_for.count()},
                              {"dependencies", dependencies_json(report, now)}});
}

http::response metrics(const operations& behind) {
  return {200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, behind.metrics()};
}

/// Answers what is known already.
eventually<http::response> at_once(http::response x) {
  co_return x;
}

route read(std::string path, std::string operation_id, std::string summary, std::vector<documented_response> responses,
           std::function<http::response()> make) {
  route out;
  out.method = "GET";
  out.path = std::move(path);
  out.operation_id = std::move(operation_id);
  out.summary = std::move(summary);
  out.responses = std::move(responses);
  out.handle = [make = std::move(make)](incoming&) { return at_once(make()); };
  return out;
}

json dependencies_schema() {
  const json text = {{"type", "string"}};
  const json instant = {{"type", "string"}, {"format", "date-time"}};
  const json milliseconds = {{"type", "integer"}, {"minimum", 0}};
  const json each =
    object_schema({{"name", text},
                   {"status", {{"type", "string"}, {"enum", {"up", "down", "unknown", "paused"}}}},
                   {"required", {{"type", "boolean"}, {"description", "Without it the node is not ready"}}},
                   {"checkedAt", described(instant, "When it was last checked")},
                   {"ageMilliseconds", described(milliseconds, "How long ago that was")},
                   {"detail", described(text, "Why it is down or paused")}},
                  {"name", "status", "required"});
  return {{"type", "array"}, {"items", each}};
}

json readiness_schema() {
  return with_example(object_schema({{"status", {{"type", "string"}, {"enum", {"ready", "draining", "not_ready"}}}},
                                     {"dependencies", dependencies_schema()}},
                                    {"status", "dependencies"}),
                      R"({"status": "ready", "dependencies": [{"name": "store", "status": "up", "required": true,
                                             "checkedAt": "2026-03-01T12:00:00.000Z", "ageMilliseconds": 412}]})");
}

json health_schema() {
  return object_schema({{"status", {{"type", "string"}, {"enum", {"up", "degraded", "down"}}}},
                        {"version", {{"type", "string"}}},
                        {"startedAt", {{"type", "string"}, {"format", "date-time"}}},
                        {"uptimeSeconds", {{"type", "integer"}}},
                        {"dependencies", dependencies_schema()}},
                       {"status", "version", "startedAt", "uptimeSeconds", "dependencies"});
}

} // namespace

void add_operations_routes(router& table, const operations& behind) {
  table.add(read(
    "/health", "getHealth", "The health of this node and of what it depends on.",
    {{200, "Up, or degraded by a dependency that is not required.", health_schema()}, {503, "Down.", health_schema()}},
    [behind] { return health(behind); }));
  table.add(read("/health/live", "getLiveness", "Whether the process answers at all.",
                 {{200, "It does.", object_schema({{"status", {{"const", "up"}}}}, {"status"})}}, live));
  table.add(read("/health/ready", "getReadiness",
                 "Whether this node takes work: each dependency, its last check and age.",
                 {{200, "It does.", readiness_schema()}, {503, "It does not.", readiness_schema()}},
                 [behind] { return ready(behind); }));
  table.add(read("/metrics", "getMetrics", "Metrics in the Prometheus text format.",
                 {{200, "The metrics.", {{"type", "string"}}}}, [behind] { return metrics(behind); }));
  add_supervisor_routes(table, behind);
  add_cluster_routes(table, behind);
  add_guard_routes(table, behind.guards, behind.survey);
  add_dead_letter_routes(table, behind.dead_letters);
  add_pause_routes(table, behind.pauses);
  add_event_routes(table, behind.events);
  add_alarm_routes(table, behind.webhook);
}

} // namespace troupe::gateway

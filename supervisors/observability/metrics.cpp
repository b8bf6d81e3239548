#include "supervisors/observability/metrics.hpp"

#include "actors/order/order.hpp"

#include <caf/telemetry/collector/prometheus.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <algorithm>
#include <iterator>

namespace troupe {

namespace {

// Seconds; up to the longest deadline of a route.
constexpr double bounds[] = {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10., 30.};

// Objectives of services are among them.
constexpr double millisecond_bounds[] = {1,   2.5,   5,     10,    25,    50,     100,    250,
                                         500, 1'000, 2'000, 2'500, 5'000, 10'000, 30'000, 60'000};
constexpr std::size_t outcomes = 256; // an answer, or a failure by its code

// CAF calls a gauge of its own a total, which Prometheus takes for a counter.
constexpr std::string_view misnamed = "caf_system_queued_messages_total";
constexpr std::string_view renamed = "caf_system_queued_messages";

std::string_view known(std::string_view method) {
  constexpr std::string_view methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return std::find(std::begin(methods), std::end(methods), method) == std::end(methods) ? "other" : method;
}

caf::string_view label(std::string_view x) {
  return {x.data(), x.size()};
}

} // namespace

request_metrics::request_metrics(caf::actor_system& system, std::string gateway)
  : system_(system), gateway_(std::move(gateway)) {}

void request_metrics::finished(std::string_view method, std::string_view route, int status,
                               std::chrono::nanoseconds took) {
  method = known(method);
  const std::tuple<std::string_view, std::string_view, int> wanted{method, route, status};
  row found{};
  {
    const std::lock_guard guard{mutex_};
    auto place = rows_.find(wanted);
    if (place == rows_.end()) {
      auto& registry = system_.metrics();
      const auto code = std::to_string(status);
      const auto method_label = label(method);
      const auto route_label = label(route);
      row made{};
      made.count =
        registry
          .counter_family("troupe", "request_count", {"gateway", "method", "route", "status"},
                          "Requests that were answered.", "1", true)
          ->get_or_add({{"gateway", gateway_}, {"method", method_label}, {"route", route_label}, {"status", code}});
      made.errors = registry
                      .counter_family("troupe", "error_count", {"gateway", "method", "route"},
                                      "Requests that were answered with a status from 500 on.", "1", true)
                      ->get_or_add({{"gateway", gateway_}, {"method", method_label}, {"route", route_label}});
      made.time = registry
                    .histogram_family<double>("troupe", "response_time", {"gateway", "method", "route"}, bounds,
                                              "Time from a request's head to its answer.", "seconds")
                    ->get_or_add({{"gateway", gateway_}, {"method", method_label}, {"route", route_label}});
      place = rows_.emplace(row_key{method, route, status}, made).first;
    }
    found = place->second;
  }
  found.count->inc();
  if (status >= 500)
    found.errors->inc();
  found.time->observe(std::chrono::duration<double>(took).count());
}

service_metrics::service_metrics(caf::actor_system& system, std::string target, std::string service,
                                 std::vector<std::string> endpoints)
  : seconds_(system.metrics().histogram_family<double>("troupe", "service_call", {"target", "operation", "success"},
                                                       bounds, "Time of a call to another service.", "seconds")),
    milliseconds_(system.metrics().histogram_family<double>("integration", "latency", {"service", "endpoint", "status"},
                                                            millisecond_bounds,
                                                            "Time of an attempt to call another service.", "ms")),
    errors_(system.metrics().counter_family("integration", "errors", {"service", "error_type"},
                                            "Attempts that failed, and calls that were refused without one.", "1",
                                            true)),
    target_(std::move(target)), service_(std::move(service)), endpoints_(std::move(endpoints)),
    rows_(endpoints_.size() * outcomes) {
  auto* states = system.metrics().gauge_family("circuit", "breaker_state", {"service", "state"},
                                               "1 for the state in which the circuit breaker is.", "1");
  for (const auto* state : {"closed", "open", "half_open"})
    states_[state] = states->get_or_add({{"service", service_}, {"state", state}});
  breaker("closed");
  // A counter that begins with its first failure shows no rise of it.
  for (const auto why : {ec::unavailable, ec::rate_limited, ec::timed_out, ec::interrupted, ec::bad_response,
                         ec::denied, ec::refused, ec::conflict, ec::circuit_open, ec::overloaded, ec::deadline})
    errors_->get_or_add({{"service", service_}, {"error_type", label(name_of(why))}});
}

void service_metrics::finished(std::size_t endpoint, std::optional<ec> failure, duration took) {
  auto& row = rows_.at(endpoint * outcomes + (failure ? static_cast<std::size_t>(*failure) : 0));
  auto* seconds = row.seconds.load(std::memory_order_acquire);
  auto* milliseconds = row.milliseconds.load(std::memory_order_acquire);
  if (!seconds || !milliseconds) {
    const auto name = label(endpoints_[endpoint]);
    seconds = seconds_->get_or_add({{"target", target_}, {"operation", name}, {"success", failure ? "false" : "true"}});
    milliseconds = milliseconds_->get_or_add(
      {{"service", service_}, {"endpoint", name}, {"status", failure ? label(name_of(*failure)) : "success"}});
    row.seconds.store(seconds, std::memory_order_release);
    row.milliseconds.store(milliseconds, std::memory_order_release);
  }
  seconds->observe(std::chrono::duration<double>(took).count());
  milliseconds->observe(static_cast<double>(took.count()));
  if (failure)
    count(*failure);
}

void service_metrics::refused(ec why) {
  count(why);
}

void service_metrics::count(ec why) {
  errors_->get_or_add({{"service", service_}, {"error_type", label(name_of(why))}})->inc();
}

void service_metrics::breaker(std::string_view state) {
  for (const auto& [name, gauge] : states_)
    gauge->value(name == state ? 1 : 0);
}

order_metrics::order_metrics(caf::actor_system& system)
  : count_(system.metrics().counter_family("troupe", "orders_ended", {"status"}, "Orders that have come to their end.",
                                           "1", true)) {
  for (const auto x :
       {order::status::confirmed, order::status::rejected, order::status::declined, order::status::expired,
        order::status::cancelled, order::status::refunded, order::status::review})
    count_->get_or_add({{"status", label(order::name_of(x))}});
}

void order_metrics::ended(std::string_view status) {
  count_->get_or_add({{"status", label(status)}})->inc();
}

outlet_metrics::outlet_metrics(caf::actor_system& system)
  : events_(system.metrics().counter_family("troupe", "outlet_events", {"outlet", "result"},
                                            "Events that an outlet tried to pass on.", "1", true)),
    behind_(system.metrics().gauge_family("troupe", "outlet_behind", {"outlet", "context"},
                                          "Events that an outlet has not passed on yet.")),
    oldest_(system.metrics().gauge_family<double>("troupe", "outlet_oldest", {"outlet", "context"},
                                                  "Age of the oldest event that is on its way.", "seconds")),
    parked_(system.metrics().gauge_family("troupe", "outlet_parked", {"outlet", "context"},
                                          "Entities with parked events.")) {}

void outlet_metrics::delivered(std::string_view outlet) {
  events_->get_or_add({{"outlet", label(outlet)}, {"result", "delivered"}})->inc();
}

void outlet_metrics::failed(std::string_view outlet) {
  events_->get_or_add({{"outlet", label(outlet)}, {"result", "failed"}})->inc();
}

void outlet_metrics::lags(std::string_view outlet, std::string_view context, std::uint64_t events, duration oldest,
                          std::size_t parked) {
  const std::initializer_list<caf::telemetry::label_view> labels{{"outlet", label(outlet)},
                                                                 {"context", label(context)}};
  behind_->get_or_add(labels)->value(static_cast<std::int64_t>(events));
  oldest_->get_or_add(labels)->value(std::chrono::duration<double>(oldest).count());
  parked_->get_or_add(labels)->value(static_cast<std::int64_t>(parked));
}

mail_metrics::mail_metrics(caf::actor_system& system)
  : count_(system.metrics().counter_family("troupe", "mails_ended", {"status"},
                                           "Mails that were sent, skipped or given up.", "1", true)) {
  for (const auto* status : {"sent", "skipped", "given_up"})
    count_->get_or_add({{"status", status}});
}

void mail_metrics::ended(std::string_view status) {
  count_->get_or_add({{"status", label(status)}})->inc();
}

webhook_metrics::webhook_metrics(caf::actor_system& system)
  : count_(system.metrics().counter_family("troupe", "webhooks", {"result"},
                                           "Notices to operators that were delivered or dropped, and failed tries.",
                                           "1", true)),
    waiting_(system.metrics().gauge_singleton("troupe", "webhooks_waiting", "Notices that nobody has taken yet.")) {
  for (const auto* result : {"delivered", "failed", "dropped"})
    count_->get_or_add({{"result", result}});
}

void webhook_metrics::ended(std::string_view result, std::size_t waiting) {
  count_->get_or_add({{"result", label(result)}})->inc();
  waiting_->value(static_cast<std::int64_t>(waiting));
}

node_metrics::node_metrics(caf::actor_system& system)
  : up_(system.metrics().gauge_family("troupe", "part_up", {"part"}, "1 while a part of the node is up.")),
    waiting_(system.metrics().gauge_family("troupe", "waiting_messages", {"part"},
                                           "Messages that wait for a part, also for its restart.")),
    entities_(system.metrics().gauge_family("troupe", "entities", {"part"}, "Entities in memory.")),
    dependencies_(system.metrics().gauge_family("troupe", "dependency_up", {"dependency"},
                                                "1 when the last look at a dependency found it well.")),
    letters_(
      system.metrics().gauge_family("troupe", "dead_letters_open", {"source"}, "Dead letters that wait for people.")),
    queue_depth_(system.metrics().gauge_family("troupe", "queue_depth", {"queue"},
                                               "Work that is due now or within a minute, at the last count.")),
    queue_age_(system.metrics().gauge_family<double>("troupe", "queue_age", {"queue"},
                                                     "How long the oldest of it has been overdue.", "seconds")),
    oldest_(system.metrics().gauge_family<double>("troupe", "oldest_message", {"part"},
                                                  "How long the oldest message of a part has waited.", "seconds")),
    restarts_(system.metrics().counter_family("troupe", "part_restarts", {"part"}, "Restarts of a part.", "1", true)),
    entity_failures_(system.metrics().counter_family("troupe", "entity_failures", {"part"},
                                                     "Entities that ended by a failure.", "1", true)),
    ready_(system.metrics().gauge_singleton("troupe", "ready", "1 while the node takes work.")) {}

void node_metrics::part(const supervision::row& x) {
  const auto name = label(x.path);
  up_->get_or_add({{"part", name}})->value(x.is == supervision::condition::up ? 1 : 0);
  waiting_->get_or_add({{"part", name}})->value(static_cast<std::int64_t>(x.mailbox + x.buffered));
  oldest_->get_or_add({{"part", name}})->value(std::chrono::duration<double>(x.oldest).count());
  if (x.keyed)
    entities_->get_or_add({{"part", name}})->value(static_cast<std::int64_t>(x.keyed->live));
  const std::lock_guard guard{mutex_};
  const auto raise = [&](auto* family, std::uint64_t to) {
    auto* counter = family->get_or_add({{"part", name}});
    if (const auto more = static_cast<std::int64_t>(to) - counter->value(); more > 0)
      counter->inc(more);
  };
  raise(restarts_, x.restarts);
  if (x.keyed)
    raise(entity_failures_, x.keyed->failures);
}

void node_metrics::dependency(std::string_view name, bool up) {
  dependencies_->get_or_add({{"dependency", label(name)}})->value(up ? 1 : 0);
}

void node_metrics::queue(std::string_view name, std::uint64_t depth, duration age) {
  queue_depth_->get_or_add({{"queue", label(name)}})->value(static_cast<std::int64_t>(depth));
  queue_age_->get_or_add({{"queue", label(name)}})->value(std::chrono::duration<double>(age).count());
}

void node_metrics::dead_letters(std::string_view source, std::size_t open) {
  letters_->get_or_add({{"source", label(source)}})->value(static_cast<std::int64_t>(open));
}

void node_metrics::ready(bool yes) {
  ready_->value(yes ? 1 : 0);
}

pause_metrics::pause_metrics(caf::actor_system& system)
  : paused_(system.metrics().gauge_family("troupe", "paused", {"kind", "name"},
                                          "1 for what operators have paused; of single orders how many.", "1")) {}

void pause_metrics::changed(std::string_view kind, std::string_view name, bool paused) {
  if (kind != "order") {
    paused_->get_or_add({{"kind", label(kind)}, {"name", label(name)}})->value(paused ? 1 : 0);
    return;
  }
  if (paused)
    orders_.emplace(name);
  else if (const auto found = orders_.find(name); found != orders_.end())
    orders_.erase(found);
  paused_->get_or_add({{"kind", label(kind)}, {"name", "all"}})->value(static_cast<std::int64_t>(orders_.size()));
}

std::string prometheus_text(caf::actor_system& system) {
  caf::telemetry::collector::prometheus collector;
  const auto collected = collector.collect_from(system.metrics());
  std::string_view text{collected.data(), collected.size()};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with('#'))
      line = line.substr(0, line.rfind(' '));
    const auto at = line.find(misnamed);
    out.append(line.substr(0, at));
    if (at != line.npos)
      out.append(renamed).append(line.substr(at + misnamed.size()));
    out += '\n';
  }
  return out;
}

} // namespace troupe

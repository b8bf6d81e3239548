#include "supervisors/observability/metrics.hpp"

#include <caf/telemetry/collector/prometheus.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <algorithm>
#include <iterator>

namespace troupe {

namespace {

// Seconds; up to the longest deadline of a route.
constexpr double bounds[] = {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10., 30.};

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

call_metrics::call_metrics(caf::actor_system& system)
  : time_(system.metrics().histogram_family<double>("troupe", "service_call", {"target", "operation", "success"},
                                                    bounds, "Time of a call to another service.", "seconds")) {}

void call_metrics::finished(std::string_view target, std::string_view operation, bool success, duration took) {
  time_
    ->get_or_add({{"target", label(target)}, {"operation", label(operation)}, {"success", success ? "true" : "false"}})
    ->observe(std::chrono::duration<double>(took).count());
}

order_metrics::order_metrics(caf::actor_system& system)
  : count_(system.metrics().counter_family("troupe", "orders_ended", {"status"}, "Orders that have come to their end.",
                                           "1", true)) {}

void order_metrics::ended(std::string_view status) {
  count_->get_or_add({{"status", label(status)}})->inc();
}

std::string prometheus_text(caf::actor_system& system) {
  caf::telemetry::collector::prometheus collector;
  const auto text = collector.collect_from(system.metrics());
  return {text.data(), text.size()};
}

} // namespace troupe

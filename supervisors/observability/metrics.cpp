#include "supervisors/observability/metrics.hpp"

#include <caf/telemetry/collector/prometheus.hpp>
#include <caf/telemetry/metric_registry.hpp>

namespace troupe {

namespace {

// Seconds; up to the longest deadline of a route.
constexpr double bounds[] = {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10., 30.};

} // namespace

request_metrics::request_metrics(caf::actor_system& system, std::string gateway)
  : system_(system), gateway_(std::move(gateway)) {}

void request_metrics::finished(std::string_view method, std::string_view route, int status,
                               std::chrono::nanoseconds took) {
  const std::tuple<std::string_view, std::string_view, int> wanted{method, route, status};
  row found{};
  {
    const std::lock_guard guard{mutex_};
    auto place = rows_.find(wanted);
    if (place == rows_.end()) {
      auto& registry = system_.metrics();
      const auto code = std::to_string(status);
      const caf::string_view method_label{method.data(), method.size()};
      const caf::string_view route_label{route.data(), route.size()};
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

std::string prometheus_text(caf::actor_system& system) {
  caf::telemetry::collector::prometheus collector;
  const auto text = collector.collect_from(system.metrics());
  return {text.data(), text.size()};
}

} // namespace troupe

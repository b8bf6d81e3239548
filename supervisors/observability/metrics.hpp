// supervisors/observability/metrics.hpp: what the node counts, in CAF's registry and as Prometheus text.
#pragma once

#include "actors/kernel/time.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/histogram.hpp>
#include <caf/telemetry/metric_family_impl.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

namespace troupe {

/// Requests of one gateway: `troupe_request_count_total{gateway,method,route,status}` and
/// `troupe_response_time_seconds{gateway,method,route}`, `troupe_error_count_total` for answers from 500 on. Safe on
/// any thread.
class request_metrics {
public:
  request_metrics(caf::actor_system& system, std::string gateway);

  /// A method that HTTP's own specification or its PATCH does not know is counted as "other": clients make them up.
  void finished(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds took);

private:
  struct row {
    caf::telemetry::int_counter* count;
    caf::telemetry::int_counter* errors;
    caf::telemetry::dbl_histogram* time;
  };
  using row_key = std::tuple<std::string, std::string, int>;

  caf::actor_system& system_;
  std::string gateway_;
  std::mutex mutex_;
  std::map<row_key, row, std::less<>> rows_;
};

/// Calls to other services: `troupe_service_call_seconds{target,operation,success}`. Safe on any thread.
class call_metrics {
public:
  explicit call_metrics(caf::actor_system& system);

  void finished(std::string_view target, std::string_view operation, bool success, duration took);

private:
  caf::telemetry::metric_family_impl<caf::telemetry::dbl_histogram>* time_;
};

/// Orders that have ended: `troupe_orders_ended_total{status}`. Safe on any thread.
class order_metrics {
public:
  explicit order_metrics(caf::actor_system& system);

  void ended(std::string_view status);

private:
  caf::telemetry::metric_family_impl<caf::telemetry::int_counter>* count_;
};

/// All metrics of the system in Prometheus' text form.
std::string prometheus_text(caf::actor_system& system);

} // namespace troupe

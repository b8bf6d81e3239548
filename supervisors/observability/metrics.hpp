// supervisors/observability/metrics.hpp: what the node counts, in CAF's registry and as Prometheus text.
#pragma once

#include "actors/kernel/error.hpp"
#include "actors/kernel/time.hpp"
#include "supervisors/supervision/tree.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>
#include <caf/telemetry/metric_family_impl.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

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

/// Calls to one service: `troupe_service_call_seconds{target,operation,success}`, `integration_latency_ms{service,
/// endpoint,status}`, `integration_errors_total{service,error_type}` and `circuit_breaker_state{service,state}`, which
/// is 1 for the state that holds. Safe on any thread.
class service_metrics {
public:
  /// `target` is the service's own name, `service` that of its guard.
  service_metrics(caf::actor_system& system, std::string target, std::string service,
                  std::vector<std::string> endpoints);

  /// `failure` is nothing for an answer, be it a refusal in the service's own terms.
  void finished(std::size_t endpoint, std::optional<ec> failure, duration took);

  /// A call that was not made.
  void refused(ec why);

  void breaker(std::string_view state); // "closed", "open", "half_open"

private:
  using histogram = caf::telemetry::dbl_histogram;

  struct row {
    std::atomic<histogram*> seconds{nullptr};
    std::atomic<histogram*> milliseconds{nullptr};
  };

  void count(ec why);

  caf::telemetry::metric_family_impl<histogram>* seconds_;
  caf::telemetry::metric_family_impl<histogram>* milliseconds_;
  caf::telemetry::metric_family_impl<caf::telemetry::int_counter>* errors_;
  std::string target_;
  std::string service_;
  std::vector<std::string> endpoints_;
  std::vector<row> rows_; // by endpoint and outcome: looking one up by its labels costs more than the rest
  std::map<std::string, caf::telemetry::int_gauge*> states_;
};

/// Orders that have ended: `troupe_orders_ended_total{status}`, from 0 on. Safe on any thread.
class order_metrics {
public:
  explicit order_metrics(caf::actor_system& system);

  void ended(std::string_view status);

private:
  caf::telemetry::metric_family_impl<caf::telemetry::int_counter>* count_;
};

/// What outlets do: `troupe_outlet_events_total{outlet,result}`, `troupe_outlet_behind{outlet,context}` in events,
/// `troupe_outlet_oldest_seconds{outlet,context}` and `troupe_outlet_parked{outlet,context}` in entities. Safe on any
/// thread.
class outlet_metrics {
public:
  explicit outlet_metrics(caf::actor_system& system);

  void delivered(std::string_view outlet);
  void failed(std::string_view outlet);
  void lags(std::string_view outlet, std::string_view context, std::uint64_t events, duration oldest,
            std::size_t parked);

private:
  caf::telemetry::metric_family_impl<caf::telemetry::int_counter>* events_;
  caf::telemetry::metric_family_impl<caf::telemetry::int_gauge>* behind_;
  caf::telemetry::metric_family_impl<caf::telemetry::dbl_gauge>* oldest_;
  caf::telemetry::metric_family_impl<caf::telemetry::int_gauge>* parked_;
};

/// Mails that have ended: `troupe_mails_ended_total{status}`, from 0 on. Safe on any thread.
class mail_metrics {
public:
  explicit mail_metrics(caf::actor_system& system);

  void ended(std::string_view status);

private:
  caf::telemetry::metric_family_impl<caf::telemetry::int_counter>* count_;
};

/// What operators are told by webhook: `troupe_webhooks_total{result}` in notices, tries for those that failed, and
/// `troupe_webhooks_waiting`. Safe on any thread.
class webhook_metrics {
public:
  explicit webhook_metrics(caf::actor_system& system);

  void ended(std::string_view result, std::size_t waiting);

private:
  caf::telemetry::metric_family_impl<caf::telemetry::int_counter>* count_;
  caf::telemetry::int_gauge* waiting_;
};

/// What a node consists of and depends on: `troupe_part_up{part}`, `troupe_part_restarts_total{part}`,
/// `troupe_waiting_messages{part}`, `troupe_oldest_message_seconds{part}`, `troupe_entities{part}`,
/// `troupe_entity_failures_total{part}`, `troupe_dependency_up{dependency}`,
/// `troupe_dead_letters_open{source}` and `troupe_ready`. Shows what it was told last. Safe on any thread.
class node_metrics {
public:
  explicit node_metrics(caf::actor_system& system);

  void part(const supervision::row& x);
  void dependency(std::string_view name, bool up);
  void queue(std::string_view name, std::uint64_t depth, duration age);
  void dead_letters(std::string_view source, std::size_t open);
  void ready(bool yes);

private:
  using gauges = caf::telemetry::metric_family_impl<caf::telemetry::int_gauge>;

  gauges* up_;
  gauges* waiting_;
  gauges* entities_;
  gauges* dependencies_;
  gauges* letters_;
  gauges* queue_depth_;
  caf::telemetry::metric_family_impl<caf::telemetry::dbl_gauge>* queue_age_;
  caf::telemetry::metric_family_impl<caf::telemetry::dbl_gauge>* oldest_;
  caf::telemetry::metric_family_impl<caf::telemetry::int_counter>* restarts_;
  caf::telemetry::metric_family_impl<caf::telemetry::int_counter>* entity_failures_;
  caf::telemetry::int_gauge* ready_;
  std::mutex mutex_; // what is added to a counter depends on what it is
};

/// What operators have paused: `troupe_paused{kind,name}` is 1 while it is, and for single orders, which are too many
/// for labels, their number under the name "all". One change at a time.
class pause_metrics {
public:
  explicit pause_metrics(caf::actor_system& system);

  void changed(std::string_view kind, std::string_view name, bool paused);

private:
  caf::telemetry::metric_family_impl<caf::telemetry::int_gauge>* paused_;
  std::set<std::string, std::less<>> orders_;
};

/// All metrics of the system in Prometheus' text form, without times: whoever asks knows when, and takes what has a
/// time for present long after a node has gone.
std::string prometheus_text(caf::actor_system& system);

} // namespace troupe

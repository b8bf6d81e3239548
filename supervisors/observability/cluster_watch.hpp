// supervisors/observability/cluster_watch.hpp: the cluster in the node's metrics, as the node sees it.
#pragma once

#include "actors/cluster/desk.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/telemetry/dbl_gauge.hpp>
#include <caf/telemetry/int_gauge.hpp>

namespace troupe {

/// `troupe_cluster_shards{state}` (held, leaving), `troupe_cluster_unowned_shards`, `troupe_cluster_moving_shards`,
/// `troupe_cluster_nodes{state}` (up, draining), `troupe_cluster_peers{state}` (expected, reachable) and
/// `troupe_cluster_lease_age_seconds`. Safe on any thread.
class cluster_metrics {
public:
  explicit cluster_metrics(caf::actor_system& system);

  void show(const cluster::report& x);

  /// Since the last time that the store has renewed the node's lease.
  void lease_age(duration x);

private:
  using gauges = caf::telemetry::metric_family_impl<caf::telemetry::int_gauge>;

  gauges* shards_;
  gauges* nodes_;
  gauges* peers_;
  caf::telemetry::int_gauge* unowned_;
  caf::telemetry::int_gauge* moving_;
  caf::telemetry::dbl_gauge* lease_age_;
};

/// Asks the member every second. A member that does not answer does not keep the age of its lease from growing.
class cluster_watch {
public:
  static constexpr const char* name = "cluster_watch";
  static constexpr duration every{1'000};

  cluster_watch(caf::event_based_actor* self, caf::actor member);

  caf::behavior make_behavior();

private:
  void look();
  void seen(const cluster::report& x);

  caf::event_based_actor* self_;
  caf::actor member_;
  cluster_metrics metrics_;
  std::shared_ptr<const cluster::view> seen_;
  caf::actor_clock::time_point renewed_at_;
};

using cluster_watch_impl = caf::stateful_actor<cluster_watch>;

} // namespace troupe

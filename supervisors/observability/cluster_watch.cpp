#include "supervisors/observability/cluster_watch.hpp"

#include "actors/timer.hpp"

#include <caf/telemetry/metric_registry.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace troupe {

namespace {

using cluster::node_state;

std::int64_t as_value(std::size_t x) {
  return static_cast<std::int64_t>(x);
}

} // namespace

cluster_metrics::cluster_metrics(caf::actor_system& system)
  : shards_(system.metrics().gauge_family("troupe", "cluster_shards", {"state"}, "Shards of this node.")),
    nodes_(system.metrics().gauge_family("troupe", "cluster_nodes", {"state"}, "Nodes with a lease, this one too.")),
    peers_(system.metrics().gauge_family("troupe", "cluster_peers", {"state"},
                                         "Other nodes with a lease, and those of them that this one is connected to.")),
    unowned_(
      system.metrics().gauge_singleton("troupe", "cluster_unowned_shards", "Shards that no node with a lease owns.")),
    moving_(system.metrics().gauge_singleton("troupe", "cluster_moving_shards",
                                             "Shards that another node than their owner is to own.")),
    lease_age_(system.metrics().gauge_singleton<double>("troupe", "cluster_lease_age",
                                                        "Since the store renewed the node's lease.", "seconds")) {}

void cluster_metrics::show(const cluster::report& x) {
  shards_->get_or_add({{"state", "held"}})->value(as_value(x.held));
  shards_->get_or_add({{"state", "leaving"}})->value(as_value(x.leaving));
  if (!x.seen)
    return;
  std::set<std::string> live;
  std::size_t draining = 0;
  for (const auto& node : x.seen->nodes)
    if (cluster::is_live(node)) {
      live.insert(node.name);
      draining += node.state == node_state::draining ? 1 : 0;
    }
  nodes_->get_or_add({{"state", "up"}})->value(as_value(live.size() - draining));
  nodes_->get_or_add({{"state", "draining"}})->value(as_value(draining));
  const auto& shards = x.seen->shards;
  unowned_->value(std::count_if(shards.begin(), shards.end(),
                                [&live](const cluster::shard_record& shard) { return !live.contains(shard.owner); }));
  moving_->value(std::count_if(shards.begin(), shards.end(), [](const cluster::shard_record& shard) {
    return !shard.target.empty() && shard.target != shard.owner;
  }));
  peers_->get_or_add({{"state", "expected"}})->value(as_value(live.size() - live.count(x.self)));
  peers_->get_or_add({{"state", "reachable"}})
    ->value(std::count_if(x.reachable.begin(), x.reachable.end(),
                          [&live](const std::string& peer) { return live.contains(peer); }));
}

void cluster_metrics::lease_age(duration x) {
  lease_age_->value(std::chrono::duration<double>(x).count());
}

cluster_watch::cluster_watch(caf::event_based_actor* self, caf::actor member)
  : self_(self), member_(std::move(member)), metrics_(self->system()), renewed_at_(self->clock().now()) {}

caf::behavior cluster_watch::make_behavior() {
  look();
  return {
    [](caf::unit_t) {},
  };
}

void cluster_watch::look() {
  metrics_.lease_age(std::chrono::duration_cast<duration>(self_->clock().now() - renewed_at_));
  run_later(self_, every, [this] { look(); });
  self_->request(member_, every, cluster::get_report{})
    .then([this](const cluster::report& x) { seen(x); }, [](const caf::error&) {});
}

void cluster_watch::seen(const cluster::report& x) {
  // Each renewal brings a view of its own.
  if (x.seen && std::exchange(seen_, x.seen) != x.seen) {
    renewed_at_ = self_->clock().now();
    metrics_.lease_age(duration{0});
  }
  metrics_.show(x);
}

} // namespace troupe

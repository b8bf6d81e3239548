// supervisors/cluster/plan.hpp: which node is to own which shard. No CAF, no clock, no I/O.
#pragma once

#include "actors/cluster/lease_store.hpp"

#include <cstdint>
#include <vector>

namespace troupe::cluster {

struct plan_limits {
  /// Served shards under way from one live node to another, in the whole cluster; 0 to move none. Those that nobody
  /// serves at the moment count, too: the next is not begun before enough have arrived. No node has more under way than
  /// its part of these, and none more than half of what it owns (rounded up).
  std::uint32_t moves_at_once = 32;
};

/// The targets to set, by shard; none when all is as it should be. Asked for again and again while nodes carry them
/// out, it comes to rest with each live worker that is up owning its share by weight, less than one shard off, after
/// the fewest moves of served shards that lead there.
///
/// Shards that nobody serves get a target at once, all of them. A served shard stays where it is unless its owner
/// drains, has more than its share, or speaks a protocol that is more than one apart from the planner's. What is
/// already under way goes on if it still serves; otherwise it stays with its owner. When nobody may own shards, nothing
/// changes. The same view gives the same plan.
std::vector<target_change> plan(const view& x, const plan_limits& limits);

} // namespace troupe::cluster

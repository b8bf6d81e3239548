// tests/supervisors/cluster/carrying_out.hpp: nodes that do what a plan asks of them, in a view of their own.
#pragma once

#include "supervisors/cluster/duties.hpp"
#include "supervisors/cluster/plan.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace troupe::cluster::test {

inline node_record worker(std::string name, std::uint64_t incarnation, std::uint32_t weight = 100) {
  node_record x;
  x.name = std::move(name);
  x.incarnation = incarnation;
  x.roles.worker = true;
  x.weight = weight;
  x.lease_left = default_lease;
  return x;
}

inline void set(view& x, const std::vector<target_change>& changes) {
  for (const auto& change : changes)
    x.shards[change.shard].target = change.target;
}

/// Moves of served shards from a live node to another, in the whole view and from each node.
inline std::map<std::string, std::size_t> under_way(const view& x) {
  std::map<std::string, std::size_t> result;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    const auto* owner = live_owner(x, shard);
    const auto& target = x.shards[shard].target;
    if (owner && !target.empty() && target != owner->name && find_node(x, target))
      ++result[owner->name], ++result[""];
  }
  return result;
}

/// Shards that each live node owns.
inline std::map<std::string, std::size_t> owned(const view& x) {
  std::map<std::string, std::size_t> result;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    if (const auto* owner = live_owner(x, shard))
      ++result[owner->name];
  return result;
}

/// What nodes have done so far.
struct record {
  std::map<std::uint16_t, std::size_t> moves; // hand-overs of each shard
  std::map<std::string, std::size_t> given;   // hand-overs by each node
  std::size_t moves_in_all = 0;
};

using chance_fn = std::function<bool()>;
inline bool always() {
  return true;
}

/// Each node hands over what it should; then each claims what it may. `chance` says for each shard whether its node
/// gets round to it now.
inline void carry_out(view& x, record& log, const chance_fn& chance = always) {
  const auto before = x;
  for (const auto& node : before.nodes)
    for (const auto shard : to_release(before, node.name, node.incarnation))
      if (is_live(node) && chance()) {
        x.shards[shard].owner.clear();
        ++log.moves[shard];
        ++log.given[node.name];
        ++log.moves_in_all;
      }
  const auto between = x;
  for (const auto& node : between.nodes)
    for (const auto shard : to_claim(between, node.name, node.incarnation))
      if (chance()) {
        x.shards[shard].owner = node.name;
        x.shards[shard].incarnation = node.incarnation;
        ++x.shards[shard].epoch;
      }
}

inline bool all_served(const view& x) {
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    if (!live_owner(x, shard))
      return false;
  return true;
}

/// Plans and carries out until there is nothing to do; how many rounds that took, or `rounds_max`.
inline std::size_t settle(view& x, record& log, std::size_t rounds_max = 500, const chance_fn& chance = always) {
  for (std::size_t round = 0; round < rounds_max; ++round) {
    const auto changes = plan(x, {});
    set(x, changes);
    if (changes.empty() && all_served(x) && under_way(x).empty())
      return round;
    carry_out(x, log, chance);
  }
  return rounds_max;
}

} // namespace troupe::cluster::test

// supervisors/cluster/duties.hpp: what a node does about the targets of shards. No CAF, no clock, no I/O.
#pragma once

#include "actors/cluster/membership.hpp"

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::cluster {

/// Shards that this incarnation owns and that another live node, which is up, is to own: to be handed over.
std::vector<std::uint16_t> to_release(const view& x, std::string_view name, std::uint64_t incarnation);

using shard_set = std::bitset<shard_count>;

/// Shards that this incarnation is to own and that nobody serves, and those that are its own already but not in `held`,
/// because the answer to a claim or to a release got lost: to be claimed. None while the node is not up. The store has
/// the last word, since others may see other things.
std::vector<std::uint16_t> to_claim(const view& x, std::string_view name, std::uint64_t incarnation,
                                    const shard_set& held);

} // namespace troupe::cluster

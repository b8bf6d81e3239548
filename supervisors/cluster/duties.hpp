// supervisors/cluster/duties.hpp: what a node does about the targets of shards. No CAF, no clock, no I/O.
#pragma once

#include "actors/cluster/membership.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::cluster {

/// Shards that this incarnation owns and that another live node, which is up, is to own: to be handed over.
std::vector<std::uint16_t> to_release(const view& x, std::string_view name, std::uint64_t incarnation);

/// Shards that this incarnation is to own and that nobody serves: to be claimed. None while the node is not up. The
/// store has the last word, since others may see other things.
std::vector<std::uint16_t> to_claim(const view& x, std::string_view name, std::uint64_t incarnation);

} // namespace troupe::cluster

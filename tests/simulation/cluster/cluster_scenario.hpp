// tests/simulation/cluster/cluster_scenario.hpp: one run of the whole order path over several nodes, decided by a seed.
#pragma once

#include "tests/simulation/scenario.hpp"

namespace troupe::simulation {

/// Within this of the end of all trouble, every shard has an owner that serves it: a lease that runs out, four renewals
/// (one until somebody sees it, one until the plan is read, one for each that failed in between), a journal that waits
/// to open its store again, and what is sent to and fro.
inline constexpr duration owned_again_within{cluster::default_lease + 4 * cluster::default_renewal + duration{2'000}
                                             + duration{1'500}};

/// Runs a world of `x.nodes` nodes until every order has ended, or something is wrong.
result run_cluster(const options& x);

} // namespace troupe::simulation

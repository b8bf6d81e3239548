// supervisors/outlets.hpp: the outlets that a node has.
#pragma once

#include "actors/outlet/outlet_actor.hpp"
#include "supervisors/topology.hpp"

#include <optional>
#include <vector>

namespace troupe {

/// Adds the sinks' actors to `to`, and says which outlets there are: letters of what was given up, and confirmations to
/// customers. `confirms_within` is how old a confirmed order may be to be worth a mail; none where no mails are sent.
/// Also for another world than the node's: the sinks lead into `made` alone.
std::vector<outlet::definition> add_outlets(supervision::group& to, const topology& made, const clock_fn& now,
                                            std::optional<duration> confirms_within);

} // namespace troupe

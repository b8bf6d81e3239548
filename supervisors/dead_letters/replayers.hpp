// supervisors/dead_letters/replayers.hpp: who replays which dead letters.
#pragma once

#include "supervisors/dead_letters/sealer.hpp"
#include "supervisors/topology.hpp"

#include <memory>

namespace troupe {

/// Adds to the tree whoever replays what is not an outlet's, and registers them. Before the tree is started.
void add_replayers(topology& to, const std::shared_ptr<const sealer>& seals);

} // namespace troupe

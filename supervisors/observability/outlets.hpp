// supervisors/observability/outlets.hpp: what outlets do, in metrics and logs.
#pragma once

#include "actors/outlet/outlet_actor.hpp"

#include <caf/actor_system.hpp>

namespace troupe {

/// Counts what each outlet passes on and how far it is behind, and logs "Event emitted" with type and id at debug, and
/// at info and warn whether it could subscribe and to which types. Copies share their metrics; `system` must outlive
/// them.
outlet::observer observe_outlets(caf::actor_system& system, clock_fn now);

} // namespace troupe

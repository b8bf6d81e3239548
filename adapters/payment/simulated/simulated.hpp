// adapters/payment/simulated/simulated.hpp: a payment provider inside the process, for tests.
#pragma once

#include "actors/payment/provider.hpp"

#include <caf/actor_system.hpp>

namespace troupe::payment::simulated {

/// Behaves as simulated::books says, and forgets everything when it ends.
provider_actor spawn_simulated(caf::actor_system& system, clock_fn now);

} // namespace troupe::payment::simulated

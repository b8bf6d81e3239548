// adapters/email/simulated/simulated.hpp: a mail provider inside the process, for tests.
#pragma once

#include "adapters/email/message.hpp"

#include <caf/actor_system.hpp>

#include <memory>

namespace troupe::email::simulated {

/// Renders each mail and accepts it, once per key, with the recipients of adapters/email/inbox.hpp that are refused.
/// Forgets everything when it ends.
notification::mailer_actor spawn_simulated(caf::actor_system& system, clock_fn now,
                                           std::shared_ptr<const renderer> templates);

} // namespace troupe::email::simulated

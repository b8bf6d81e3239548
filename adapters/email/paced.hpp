// adapters/email/paced.hpp: keeps a mail provider within its limits, transactional mails first.
#pragma once

#include "actors/notification/mailer.hpp"
#include "adapters/email/pace.hpp"

#include <caf/actor_system.hpp>

namespace troupe::email {

/// Stands in front of `provider` with the same interface; they end together. Each category has a bucket of its
/// own: a mail for which there is no token fails with rate_limited and the wait until there is one. A mail that has its
/// token waits until fewer than `in_flight_max` are on their way; a transactional one then goes before every bulk one.
/// A mail too many fails with overloaded, one whose deadline passes meanwhile with deadline; both surely were not sent.
notification::mailer_actor spawn_paced(caf::actor_system& system, notification::mailer_actor provider,
                                       pace_options options, clock_fn now);

} // namespace troupe::email

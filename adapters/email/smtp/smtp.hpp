// adapters/email/smtp/smtp.hpp: a mail server as an actor.
#pragma once

#include "adapters/email/message.hpp"
#include "adapters/smtp_client/smtp_client.hpp"

#include <caf/actor_system.hpp>

#include <memory>

namespace troupe::email::smtp {

/// Makes one try per command. Ends `client` at its own end.
notification::mailer_actor spawn_smtp(caf::actor_system& system, troupe::smtp::client_actor client, duration timeout,
                                      clock_fn now, std::shared_ptr<const renderer> templates);

} // namespace troupe::email::smtp

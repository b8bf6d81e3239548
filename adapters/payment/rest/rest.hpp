// adapters/payment/rest/rest.hpp: the REST payment provider as an actor.
#pragma once

#include "actors/kernel/uuid.hpp"
#include "actors/payment/provider.hpp"
#include "adapters/http_client/http_client.hpp"
#include "adapters/payment/rest/options.hpp"

#include <caf/actor_system.hpp>

namespace troupe::payment::rest {

/// Makes one try per command, and a second one only after a 401 that a new OAuth token may cure: the provider has
/// refused to look at the first.
provider_actor spawn_rest(caf::actor_system& system, options configured, http::client_actor client, clock_fn now,
                          random_fn random);

} // namespace troupe::payment::rest

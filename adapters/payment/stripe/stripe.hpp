// adapters/payment/stripe/stripe.hpp: Stripe as an actor.
#pragma once

#include "actors/kernel/uuid.hpp"
#include "actors/payment/provider.hpp"
#include "adapters/http_client/http_client.hpp"
#include "adapters/payment/stripe/options.hpp"

#include <caf/actor_system.hpp>

namespace troupe::payment::stripe {

/// Makes one try per command.
///
/// Finding asks Stripe's search, and then for each hit by its id, because the search may be behind. For the same reason
/// an empty search proves nothing: the PaymentIntents of the last `search_lag` are then read through, some pages of
/// them. Where there are more, it fails with unavailable and a wait of `search_lag`; a search that is still empty after
/// that wait is believed.
provider_actor spawn_stripe(caf::actor_system& system, options configured, http::client_actor client, clock_fn now,
                            random_fn random);

} // namespace troupe::payment::stripe

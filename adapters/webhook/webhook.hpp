// adapters/webhook/webhook.hpp: the URL that operators want to be told at, as an actor.
#pragma once

#include "actors/alarm/receiver.hpp"
#include "actors/kernel/uuid.hpp"
#include "adapters/http_client/http_client.hpp"

#include <caf/actor_system.hpp>

#include <string>

namespace troupe::webhook {

struct options {
  std::string url; // none: nobody is told
  std::string key; // what signs; see parse_secret
  duration timeout{10'000};
};

/// Makes one try per notice.
alarm::receiver_actor spawn_webhook(caf::actor_system& system, options configured, http::client_actor client,
                                    clock_fn now, random_fn random);

} // namespace troupe::webhook

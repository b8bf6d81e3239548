// adapters/http_client/curl_client.hpp: the actor behind http::client_actor, in front of a curl_engine.
#pragma once

#include "adapters/http_client/curl_engine.hpp"
#include "adapters/http_client/http_client.hpp"

#include <caf/actor_system.hpp>

namespace troupe::http {

/// An HTTP client with connections of its own. It ends with its last handle or by an exit message; calls that have not
/// ended by then fail with shutting_down or interrupted.
client_actor spawn_curl_client(caf::actor_system& system, client_options options = {});

} // namespace troupe::http

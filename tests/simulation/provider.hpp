// tests/simulation/provider.hpp: a payment provider at the far end of a network, as the adapters' HTTP client shows it.
#pragma once

#include "adapters/http_client/http_client.hpp"
#include "adapters/payment/ledger.hpp"
#include "tests/simulation/auditor.hpp"
#include "tests/simulation/remote.hpp"
#include "tests/simulation/world.hpp"

namespace troupe::simulation {

/// How long the provider remembers an idempotency key, if not for ever.
struct provider_conditions : remote_conditions {
  duration key_lifetime{std::chrono::hours{24}};
};

/// What becomes of a call, by probability.
struct provider_faults : remote_faults {
  double stale = 0;   // a search does not find yet what was made lately
  double refused = 0; // an authorization is answered with 422
};

/// An HTTP client behind which is the sandbox twin of the REST provider, with `books`. `conditions` may change while it
/// lives, its key lifetime not. Fails the audit when a refused call comes again and nobody has looked what became of
/// it.
http::client_actor spawn_provider(world& w, auditor& audit, payment::ledger& books, const provider_faults& faults,
                                  provider_conditions& conditions, tally& counts);

} // namespace troupe::simulation

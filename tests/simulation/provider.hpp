// tests/simulation/provider.hpp: a payment provider at the far end of a network, as the adapters' HTTP client shows it.
#pragma once

#include "adapters/http_client/http_client.hpp"
#include "adapters/payment/ledger.hpp"
#include "tests/simulation/auditor.hpp"
#include "tests/simulation/world.hpp"

namespace troupe::simulation {

/// How long the provider remembers an idempotency key, if not for ever, and whether nobody hears it just now.
struct provider_conditions {
  duration key_lifetime{std::chrono::hours{24}};
  bool dark = false;
  bool refuses_connections = false;    // while it is dark; else it may also act, or not, and be silent
  std::uint64_t calls_in_the_dark = 0; // since the beginning
};

/// What becomes of a call, by probability.
struct provider_faults {
  double unreachable = 0;  // never connected
  double lost = 0;         // the connection breaks before it acts
  double lost_answer = 0;  // it acts, and the connection breaks
  double silent = 0;       // it does not act; timed out
  double timeout_lie = 0;  // it acts; timed out
  double late = 0;         // it acts after the caller has given up
  double twice = 0;        // it gets the call again, later
  double unavailable = 0;  // 503
  double rate_limited = 0; // 429 with Retry-After
  double broken = 0;       // it acts, and answers 500
  double garbled = 0;      // it acts, and its answer is cut off
  double stale = 0;        // a search does not find yet what was made lately
  double refused = 0;      // an authorization is answered with 422
  duration latency_max{200};
};

/// An HTTP client behind which is the sandbox twin of the REST provider, with `books`. `conditions` may change while it
/// lives, its key lifetime not. Fails the audit when a refused call comes again and nobody has looked what became of
/// it.
http::client_actor spawn_provider(world& w, auditor& audit, payment::ledger& books, const provider_faults& faults,
                                  provider_conditions& conditions, tally& counts);

} // namespace troupe::simulation

// adapters/payment/registry.hpp: every kind of payment provider, by its name in the configuration.
#pragma once

#include "actors/kernel/uuid.hpp"
#include "actors/payment/provider.hpp"
#include "adapters/http_client/http_client.hpp"

#include <caf/actor_system.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace troupe::payment {

/// One provider, as it is configured. Which fields count depends on the kind.
struct provider_options {
  std::string name;            // what orders call it
  std::string kind;            // one of provider_kinds()
  std::string base_url;        // "https://api.stripe.com", which is the default of `stripe`
  std::string token;           // rest: static bearer token
  std::string oauth_token_url; // rest: OAuth 2.0 client credentials, instead of the token
  std::string oauth_client_id;
  std::string oauth_client_secret;
  std::string oauth_scope;
  std::string api_key;                           // stripe
  std::string webhook_secret;                    // stripe; not for the actor: of its webhook_verifier
  duration timeout{30'000};                      // of one call
  duration key_lifetime{std::chrono::hours{24}}; // how long the provider remembers idempotency keys
  duration search_lag{60'000};                   // stripe: how late its search may be
};

std::vector<std::string_view> provider_kinds();

/// What is wrong with the options, for people, field first; empty when nothing is.
std::string problem_with(const provider_options& x);

/// An adapter without a guard. Throws std::logic_error when problem_with(x) has something to say.
provider spawn_provider(caf::actor_system& system, const provider_options& x, http::client_actor client, clock_fn now,
                        random_fn random);

} // namespace troupe::payment

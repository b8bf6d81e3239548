// adapters/payment/stripe/options.hpp: what the adapter of Stripe and its webhooks need to know.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstddef>
#include <string>

namespace troupe::payment::stripe {

struct options {
  std::string base_url = "https://api.stripe.com";
  std::string api_key;                // "sk_live_…" or a restricted key for PaymentIntents and refunds
  std::string version = "2024-06-20"; // Stripe-Version: what the codec was written for
  duration timeout{30'000};           // of one call
  duration search_lag{60'000};        // how late Stripe's search may learn of a PaymentIntent
};

struct webhook_options {
  std::string secret{};             // "whsec_…", of the endpoint
  duration tolerance{300'000};      // how far the time of a signature may be off, either way
  std::size_t events_max = 100'000; // that are remembered within the tolerance
};

} // namespace troupe::payment::stripe

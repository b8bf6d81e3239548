// adapters/payment/observed.hpp: a guard in front of a payment adapter that tells of each call when it ends.
#pragma once

#include "actors/payment/provider.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace troupe::payment {

/// A call to a provider, with all that the adapter did for it.
struct finished_call {
  std::string_view target;    // the provider's name
  std::string_view operation; // "authorize", "capture", "void", "refund", "find"
  caf::error failure;         // empty where the provider answered, be it a decline
  duration took;
  const request_context& context;
};

/// Called when a call has ended, on any thread, several at a time; returns at once.
using observe_fn = std::function<void(const finished_call&)>;

/// Passes everything on to `adapter`, and its answers back as they are. Ends when the adapter does, and
/// the adapter with it.
provider_actor spawn_observed(caf::actor_system& system, provider_actor adapter, std::string target, clock_fn now,
                              observe_fn observe);

} // namespace troupe::payment

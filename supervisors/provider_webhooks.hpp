// supervisors/provider_webhooks.hpp: what payment providers tell on their own.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/order/order_actor.hpp"
#include "adapters/payment/registry.hpp"
#include "gateways/http/routes/services.hpp"
#include "supervisors/dead_letters/sealer.hpp"

#include <caf/actor_system.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// The receivers of those providers that sign their webhooks, by the name in /webhooks/<name>. A webhook is a reason to
/// ask the provider, never a fact: what it says is not trusted over what the provider answers. One that is signed and
/// not understood becomes a dead letter; what is not signed leaves nothing.
std::map<std::string, gateway::webhook_receiver>
provider_webhooks(caf::actor_system& system, const std::vector<payment::provider_options>& providers,
                  const order::order_actor& orders, const dead_letter::dead_letter_actor& letters,
                  const std::shared_ptr<const sealer>& seals, const clock_fn& now);

} // namespace troupe

// supervisors/dead_letters/webhooks.hpp: webhooks that were verified and not understood.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/kernel/uuid.hpp"
#include "actors/order/order_actor.hpp"
#include "supervisors/dead_letters/sealer.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace troupe {

/// The letter of a webhook of `sender` ("stripe") with this body, which is kept sealed. The same body is the same
/// letter, however often it is sent.
dead_letter::record refused_webhook(const std::string& sender, std::string_view body, const sealer& seals);

/// Replays such letters: a newer release may understand what an older one refused. Fails with refused when this one
/// does not either, or when the payload cannot be opened.
dead_letter::replayer_actor spawn_webhook_replayer(caf::actor_system& system, std::shared_ptr<const sealer> seals,
                                                   order::order_actor orders);

} // namespace troupe

// supervisors/dead_letters/messages.hpp: messages that reached nobody, and that nobody waits for an answer to.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "supervisors/dead_letters/sealer.hpp"
#include "supervisors/supervision/supervisor.hpp"

#include <caf/actor_system.hpp>

#include <map>
#include <memory>
#include <string>

namespace troupe {

inline constexpr std::size_t kept_message_max = 64 << 10; // bytes

/// The letter `id` of a message. Its content is kept sealed, unless it is larger than kept_message_max or cannot leave
/// its process: then the letter cannot be replayed, and says so.
dead_letter::record lost_message(const supervision::undelivered& x, dead_letter::letter_id id,
                                 caf::actor_system& system, const sealer& seals);

/// The handles of a tree by their paths: "node/entities/orders".
std::map<std::string, caf::strong_actor_ptr> parts_by_path(const supervision::group& root);

/// Replays such letters: the message is sent once more to the part that it was for. Fails with refused when there is no
/// such part any more, or when the content cannot be opened or read.
dead_letter::replayer_actor spawn_message_replayer(const supervision::place& where, std::shared_ptr<const sealer> seals,
                                                   std::map<std::string, caf::strong_actor_ptr> parts);

} // namespace troupe

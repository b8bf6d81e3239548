// supervisors/pauses.hpp: what pauses mean to a node, apart from orders and mails, which know it themselves.
#pragma once

#include "actors/pause/board.hpp"
#include "supervisors/alarms.hpp"

#include <caf/actor_system.hpp>

#include <string>

namespace troupe {

/// Why nothing may be asked of a provider, for people; empty when it may.
std::string why_paused(const pause::board& board, const std::string& provider);

/// Logs and counts what is paused and resumed, and tells `line` and then `told`, if there is one.
pause::registry::told_fn telling_of_pauses(caf::actor_system& system, alarm_line_ptr line, clock_fn now,
                                           pause::registry::told_fn told);

} // namespace troupe

// actors/timer.hpp: timers that do not keep their actor alive.
#pragma once

#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/disposable.hpp>
#include <caf/scheduled_actor.hpp>

#include <algorithm>

namespace troupe {

/// Runs `what` inside `self` after `delay` (at once when it is negative), unless `self` has ended by then.
/// Unlike `run_delayed`, a pending timer does not keep the actor alive. Dispose the result to cancel.
template <class Rep, class Period, class What>
caf::disposable run_later(caf::scheduled_actor* self, std::chrono::duration<Rep, Period> delay, What what) {
  auto& clock = self->clock();
  const auto wait = std::max(std::chrono::duration_cast<caf::actor_clock::duration_type>(delay),
                             caf::actor_clock::duration_type::zero());
  // The clock reschedules the action when it fires, which only a waiting action permits.
  return clock.schedule(clock.now() + wait, caf::make_action(std::move(what), caf::action::state::waiting),
                        caf::weak_actor_ptr{self->ctrl()});
}

} // namespace troupe

// supervisors/cluster/hand_on.hpp: gives the message that an actor is at to another, who answers its sender.
#pragma once

#include <caf/actor.hpp>
#include <caf/delegated.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>

#include <utility>

namespace troupe::cluster {

/// For a default handler, whose message `what` is.
inline caf::skippable_result hand_on(caf::event_based_actor* self, caf::message& what, const caf::actor& to) {
  auto& element = *self->current_mailbox_element();
  const auto id = element.mid;
  element.mid.mark_as_answered();
  to->enqueue(caf::make_mailbox_element(std::move(element.sender), id, std::move(element.stages), std::move(what)),
              self->context());
  return caf::delegated<caf::message>{};
}

} // namespace troupe::cluster

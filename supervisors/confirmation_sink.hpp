// supervisors/confirmation_sink.hpp: asks for the mail that tells a customer of a confirmed order.
#pragma once

#include "actors/notification/notification_actor.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/outlet/outlet_actor.hpp"
#include "supervisors/supervision/supervisor.hpp"

namespace troupe {

/// What the outlet "email" passes on: `order.confirmed` alone.
std::vector<std::string> confirmation_types();

/// Takes a confirmed order over once its mail is durably asked for. An order that confirmed longer than `age_max` ago
/// is taken without a mail (the outlet is new and the store is old, or the node was down for long), and so is one that
/// was cancelled meanwhile. No time counts in which the outlet was paused.
outlet::sink_actor spawn_confirmation_sink(const supervision::place& where, order::order_actor orders,
                                           notification::notification_actor mails, clock_fn now, duration age_max,
                                           live<pause::board> pauses);

} // namespace troupe

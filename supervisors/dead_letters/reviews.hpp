// supervisors/dead_letters/reviews.hpp: the dead letters of orders that people decide about.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/outlet/outlet_actor.hpp"
#include "supervisors/supervision/supervisor.hpp"

namespace troupe {

/// The outlet that makes a letter of the stored fact that an order came to review. `sink` is what
/// spawn_review_letter_sink makes.
outlet::definition review_letters(outlet::sink_actor sink);

/// Takes the event over once its letter is durable, or when the order is not in review any more.
outlet::sink_actor spawn_review_letter_sink(const supervision::place& where, order::order_actor orders,
                                            dead_letter::dead_letter_actor letters);

} // namespace troupe

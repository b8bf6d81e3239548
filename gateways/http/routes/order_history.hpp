// gateways/http/routes/order_history.hpp: what the journal tells of an order beside its current state.
#pragma once

#include "actors/entity/journal_actor.hpp"
#include "actors/entity/public_event.hpp"
#include "actors/order/order_actor.hpp"
#include "gateways/http/route.hpp"

#include <span>
#include <string>
#include <vector>

namespace troupe::gateway {

/// The order as it was at `at`. Fails with unknown_order when it was not placed by then, and as the journal does.
boost::asio::awaitable<caf::expected<order::view>> order_as_of(incoming& in, journal::journal_actor journal,
                                                               order_id id, time_point at);

/// The order's public events, in order. Fails with unknown_order, and as the journal does.
boost::asio::awaitable<caf::expected<std::vector<public_event>>>
public_events(incoming& in, journal::journal_actor journal, order_id id);

/// The state that the first events of an order, those recorded at `at` or before, lead to. Fails with unknown_order
/// when there is none, with unknown_type when one cannot be decoded.
caf::expected<order::view> view_as_of(const order_id& id, std::span<const journal::stored_event> events, time_point at);

/// `{orderId, events}` as text.
std::string events_text(const order_id& id, std::span<const public_event> events);

} // namespace troupe::gateway

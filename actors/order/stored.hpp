// actors/order/stored.hpp: how an order's events and snapshots are stored, and what of them the outside sees.
#pragma once

#include "actors/entity/public_event.hpp"
#include "actors/entity/stored_event.hpp"
#include "actors/kernel/caf.hpp"
#include "actors/order/order.hpp"

#include <optional>
#include <string>

namespace troupe::order {

/// The stored form: types "order.placed" and so on. E-mail, address and the customer's words stand in `personal`.
journal::encoded_event encode(const event& x);

/// The event of today's form. Fails with unknown_type for a type or schema that this release does not know, and with
/// store_damaged for a form that is not that type's. An empty `personal` part means that it was erased.
caf::expected<event> decode(const journal::stored_event& x);

inline constexpr std::uint16_t snapshot_schema = 1;

/// The whole state, personal data included.
std::string encode_snapshot(const state& x);

/// Fails as decode does.
caf::expected<state> decode_snapshot(const std::string& data, std::uint16_t schema);

/// What the outside is told of a stored event, without personal data: "OrderCreated", "PaymentAuthorized" and so on, by
/// the schemas in config/schemas/events. Nothing for what concerns only the saga itself (failed attempts, retries), and
/// for what this release cannot decode.
std::optional<public_event> to_public(const journal::stored_event& x);

} // namespace troupe::order

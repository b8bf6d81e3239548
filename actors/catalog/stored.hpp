// actors/catalog/stored.hpp: the stored and public forms of the price list's events and snapshots.
#pragma once

#include "actors/catalog/catalog.hpp"
#include "actors/entity/public_event.hpp"

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace troupe::catalog {

inline constexpr std::uint16_t snapshot_schema = 1;

journal::encoded_event encode(const event& e);

/// Fails with unknown_type for a type or schema of a newer release, store_damaged for data that does not fit its type.
caf::expected<event> decode(const journal::stored_event& x);

std::string encode_snapshot(const state& s);

/// The state that encode_snapshot was given. Fails as decode does.
caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema);

/// ProductCreated, ProductUpdated or PriceUpdated; nothing for an event that cannot be read.
std::optional<public_event> to_public(const journal::stored_event& x);

} // namespace troupe::catalog

// actors/guard/stored.hpp: the stored forms of what operators do to guards.
#pragma once

#include "actors/entity/stored_event.hpp"
#include "actors/guard/guard.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace troupe::guard {

inline constexpr std::uint16_t snapshot_schema = 1;

journal::encoded_event encode(const event& e);

/// Fails with unknown_type for a type or schema of a newer release, store_damaged for data that does not fit its type.
caf::expected<event> decode(const journal::stored_event& x);

std::string encode_snapshot(const state& s);

/// The state that encode_snapshot was given. Fails as decode does.
caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema);

} // namespace troupe::guard

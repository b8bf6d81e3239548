// actors/notification/stored.hpp: the stored forms of mails. They have no public form: they concern nobody else.
#pragma once

#include "actors/entity/stored_event.hpp"
#include "actors/notification/notification.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace troupe::notification {

inline constexpr std::uint16_t snapshot_schema = 2;

journal::encoded_event encode(const event& e);

/// Fails with unknown_type for a type or schema of a newer release, store_damaged for data that does not fit its type.
/// A request whose personal data was erased is read without it.
caf::expected<event> decode(const journal::stored_event& x);

std::string encode_snapshot(const state& s);

/// The state that encode_snapshot was given. Fails as decode does.
caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema);

} // namespace troupe::notification

// actors/dead_letter/stored.hpp: the stored forms of dead letters and of the jobs that replay them. They have no public
// form: they are the operators' business.
#pragma once

#include "actors/dead_letter/dead_letter.hpp"
#include "actors/dead_letter/replay_job.hpp"
#include "actors/entity/stored_event.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace troupe::dead_letter {

inline constexpr std::uint16_t snapshot_schema = 1;

journal::encoded_event encode(const event& e);

/// Fails with unknown_type for a type or schema of a newer release, store_damaged for data that does not fit its type.
caf::expected<event> decode(const journal::stored_event& x);

std::string encode_snapshot(const state& s);

/// The state that encode_snapshot was given. Fails as decode does.
caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema);

namespace job {

inline constexpr std::uint16_t snapshot_schema = 1;

journal::encoded_event encode(const event& e);
caf::expected<event> decode(const journal::stored_event& x);
std::string encode_snapshot(const state& s);
caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema);

} // namespace job

} // namespace troupe::dead_letter

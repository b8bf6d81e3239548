// adapters/postgres/row.hpp: rows of the database as the journal's records.
#pragma once

#include "actors/entity/stored_event.hpp"
#include "adapters/postgres/connection.hpp"

#include <string>
#include <string_view>

namespace troupe::postgres {

/// The columns of event_of, of a table `events`.
inline constexpr const char* event_columns = "shard, shard_offset, key, version, schema, recorded_at, epoch, checksum, "
                                             "type, node, principal, trace, data, personal";

/// The event in the row, whose columns begin at `first`. Throws store_damaged unless its checksum holds.
journal::stored_event event_of(const pqxx::row& row, const std::string& context, int first = 0);

/// "order/0190…": how errors name a stream.
std::string name_of(const journal::stream_name& x);

/// Throws store_damaged with the stream and version, and what is wrong with it.
[[noreturn]] void damaged(const journal::stream_name& stream, std::uint64_t version, const std::string& how);

/// FNV-1a over a snapshot and its stream's key.
std::uint64_t checksum_of(std::string_view key, const journal::snapshot& x);

} // namespace troupe::postgres

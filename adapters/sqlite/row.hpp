// adapters/sqlite/row.hpp: rows of the file as the journal's records.
#pragma once

#include "actors/entity/stored_event.hpp"
#include "adapters/sqlite/connection.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::sqlite {

/// The columns of event_of, of the table `events`.
#define TROUPE_SQLITE_EVENT_COLUMNS                                                                                    \
  "e.seq, e.place, e.shard_offset, e.stream, e.version, e.previous, e.type, e.schema, e.data, e.personal, "            \
  "e.recorded_at, e.epoch, e.node, e.principal, e.trace, e.checksum"
inline constexpr int event_columns = 16;

/// The event in the row, whose stream the caller knows.
journal::stored_event event_of(const statement::cursor& row, journal::stream_name stream);

/// "order/0190…": how errors name a stream.
std::string name_of(const journal::stream_name& x);

/// Throws store_damaged with the stream and version of `x`, and what is wrong with it.
[[noreturn]] void damaged(const journal::stream_name& stream, std::uint64_t version, const std::string& how);

/// Throws store_damaged unless the checksum holds.
void verify(const journal::stored_event& x);

/// FNV-1a over a snapshot and the name of its stream.
std::uint64_t checksum_of(const journal::stream_name& stream, const journal::snapshot& x);

/// Growing numbers as differences of 7 bits a byte.
std::string pack(const std::vector<std::int64_t>& seqs);
std::vector<std::int64_t> unpack(std::string_view bytes);

} // namespace troupe::sqlite

// adapters/sqlite/schema.hpp: the file's form.
#pragma once

#include "actors/kernel/hash.hpp"

#include <cstdint>

namespace troupe::sqlite {

inline constexpr std::uint32_t application_id = 0x74727065; // "trpe", at byte 68 of the file
inline constexpr std::uint32_t schema_version = 1;          // SQLite's user_version, at byte 60
inline constexpr std::uint32_t page_bytes = 4096;
inline constexpr std::uint64_t mark_every = 64; // versions of a stream

// A commit should touch few pages. Events lie in the order of their commits. A stream's row knows its last event, or an
// earlier one when those after it are not indexed yet (moved_heads.hpp); each event knows the one before it in its
// stream, and every 64th is marked, so that long streams need no index entry per event. Offsets of shards are indexed
// in bulk, for `index_every` events at once; the events after `progress.indexed_to` are the only ones to be scanned
// for.
inline constexpr const char* schema_sql = R"sql(
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE progress (id INTEGER PRIMARY KEY, indexed_to INTEGER NOT NULL);
  INSERT INTO progress VALUES (1, 0);
  CREATE TABLE contexts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE shards (context INTEGER NOT NULL, shard INTEGER NOT NULL, epoch INTEGER NOT NULL, owner TEXT NOT NULL,
    next_offset INTEGER NOT NULL, PRIMARY KEY (context, shard)) WITHOUT ROWID;
  CREATE TABLE streams (id INTEGER PRIMARY KEY, context INTEGER NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL,
    last INTEGER NOT NULL, wake_at INTEGER);
  CREATE UNIQUE INDEX streams_by_key ON streams (context, key);
  CREATE INDEX wake_ups ON streams (context, wake_at, key) WHERE wake_at IS NOT NULL;
  CREATE TABLE events (seq INTEGER PRIMARY KEY, place INTEGER NOT NULL, shard_offset INTEGER NOT NULL,
    stream INTEGER NOT NULL, version INTEGER NOT NULL, previous INTEGER NOT NULL, type TEXT NOT NULL,
    schema INTEGER NOT NULL, data TEXT NOT NULL, personal TEXT NOT NULL, recorded_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL, node TEXT NOT NULL, principal TEXT NOT NULL, trace TEXT NOT NULL,
    checksum INTEGER NOT NULL);
  CREATE TABLE marks (stream INTEGER NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (stream, version)) WITHOUT ROWID;
  CREATE TABLE shard_runs (place INTEGER NOT NULL, first_offset INTEGER NOT NULL, seqs BLOB NOT NULL,
    PRIMARY KEY (place, first_offset)) WITHOUT ROWID;
  CREATE TABLE snapshots (stream INTEGER PRIMARY KEY, version INTEGER NOT NULL, schema INTEGER NOT NULL,
    data TEXT NOT NULL, recorded_at INTEGER NOT NULL, checksum INTEGER NOT NULL);
  CREATE TABLE outlets (outlet TEXT NOT NULL, context INTEGER NOT NULL, shard INTEGER NOT NULL,
    shard_offset INTEGER NOT NULL, PRIMARY KEY (outlet, context, shard)) WITHOUT ROWID;
)sql";

/// A shard of a context as one number.
constexpr std::int64_t place_of(std::int64_t context_id, std::uint16_t shard) {
  return context_id * shard_count + shard;
}

} // namespace troupe::sqlite

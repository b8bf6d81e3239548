// actors/entity/stored_event.hpp: the journal's records, as every store keeps them.
#pragma once

#include "actors/kernel/hash.hpp"
#include "actors/kernel/request_context.hpp"
#include "actors/kernel/time.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::journal {

/// One entity's events. Contexts are kept apart: each has its own streams, shards, offsets and epochs.
struct stream_name {
  std::string context; // "order", "inventory"
  std::string key;     // the entity's id

  auto operator<=>(const stream_name&) const = default;
  std::uint16_t shard() const { return shard_of(key); }
};

/// For hash tables by stream.
struct stream_hash {
  std::size_t operator()(const stream_name& x) const noexcept {
    return std::hash<std::string>{}(x.key) ^ (std::hash<std::string>{}(x.context) << 1);
  }
};

/// An event as its context encodes it.
struct encoded_event {
  std::string type;         // "order.placed"
  std::uint16_t schema = 1; // version of that type's form; upcasters lift older ones
  std::string data;         // JSON
  std::string personal;     // JSON of personal data, kept apart so that it can be sealed; empty when there is none

  bool operator==(const encoded_event&) const = default;
};

/// An event as it is stored. Everything but `checksum` is covered by `checksum`.
struct stored_event {
  stream_name stream;
  std::uint64_t version = 0; // 1 for a stream's first event, then without gaps
  std::uint16_t shard = 0;
  std::uint64_t offset = 0; // 1 for a shard's first event, then without gaps
  std::string type;
  std::uint16_t schema = 1;
  std::string data;
  std::string personal;
  time_point recorded_at; // never decreases within a stream
  std::uint64_t epoch = 0;
  std::string node;
  std::string principal;
  std::string trace; // traceparent, or empty
  std::uint64_t checksum = 0;

  bool operator==(const stored_event&) const = default;
};

/// What `checksum` must be: FNV-1a over the other fields, each with its length before it.
std::uint64_t checksum_of(const stored_event& x);

struct snapshot {
  std::uint64_t version = 0; // includes the event of this version
  std::uint16_t schema = 1;
  std::string data;       // JSON
  time_point recorded_at; // of the event of this version

  bool operator==(const snapshot&) const = default;
};

/// Sets the instant at which the entity wants to be woken, or clears it.
struct wake_up_change {
  std::optional<time_point> at;

  bool operator==(const wake_up_change&) const = default;
};

struct wake_up {
  stream_name stream;
  time_point at;

  auto operator<=>(const wake_up&) const = default;
};

/// What recovery of one entity needs.
struct recovered_stream {
  std::optional<snapshot> base;
  std::vector<stored_event> events; // those after `base`, in order

  std::uint64_t version() const { return !events.empty() ? events.back().version : base ? base->version : 0; }
};

/// The right to write to one shard of one context.
struct lease {
  std::string context;
  std::uint16_t shard = 0;
  std::uint64_t epoch = 0;       // the fencing token: higher than every earlier owner's
  std::uint64_t next_offset = 1; // where the owner goes on
};

/// One stream's part of a batch, with everything decided by the shard's owner. Stored whole or not at all.
struct write {
  stream_name stream;
  std::uint64_t epoch = 0;
  std::vector<stored_event> events; // may be empty when only the wake-up or the snapshot changes
  std::optional<journal::snapshot> snapshot;
  std::optional<wake_up_change> wake_up;
};

/// An outlet's low-water mark in one shard: everything up to `offset` needs no further delivery. Stored only while the
/// shard has this epoch, so that an owner of before moves nothing.
struct offset_mark {
  std::string outlet;
  std::string context;
  std::uint16_t shard = 0;
  std::uint64_t offset = 0;
  std::uint64_t epoch = 0;

  bool operator==(const offset_mark&) const = default;
};

/// An outlet's mark as it is stored.
struct stored_mark {
  std::string outlet;
  std::uint16_t shard = 0;
  std::uint64_t offset = 0;

  auto operator<=>(const stored_mark&) const = default;
};

/// Where an outlet stands in a shard that has events.
struct outlet_position {
  std::uint16_t shard = 0;
  std::uint64_t saved = 0; // its mark; 0 when it has none yet
  std::uint64_t last = 0;  // offset of the shard's last event

  bool operator==(const outlet_position&) const = default;
};

} // namespace troupe::journal

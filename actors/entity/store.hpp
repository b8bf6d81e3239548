// actors/entity/store.hpp: port: what the journal needs from a database. Blocking; called by one thread at a time.
#pragma once

#include "actors/entity/stored_event.hpp"
#include "actors/kernel/caf.hpp"

#include <caf/expected.hpp>

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::journal {

/// What became of one write of a batch whose commit succeeded.
enum class write_result : std::uint8_t {
  stored,
  shard_lost, // its shard's stored epoch is not the writer's; nothing of this write was stored
};

/// Shards by number.
using shard_set = std::bitset<shard_count>;

inline shard_set all_shards() {
  return shard_set{}.set();
}

/// Who takes which shards of these contexts.
struct claim {
  std::vector<std::string> contexts;
  std::string node;
  std::uint64_t incarnation = 0; // of the node in its cluster; 0: it is alone, and takes all from whoever has them
  shard_set shards = all_shards();
};

/// The only connection that writes. After an error other than the ones named, throw the object away and open anew:
/// a failed sync leaves what is on disk unknown.
class store_writer {
public:
  virtual ~store_writer() = default;

  /// Takes shards, each with a higher epoch than any before, of every context that the claim names. A node that is
  /// alone gets all 1,024. A member of a cluster gets those of the wanted ones whose target it is and that nobody with
  /// a lease serves, its own among them; the others are left out. What is not claimed anew stays as it is. May be
  /// repeated. Fails with cluster::rejection::lease_lost when the member's lease has run out, and with refused by a
  /// store that has no clusters.
  virtual caf::expected<std::vector<lease>> acquire(const claim& x) = 0;

  caf::expected<std::vector<lease>> acquire(std::span<const std::string> contexts, const std::string& node) {
    return acquire(claim{{contexts.begin(), contexts.end()}, node});
  }

  /// Gives back those of `shards` that this member owns; its later writes to them are refused. May be repeated. Fails
  /// with refused in a store that has no clusters.
  virtual caf::expected<void> release(const std::string& node, std::uint64_t incarnation, const shard_set& shards);

  /// Stores the batch in one transaction and makes it durable; one result per write, in order. A write whose epoch is
  /// not its shard's stored one fails alone. Fails with version_conflict, and stores nothing of the whole batch, when
  /// a version or an offset is taken already; with store_unavailable when surely nothing was stored; with
  /// commit_unknown otherwise. `marks` of outlets move in the same transaction, back as well as on; one whose epoch is
  /// not its shard's stored one is left out.
  virtual caf::expected<std::vector<write_result>> commit(std::span<const write> batch,
                                                          std::span<const offset_mark> marks = {}) = 0;
};

/// Which of the newest events are wanted; what is empty says nothing.
struct event_filter {
  std::string context;
  std::string key;
  std::string type;
};

/// A stored event and where it stands among those of all contexts. What is committed later stands higher; no position
/// is left out.
struct placed_event {
  std::uint64_t position = 0; // 1 for the first
  stored_event event;

  bool operator==(const placed_event&) const = default;
};

/// How far back `store_reader::latest` looks, in events.
inline constexpr std::uint64_t latest_max = 10'000;

struct latest_events {
  std::uint64_t newest = 0; // position of the journal's last event, whether it is wanted or not; 0 when there is none
  std::vector<placed_event> events; // newest first
};

/// Stored wake-ups up to an instant.
struct due_count {
  std::uint64_t count = 0;
  std::optional<time_point> oldest; // nothing when there is none

  bool operator==(const due_count&) const = default;
};

/// Reads what is committed, beside the writer. Every event's checksum is verified: store_damaged names the event.
class store_reader {
public:
  virtual ~store_reader() = default;

  /// The newest snapshot and the events after it; empty for a stream without events.
  virtual caf::expected<recovered_stream> load(const stream_name& stream) = 0;

  /// Events of a stream from `first_version` on, at most `limit`.
  virtual caf::expected<std::vector<stored_event>> read_stream(const stream_name& stream, std::uint64_t first_version,
                                                               std::size_t limit) = 0;

  /// Events of a shard from `first_offset` on, at most `limit`.
  virtual caf::expected<std::vector<stored_event>> read_shard(const std::string& context, std::uint16_t shard,
                                                              std::uint64_t first_offset, std::size_t limit) = 0;

  /// Wake-ups of a context due at `until` or before, ordered by (at, key), those after `after` only, at most `limit`.
  virtual caf::expected<std::vector<wake_up>> due(const std::string& context, time_point until,
                                                  const std::optional<wake_up>& after, std::size_t limit) = 0;

  /// Where an outlet stands in each shard of a context that has events, by shard; cheap enough to ask for at any time.
  virtual caf::expected<std::vector<outlet_position>> positions(const std::string& outlet,
                                                                const std::string& context) = 0;

  /// Every mark of a context, by outlet and shard. Refused by a store that lies over another one.
  virtual caf::expected<std::vector<stored_mark>> marks(const std::string& context);

  /// Those that the store has, by name. Refused by a store that lies over another one.
  virtual caf::expected<std::vector<std::string>> contexts();

  /// Keys of a context's streams in order, those after `after` only, at most `limit`.
  virtual caf::expected<std::vector<std::string>> keys(const std::string& context, const std::string& after,
                                                       std::size_t limit) = 0;

  /// Those of the newest events of all contexts that `filter` wants, at most `limit`, newest first; those before the
  /// position `before` only, where there is one. Looks at the last `latest_max` events and no further, however few are
  /// wanted. For people who look for a fault, not for programs that must see each event. Refused by a store that lies
  /// over another one.
  virtual caf::expected<latest_events> latest(const event_filter& filter, std::optional<std::uint64_t> before,
                                              std::size_t limit);

  /// How many wake-ups of a context are due at `until` or before. A store that has an index of them need not read them
  /// for that, as this one does.
  virtual caf::expected<due_count> count_due(const std::string& context, time_point until);
};

/// Opens connections to one store. Opening is where a foreign, newer, damaged or busy store is refused, untouched.
class store_factory {
public:
  virtual ~store_factory() = default;

  virtual caf::expected<std::unique_ptr<store_writer>> open_writer() = 0;

  /// Only after a writer was opened once, which creates what is missing.
  virtual caf::expected<std::unique_ptr<store_reader>> open_reader() = 0;
};

} // namespace troupe::journal

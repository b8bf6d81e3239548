// adapters/simulated_store/simulated_store.hpp: a store in memory, on a disk that can crash.
#pragma once

#include "actors/entity/store.hpp"
#include "adapters/simulated_store/simulated_leases.hpp"

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::simulated {

/// What becomes of one commit.
enum class commit_fate : std::uint8_t {
  durable,  // as a healthy disk does it
  unsynced, // acknowledged, but a crash before the next sync drops it: a disk that lies
  full,     // no room: store_unavailable, nothing is stored
  lost,     // the sync failed and nothing reached the disk: commit_unknown
  unknown,  // the sync failed and yet everything reached the disk: commit_unknown
};

/// Decides how the disk behaves; the default is a healthy one. A slow disk passes time inside these functions.
class faults {
public:
  virtual ~faults() = default;
  virtual commit_fate on_commit(std::span<const journal::write>) { return commit_fate::durable; }
  virtual bool fails_to_open() { return false; }
  virtual bool fails_to_read() { return false; }
};

/// The state of a store. Outlives its connections, which a crash closes. Not for several threads at once.
class disk {
public:
  disk();

  /// Replaces the faults; nullptr for a healthy disk.
  void set_faults(std::shared_ptr<faults> x);

  /// From now on it is the store of a cluster, whose members get shards as this table says. Without it there are none,
  /// and a member is refused.
  void set_leases(std::shared_ptr<lease_table> x) { leases_ = std::move(x); }

  /// Makes everything durable that was acknowledged.
  void sync();

  /// Drops what was not synced. Every connection of before fails from now on: the process that had them is gone.
  void crash();

  /// Verifies each event's checksum at each read, as real stores do; off, because it costs more than all the rest.
  void verify_checksums(bool x) { verify_ = x; }

  /// A stored event to look at or to damage; nullptr when there is none.
  journal::stored_event* find(const journal::stream_name& stream, std::uint64_t version);

  /// How far an outlet says that it is, and what the last event of that shard is; 0 when there is none.
  std::uint64_t mark(const std::string& outlet, const std::string& context, std::uint16_t shard) const;
  std::uint64_t last_offset(const std::string& context, std::uint16_t shard) const;

  /// The epoch that a write to this shard must have; 0 when nobody ever took it.
  std::uint64_t epoch(const std::string& context, std::uint16_t shard) const;

  std::uint64_t commits() const { return commits_; } // acknowledged
  std::uint64_t events() const { return events_; }   // stored and not dropped

private:
  friend class writer;
  friend class reader;
  friend class store;

  struct stream {
    std::string key;
    std::vector<journal::stored_event> events;
    std::optional<journal::snapshot> snapshot;
    std::optional<time_point> wake_up;
  };
  struct place {
    const stream* owner = nullptr;
    std::uint64_t version = 0;
  };
  struct context {
    std::vector<std::uint64_t> epochs = std::vector<std::uint64_t>(shard_count); // 0: never acquired
    std::map<std::string, stream> streams;
    std::map<std::uint16_t, std::vector<place>> shards; // by offset, from 1
    std::set<std::pair<time_point, std::string>> wake_ups;
  };
  using outlet_key = std::tuple<std::string, std::string, std::uint16_t>;

  /// What one write has changed, to take it back.
  struct undo {
    context* where = nullptr;
    stream* what = nullptr;
    std::size_t events = 0;
    bool had_snapshot_change = false;
    std::optional<journal::snapshot> snapshot;
    bool had_wake_up_change = false;
    std::optional<time_point> wake_up;
    std::optional<std::pair<outlet_key, std::uint64_t>> mark; // as it was; then there is nothing else
  };

  /// Empty, or why the batch cannot be stored; leaves what it has stored so far in `pending_`.
  std::string apply(std::span<const journal::write> batch, std::vector<journal::write_result>& results,
                    const journal::shard_set& released);
  std::string apply(const journal::write& x, journal::write_result& result);
  void apply(const journal::offset_mark& x);
  void take_back(std::size_t keep);
  void set_wake_up(context& where, stream& what, const std::optional<time_point>& at);
  const stream* find_stream(const journal::stream_name& name) const;

  std::map<std::string, context> contexts_;
  std::vector<place> log_; // by position, from 1
  std::map<outlet_key, std::uint64_t> outlets_;
  std::vector<undo> pending_; // the writes that a crash would drop, in order
  std::shared_ptr<faults> faults_;
  std::shared_ptr<lease_table> leases_;
  std::uint64_t boots_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t events_ = 0;
  bool verify_ = false;
};

/// Connections to that disk. Several writers may be open; epochs keep them apart.
std::shared_ptr<journal::store_factory> make_store(std::shared_ptr<disk> where);

} // namespace troupe::simulated

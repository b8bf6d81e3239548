// adapters/sqlite/moved_heads.hpp: where the streams end whose rows do not say so yet.
#pragma once

#include "actors/entity/stored_event.hpp"
#include "adapters/sqlite/connection.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace troupe::sqlite {

/// A stream's row is moved to its last event only when the shards of that event are indexed: rows of busy streams lie
/// on many pages, and to write all of them with each commit cost more than the events. Until then the last events
/// themselves say where their streams end, and this knows it, for the writer and the readers of one process.
class moved_heads {
public:
  struct head {
    std::int64_t row = 0; // the stream's
    std::uint64_t version = 0;
    std::int64_t last = 0; // seq of the last event
  };
  using map = std::unordered_map<journal::stream_name, head, journal::stream_hash>;

  /// What the events of the file say that are not indexed yet.
  static map read(connection& db);

  /// From then on, what is found here is all there is to know; a writer says so.
  void begin(map known);

  /// Nobody writes any more, and what is found here may be old.
  void end();

  /// What is known of a stream; nothing as long as nobody has begun. A reader that looks here before its transaction
  /// begins and takes the later of this and the row has a head that is not older than the look.
  struct found {
    bool complete = false; // somebody writes, and so keeps this up to date
    std::optional<moved_heads::head> head;
  };
  found find(const journal::stream_name& stream) const;

  /// Calls `use` with the map, alone.
  template <class Use> auto with(Use&& use) {
    const std::lock_guard guard{mutex_};
    return use(known_);
  }

private:
  mutable std::mutex mutex_;
  bool begun_ = false;
  map known_;
};

} // namespace troupe::sqlite

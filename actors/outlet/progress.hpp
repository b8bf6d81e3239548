// actors/outlet/progress.hpp: how far an outlet has come in one shard. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace troupe::outlet {

/// Offsets are taken in their order and finished in any.
class progress {
public:
  progress() = default;

  /// Begins behind `mark`.
  explicit progress(std::uint64_t mark) : seen_(mark) {}

  /// An event that is to be passed on. Offsets between are of no interest.
  void take(std::uint64_t offset, time_point recorded_at) {
    open_.emplace(offset, recorded_at);
    skip(offset);
  }

  /// Nothing up to here is to be passed on but what was taken.
  void skip(std::uint64_t offset) { seen_ = offset > seen_ ? offset : seen_; }

  /// It needs no further delivery from the journal. May be repeated.
  void finish(std::uint64_t offset) { open_.erase(offset); }

  /// Nothing up to this offset is new.
  std::uint64_t seen() const { return seen_; }

  /// Everything up to this offset is finished: where a successor begins.
  std::uint64_t mark() const { return open_.empty() ? seen_ : open_.begin()->first - 1; }

  std::size_t open() const { return open_.size(); }

  /// When the first unfinished event was recorded.
  std::optional<time_point> oldest() const {
    return open_.empty() ? std::nullopt : std::optional{open_.begin()->second};
  }

private:
  std::uint64_t seen_ = 0;
  std::map<std::uint64_t, time_point> open_;
};

} // namespace troupe::outlet

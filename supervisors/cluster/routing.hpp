// supervisors/cluster/routing.hpp: who owns each shard, as far as this node knows. No CAF, no clock, no I/O.
#pragma once

#include "actors/cluster/membership.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace troupe::cluster {

/// News of one shard, faster than the store's next view.
struct ownership_change {
  std::uint16_t shard = 0;
  std::string owner; // a node's name; empty when the owner of this epoch has released it
  std::uint64_t epoch = 0;

  bool operator==(const ownership_change&) const = default;
};

/// A snapshot that never changes: a new one is made of it and of what is heard. News and views may come in any order
/// among each other. Of two owners the one with the higher epoch counts, of one epoch its release: nothing older ever
/// overwrites anything newer.
class routing {
public:
  /// Nobody owns anything.
  routing() = default;

  /// With what the store said. Views are to come in the order in which they were read, because whether an owner lives
  /// has no epoch.
  routing with(const view& x) const;

  /// With news of other nodes. A shard that there is not is left out.
  routing with(std::span<const ownership_change> changes) const;

  /// A node's name; empty when nobody owns the shard, or its owner was dead in the last view.
  const std::string& owner_of(std::uint16_t shard) const;

  /// Of the last owner known.
  std::uint64_t epoch_of(std::uint16_t shard) const { return entries_[shard].epoch; }

  /// Grows when owner_of has another answer for any shard; a snapshot made of this one is never older.
  std::uint64_t version() const { return version_; }

private:
  struct entry {
    std::string owner;
    std::uint64_t epoch = 0;
    bool alive = false;
  };

  bool take(std::uint16_t shard, const std::string& owner, std::uint64_t epoch, bool alive);

  std::array<entry, shard_count> entries_;
  std::uint64_t version_ = 0;
};

} // namespace troupe::cluster

#include "supervisors/cluster/routing.hpp"

#include <tuple>

namespace troupe::cluster {

routing routing::with(const view& x) const {
  auto result = *this;
  bool changed = false;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    const auto& record = x.shards[shard];
    changed |= result.take(shard, record.owner, record.epoch, live_owner(x, shard) != nullptr);
  }
  result.version_ += changed;
  return result;
}

routing routing::with(std::span<const ownership_change> changes) const {
  auto result = *this;
  bool changed = false;
  for (const auto& x : changes) {
    if (x.shard >= shard_count)
      continue;
    const auto& known = result.entries_[x.shard];
    // That it owned the shard at this epoch is no news of whether it still lives.
    const bool alive = x.epoch > known.epoch || known.alive;
    changed |= result.take(x.shard, x.owner, x.epoch, alive);
  }
  result.version_ += changed;
  return result;
}

const std::string& routing::owner_of(std::uint16_t shard) const {
  static const std::string nobody;
  const auto& x = entries_[shard];
  return x.alive ? x.owner : nobody;
}

bool routing::take(std::uint16_t shard, const std::string& owner, std::uint64_t epoch, bool alive) {
  auto& known = entries_[shard];
  if (std::tuple{epoch, owner.empty()} < std::tuple{known.epoch, known.owner.empty()})
    return false;
  const auto before = owner_of(shard);
  known = {owner, epoch, alive};
  return owner_of(shard) != before;
}

} // namespace troupe::cluster

// actors/entity/held_shards.hpp: the shards whose entities live on this node.
#pragma once

#include "actors/entity/store.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace troupe::entity {

/// What a node believes that it owns. Copies share one state; safe on any thread; a look is one load or two.
///
/// A member of a cluster owns shards under a lease, and stops answering for them when that has run out by a clock that
/// also counts while the process or the machine stands still: somebody else may own them by then.
class held_shards {
public:
  /// Milliseconds of such a clock: CLOCK_BOOTTIME.
  using ticks_fn = std::function<std::int64_t()>;

  /// Of a node that is alone: all of them, for ever.
  held_shards() = default;

  /// Of a member: none yet.
  static held_shards of_member(ticks_fn now) {
    held_shards result;
    result.state_ = std::make_shared<state>(std::move(now));
    return result;
  }

  bool is_member() const { return state_ != nullptr; }

  /// Whether this node may answer for the shard now.
  bool serves(std::uint16_t shard) const {
    return !state_ || (state_->test(shard) && state_->now() < state_->until.load(std::memory_order_acquire));
  }

  /// Whether it owns the shard, be its lease as it may.
  bool holds(std::uint16_t shard) const { return !state_ || state_->test(shard); }

  journal::shard_set all() const {
    if (!state_)
      return journal::all_shards();
    journal::shard_set result;
    for (std::uint16_t shard = 0; shard < shard_count; ++shard)
      result.set(shard, state_->test(shard));
    return result;
  }

  // ---- for whoever takes part in the cluster

  void add(const journal::shard_set& x) const { change(x, true); }
  void remove(const journal::shard_set& x) const { change(x, false); }

  /// The lease lasts until then, by the clock of this.
  void lease_until(std::int64_t ticks) const { state_->until.store(ticks, std::memory_order_release); }

private:
  struct state {
    explicit state(ticks_fn clock) : now(std::move(clock)) {}

    bool test(std::uint16_t shard) const {
      return (words[shard / 64].load(std::memory_order_acquire) >> (shard % 64) & 1) != 0;
    }

    ticks_fn now;
    std::array<std::atomic<std::uint64_t>, shard_count / 64> words{};
    std::atomic<std::int64_t> until{0};
  };

  void change(const journal::shard_set& x, bool on) const {
    for (std::uint16_t shard = 0; shard < shard_count; ++shard)
      if (x.test(shard)) {
        const auto bit = std::uint64_t{1} << (shard % 64);
        if (on)
          state_->words[shard / 64].fetch_or(bit, std::memory_order_acq_rel);
        else
          state_->words[shard / 64].fetch_and(~bit, std::memory_order_acq_rel);
      }
  }

  std::shared_ptr<state> state_;
};

} // namespace troupe::entity

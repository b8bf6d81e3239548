// actors/entity/context.hpp: what the machinery of stored entities needs to know of a context.
#pragma once

#include "actors/entity/held_shards.hpp"
#include "actors/entity/journal_actor.hpp"
#include "actors/kernel/caf.hpp"
#include "actors/kernel/uuid.hpp"

#include <caf/typed_actor.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace troupe::entity {

/// Looks at what is outstanding: sent when a stored wake-up is due. May be repeated.
struct wake {};

/// Ends an idle entity; sent by its region after the last command it passed on.
struct stop {};

/// An entity that has nothing to do asks its region to be stopped.
struct idle {
  std::string key;
};

/// Wakes, a few at a time, whatever has a stored wake-up within this time: what kept them waiting is over. A region
/// that is still at it begins anew. May be repeated.
struct look_ahead {
  duration within{0};
};

/// The node owns these shards from now on: their entities are looked for as at a start. May be repeated.
struct gained {
  journal::shard_set shards;
};

/// The node gives these shards away, and passes on no command of theirs any more: ends their entities, and answers when
/// none is left. What an entity was asked and has not answered is answered with an error, so that it is asked again
/// where the shard goes.
struct evict {
  journal::shard_set shards;
};

/// How far ahead an entity stores the wake-up of work that it is at, so that only a successor finds it due. A region
/// that starts is that successor, and looks as far ahead.
inline constexpr duration resumed_after{5'000};

/// What is told of a region's entities, and can be asked for. Safe on any thread.
class population {
public:
  /// An entity ended by a failure, for the `in_a_row`th time; it is recovered after `rest` at the earliest. Called on
  /// the region's thread; returns at once.
  using failed_fn =
    std::function<void(const std::string& key, std::uint32_t in_a_row, const caf::error& why, duration rest)>;

  explicit population(failed_fn told = nullptr) : told_(std::move(told)) {}

  std::size_t live() const { return live_.load(std::memory_order_relaxed); }
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); } // since the node started

  // ---- for the region

  void live(std::size_t entities) { live_.store(entities, std::memory_order_relaxed); }

  void failed(const std::string& key, std::uint32_t in_a_row, const caf::error& why, duration rest) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    if (told_)
      told_(key, in_a_row, why, rest);
  }

private:
  failed_fn told_;
  std::atomic<std::size_t> live_ = 0;
  std::atomic<std::uint64_t> failures_ = 0;
};

/// What the entities of one context share on a node.
struct environment {
  journal::journal_actor journal;
  clock_fn now;
  random_fn random;
  duration idle_timeout{60'000};        // without commands, until an entity is passivated
  std::uint64_t snapshot_every = 1'000; // events
  std::size_t live_max = 250'000;       // entities of a region in memory; then overloaded
  std::size_t buffered_max = 1'024;     // commands that wait for one entity's recovery or appends; then overloaded
  duration looks_ahead{0}; // a region that starts does look_ahead by this: the one before it may have been at it
  std::shared_ptr<entity::population> population{}; // none: nobody asks
  held_shards held{};                               // of the node; commands for others are answered with moved
};

} // namespace troupe::entity

CAF_BEGIN_TYPE_ID_BLOCK(troupe_entity, caf::first_custom_type_id + 200)
  CAF_ADD_TYPE_ID(troupe_entity, (troupe::entity::wake))
  CAF_ADD_TYPE_ID(troupe_entity, (troupe::entity::stop))
  CAF_ADD_TYPE_ID(troupe_entity, (troupe::entity::idle))
  CAF_ADD_TYPE_ID(troupe_entity, (troupe::entity::look_ahead))
  CAF_ADD_TYPE_ID(troupe_entity, (troupe::entity::gained))
  CAF_ADD_TYPE_ID(troupe_entity, (troupe::entity::evict))
CAF_END_TYPE_ID_BLOCK(troupe_entity)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::entity::wake)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::entity::stop)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::entity::idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::entity::look_ahead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::entity::gained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::entity::evict)

// actors/entity/shard_region.hpp: the way to the entities of one context: finds, recovers, wakes and passivates them.
#pragma once

#include "actors/entity/stored_entity.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/unit.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::entity {

template <class... Commands> struct command_list {};

/// The region's own messages beside its context's commands.
template <class Interface>
using region_of = typename Interface::template extend<caf::result<void>(idle), caf::result<void>(look_ahead),
                                                      caf::result<void>(gained), caf::result<void>(evict)>;

/// A stable reference to every entity of a context. Commands reach an entity only through it. `Traits` are those of
/// stored_entity and, beside them:
///
///   using commands = command_list<...>;
///   template <class Command> using answer_to
///   static constexpr const char* region_name
///   static const std::string& key_of(const Command&)
///   static bool is_first(const Command&): surely the first command of a new entity, so that nothing is recovered
///
/// `spawn(self, key, recovered, region)` starts an entity's actor.
///
/// An entity that fails is recovered at once when something waits for it. One that fails again before it has lived for
/// `sound_after` rests first, longer each time up to `rest_max`, while its commands wait: a stream that no actor can
/// live with costs its own callers, not the node.
template <class Traits> class shard_region {
public:
  using handle_type = region_of<typename Traits::interface>;
  using entity_type = entity_of<typename Traits::interface>;
  using state_type = typename Traits::state;
  using pointer = typename handle_type::pointer;
  using spawn_fn = std::function<entity_type(caf::scheduled_actor*, std::string, recovered<state_type>, caf::actor)>;

  static constexpr const char* name = Traits::region_name;

  shard_region(pointer self, environment env, spawn_fn spawn)
    : self_(self), env_(std::move(env)), spawn_(std::move(spawn)) {}

  // Entities hold their region, so that nobody else would end them.
  ~shard_region() {
    for (auto& [key, place] : slots_)
      if (place.entity)
        caf::anon_send_exit(place.entity, caf::exit_reason::user_shutdown);
  }

  shard_region(const shard_region&) = delete;
  shard_region& operator=(const shard_region&) = delete;

  typename handle_type::behavior_type make_behavior() {
    self_->set_down_handler([this](const caf::down_msg& down) { on_down(down.source, down.reason); });
    counted();
    watch_wake_ups(resumed_after);
    if (env_.looks_ahead > resumed_after)
      look_far(env_.looks_ahead);
    return behavior(typename Traits::commands{});
  }

  /// From the second failure in a row.
  static constexpr duration rest_min{50};
  static constexpr duration rest_max{10'000};
  static constexpr duration sound_after{10'000};

  /// Before an entity that has failed `failures` times in a row is recovered.
  static constexpr duration rest_of(std::uint32_t failures) {
    if (failures < 2)
      return duration{0};
    return std::min(rest_max, duration{rest_min.count() << std::min(failures - 2, 20U)});
  }

private:
  enum class phase : std::uint8_t {
    down, // its failures are remembered, nothing else
    recovering,
    up,
    stopping, // was told to stop; what arrives now waits for its end
    resting,  // between a failure and the next recovery
    leaving,  // was ended because its shard goes to another node
  };

  /// Of the entities of some shards to another node.
  struct departure {
    std::size_t left = 0; // that have not ended yet
    caf::typed_response_promise<void> reply;
  };

  struct slot {
    entity_type entity; // when it is up or stopping
    shard_region::phase is = phase::down;
    std::uint32_t failures = 0; // in a row
    std::uint64_t ends = 0;     // counts failures for timers, so that a late one finds out
    std::uint64_t recovery = 0; // the latest, so that an answer to an earlier one finds out
    caf::actor_clock::time_point up_since{};
    std::vector<std::function<void(const caf::expected<entity_type>&)>> waiting;
    std::vector<std::shared_ptr<departure>> away; // whoever waits until it has left
  };
  using slot_map = std::unordered_map<std::string, slot>;

  template <class... Commands> typename handle_type::behavior_type behavior(command_list<Commands...>) {
    return {
      [this](request_context& context, Commands& command) { return pass_on(context, command); }...,
      [this](const idle& x) { on_idle(x.key); },
      [this](const look_ahead& x) { look_far(x.within); },
      [this](const gained&) {
        look_for_wake_ups(resumed_after, std::nullopt, true);
        if (env_.looks_ahead > resumed_after)
          look_far(env_.looks_ahead);
      },
      [this](const evict& x) { return on_evict(x.shards); },
    };
  }

  template <class Command>
  auto pass_on(request_context& context, Command& command)
    -> caf::result<typename Traits::template answer_to<Command>> {
    using answer = typename Traits::template answer_to<Command>;
    if (context.deadline < env_.now())
      return caf::make_error(ec::deadline);
    const auto& key = Traits::key_of(command);
    if (env_.held.is_member() && !env_.held.serves(shard_of(key)))
      return caf::make_error(ec::moved);
    auto found = slots_.find(key);
    if (found == slots_.end()) {
      if (slots_.size() >= env_.live_max)
        return caf::make_error(ec::overloaded);
      found = slots_.try_emplace(key).first;
      if (Traits::is_first(command))
        start(key, found->second, {});
      counted();
    }
    auto& place = found->second;
    if (place.is == phase::up)
      return self_->delegate(place.entity, std::move(context), std::move(command));
    if (place.is == phase::down)
      recover(key, place);
    if (place.waiting.size() >= env_.buffered_max)
      return caf::make_error(ec::overloaded);
    auto promise = self_->template make_response_promise<answer>();
    place.waiting.push_back([this, promise, context = std::move(context),
                             command = std::move(command)](const caf::expected<entity_type>& entity) mutable {
      if (!entity)
        promise.deliver(entity.error());
      else if (context.deadline < env_.now())
        promise.deliver(caf::make_error(ec::deadline));
      else
        promise.delegate(*entity, std::move(context), std::move(command));
    });
    return promise;
  }

  void start(const std::string& key, slot& place, recovered<state_type> from) {
    place.entity = spawn_(self_, key, std::move(from), caf::actor_cast<caf::actor>(self_));
    place.up_since = self_->clock().now();
    self_->monitor(place.entity);
    by_address_.emplace(place.entity.address(), &slots_.find(key)->first);
    goes_on(place);
  }

  void goes_on(slot& place) {
    place.is = phase::up;
    auto waiting = std::move(place.waiting);
    place.waiting.clear();
    const caf::expected<entity_type> entity{place.entity};
    for (auto& pass : waiting)
      pass(entity);
  }

  void recover(const std::string& key, slot& place) {
    place.is = phase::recovering;
    place.recovery = ++recoveries_;
    const auto is_latest = [this, key, mine = recoveries_] {
      const auto found = slots_.find(key);
      return found != slots_.end() && found->second.is == phase::recovering && found->second.recovery == mine;
    };
    self_->request(env_.journal, caf::infinite, journal::load{{Traits::context, key}})
      .then(
        [this, key, is_latest](journal::recovered_stream& stored) {
          if (!is_latest())
            return;
          auto from = replay(stored);
          if (from)
            start(key, slots_[key], std::move(*from));
          else
            give_up(key, from.error());
        },
        [this, key, is_latest](const caf::error& reason) {
          if (is_latest())
            give_up(key, reason);
        });
  }

  // Events that make no state together are a matter of this stream; the region lives on.
  static caf::expected<recovered<state_type>> replay(const journal::recovered_stream& stored) {
    try {
      return apply_all(stored);
    } catch (const std::exception& e) {
      return caf::make_error(ec::store_damaged, std::string{"its events contradict each other: "} + e.what());
    }
  }

  static caf::expected<recovered<state_type>> apply_all(const journal::recovered_stream& stored) {
    recovered<state_type> result;
    if (stored.base) {
      auto state = Traits::decode_snapshot(*stored.base);
      if (!state)
        return std::move(state.error());
      result = {std::move(*state), stored.base->version, stored.base->version, stored.base->recorded_at, {}};
    }
    for (const auto& e : stored.events) {
      const auto event = Traits::decode(e);
      if (!event)
        return event.error();
      Traits::apply(result.state, *event, e.recorded_at);
      result.version = e.version;
      result.recorded_at = e.recorded_at;
      if (const auto trace = trace_context::parse(e.trace))
        result.trace = *trace;
    }
    return result;
  }

  void give_up(const std::string& key, const caf::error& reason) {
    auto place = slots_.extract(key);
    if (place.empty())
      return;
    counted();
    const caf::expected<entity_type> none{reason};
    for (auto& pass : place.mapped().waiting)
      pass(none);
  }

  void on_idle(const std::string& key) {
    const auto found = slots_.find(key);
    if (found == slots_.end() || found->second.is != phase::up)
      return;
    // Behind everything that was passed on before: the entity ends with an empty mailbox or not at all.
    self_->request(found->second.entity, caf::infinite, stop{})
      .then(
        [this, key](bool ends) {
          if (!ends)
            on_stays(key);
        },
        [](const caf::error&) {});
    found->second.is = phase::stopping;
  }

  // It has something to do after all.
  void on_stays(const std::string& key) {
    const auto found = slots_.find(key);
    if (found != slots_.end() && found->second.is == phase::stopping)
      goes_on(found->second);
  }

  void on_down(const caf::actor_addr& who, const caf::error& reason) {
    const auto known = by_address_.find(who);
    if (known == by_address_.end())
      return;
    const auto found = slots_.find(*known->second);
    by_address_.erase(known);
    auto& place = found->second;
    place.entity = entity_type{};
    if (place.is == phase::leaving) {
      has_left(found);
    } else if (is_failure(reason)) {
      on_failure(found->first, place, reason);
    } else if (place.waiting.empty()) {
      slots_.erase(found);
      counted();
    } else {
      recover(found->first, place);
    }
  }

  static bool is_failure(const caf::error& reason) {
    return reason && reason != caf::exit_reason::normal && reason != caf::exit_reason::user_shutdown;
  }

  void on_failure(const std::string& key, slot& place, const caf::error& reason) {
    const bool was_sound = self_->clock().now() - place.up_since >= sound_after;
    place.failures = was_sound ? 1 : place.failures + 1;
    ++place.ends;
    const auto rest = rest_of(place.failures);
    if (env_.population)
      env_.population->failed(key, place.failures, reason, rest);
    if (rest == duration{0})
      return rested(key, place.ends);
    place.is = phase::resting;
    run_later(self_, rest, [this, key, ends = place.ends] { rested(key, ends); });
  }

  void rested(const std::string& key, std::uint64_t ends) {
    const auto found = slots_.find(key);
    if (found == slots_.end() || found->second.ends != ends)
      return;
    auto& place = found->second;
    if (!place.waiting.empty())
      return recover(key, place);
    place.is = phase::down;
    run_later(self_, rest_max + sound_after, [this, key, ends] {
      const auto known = slots_.find(key);
      if (known != slots_.end() && known->second.ends == ends && known->second.is == phase::down) {
        slots_.erase(known);
        counted();
      }
    });
  }

  caf::result<void> on_evict(const journal::shard_set& shards) {
    const auto away = std::make_shared<departure>();
    away->reply = self_->template make_response_promise<void>();
    for (auto next = slots_.begin(); next != slots_.end();) {
      const auto found = next++;
      if (shards.test(shard_of(found->first)))
        send_away(found, away);
    }
    counted();
    if (away->left == 0)
      away->reply.deliver();
    return away->reply;
  }

  void send_away(typename slot_map::iterator found, const std::shared_ptr<departure>& away) {
    auto& place = found->second;
    const caf::expected<entity_type> elsewhere{caf::make_error(ec::moved)};
    for (auto& pass : std::exchange(place.waiting, {}))
      pass(elsewhere);
    if (!place.entity) {
      slots_.erase(found);
      return;
    }
    place.is = phase::leaving;
    place.away.push_back(away);
    ++away->left;
    caf::anon_send_exit(place.entity, caf::exit_reason::user_shutdown);
  }

  void has_left(typename slot_map::iterator found) {
    const auto waiting = std::move(found->second.away);
    slots_.erase(found);
    counted();
    for (const auto& away : waiting)
      if (--away->left == 0)
        away->reply.deliver();
  }

  void counted() {
    if (env_.population)
      env_.population->live(slots_.size());
  }

  // Entities that nobody asks for act when their stored wake-up is due; those alive hear of it, too, which is harmless.
  void watch_wake_ups(duration ahead) { look_for_wake_ups(ahead, std::nullopt, false); }

  void look_for_wake_ups(duration ahead, std::optional<journal::wake_up> after, bool once) {
    self_
      ->request(env_.journal, caf::infinite,
                journal::read_due{Traits::context, env_.now() + ahead, std::move(after), wake_ups_at_once})
      .then(
        [this, ahead, once](const journal::due_page& due) {
          for (const auto& item : due.items)
            wake_one(item.stream.key);
          if (due.items.size() == wake_ups_at_once)
            look_for_wake_ups(ahead, due.items.back(), once);
          else if (!once)
            run_later(self_, wake_ups_every, [this] { watch_wake_ups(duration{0}); });
        },
        [this, ahead, once](const caf::error&) {
          run_later(self_, wake_ups_retry, [this, ahead, once] { look_for_wake_ups(ahead, std::nullopt, once); });
        });
  }

  // Slowly, so that what waited together does not go on together: the journal and whoever is called next would have to
  // take it all at once.
  void look_far(duration within) { look_on(env_.now() + within, std::nullopt, ++far_look_); }

  void look_on(time_point until, std::optional<journal::wake_up> after, std::uint64_t look) {
    if (look != far_look_)
      return; // A later one has begun anew.
    self_->request(env_.journal, caf::infinite, journal::read_due{Traits::context, until, after, far_at_once})
      .then([this, until, after, look](const journal::due_page& due) { wake_far(until, after, look, due); },
            [this, until, after, look](const caf::error&) {
              run_later(self_, wake_ups_retry, [this, until, after, look] { look_on(until, after, look); });
            });
  }

  void wake_far(time_point until, std::optional<journal::wake_up> after, std::uint64_t look,
                const journal::due_page& due) {
    bool all = true;
    for (const auto& item : due.items)
      all = wake_one(item.stream.key, true) && all;
    if (all && due.items.size() < far_at_once)
      return;
    if (all)
      after = due.items.back();
    const auto wait = (all ? far_every : wake_ups_retry) + duration{static_cast<duration::rep>(env_.random() % 20)};
    run_later(self_, wait, [this, until, after, look] { look_on(until, after, look); });
  }

  /// False when there is no room for it. What is woken before it is due would not be found again soon, and is tried
  /// until it can be read.
  bool wake_one(const std::string& key, bool early = false) {
    if (env_.held.is_member() && !env_.held.serves(shard_of(key)))
      return true; // It is another node's to wake.
    auto found = slots_.find(key);
    if (found == slots_.end()) {
      if (slots_.size() >= env_.live_max)
        return false; // It stays due.
      found = slots_.try_emplace(key).first;
      counted();
    }
    auto& place = found->second;
    if (place.is == phase::down)
      recover(key, place);
    if (place.is == phase::up)
      caf::anon_send(place.entity, wake{});
    else if (place.is != phase::leaving && (place.waiting.empty() || early))
      place.waiting.push_back([this, key, early](const caf::expected<entity_type>& entity) {
        if (entity)
          caf::anon_send(*entity, wake{});
        else if (early)
          run_later(self_, wake_ups_retry, [this, key] { wake_one(key, true); });
      });
    return true;
  }

  static constexpr duration wake_ups_every{1'000};
  static constexpr duration wake_ups_retry{100}; // the store is not open, say
  static constexpr std::size_t wake_ups_at_once = 500;
  static constexpr duration far_every{20};
  static constexpr std::size_t far_at_once = 20;

  pointer self_;
  environment env_;
  spawn_fn spawn_;
  std::uint64_t far_look_ = 0; // the latest
  std::uint64_t recoveries_ = 0;
  slot_map slots_;
  std::unordered_map<caf::actor_addr, const std::string*> by_address_; // to the keys of slots_, of those that live
};

/// The part of `region_of` that the rest of the system sees.
template <class Traits>
using region_impl = typename region_of<typename Traits::interface>::template stateful_impl<shard_region<Traits>>;

} // namespace troupe::entity

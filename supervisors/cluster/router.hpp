// supervisors/cluster/router.hpp: the way to the entities of one context, on whichever node they are.
#pragma once

#include "actors/entity/held_shards.hpp"
#include "actors/entity/shard_region.hpp"
#include "supervisors/cluster/messages.hpp"

#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::cluster {

template <class Interface> using routed = typename Interface::template extend<caf::result<void>(updated)>;

struct router_settings {
  std::string self; // the node's name
  entity::held_shards held;
  clock_fn now;
  std::size_t waiting_max = 16'384;  // commands that wait for an owner; then overloaded
  duration waits_at_most{30'000};    // of a command without a deadline
  duration again_after{50};          // unless something is heard of the shard before
  duration answered_within{120'000}; // by another node, of a command without a deadline
};

/// Whether what failed may be sent again, to whoever owns the entity by then: commands are safe to repeat. An answer of
/// the business, a full queue and a passed deadline are answers.
inline bool may_go_elsewhere(const caf::error& why) {
  if (why.category() == caf::type_id_v<ec>)
    return code_of(why) == ec::moved || code_of(why) == ec::shard_lost;
  if (why.category() == caf::type_id_v<caf::sec>)
    return why != caf::sec::request_timeout;
  return why.category() == caf::type_id_v<caf::exit_reason>;
}

/// A stable reference to every entity of a context in the cluster. A command goes to the local region without being
/// serialized, or to the node that owns its shard. While nobody does, because the shard is on its way or its node has
/// died, the command waits until its deadline; a node that is lost in the middle of it has it asked again elsewhere.
///
/// What is asked again may have been done: that is what commands' ids are for. A command that claims to be surely the
/// first of its entity loses that claim.
template <class Traits> class router {
public:
  using handle_type = routed<typename Traits::interface>;
  using pointer = typename handle_type::pointer;
  using region_type = typename Traits::interface;

  static constexpr const char* name = "router";

  router(pointer self, region_type local, router_settings with)
    : self_(self), local_(std::move(local)), with_(std::move(with)), doors_(std::make_shared<const door_map>()),
      owners_(std::make_shared<const routing>()) {}

  typename handle_type::behavior_type make_behavior() { return behavior(typename Traits::commands{}); }

private:
  class journey {
  public:
    explicit journey(time_point until) : until_(until) {}
    virtual ~journey() = default;
    virtual void go(router& by) = 0;
    virtual std::uint16_t shard() const = 0;
    virtual void fail(caf::error why) = 0;
    time_point until() const { return until_; }

    std::uint64_t number_ = 0; // in the order in which they came
    std::uint64_t attempts_ = 0;
    std::string whom_;   // the node that is being asked; empty for this one
    bool ended_ = false; // it has been answered

  private:
    time_point until_;
  };
  using journey_ptr = std::shared_ptr<journey>;

  template <class Command> class journey_of final : public journey {
  public:
    using answer = typename Traits::template answer_to<Command>;

    journey_of(time_point until, request_context context, Command command, caf::typed_response_promise<answer> reply)
      : journey(until), context_(std::move(context)), command_(std::move(command)), reply_(std::move(reply)) {}

    std::uint16_t shard() const override { return shard_of(Traits::key_of(command_)); }
    void fail(caf::error why) override { reply_.deliver(std::move(why)); }

    void go(router& by) override {
      auto mine = std::static_pointer_cast<journey_of>(self_.lock());
      if (by.with_.held.serves(shard()))
        return ask(by, by.local_, caf::infinite, context_, mine);
      const auto door = by.doors_->find(by.owners_->owner_of(shard()));
      if (door == by.doors_->end())
        return by.wait(std::move(mine));
      // The other node's clock is another one: the time that is left travels.
      auto context = context_;
      const auto now = by.with_.now();
      const auto left = this->until() > now ? this->until() - now : time_point::duration{0};
      if (context.deadline != time_point::max())
        context.deadline = time_point{left};
      const auto patience =
        context.deadline == time_point::max() ? by.with_.answered_within : std::chrono::duration_cast<duration>(left);
      by.abroad_[door->first].emplace(this->number_, mine);
      this->whom_ = door->first;
      ask(by, door->second, patience, context, mine);
    }

    std::weak_ptr<journey> self_;

  private:
    template <class Handle, class Timeout>
    void ask(router& by, const Handle& whom, Timeout patience, const request_context& context,
             std::shared_ptr<journey_of> mine) {
      // An answer to an earlier try is as good as one to the latest; a failure of an earlier one says nothing.
      const auto refused = [&by, mine, attempt = ++this->attempts_](caf::error& why) {
        if (attempt == mine->attempts_ && by.is_back(mine))
          by.failed(mine, why);
      };
      if constexpr (std::is_void_v<answer>)
        by.self_->request(whom, patience, context, command_)
          .then(
            [&by, mine] {
              if (by.is_back(mine))
                mine->reply_.deliver();
            },
            refused);
      else
        by.self_->request(whom, patience, context, command_)
          .then(
            [&by, mine](answer& x) {
              if (by.is_back(mine))
                mine->reply_.deliver(std::move(x));
            },
            refused);
      if constexpr (requires { command_.fresh; })
        command_.fresh = false;
    }

    request_context context_;
    Command command_;
    caf::typed_response_promise<answer> reply_;
  };

  template <class... Commands> typename handle_type::behavior_type behavior(entity::command_list<Commands...>) {
    return {
      [this](request_context& context, Commands& command) { return route(context, command); }...,
      [this](const updated& x) {
        owners_ = x.owners ? x.owners : owners_;
        if (x.doors)
          use(x.doors);
        go_on();
      },
    };
  }

  template <class Command>
  auto route(request_context& context, Command& command) -> caf::result<typename Traits::template answer_to<Command>> {
    const auto now = with_.now();
    if (context.deadline < now)
      return caf::make_error(ec::deadline);
    const auto until = context.deadline == time_point::max() ? now + with_.waits_at_most : context.deadline;
    auto reply = self_->template make_response_promise<typename Traits::template answer_to<Command>>();
    auto begun = std::make_shared<journey_of<Command>>(until, std::move(context), std::move(command), reply);
    begun->self_ = begun;
    begun->number_ = ++journeys_;
    begun->go(*this);
    return reply;
  }

  /// CAF tells nobody that an answer will not come because the connection is gone.
  void use(std::shared_ptr<const door_map> doors) {
    for (const auto& [name, door] : *doors_) {
      const auto same = doors->find(name);
      if (same != doors->end() && same->second == door)
        continue;
      if (auto lost = abroad_.extract(name); !lost.empty())
        for (const auto& [number, x] : lost.mapped()) {
          ++x->attempts_;
          x->whom_.clear();
          wait(x);
        }
    }
    doors_ = std::move(doors);
  }

  /// False when the asker has been answered already.
  bool is_back(const journey_ptr& x) {
    if (!x->whom_.empty())
      if (const auto found = abroad_.find(x->whom_); found != abroad_.end())
        found->second.erase(x->number_);
    x->whom_.clear();
    return !std::exchange(x->ended_, true);
  }

  void failed(journey_ptr x, caf::error& why) {
    x->ended_ = false;
    if (may_go_elsewhere(why))
      return wait(std::move(x));
    refuse(x, why == caf::sec::request_timeout ? caf::make_error(ec::timed_out) : std::move(why));
  }

  void wait(journey_ptr x) {
    if (waiting_.size() >= with_.waiting_max)
      return refuse(x, caf::make_error(ec::overloaded));
    if (x->until() <= with_.now())
      return refuse(x, make_failure(ec::unavailable, with_.again_after, "no node owns this entity at the moment"));
    waiting_.push_back(std::move(x));
    if (!std::exchange(timed_, true))
      run_later(self_, with_.again_after, [this] {
        timed_ = false;
        go_on();
      });
  }

  static void refuse(const journey_ptr& x, caf::error why) {
    x->ended_ = true;
    x->fail(std::move(why));
  }

  void go_on() {
    for (auto& x : std::exchange(waiting_, {}))
      if (!x->ended_)
        x->go(*this);
  }

  pointer self_;
  region_type local_;
  router_settings with_;
  std::shared_ptr<const door_map> doors_;
  std::shared_ptr<const routing> owners_;
  std::vector<journey_ptr> waiting_;
  std::unordered_map<std::string, std::map<std::uint64_t, journey_ptr>> abroad_; // by node
  std::uint64_t journeys_ = 0;
  bool timed_ = false;
};

template <class Traits>
using router_impl = typename routed<typename Traits::interface>::template stateful_impl<router<Traits>>;

} // namespace troupe::cluster

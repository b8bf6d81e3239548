// The way to the entities of a context: here, on another node, and while nobody has them.
#include "supervisors/cluster/router.hpp"

#include "actors/inventory/inventory_entity.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>
#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;
using inventory::get_stock;
using inventory::set_available;
using inventory::stock;
using inventory::units_t;

/// Stands in for a region, or for the door of another node.
struct place {
  std::vector<request_context> contexts; // of what came
  caf::error failure;                    // of every command, while there is one
  bool holds = false;
  std::deque<caf::typed_response_promise<stock>> held;
  units_t units = 0; // in its answers
};
using place_ptr = std::shared_ptr<place>;

caf::behavior make_place(caf::event_based_actor* self, const place_ptr& here) {
  const auto answer = [self, here](const request_context& who, sku_id sku) -> caf::result<stock> {
    here->contexts.push_back(who);
    if (here->failure)
      return here->failure;
    stock x{std::move(sku)};
    x.available = here->units;
    if (!here->holds)
      return x;
    auto promise = self->make_response_promise<stock>();
    here->held.push_back(promise);
    return promise;
  };
  return {
    [answer](const request_context& who, const get_stock& x) { return answer(who, x.sku); },
    [answer](const request_context& who, const set_available& x) { return answer(who, x.sku); },
  };
}

class Router : public test::deterministic_system {
protected:
  using router_type = routed<inventory::inventory_actor>;

  void SetUp() override {
    held = entity::held_shards::of_member([this] { return ticks; });
    held.lease_until(1'000'000);
    here = spawn_place(local);
    here->units = 1;
    for (const char* name : {"a", "b"}) {
      caf::actor door;
      nodes[name] = spawn_place(door);
      doors[name] = door;
    }
    nodes["a"]->units = 2;
    nodes["b"]->units = 3;
  }

  void TearDown() override {
    for (auto& [name, x] : nodes)
      x->held.clear();
    here->held.clear();
    self->send_exit(router, caf::exit_reason::kill);
    self->send_exit(local, caf::exit_reason::kill);
    for (auto& [name, door] : all_doors)
      self->send_exit(door, caf::exit_reason::kill);
    router = nullptr;
    local = nullptr;
    doors.clear();
    all_doors.clear();
    deterministic_system::TearDown();
  }

  void start(std::size_t waiting_max = 100) {
    router_settings with;
    with.self = "self";
    with.held = held;
    with.now = [this] { return now(); };
    with.waiting_max = waiting_max;
    router = sys.spawn<router_impl<inventory::traits>>(caf::actor_cast<inventory::inventory_actor>(local), with);
    tell();
  }

  place_ptr spawn_place(caf::actor& as) {
    auto x = std::make_shared<place>();
    as = sys.spawn(make_place, x);
    all_doors.emplace_back("", as);
    return x;
  }

  void tell() {
    caf::anon_send(router, updated{std::make_shared<const routing>(owners), std::make_shared<const door_map>(doors)});
    run();
  }

  void owned_by(const std::string& node) {
    const ownership_change change{shard_of("tea"), node, ++epoch};
    owners = owners.with(std::span{&change, 1});
  }

  void owned_here(bool yes = true) {
    journal::shard_set x;
    x.set(shard_of("tea"));
    yes ? held.add(x) : held.remove(x);
  }

  auto ask(duration within = duration{0}) {
    request_context who{"tester", {}, time_point::max()};
    if (within > duration{0})
      who.deadline = now() + within;
    auto response = self->request(router, caf::infinite, who, get_stock{"tea"});
    run();
    return response;
  }

  template <class Response> caf::expected<units_t> answer_of(Response& response) {
    caf::expected<units_t> result{caf::sec::none};
    if (self->mailbox().empty()) {
      ADD_FAILURE() << "nothing was answered";
      return result;
    }
    response.receive([&](const stock& x) { result = x.available; }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  /// Lets a place answer what it has held back.
  void release(const caf::actor& whom, const place_ptr& at, caf::error failure = {}) {
    caf::anon_send(whom, caf::make_action([at, failure] {
                     for (auto& promise : std::exchange(at->held, {}))
                       if (failure) {
                         promise.deliver(failure);
                       } else {
                         stock x{"tea"};
                         x.available = at->units;
                         promise.deliver(std::move(x));
                       }
                   }));
    run();
  }

  bool nothing_is_answered() { return self->mailbox().empty(); }

  std::int64_t ticks = 0;
  std::uint64_t epoch = 0;
  entity::held_shards held;
  caf::actor local;
  place_ptr here;
  std::map<std::string, place_ptr> nodes;
  door_map doors;
  std::vector<std::pair<std::string, caf::actor>> all_doors;
  routing owners;
  router_type router;
};

TEST_F(Router, LeadsToTheRegionOfThisNode) {
  owned_here();
  start();
  auto asked = ask(10s);
  EXPECT_EQ(answer_of(asked), 1);
  EXPECT_EQ(here->contexts.front().deadline, now() + 10s);
  EXPECT_EQ(here->contexts.front().principal, "tester");
}

TEST_F(Router, LeadsToTheNodeThatOwnsTheShardWithTheTimeThatIsLeft) {
  owned_by("b");
  start();
  advance(1h);
  auto asked = ask(10s);
  EXPECT_EQ(answer_of(asked), 3);
  EXPECT_TRUE(here->contexts.empty());
  EXPECT_EQ(nodes["b"]->contexts.front().deadline, time_point{10s}); // Its clock is another one.
}

TEST_F(Router, WaitsForAnOwnerAndAsksItWhenItIsHeardOf) {
  start();
  auto asked = ask(10s);
  EXPECT_TRUE(nothing_is_answered());
  advance(2s);
  EXPECT_TRUE(nothing_is_answered());
  owned_by("a");
  tell();
  EXPECT_EQ(answer_of(asked), 2);
}

TEST_F(Router, TakesWhatComesToThisNodeWithoutBeingTold) {
  start();
  auto asked = ask(10s);
  owned_here();
  advance(50ms);
  EXPECT_EQ(answer_of(asked), 1);
}

TEST_F(Router, WaitsNoLongerThanTheDeadline) {
  start();
  auto asked = ask(2s);
  advance(1900ms);
  EXPECT_TRUE(nothing_is_answered());
  advance(200ms);
  EXPECT_EQ(answer_of(asked).error(), ec::unavailable);
  EXPECT_TRUE(here->contexts.empty());
}

TEST_F(Router, WaitsForABoundedTimeWhenThereIsNoDeadline) {
  start();
  auto asked = ask();
  for (int i = 0; i < 29; ++i)
    advance(1s);
  EXPECT_TRUE(nothing_is_answered());
  advance(1s);
  advance(1s);
  EXPECT_EQ(answer_of(asked).error(), ec::unavailable);
}

TEST_F(Router, RefusesWhatIsTooLateAndMoreThanMayWait) {
  start(2);
  const request_context late{"tester", {}, now() - 1ms};
  auto too_late = self->request(router, caf::infinite, late, get_stock{"tea"});
  run();
  EXPECT_EQ(answer_of(too_late).error(), ec::deadline);
  auto first = ask(1s);
  auto second = ask(1s);
  auto third = ask(1s);
  EXPECT_EQ(answer_of(third).error(), ec::overloaded);
  owned_by("a");
  tell();
  EXPECT_EQ(answer_of(first), 2);
  EXPECT_EQ(answer_of(second), 2);
}

TEST_F(Router, AsksTheNextOwnerWhenTheShardHasMoved) {
  owned_here();
  here->failure = caf::make_error(ec::moved);
  start();
  auto asked = ask(10s);
  EXPECT_TRUE(nothing_is_answered());
  owned_here(false);
  owned_by("a");
  tell();
  EXPECT_EQ(answer_of(asked), 2);
}

TEST_F(Router, AsksElsewhereWhatALostNodeHasNotAnswered) {
  owned_by("a");
  nodes["a"]->holds = true;
  start();
  auto asked = ask(10s);
  EXPECT_EQ(nodes["a"]->contexts.size(), 1u);
  doors.erase("a");
  tell();
  EXPECT_TRUE(nothing_is_answered());
  advance(1s);
  owned_by("b");
  tell();
  EXPECT_EQ(answer_of(asked), 3);
  EXPECT_EQ(nodes["b"]->contexts.front().deadline, time_point{9s});
  release(all_doors[1].second, nodes["a"]);
  EXPECT_TRUE(nothing_is_answered()) << "one question has one answer";
}

TEST_F(Router, TakesALateAnswerForAnAnswer) {
  owned_by("a");
  nodes["a"]->holds = true;
  start();
  auto asked = ask(10s);
  const auto door = doors["a"];
  doors.erase("a");
  tell();
  EXPECT_TRUE(nothing_is_answered());
  release(door, nodes["a"]);
  EXPECT_EQ(answer_of(asked), 2);
  owned_by("b");
  tell();
  advance(1s);
  EXPECT_TRUE(nodes["b"]->contexts.empty()) << "nobody is asked for what is answered";
}

TEST_F(Router, DoesNotTakeALateFailureForAnAnswer) {
  owned_by("a");
  nodes["a"]->holds = true;
  start();
  auto asked = ask(10s);
  const auto door = doors["a"];
  doors.erase("a");
  owned_by("b");
  nodes["b"]->holds = true;
  tell();
  ASSERT_EQ(nodes["b"]->contexts.size(), 1u);
  release(door, nodes["a"], caf::make_error(inventory::rejection::unknown_sku));
  EXPECT_TRUE(nothing_is_answered());
  release(doors["b"], nodes["b"]);
  EXPECT_EQ(answer_of(asked), 3);
}

TEST_F(Router, GivesUpOnANodeThatDoesNotAnswerAtTheDeadline) {
  owned_by("a");
  nodes["a"]->holds = true;
  start();
  auto asked = ask(2s);
  advance(2s);
  EXPECT_EQ(answer_of(asked).error(), ec::timed_out);
  release(doors["a"], nodes["a"]);
  EXPECT_TRUE(nothing_is_answered());
}

TEST_F(Router, PassesOnWhatTheBusinessSays) {
  owned_by("a");
  nodes["a"]->failure = caf::make_error(inventory::rejection::unknown_sku);
  start();
  auto asked = ask(2s);
  EXPECT_EQ(answer_of(asked).error(), inventory::rejection::unknown_sku);
  EXPECT_EQ(nodes["a"]->contexts.size(), 1u);
}

TEST_F(Router, AsksNobodyHereAfterTheLease) {
  owned_here();
  start();
  ticks = 1'000'000;
  auto asked = ask(1s);
  EXPECT_TRUE(nothing_is_answered());
  held.lease_until(2'000'000);
  advance(50ms);
  EXPECT_EQ(answer_of(asked), 1);
}

} // namespace
} // namespace troupe::cluster

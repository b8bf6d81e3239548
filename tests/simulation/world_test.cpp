// Time, chance, wires and death in a simulated world.
#include "tests/simulation/world.hpp"

#include "actors/timer.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace troupe::simulation {
namespace {

struct log {
  std::vector<int> heard;
};

using log_ptr = std::shared_ptr<log>;

caf::behavior listen(caf::event_based_actor*, log_ptr to) {
  return {[to](int x) { to->heard.push_back(x); }};
}

void run(world& w) {
  while (w.step()) {
  }
}

class World : public testing::Test {
protected:
  place put(const caf::actor& x) {
    auto at = make_place();
    *at = caf::actor_cast<caf::strong_actor_ptr>(x);
    return at;
  }

  world w{1};
  log_ptr heard = std::make_shared<log>();
};

TEST_F(World, LetsTimePassOnlyWhenNobodyIsBusy) {
  const auto listener = w.system().spawn(listen, heard);
  w.after(duration{1'000}, [&] {
    EXPECT_EQ(heard->heard.size(), 3u);
    EXPECT_EQ(w.elapsed(), duration{1'000});
  });
  for (int i = 0; i < 3; ++i)
    caf::anon_send(listener, i);
  run(w);
  EXPECT_EQ(w.elapsed(), duration{1'000});
}

TEST_F(World, StopsAtTheAgendaWhereOnlyTheDeadHaveTimers) {
  const auto sleeper = w.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
    run_later(self, duration{100}, [] {});
    run_later(self, duration{5'000}, [] {});
    return {[](int) {}};
  });
  w.step(); // It begins.
  w.kill(caf::actor_cast<caf::strong_actor_ptr>(sleeper));
  duration reached{0};
  w.after(duration{1'000}, [&] { reached = w.elapsed(); });
  run(w);
  EXPECT_EQ(reached, duration{1'000});
}

TEST_F(World, KeepsTheOrderBetweenTwoActors) {
  const auto listener = w.system().spawn(listen, heard);
  for (int i = 0; i < 5; ++i)
    caf::anon_send(listener, i);
  run(w);
  EXPECT_EQ(heard->heard, (std::vector{0, 1, 2, 3, 4}));
}

TEST_F(World, LosesDoublesAndDelaysOnAWireOnlyWhileThingsGoWrong) {
  const auto at = put(w.system().spawn(listen, heard));
  const auto loses = w.wire<caf::actor>(at, {.drop = 1});
  const auto doubles = w.wire<caf::actor>(at, {.duplicate = 1});
  const auto delays = w.wire<caf::actor>(at, {.delay = 1, .delay_max = duration{10}});
  caf::anon_send(loses, 1);
  run(w);
  EXPECT_EQ(heard->heard, std::vector{1});
  w.set_faults(true);
  caf::anon_send(loses, 2);
  caf::anon_send(doubles, 3);
  run(w);
  EXPECT_EQ(heard->heard, (std::vector{1, 3, 3}));
  const auto begin = w.elapsed();
  caf::anon_send(delays, 4);
  run(w);
  EXPECT_EQ(heard->heard, (std::vector{1, 3, 3, 4}));
  EXPECT_GT(w.elapsed(), begin);
  EXPECT_EQ(w.mishaps().at("message lost"), 1u);
}

TEST_F(World, LetsNothingOvertakeOnAWireThatKeepsOrder) {
  const auto at = put(w.system().spawn(listen, heard));
  const auto wire = w.wire<caf::actor>(at, {.delay = 0.5, .delay_max = duration{100}, .in_order = true});
  w.set_faults(true);
  std::vector<int> sent;
  for (int i = 0; i < 50; ++i) {
    caf::anon_send(wire, sent.emplace_back(i));
    if (i % 10 == 9)
      w.step();
  }
  w.set_faults(false);
  caf::anon_send(wire, sent.emplace_back(50));
  run(w);
  EXPECT_EQ(heard->heard, sent);
  EXPECT_GT(w.elapsed(), duration{0});
}

TEST_F(World, ReachesWhoeverIsAtAPlace) {
  const auto at = make_place();
  const auto wire = w.wire<caf::actor>(at);
  caf::anon_send(wire, 1); // Nobody is there.
  *at = caf::actor_cast<caf::strong_actor_ptr>(w.system().spawn(listen, heard));
  caf::anon_send(wire, 2);
  run(w);
  EXPECT_EQ(heard->heard, std::vector{2});
}

TEST_F(World, KillsBeforeAnotherMessageIsHandled) {
  const auto listener = w.system().spawn(listen, heard);
  caf::anon_send(listener, 1);
  run(w);
  caf::anon_send(listener, 2);
  w.kill(caf::actor_cast<caf::strong_actor_ptr>(listener));
  run(w);
  EXPECT_EQ(heard->heard, std::vector{1});
}

TEST_F(World, KillsEveryActorOfTheNodeAndNobodyElse) {
  const auto outside = std::make_shared<log>();
  const auto inner = w.system().spawn(listen, heard);
  const auto outer = w.outside(w.system().spawn(listen, outside));
  caf::anon_send(inner, 1);
  caf::anon_send(outer, 1);
  w.kill_all();
  run(w);
  EXPECT_TRUE(heard->heard.empty());
  EXPECT_EQ(outside->heard, std::vector{1});
}

} // namespace
} // namespace troupe::simulation

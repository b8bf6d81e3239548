#include "supervisors/scheduler/asio_coordinator.hpp"

#include <boost/asio/post.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>

using namespace std::chrono_literals;

namespace troupe::scheduler {
namespace {

struct config : caf::actor_system_config {
  explicit config(std::size_t threads) { load_asio_scheduler(*this, threads); }
};

class AsioCoordinator : public ::testing::Test {
protected:
  explicit AsioCoordinator(std::size_t threads = 2) : cfg{threads}, sys{std::make_unique<caf::actor_system>(cfg)} {}

  // Runs `what` on io thread `i` and returns its result; throws when it takes longer than a test may wait.
  template <class What> auto on(std::size_t i, What what) {
    std::packaged_task<decltype(what())()> task{std::move(what)};
    auto result = task.get_future();
    boost::asio::post(asio_scheduler(*sys).context(i), std::move(task));
    if (result.wait_for(10s) != std::future_status::ready)
      throw std::runtime_error("io thread does not answer");
    return result.get();
  }

  template <class T> static T wait(std::future<T> x) {
    if (x.wait_for(10s) != std::future_status::ready)
      throw std::runtime_error("waited too long");
    return x.get();
  }

  config cfg;
  std::unique_ptr<caf::actor_system> sys;
};

caf::behavior echo(caf::event_based_actor*) {
  return {[](int x) { return x; }};
}

TEST_F(AsioCoordinator, HasOneContextForEachThread) {
  auto& scheduler = asio_scheduler(*sys);
  ASSERT_EQ(scheduler.size(), 2u);
  EXPECT_NE(on(0, [] { return std::this_thread::get_id(); }), on(1, [] { return std::this_thread::get_id(); }));
}

TEST_F(AsioCoordinator, AnswersRequestsFromOtherThreads) {
  auto actor = sys->spawn(echo);
  caf::scoped_actor self{*sys};
  for (int i = 0; i < 1000; ++i)
    self->request(actor, 10s, i)
      .receive([&](int x) { ASSERT_EQ(x, i); }, [](caf::error& e) { FAIL() << to_string(e); });
}

TEST_F(AsioCoordinator, RunsAnActorOnTheIoThreadThatWroteToIt) {
  for (std::size_t i = 0; i < 2; ++i) {
    auto ran_on = std::make_shared<std::promise<std::thread::id>>();
    auto result = ran_on->get_future();
    const auto wrote_on = on(i, [&] {
      auto actor = sys->spawn([ran_on](caf::event_based_actor*) -> caf::behavior {
        return {[ran_on](int) { ran_on->set_value(std::this_thread::get_id()); }};
      });
      caf::anon_send(actor, 1);
      return std::this_thread::get_id();
    });
    EXPECT_EQ(wait(std::move(result)), wrote_on);
  }
}

TEST_F(AsioCoordinator, SpreadsActorsOfOtherThreadsOverItsOwn) {
  struct record {
    std::mutex mutex;
    std::set<std::thread::id> seen;
    int left = 16;
    std::promise<void> done;
  };
  const auto ran = std::make_shared<record>(); // outlives the test's body, as the last actor may
  for (int i = ran->left; i > 0; --i)
    sys->spawn([ran](caf::event_based_actor*) {
      std::lock_guard lock{ran->mutex};
      ran->seen.insert(std::this_thread::get_id());
      if (--ran->left == 0)
        ran->done.set_value();
    });
  wait(ran->done.get_future());
  std::lock_guard lock{ran->mutex};
  EXPECT_EQ(ran->seen.size(), 2u);
}

TEST_F(AsioCoordinator, LetsSocketsHaveTheirTurnWhileAnActorIsBusy) {
  const auto stop = std::make_shared<std::atomic<bool>>(false); // outlives the test's body, as the actor may
  // Writes to itself for ever: without turns, nothing else would ever run on its thread.
  on(0, [&] {
    auto busy = sys->spawn([stop](caf::event_based_actor* self) -> caf::behavior {
      return {[self, stop](int x) {
        if (!*stop)
          self->send(self, x);
      }};
    });
    for (int i = 0; i < 200; ++i)
      caf::anon_send(busy, i);
    return 0;
  });
  EXPECT_EQ(on(0, [] { return 7; }), 7);
  *stop = true;
}

TEST_F(AsioCoordinator, FiresTimersInOrderAndNotEarly) {
  std::promise<std::vector<int>> fired;
  const auto begin = std::chrono::steady_clock::now();
  auto order = std::make_shared<std::vector<int>>();
  on(0, [&] { // one thread, so that the order is that of the heap
    auto& clock = sys->clock();
    const auto now = clock.now();
    clock.schedule(now + 30ms, caf::make_action([order, &fired] {
                     order->push_back(3);
                     fired.set_value(*order);
                   }));
    clock.schedule(now + 20ms, caf::make_action([order] { order->push_back(1); }));
    clock.schedule(now + 20ms, caf::make_action([order] { order->push_back(2); }));
    return 0;
  });
  EXPECT_EQ(wait(fired.get_future()), (std::vector{1, 2, 3}));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
}

TEST_F(AsioCoordinator, TakesTimersOfOtherThreads) {
  std::promise<void> fired;
  sys->clock().schedule(sys->clock().now() + 1ms, caf::make_action([&] { fired.set_value(); }));
  wait(fired.get_future());
}

TEST_F(AsioCoordinator, RepeatsAPeriodicTimer) {
  std::promise<void> thrice;
  int count = 0;
  auto timer = sys->clock().schedule_periodically(sys->clock().now() + 1ms, caf::make_action([&] {
                                                    if (++count == 3)
                                                      thrice.set_value();
                                                  }),
                                                  1ms);
  wait(thrice.get_future());
  timer.dispose();
  on(0, [] { return 0; }); // the last run, if any, has ended
}

TEST_F(AsioCoordinator, DoesNotFireADisposedTimer) {
  std::promise<void> later;
  std::atomic<bool> fired = false;
  const auto now = sys->clock().now();
  auto timer = sys->clock().schedule(now + 5ms, caf::make_action([&] { fired = true; }));
  sys->clock().schedule(now + 10ms, caf::make_action([&] { later.set_value(); }));
  timer.dispose();
  wait(later.get_future());
  EXPECT_FALSE(fired);
}

TEST_F(AsioCoordinator, TimesOutARequestThatNobodyAnswers) {
  auto silent = sys->spawn([](caf::event_based_actor* self) -> caf::behavior {
    auto owed = std::make_shared<std::vector<caf::response_promise>>();
    return {[self, owed](int) {
      owed->push_back(self->make_response_promise());
      return owed->back();
    }};
  });
  std::promise<caf::error> got;
  sys->spawn([&got, silent](caf::event_based_actor* self) {
    self->request(silent, 5ms, 1).then([](int) {}, [&got](caf::error& e) { got.set_value(e); });
  });
  EXPECT_EQ(wait(got.get_future()), caf::sec::request_timeout);
  caf::anon_send_exit(silent, caf::exit_reason::kill);
}

TEST(TimerHeap, ForgetsDisposedTimersBeforeTheyAreDue) {
  boost::asio::io_context context;
  timer_heap timers{context};
  const auto far = std::chrono::steady_clock::now() + 1h;
  for (int i = 0; i < 100'000; ++i) {
    auto what = caf::make_action([] {});
    timers.add(far, what, timer_heap::duration_type::zero());
    what.dispose();
  }
  EXPECT_LE(timers.size(), 1024u);
}

TEST(TimerHeap, KeepsLiveTimersWhenItForgetsOthers) {
  boost::asio::io_context context;
  timer_heap timers{context};
  int fired = 0;
  const auto now = std::chrono::steady_clock::now();
  for (int i = 0; i < 5'000; ++i) {
    auto what = caf::make_action([&] { ++fired; });
    timers.add(now + std::chrono::microseconds{i % 7}, what, timer_heap::duration_type::zero());
    if (i % 2)
      what.dispose();
  }
  context.run();
  EXPECT_EQ(fired, 2'500);
}

// A system that ends while there is work left. Everything that its actors hold must be gone afterwards.
TEST(AsioCoordinatorStop, EndsWithPendingTimersAndReadyActors) {
  const auto held = std::make_shared<int>(0);
  for (int round = 0; round < 20; ++round) {
    config cfg{2};
    caf::actor_system sys{cfg};
    sys.await_actors_before_shutdown(false);
    for (int i = 0; i < 20; ++i) {
      auto waiting = sys.spawn([held](caf::event_based_actor* self) -> caf::behavior {
        self->run_delayed(1h, [held] {});
        return {[held](int x) { return x; }};
      });
      auto busy = sys.spawn([held](caf::event_based_actor* self) -> caf::behavior {
        return {[self, held](int x) { self->send(self, x); }};
      });
      caf::anon_send(waiting, 1);
      caf::anon_send(busy, 1);
    }
    sys.clock().schedule(sys.clock().now() + 1h, caf::make_action([held] {}));
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(AsioCoordinatorStop, WaitsForActorsThatStillWork) {
  std::atomic<int> handled = 0;
  {
    config cfg{2};
    caf::actor_system sys{cfg};
    for (int i = 0; i < 10; ++i)
      caf::anon_send(sys.spawn([&handled](caf::event_based_actor* self) -> caf::behavior {
        return {[self, &handled](int left) {
          ++handled;
          if (left > 1)
            self->send(self, left - 1);
          else
            self->quit();
        }};
      }),
                     100);
  }
  EXPECT_EQ(handled, 1000);
}

TEST(AsioCoordinatorConfig, RefusesASystemWithAnotherScheduler) {
  caf::actor_system_config cfg;
  cfg.set("caf.scheduler.max-threads", 1);
  caf::actor_system sys{cfg};
  EXPECT_THROW(asio_scheduler(sys), std::logic_error);
}

} // namespace
} // namespace troupe::scheduler

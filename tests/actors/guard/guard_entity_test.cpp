// What the actors of guards' trails add to their decisions: durability, and what is known after a restart.
#include "actors/guard/directory.hpp"
#include "actors/guard/guard_entity.hpp"

#include "actors/entity/store_actors.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "supervisors/topology.hpp"
#include "tests/actors/entity/journal_of_tests.hpp"

#include <map>

namespace troupe::guard {
namespace {

using namespace std::chrono_literals;

set_breaker hold_open(std::string why) {
  return {"payment.rest", breaker_mode::open, std::move(why)};
}

class GuardTrail : public entity::test::JournalOfTests<trail_actor> {
protected:
  trail_actor spawn() override { return spawn_guard_trails(sys, env); }
};

TEST_F(GuardTrail, AnswersWhatIsDurable) {
  book->holds = true;
  auto asked = request(hold_open("maintenance"));
  run();
  EXPECT_TRUE(nothing_is_answered());
  release();
  const auto kept = answer_of<trail>(asked);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->name, "payment.rest");
  EXPECT_EQ(kept->breaker, (breaker_set{breaker_mode::open, "maintenance", "tester"}));
  EXPECT_EQ(kept->version, 1u);
  ASSERT_EQ(kept->actions.size(), 1u);
  EXPECT_EQ(kept->actions[0].at, now());
  EXPECT_EQ(book->appends[0].principal, "tester");
}

TEST_F(GuardTrail, ForgetsNothingThatIsStoredAndKeepsNothingThatIsNot) {
  ASSERT_TRUE(tell<trail>(hold_open("maintenance")));
  book->failure = caf::make_error(ec::store_unavailable);
  EXPECT_EQ(tell<trail>(set_breaker{"payment.rest", breaker_mode::automatic, "over"}).error(), ec::store_unavailable);
  book->failure = {};
  restart();
  const auto kept = tell<trail>(get_trail{"payment.rest"});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->breaker.mode, breaker_mode::open);
  EXPECT_EQ(kept->actions.size(), 1u);
}

TEST_F(GuardTrail, OfWhatNobodyTouchedTakesNoMemory) {
  EXPECT_TRUE(tell<trail>(get_trail{"payment.rest"})->actions.empty());
  EXPECT_EQ(in_memory(), 0u);
}

class GuardDirectory : public troupe::test::deterministic_system {
protected:
  void TearDown() override {
    end();
    deterministic_system::TearDown();
  }

  /// A node's start; what it keeps is in the store.
  void start() {
    const auto stores = simulated::make_store(disk);
    const auto clock = [this] { return now(); };
    journal = spawn_journal(sys, sys.spawn(journal::make_writer, stores), sys.spawn(journal::make_reader, stores),
                            "node-1", clock);
    trails = spawn_guard_trails(sys, {journal, clock, [] { return std::uint64_t{0}; }});
    found.clear();
    known = false;
    directory = sys.spawn<directory_impl>(
      journal, trails,
      finder{[this](const trail& x) { found[x.name] = x.breaker; },
             [this](const std::string& name, const caf::error&) { lost.push_back(name); }, [this] { known = true; }});
    run();
  }

  void end() {
    for (const auto& x : {caf::actor_cast<caf::actor>(trails), caf::actor_cast<caf::actor>(journal), directory})
      self->send_exit(x, caf::exit_reason::kill);
    trails = nullptr;
    journal = nullptr;
    directory = nullptr;
    run();
  }

  void hold(const std::string& name, breaker_mode mode) {
    auto response = self->request(trails, caf::infinite, request_context{"ada", {}, time_point::max()},
                                  set_breaker{name, mode, "why"});
    run();
    response.receive([](const trail&) {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  }

  void write_nonsense(const std::string& name) {
    journal::append x;
    x.stream = {traits::context, name};
    x.events.push_back({"guard_control.breaker_set", 1, "{}", {}});
    ASSERT_TRUE(ask<journal::appended>(journal, x));
  }

  std::shared_ptr<simulated::disk> disk = std::make_shared<simulated::disk>();
  journal::journal_actor journal;
  trail_actor trails;
  caf::actor directory;
  std::map<std::string, breaker_set> found;
  std::vector<std::string> lost;
  bool known = false;
};

TEST_F(GuardDirectory, TellsAfterARestartHowBreakersWereHeld) {
  start();
  EXPECT_TRUE(known);
  EXPECT_TRUE(found.empty());
  hold("payment.rest", breaker_mode::open);
  hold("payment.stripe", breaker_mode::closed);
  hold("payment.stripe", breaker_mode::automatic);
  end();
  start();
  EXPECT_TRUE(known);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found["payment.rest"], (breaker_set{breaker_mode::open, "why", "ada"}));
  EXPECT_EQ(found["payment.stripe"].mode, breaker_mode::automatic);
}

class blind_disk : public simulated::faults {
public:
  bool blind = true;
  bool fails_to_read() override { return blind; }
};

TEST_F(GuardDirectory, TriesUntilTheStoreCanBeRead) {
  start();
  hold("payment.rest", breaker_mode::open);
  end();
  const auto eyes = std::make_shared<blind_disk>();
  disk->set_faults(eyes);
  start();
  for (int i = 0; i < 30; ++i)
    advance(100ms);
  EXPECT_FALSE(known);
  eyes->blind = false;
  for (int i = 0; i < 50 && !known; ++i)
    advance(100ms);
  EXPECT_EQ(found["payment.rest"].mode, breaker_mode::open);
}

TEST_F(GuardDirectory, LeavesOutATrailThatNobodyCanRead) {
  start();
  write_nonsense("payment.a");
  hold("payment.rest", breaker_mode::open);
  end();
  start();
  EXPECT_TRUE(known);
  EXPECT_EQ(lost, (std::vector<std::string>{"payment.a"}));
  EXPECT_EQ(found["payment.rest"].mode, breaker_mode::open);
}

} // namespace
} // namespace troupe::guard

// What the actors of pauses add to their decisions: durability, and what is known after a restart.
#include "actors/pause/directory.hpp"
#include "actors/pause/pause_entity.hpp"

#include "actors/entity/store_actors.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "supervisors/topology.hpp"
#include "tests/actors/entity/journal_of_tests.hpp"

namespace troupe::pause {
namespace {

using namespace std::chrono_literals;

const target rest{kind::provider, "rest"};

class PauseEntity : public entity::test::JournalOfTests<pause_actor> {
protected:
  pause_actor spawn() override { return spawn_pauses(sys, env, at); }

  registry_ptr at = std::make_shared<registry>(board{});
};

TEST_F(PauseEntity, IsOnTheBoardBeforeAnybodyIsAnswered) {
  book->holds = true;
  auto asked = request(begin{rest, "maintenance"});
  run();
  EXPECT_TRUE(nothing_is_answered());
  EXPECT_FALSE(at->published()->find(kind::provider, "rest")) << "it is not durable";
  release();
  const auto answer = answer_of<status>(asked);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->what, rest);
  EXPECT_EQ(answer->is->by, "tester");
  ASSERT_TRUE(at->published()->find(kind::provider, "rest"));
  EXPECT_EQ(at->published()->find(kind::provider, "rest")->reason, "maintenance");
}

TEST_F(PauseEntity, DoesNotGoOnBeforeThatIsDurable) {
  ASSERT_TRUE(tell<status>(begin{rest, "maintenance"}));
  book->failure = caf::make_error(ec::store_unavailable);
  EXPECT_EQ(tell<status>(resume{rest, "it is back"}).error(), ec::store_unavailable);
  EXPECT_TRUE(at->published()->find(kind::provider, "rest"));
  book->failure = {};
  ASSERT_TRUE(tell<status>(resume{rest, "it is back"}));
  EXPECT_TRUE(at->published()->is_clear());
}

TEST_F(PauseEntity, StaysPausedWhenItIsPausedAgainWhileItIsBeingResumed) {
  ASSERT_TRUE(tell<status>(begin{rest, "maintenance"}));
  book->holds = true;
  auto first = request(resume{rest, "it is back"});
  auto then = request(begin{rest, "it is not"});
  run();
  release();
  EXPECT_FALSE(answer_of<status>(first)->is);
  EXPECT_TRUE(answer_of<status>(then)->is);
  EXPECT_EQ(at->published()->find(kind::provider, "rest")->reason, "it is not");
}

TEST_F(PauseEntity, TakesNoMoreThanItCanKeepOnTheBoard) {
  for (std::size_t i = 0; i < paused_max; ++i)
    at->put({kind::order, std::to_string(i)}, paused{"why", "ada", now()});
  EXPECT_EQ(tell<status>(begin{rest, "maintenance"}).error(), rejection::too_many);
  at->put({kind::order, "0"}, std::nullopt);
  EXPECT_TRUE(tell<status>(begin{rest, "maintenance"}));
}

TEST_F(PauseEntity, KeepsNothingInMemoryOfWhatWasNeverPaused) {
  EXPECT_FALSE(tell<status>(get{rest})->is);
  EXPECT_EQ(in_memory(), 0u);
}

class PauseDirectory : public troupe::test::deterministic_system {
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
    at = std::make_shared<registry>();
    pauses = spawn_pauses(sys, {journal, clock, [] { return std::uint64_t{0}; }}, at);
    directory = sys.spawn<directory_impl>(journal, pauses, at, may_begin, [this] { ++known; });
    run();
  }

  void end() {
    for (const auto& x : {caf::actor_cast<caf::actor>(pauses), caf::actor_cast<caf::actor>(journal), directory})
      self->send_exit(x, caf::exit_reason::kill);
    pauses = nullptr;
    journal = nullptr;
    directory = nullptr;
    at.reset();
    run();
  }

  template <class Command> caf::expected<status> tell(Command command) {
    auto response =
      self->request(pauses, caf::infinite, request_context{"ada", {}, time_point::max()}, std::move(command));
    run();
    caf::expected<status> result{caf::sec::none};
    response.receive([&](status& x) { result = std::move(x); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  std::shared_ptr<simulated::disk> disk = std::make_shared<simulated::disk>();
  registry_ptr at;
  journal::journal_actor journal;
  pause_actor pauses;
  caf::actor directory;
  live<bool> may_begin{true};
  int known = 0;
};

TEST_F(PauseDirectory, KnowsAfterARestartWhatWasPaused) {
  start();
  EXPECT_EQ(known, 1);
  EXPECT_TRUE(at->published()->is_clear());
  const target stripe{kind::provider, "stripe"};
  ASSERT_TRUE(tell(begin{rest, "maintenance"}));
  ASSERT_TRUE(tell(begin{stripe, "an incident"}));
  const auto began = now();
  advance(1h);
  ASSERT_TRUE(tell(resume{stripe, "it is over"}));
  end();
  start();
  EXPECT_EQ(known, 2);
  const auto& board = *at->published();
  ASSERT_EQ(board.all().size(), 1u);
  EXPECT_EQ(board.all().front()->what, rest);
  EXPECT_EQ(board.all().front()->how.reason, "maintenance");
  EXPECT_EQ(board.all().front()->how.by, "ada");
  EXPECT_EQ(board.stood_still(kind::provider, "stripe", began, now()), 1h);
}

TEST_F(PauseDirectory, KnowsNothingBeforeItMayBegin) {
  may_begin.set(false);
  start();
  self->send(directory, caf::unit);
  advance(1h);
  EXPECT_FALSE(at->published()->is_known());
  may_begin.set(true);
  self->send(directory, caf::unit);
  self->send(directory, caf::unit);
  run();
  EXPECT_TRUE(at->published()->is_known());
  EXPECT_EQ(known, 1);
}

TEST_F(PauseDirectory, ReadsMoreThanOnePage) {
  start();
  for (int i = 0; i < 1'005; ++i) {
    const target order{kind::order, "o-" + std::to_string(i)};
    ASSERT_TRUE(tell(begin{order, "why"}));
    if (i >= 3) {
      ASSERT_TRUE(tell(resume{order, "over"}));
    }
  }
  end();
  start();
  EXPECT_EQ(at->published()->all().size(), 3u);
}

class blind_disk : public simulated::faults {
public:
  bool blind = true;
  bool fails_to_read() override { return blind; }
};

TEST_F(PauseDirectory, TriesUntilTheStoreCanBeRead) {
  start();
  ASSERT_TRUE(tell(begin{rest, "maintenance"}));
  end();
  const auto eyes = std::make_shared<blind_disk>();
  disk->set_faults(eyes);
  start();
  for (int i = 0; i < 30; ++i)
    advance(100ms);
  EXPECT_FALSE(at->published()->is_known());
  eyes->blind = false;
  for (int i = 0; i < 50 && known < 2; ++i)
    advance(100ms);
  EXPECT_TRUE(at->published()->find(kind::provider, "rest"));
}

} // namespace
} // namespace troupe::pause

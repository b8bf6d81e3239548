// Dead letters over a real journal and a store in memory: listed, replayed, and whole after a crash.
#include "actors/dead_letter/directory.hpp"
#include "actors/entity/store_actors.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "supervisors/topology.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/send.hpp>

#include <set>

namespace troupe::dead_letter {
namespace {

using namespace std::chrono_literals;

/// Who replays, and what it was asked.
struct replayer_book {
  std::vector<std::string> keys; // of idempotency, as they came
  ec failing{};                  // while there is one
  bool holds = false;
  std::vector<caf::typed_response_promise<void>> held;
};

replayer_actor::behavior_type make_replayer(replayer_actor::pointer self, std::shared_ptr<replayer_book> book) {
  return {[self, book](const request_context&, const replay_letter& x) -> caf::result<void> {
    book->keys.push_back(x.key);
    if (book->failing != ec{})
      return caf::make_error(book->failing);
    if (book->holds)
      return book->held.emplace_back(self->make_response_promise<void>());
    return caf::unit;
  }};
}

class DeadLetters : public test::deterministic_system {
protected:
  void SetUp() override { start(); }

  void TearDown() override {
    end();
    deterministic_system::TearDown();
  }

  void start() {
    const auto stores = simulated::make_store(disk);
    writer = sys.spawn(journal::make_writer, stores);
    reader = sys.spawn(journal::make_reader, stores);
    journal = spawn_journal(sys, writer, reader, "node-1", [this] { return now(); });
    entity::environment env{journal, [this] { return now(); }, [] { return std::uint64_t{0}; }};
    replayer = sys.spawn(make_replayer, book);
    all.directory = spawn_letter_directory(sys, journal);
    all.letters = spawn_letters(
      sys, env, all.directory, replayers{{source::outlet_gave_up, replayer}, {source::undeliverable_message, replayer}},
      {{"node/entities/orders"}});
    all.jobs = spawn_replay_jobs(sys, env, all.directory, all.letters);
    advance(1s); // It may find the journal before it is open.
  }

  template <class Handle> void kill(Handle& x) {
    caf::anon_send_exit(x, caf::exit_reason::kill);
    x = nullptr;
  }

  void end() {
    book->held.clear();
    kill(all.jobs);
    kill(all.letters);
    kill(all.directory);
    kill(replayer);
    kill(journal);
    kill(writer);
    kill(reader);
    run();
  }

  /// As after kill -9 of the node: nothing is left but the disk.
  void crash() {
    end();
    disk->crash();
    start();
  }

  template <class Reply, class Handle, class Command> caf::expected<Reply> tell(const Handle& whom, Command command) {
    auto response = self->request(whom, caf::infinite, context, std::move(command));
    run();
    caf::expected<Reply> result{caf::sec::none};
    response.receive([&](Reply& x) { result = std::move(x); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  letter_id lose(int number, const std::string& code = "refused", source from = source::outlet_gave_up) {
    letter x;
    x.source = from;
    x.code = code;
    x.place = "outlet/bus/order";
    x.summary = "number " + std::to_string(number);
    const auto id = id_of(std::to_string(number));
    EXPECT_TRUE(tell<view>(all.letters, record{id, x}));
    return id;
  }

  std::vector<group> groups() { return ask<group_list>(all.directory, list_groups{})->groups; }
  letter_list list(list_letters x = {}) { return *ask<letter_list>(all.directory, x); }
  caf::expected<view> get(const letter_id& id) { return tell<view>(all.letters, get_letter{id}); }
  job::state get_job() { return tell<job::view>(all.jobs, job::get_job{one})->of; }

  void wait(duration x) {
    for (; x > duration{0}; x -= 100ms)
      advance(100ms);
  }

  const job_id one{"0190a6b0-0000-7000-8000-000000000001"};
  request_context context{"operator", {}, time_point::max()};
  std::shared_ptr<simulated::disk> disk = std::make_shared<simulated::disk>();
  std::shared_ptr<replayer_book> book = std::make_shared<replayer_book>();
  journal::writer_actor writer;
  journal::reader_actor reader;
  journal::journal_actor journal;
  replayer_actor replayer;
  dead_letters all;
};

TEST_F(DeadLetters, AreGroupedByCause) {
  const auto first = lose(1);
  advance(1s);
  lose(2);
  advance(1s);
  const auto last = lose(3);
  lose(4, "timed_out");
  const auto found = groups();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].count, 3u);
  EXPECT_EQ(found[0].cause, (cause{source::outlet_gave_up, "refused", "outlet/bus/order"}));
  EXPECT_EQ(found[0].first, get(first)->of.recorded_at);
  EXPECT_EQ(found[0].last, get(first)->of.recorded_at + 2s);
  EXPECT_EQ(found[0].sample, last);
  EXPECT_EQ(list({found[0].id, {}}).letters.size(), 3u);
  EXPECT_TRUE(list({"0000000000000000", {}}).letters.empty());
}

TEST_F(DeadLetters, ArePagedOldestFirst) {
  for (int i = 0; i < 5; ++i) {
    lose(i);
    advance(1s);
  }
  std::vector<std::string> summaries;
  list_letters question{{}, {}, 2};
  for (bool more = true; more;) {
    const auto page = list(question);
    for (const auto& x : page.letters)
      summaries.push_back(x.summary);
    question.after = cursor{page.letters.back().recorded_at, page.letters.back().id};
    more = page.more;
  }
  EXPECT_EQ(summaries, (std::vector<std::string>{"number 0", "number 1", "number 2", "number 3", "number 4"}));
}

TEST_F(DeadLetters, AreListedAgainAfterACrash) {
  const auto open = lose(1);
  const auto gone = lose(2);
  EXPECT_TRUE(tell<view>(all.letters, discard{gone, "old"}));
  crash();
  EXPECT_EQ(list().letters.size(), 1u);
  EXPECT_TRUE(list().complete);
  EXPECT_EQ(list().letters[0].id, open);
  EXPECT_EQ(get(gone)->of.status, status::discarded);
}

TEST_F(DeadLetters, OfOtherNodesAreListedAsSoonAsTheyTellOfThem) {
  const auto here = lose(1);
  entry there = list().letters.at(0);
  there.id = id_of("2");
  caf::anon_send(all.directory, elsewhere{{{there, 1}}});
  run();
  EXPECT_EQ(list().letters.size(), 2u);
  there.status = status::discarded;
  caf::anon_send(all.directory, elsewhere{{{there, 2}}});
  run();
  EXPECT_EQ(list().letters.size(), 1u);
  EXPECT_EQ(list().letters.at(0).id, here);
}

TEST_F(DeadLetters, AreAsTheStoreHasThemWhenItIsReadAgain) {
  const auto here = lose(1);
  entry gone = list().letters.at(0);
  gone.id = id_of("2"); // the news of its end was lost
  caf::anon_send(all.directory, elsewhere{{{gone, 1}}});
  const auto unheard = lose(3);
  entry closed = list().letters.back();
  closed.status = status::replayed; // as if nobody had told of its being opened again
  caf::anon_send(all.directory, elsewhere{{{closed, 1'000}}});
  run();
  ASSERT_EQ(list().letters.size(), 2u);
  caf::anon_send(all.directory, read_again{});
  run();
  std::set<std::string> ids;
  for (const auto& x : list().letters)
    ids.insert(x.id.value);
  EXPECT_EQ(ids, (std::set<std::string>{here.value, unheard.value}));
  EXPECT_TRUE(list().complete);
}

TEST_F(DeadLetters, ArePassedOnByTheirOwnNodeAlone) {
  std::vector<std::string> passed;
  kill(all.directory);
  all.directory =
    spawn_letter_directory(sys, journal, [&passed](const changed& x) { passed.push_back(x.now.id.value); });
  run();
  entry x;
  x.status = status::open;
  x.id = id_of("1");
  caf::anon_send(all.directory, changed{x, 1});
  x.id = id_of("2");
  caf::anon_send(all.directory, elsewhere{{{x, 1}}});
  run();
  EXPECT_EQ(passed, (std::vector<std::string>{id_of("1").value}));
}

TEST_F(DeadLetters, AreReplayedUnderOneKeyWhateverCrashes) {
  const auto id = lose(1);
  book->holds = true;
  EXPECT_EQ(tell<view>(all.letters, replay{id, "repaired", {}})->of.status, status::replaying);
  EXPECT_EQ(list().letters.at(0).status, status::replaying);
  crash();
  wait(10s);
  ASSERT_EQ(book->keys.size(), 2u) << "the stored wake-up goes on with it";
  EXPECT_EQ(book->keys[0], book->keys[1]);
  book->holds = false;
  crash();
  wait(10s);
  EXPECT_EQ(book->keys.back(), book->keys[0]);
  EXPECT_EQ(get(id)->of.status, status::replayed);
  EXPECT_TRUE(list().letters.empty());
}

TEST_F(DeadLetters, StayOpenWhenTheirReplayFails) {
  const auto id = lose(1);
  book->failing = ec::unavailable;
  EXPECT_TRUE(tell<view>(all.letters, replay{id, "repaired", {}}));
  EXPECT_EQ(tell<view>(all.letters, await_replay{id})->of.status, status::open);
  EXPECT_EQ(get(id)->of.actions.back().reason, "unavailable");
  book->failing = {};
  EXPECT_TRUE(tell<view>(all.letters, replay{id, "repaired", {}}));
  EXPECT_EQ(get(id)->of.status, status::replayed);
  EXPECT_NE(book->keys[0], book->keys[1]) << "a new attempt";
}

TEST_F(DeadLetters, ThatAreGivenUpAgainStandInTheGroupOfTheirNewCause) {
  const auto id = lose(1);
  lose(2);
  advance(1s);
  EXPECT_TRUE(tell<view>(all.letters, replay{id, "repaired", {}}));
  EXPECT_EQ(list().letters.size(), 1u);
  letter again;
  again.source = source::outlet_gave_up;
  again.code = "expired";
  again.place = "outlet/bus/order";
  const auto look = [&] {
    ASSERT_EQ(groups().size(), 2u);
    ASSERT_EQ(list().letters.size(), 2u);
    EXPECT_EQ(list().letters[1].id, id) << "the younger one now";
    EXPECT_EQ(list({group_of({source::outlet_gave_up, "expired", "outlet/bus/order"}), {}}).letters.size(), 1u);
    EXPECT_EQ(get(id)->of.occurrences, 2u);
  };
  EXPECT_TRUE(tell<view>(all.letters, record{id, again, 2}));
  look();
  crash();
  look();
  again.code = "timed_out";
  EXPECT_TRUE(tell<view>(all.letters, record{id, again, 3}));
  EXPECT_TRUE(list({group_of({source::outlet_gave_up, "expired", "outlet/bus/order"}), {}}).letters.empty())
    << "it was open, and has moved";
}

TEST_F(DeadLetters, NameWhoDidWhatAndWhy) {
  const auto id = lose(1);
  EXPECT_EQ(tell<view>(all.letters, discard{id, ""}).error(), rejection::no_reason);
  EXPECT_TRUE(tell<view>(all.letters, discard{id, "a test order"}));
  const auto actions = get(id)->of.actions;
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].by, "operator");
  EXPECT_EQ(actions[0].reason, "a test order");
}

TEST_F(DeadLetters, OfASourceThatNobodyReplaysAreNotReplayed) {
  const auto id = lose(1, "refused", source::refused_webhook);
  EXPECT_FALSE(get(id)->replayable);
  EXPECT_EQ(tell<view>(all.letters, replay{id, "x", {}}).error(), rejection::not_replayable);
  EXPECT_EQ(get(id_of("nothing")).error(), rejection::unknown_letter);
}

TEST_F(DeadLetters, OfAMessageAreReplayedWhenItWasKeptAndItsPartIsThere) {
  const auto lost = [this](const std::string& place, const std::string& sealed) {
    letter x;
    x.source = source::undeliverable_message;
    x.place = place;
    x.sealed = sealed;
    const auto id = id_of(place + sealed);
    EXPECT_TRUE(tell<view>(all.letters, record{id, x}));
    return tell<view>(all.letters, replay{id, "it is back", {}});
  };
  EXPECT_TRUE(lost("node/entities/orders", "bytes"));
  EXPECT_EQ(lost("node/entities/orders", "").error(), rejection::not_replayable);
  EXPECT_EQ(lost("node/entities/wishes", "bytes").error(), rejection::not_replayable);
}

TEST_F(DeadLetters, BeyondTheDirectorysBoundAreListedWhenOthersAreDone) {
  kill(all.directory);
  std::vector<letter_id> ids;
  for (int i = 0; i < 30; ++i) {
    ids.push_back(lose(i));
    advance(10ms);
  }
  const directory_options small{10, 4};
  all.directory = sys.spawn<directory_impl>(journal, small);
  run();
  EXPECT_EQ(list().letters.size(), 10u);
  EXPECT_FALSE(list().complete);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(tell<view>(all.letters, discard{ids[static_cast<std::size_t>(i)], "old"}));
    self->send(all.directory, changed{{ids[static_cast<std::size_t>(i)], {}, status::discarded, {}, 0, {}}, 2});
    run();
  }
  EXPECT_EQ(list().letters.size(), 9u) << "it has read the store again when there were 8";
  EXPECT_EQ(list().letters[0].id, ids[3]);
}

TEST_F(DeadLetters, OfAGroupAreReplayedAtTheRateThatWasAskedFor) {
  for (int i = 0; i < 100; ++i)
    lose(i);
  lose(1'000, "timed_out");
  const auto group = groups().at(0).id;
  EXPECT_TRUE(tell<job::view>(all.jobs, job::begin{one, group, 20, "repaired"}));
  wait(2s);
  EXPECT_GE(book->keys.size(), 30u);
  EXPECT_LE(book->keys.size(), 44u);
  const auto between = get_job();
  EXPECT_EQ(between.status, job::status::running);
  EXPECT_GE(between.replayed, 25u);
  wait(6s);
  EXPECT_EQ(get_job().status, job::status::ended);
  EXPECT_EQ(get_job().replayed, 100u);
  EXPECT_EQ(list().letters.size(), 1u) << "the other group stays";
}

TEST_F(DeadLetters, OfAGroupAreReplayedOnceEachInSpiteOfACrash) {
  for (int i = 0; i < 60; ++i)
    lose(i);
  const auto group = groups().at(0).id;
  book->failing = ec::refused;
  EXPECT_TRUE(tell<job::view>(all.jobs, job::begin{one, group, 20, "repaired"}));
  for (int i = 0; i < 4; ++i) {
    wait(700ms);
    crash();
  }
  wait(20s);
  const auto end = get_job();
  EXPECT_EQ(end.status, job::status::ended);
  EXPECT_EQ(end.failed, 60u);
  const std::set<std::string> different{book->keys.begin(), book->keys.end()};
  EXPECT_EQ(different.size(), 60u) << "no letter was tried under a second key";
}

TEST_F(DeadLetters, AreReplayedByTheTenThousand) {
  constexpr int many = 10'000;
  for (int i = 0; i < many; ++i)
    lose(i);
  EXPECT_EQ(groups().at(0).count, static_cast<std::size_t>(many));
  EXPECT_TRUE(tell<job::view>(all.jobs, job::begin{one, groups().at(0).id, job::rate_max, "repaired"}));
  wait(4s);
  crash();
  wait(20s);
  EXPECT_EQ(get_job().status, job::status::ended);
  EXPECT_TRUE(groups().empty());
  const std::set<std::string> different{book->keys.begin(), book->keys.end()};
  EXPECT_EQ(different.size(), static_cast<std::size_t>(many));
  EXPECT_GE(get_job().replayed, static_cast<std::uint64_t>(many) - 200) << "a crash may lose the count of a moment";
}

TEST_F(DeadLetters, ThatComeAfterAJobAreLeft) {
  for (int i = 0; i < 20; ++i)
    lose(i);
  const auto group = groups().at(0).id;
  EXPECT_TRUE(tell<job::view>(all.jobs, job::begin{one, group, 10, "repaired"}));
  wait(500ms);
  const auto late = lose(77);
  wait(5s);
  EXPECT_EQ(get_job().status, job::status::ended);
  EXPECT_EQ(list().letters.size(), 1u);
  EXPECT_EQ(list().letters[0].id, late);
}

TEST_F(DeadLetters, AreLeftByAJobThatIsStopped) {
  for (int i = 0; i < 20; ++i)
    lose(i);
  EXPECT_TRUE(tell<job::view>(all.jobs, job::begin{one, groups().at(0).id, 10, "repaired"}));
  wait(1s);
  EXPECT_TRUE(tell<job::view>(all.jobs, job::stop_job{one, "it is the wrong group"}));
  wait(5s);
  const auto end = get_job();
  EXPECT_EQ(end.status, job::status::stopped);
  EXPECT_EQ(end.replayed, book->keys.size());
  EXPECT_EQ(list().letters.size(), 20 - book->keys.size());
}

} // namespace
} // namespace troupe::dead_letter

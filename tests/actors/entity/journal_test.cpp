// The journal's actor: versions, offsets, groups, fencing and failures.
#include "tests/actors/entity/journal_fixture.hpp"

namespace troupe::journal {
namespace {

using namespace std::chrono_literals;

TEST_F(JournalActor, StoresWhatArrivesTogetherInOneCommit) {
  auto a = request(one("a", 0));
  auto b = request(one("b", 0));
  auto c = request(one("c", 0));
  run();
  EXPECT_EQ(store->commits.size(), 1u);
  EXPECT_EQ(store->commits.front().size(), 3u);
  EXPECT_EQ(version_of(a) + version_of(b) + version_of(c), 3u);
}

TEST_F(JournalActor, KeepsOneCommitInFlightAndGathersTheNext) {
  store->hold = true;
  auto a = request(one("a", 0));
  run();
  auto b = request(one("b", 0));
  auto c = request(one("c", 0));
  run();
  EXPECT_EQ(store->commits.size(), 1u);
  EXPECT_TRUE(self->mailbox().empty()); // nothing is acknowledged before it is durable
  release();
  ASSERT_EQ(store->commits.size(), 2u);
  EXPECT_EQ(store->commits.back().size(), 2u);
  release();
  EXPECT_EQ(version_of(a) + version_of(b) + version_of(c), 3u);
}

TEST_F(JournalActor, GivesContiguousOffsetsWithinAShard) {
  auto a = request(one("a", 0, 3));
  auto more = request(one("a", 3, 2));
  run();
  EXPECT_EQ(version_of(a), 3u);
  EXPECT_EQ(version_of(more), 5u);
  std::uint64_t offset = 0;
  for (const auto& commit : store->commits)
    for (const auto& item : commit)
      for (const auto& e : item.events) {
        EXPECT_EQ(e.offset, ++offset);
        EXPECT_EQ(e.version, offset);
        EXPECT_EQ(e.checksum, checksum_of(e));
      }
  EXPECT_EQ(offset, 5u);
}

TEST_F(JournalActor, FailsAStreamAloneWhenItsVersionHasMovedOn) {
  auto a = request(one("a", 0));
  auto stale = request(one("a", 0));
  auto behind = request(one("a", 1));
  auto other = request(one("b", 0));
  run();
  EXPECT_EQ(version_of(a), 1u);
  EXPECT_EQ(error_of(stale), ec::version_conflict);
  EXPECT_EQ(error_of(behind), ec::version_conflict); // until it is loaded again
  EXPECT_EQ(version_of(other), 1u);
  store->streams["a"].events.resize(1);
  store->streams["a"].events[0].version = 1;
  EXPECT_TRUE(ask<recovered_stream>(journal, load{{"order", "a"}}));
  EXPECT_EQ(ask<appended>(journal, one("a", 1))->version, 2u);
}

TEST_F(JournalActor, LoadsAStreamOnlyAfterItsAppendsHaveEnded) {
  store->hold = true;
  auto a = request(one("a", 0));
  run();
  auto loaded = self->request(journal, caf::infinite, load{{"order", "a"}});
  run();
  EXPECT_TRUE(self->mailbox().empty());
  store->streams["a"].events.resize(1);
  store->streams["a"].events[0].version = 1;
  release();
  loaded.receive([](const recovered_stream& x) { EXPECT_EQ(x.version(), 1u); },
                 [](const caf::error& e) { FAIL() << to_string(e); });
}

TEST_F(JournalActor, RefusesOnlyTheShardThatItHasLost) {
  store->next_results = {write_result::shard_lost, write_result::stored};
  ASSERT_NE((stream_name{"order", "a"}.shard()), (stream_name{"order", "b"}.shard()));
  auto a = request(one("a", 0));
  auto b = request(one("b", 0));
  run();
  EXPECT_EQ(error_of(a), ec::shard_lost);
  EXPECT_EQ(version_of(b), 1u);
  EXPECT_EQ(ask<appended>(journal, one("a", 0)).error(), ec::shard_lost);
}

TEST_F(JournalActor, AcknowledgesNothingOfAFailedCommitAndReopensTheStore) {
  store->next_failure = caf::make_error(ec::commit_unknown);
  store->opens = false;
  auto a = request(one("a", 0));
  auto b = request(one("b", 0));
  run();
  EXPECT_EQ(error_of(a), ec::commit_unknown);
  EXPECT_EQ(error_of(b), ec::commit_unknown);
  EXPECT_EQ(ask<appended>(journal, one("c", 0)).error(), ec::store_unavailable);
  EXPECT_FALSE(ask<health>(journal, get_health{})->writable);
  store->opens = true;
  advance(2s);
  EXPECT_TRUE(ask<health>(journal, get_health{})->writable);
  EXPECT_EQ(ask<appended>(journal, one("c", 0))->version, 1u);
  EXPECT_EQ(store->commits.back().front().epoch, 2u); // a new epoch: whatever the old connection still does, loses
}

TEST_F(JournalActor, AnswersABarrierAfterTheAppendsBeforeIt) {
  store->hold = true;
  auto a = request(one("a", 0));
  run();
  auto barrier = request(one("a", 1, 0));
  run();
  EXPECT_TRUE(self->mailbox().empty());
  release();
  EXPECT_EQ(version_of(a), 1u);
  EXPECT_EQ(version_of(barrier), 1u);
  EXPECT_EQ(store->commits.size(), 1u); // and it costs no commit of its own
}

TEST_F(JournalActor, AnswersABarrierOfAnIdleStreamAtOnce) {
  ASSERT_TRUE(ask<appended>(journal, one("a", 0)));
  EXPECT_EQ(ask<appended>(journal, one("a", 1, 0))->version, 1u);
  EXPECT_EQ(store->commits.size(), 1u);
}

TEST_F(JournalActor, RefusesWhatDoesNotFitItsBound) {
  options small{{"order"}, "node-1"};
  small.waiting_max = 2;
  const auto bounded = spawn(small);
  store->hold = true;
  auto first = self->request(bounded, caf::infinite, one("a", 0));
  run();
  auto second = self->request(bounded, caf::infinite, one("b", 0));
  auto third = self->request(bounded, caf::infinite, one("c", 0));
  auto fourth = self->request(bounded, caf::infinite, one("d", 0));
  run();
  EXPECT_EQ(error_of(fourth), ec::overloaded);
  store->hold = false;
  release();
  EXPECT_EQ(version_of(first) + version_of(second) + version_of(third), 3u);
  self->send_exit(bounded, caf::exit_reason::kill);
  run();
}

TEST_F(JournalActor, RefusesReadsThatDoNotFitTheirBound) {
  options small{{"order"}, "node-1"};
  small.reads_max = 3;
  const auto bounded = spawn(small);
  store->hold_reads = true;
  auto stream = self->request(bounded, caf::infinite, read_stream{{"order", "a"}});
  auto due = self->request(bounded, caf::infinite, read_due{"order", now(), {}});
  auto loaded = self->request(bounded, caf::infinite, load{{"order", "a"}});
  run();
  EXPECT_EQ(store->held_reads.size(), 3u);
  EXPECT_EQ(ask<page>(bounded, read_stream{{"order", "b"}}).error(), ec::overloaded);
  EXPECT_EQ(ask<page>(bounded, read_shard{"order"}).error(), ec::overloaded);
  EXPECT_EQ(ask<due_page>(bounded, read_due{"order", now(), {}}).error(), ec::overloaded);
  EXPECT_EQ(ask<key_page>(bounded, read_keys{"order", ""}).error(), ec::overloaded);
  EXPECT_EQ(ask<latest_events>(bounded, read_latest{}).error(), ec::overloaded);
  EXPECT_EQ(ask<due_count>(bounded, read_due_count{"order", now()}).error(), ec::overloaded);
  EXPECT_EQ(ask<recovered_stream>(bounded, load{{"order", "b"}}).error(), ec::overloaded);
  EXPECT_EQ(store->held_reads.size(), 3u);
  release_reads();
  int answered = 0;
  const auto failed = [](const caf::error& e) { ADD_FAILURE() << to_string(e); };
  stream.receive([&](const page&) { ++answered; }, failed);
  due.receive([&](const due_page&) { ++answered; }, failed);
  loaded.receive([&](const recovered_stream&) { ++answered; }, failed);
  EXPECT_EQ(answered, 3);
  store->hold_reads = false;
  EXPECT_TRUE(ask<page>(bounded, read_stream{{"order", "b"}}));
  EXPECT_TRUE(ask<recovered_stream>(bounded, load{{"order", "b"}}));
  self->send_exit(bounded, caf::exit_reason::kill);
  run();
}

TEST_F(JournalActor, AcceptsNothingWhileACommitHangsAndGoesOnWhenItEnds) {
  store->hold = true;
  auto hanging = request(one("a", 0));
  run();
  advance(5s);
  EXPECT_TRUE(ask<health>(journal, get_health{})->writable);
  auto in_time = request(one("b", 0));
  run();
  advance(2s);
  const auto ill = ask<health>(journal, get_health{});
  EXPECT_FALSE(ill->writable);
  EXPECT_EQ(ill->reason, "a commit has taken 7 s");
  EXPECT_EQ(ill->since, now() - 2s);
  EXPECT_EQ(ask<appended>(journal, one("c", 0)).error(), ec::store_unavailable);
  EXPECT_EQ(ask<recovered_stream>(journal, load{{"order", "a"}}).error(), ec::store_unavailable); // It would wait, too.
  EXPECT_TRUE(ask<recovered_stream>(journal, load{{"order", "d"}}));
  store->hold = false;
  release();
  EXPECT_EQ(version_of(hanging) + version_of(in_time), 2u);
  EXPECT_TRUE(ask<health>(journal, get_health{})->writable);
  EXPECT_EQ(ask<appended>(journal, one("c", 0))->version, 1u);
}

TEST_F(JournalActor, IsNotWritableWhileAShardHasAnotherOwner) {
  store->next_results = {write_result::shard_lost};
  auto a = request(one("a", 0));
  run();
  EXPECT_EQ(error_of(a), ec::shard_lost);
  const auto lost_at = now();
  advance(1s);
  const auto ill = ask<health>(journal, get_health{});
  EXPECT_FALSE(ill->writable);
  EXPECT_NE(ill->reason.find("1 of 1024 shards"), std::string::npos) << ill->reason;
  EXPECT_EQ(ill->since, lost_at);
  EXPECT_EQ(store->opened, 1); // It does not take it back, for the other owner would do the same.
  EXPECT_EQ(ask<appended>(journal, one("b", 0))->version, 1u);
}

TEST_F(JournalActor, FindsTheShardsOfEachContextAmongItsLeases) {
  const auto both = spawn({{"order", "catalog"}, "node-1"});
  for (const auto* context : {"order", "catalog"}) {
    auto x = one("a", 0);
    x.stream.context = context;
    ASSERT_TRUE(ask<appended>(both, std::move(x)));
    EXPECT_EQ(store->commits.back().front().epoch, store->epoch);
  }
  self->send_exit(both, caf::exit_reason::kill);
  run();
}

// ---- outlets -------------------------------------------------------------------------------------------------------

/// Hears what the journal sends, and answers when it is told to.
struct listener {
  std::vector<notice> heard;
  bool holds = false;
  std::vector<caf::typed_response_promise<void>> held;
};

subscriber_actor::behavior_type listen(subscriber_actor::pointer self, std::shared_ptr<listener> at) {
  return {[self, at](const notice& x) -> caf::result<void> {
    at->heard.push_back(x);
    if (!at->holds)
      return caf::unit;
    return at->held.emplace_back(self->make_response_promise<void>());
  }};
}

class JournalOutlets : public JournalActor {
protected:
  void SetUp() override {
    JournalActor::SetUp();
    outlet = sys.spawn(listen, ear);
  }

  void TearDown() override {
    release_ear();
    self->send_exit(outlet, caf::exit_reason::kill);
    outlet = nullptr;
    JournalActor::TearDown();
  }

  void release_ear() {
    caf::anon_send(caf::actor_cast<caf::actor>(outlet), caf::make_action([ear = ear] {
                     for (auto& x : std::exchange(ear->held, {}))
                       x.deliver();
                   }));
    run();
  }

  bool subscribe_to(std::vector<std::string> types, std::size_t unanswered_max = 100) {
    return ask<subscribed>(journal, subscribe{"bus", "order", std::move(types), outlet, unanswered_max})->anew;
  }

  append typed(std::string key, std::uint64_t expected, std::vector<std::string> types) {
    auto x = one(std::move(key), expected, 0);
    for (auto& type : types)
      x.events.push_back({std::move(type), 1, "{}", ""});
    return x;
  }

  std::shared_ptr<listener> ear = std::make_shared<listener>();
  subscriber_actor outlet;
};

TEST_F(JournalOutlets, HearOfWantedEventsOnceTheyAreCommitted) {
  EXPECT_TRUE(subscribe_to({"order.paid"}));
  EXPECT_FALSE(subscribe_to({"order.paid"})) << "nothing is missed by asking twice";
  store->hold = true;
  auto stored = request(typed("a", 0, {"order.placed", "order.paid", "order.paid"}));
  run();
  EXPECT_TRUE(ear->heard.empty());
  release();
  ASSERT_EQ(ear->heard.size(), 1u);
  const auto& runs = ear->heard[0].runs;
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].shard, shard_of("a"));
  EXPECT_EQ(runs[0].after, 1u) << "nobody knows whether it was wanted before";
  ASSERT_EQ(runs[0].events.size(), 2u);
  EXPECT_EQ(runs[0].events[1]->offset, 3u);
  EXPECT_EQ(runs[0].events[1]->checksum, checksum_of(*runs[0].events[1]));
  EXPECT_EQ(version_of(stored), 3u);
}

TEST_F(JournalOutlets, HearNothingOfOthersAndOfWhatFailed) {
  subscribe_to({"order.paid"});
  EXPECT_TRUE(ask<appended>(journal, typed("a", 0, {"order.placed"})));
  store->next_results = {write_result::shard_lost};
  EXPECT_FALSE(ask<appended>(journal, typed("b", 0, {"order.paid"})));
  EXPECT_TRUE(ear->heard.empty());
}

TEST_F(JournalOutlets, HearOfWhatWasOnItsWayToTheStoreWhenTheySubscribed) {
  store->hold = true;
  auto before = request(one("a", 0));
  auto waiting = request(one("b", 0));
  run();
  subscribe_to({"order.placed"});
  EXPECT_TRUE(ear->heard.empty());
  store->hold = false;
  release();
  EXPECT_EQ(version_of(before), 1u);
  EXPECT_EQ(version_of(waiting), 1u);
  std::set<std::uint16_t> missed;
  for (const auto& x : ear->heard)
    missed.insert(x.missed.begin(), x.missed.end());
  EXPECT_EQ(missed, (std::set<std::uint16_t>{shard_of("a"), shard_of("b")}));
}

TEST_F(JournalOutlets, CanTellThatTheyMissedSomething) {
  subscribe_to({"order.paid"});
  EXPECT_TRUE(ask<appended>(journal, typed("a", 0, {"order.paid"})));
  EXPECT_TRUE(ask<appended>(journal, typed("a", 1, {"order.placed", "order.paid"})));
  ASSERT_EQ(ear->heard.size(), 2u);
  EXPECT_EQ(ear->heard[1].runs.at(0).after, 1u) << "the offset of the wanted event before";
  EXPECT_EQ(ear->heard[1].runs.at(0).events.at(0)->offset, 3u);
}

TEST_F(JournalOutlets, ThatAreSlowHearOnlyWhereTheyAreBehind) {
  subscribe_to({"order.paid"}, 2);
  ear->holds = true;
  for (std::uint64_t i = 0; i < 5; ++i)
    EXPECT_TRUE(ask<appended>(journal, typed("a", i, {"order.paid"})));
  EXPECT_EQ(ear->heard.size(), 2u);
  ear->holds = false;
  release_ear();
  ASSERT_EQ(ear->heard.size(), 3u);
  EXPECT_TRUE(ear->heard[2].runs.empty());
  EXPECT_EQ(ear->heard[2].missed, std::vector{shard_of("a")});
  EXPECT_TRUE(ask<appended>(journal, typed("a", 5, {"order.paid"})));
  EXPECT_EQ(ear->heard.back().runs.at(0).after, 5u) << "what was not sent counts";
}

TEST_F(JournalOutlets, HearThatAnythingMayBeMissedAfterAFailureOfTheStore) {
  subscribe_to({"order.paid"});
  store->next_failure = caf::make_error(ec::commit_unknown);
  EXPECT_EQ(ask<appended>(journal, typed("a", 0, {"order.paid"})).error(), ec::commit_unknown);
  ASSERT_EQ(ear->heard.size(), 1u);
  EXPECT_TRUE(ear->heard[0].all_missed);
}

TEST_F(JournalOutlets, ThatAreGoneAreForgotten) {
  subscribe_to({"order.paid"});
  self->send_exit(outlet, caf::exit_reason::kill);
  run();
  EXPECT_TRUE(ask<appended>(journal, typed("a", 0, {"order.paid"})));
  outlet = sys.spawn(listen, ear);
  EXPECT_TRUE(subscribe_to({"order.paid"}));
  EXPECT_TRUE(ask<appended>(journal, typed("a", 1, {"order.paid"})));
  EXPECT_EQ(ear->heard.size(), 1u);
}

TEST_F(JournalOutlets, OfUnknownContextsAreRefused) {
  EXPECT_EQ(ask<subscribed>(journal, subscribe{"bus", "deck", {}, outlet}).error(), ec::unknown_type);
}

TEST_F(JournalOutlets, SaveTheirOffsetsWithTheNextCommit) {
  const save_offsets marks{{{"bus", "order", 7, 3, 0}, {"bus", "order", 7, 4, 0}}};
  self->send(journal, marks);
  run();
  EXPECT_TRUE(store->commits.empty()) << "no commit of its own yet";
  EXPECT_TRUE(ask<appended>(journal, one("a", 0)));
  ASSERT_EQ(store->marks.size(), 1u);
  EXPECT_EQ(store->marks[0], (std::vector<offset_mark>{{"bus", "order", 7, 4, 1}}));
  advance(5s);
  EXPECT_EQ(store->commits.size(), 1u);
}

TEST_F(JournalOutlets, SaveTheirOffsetsWithoutACommitAfterAWhile) {
  self->send(journal, save_offsets{{{"bus", "order", 7, 3, 0}}});
  run();
  advance(1s);
  ASSERT_EQ(store->marks.size(), 1u);
  EXPECT_EQ(store->marks[0].size(), 1u);
  EXPECT_TRUE(store->commits[0].empty());
}

TEST_F(JournalOutlets, SaveTheirOffsetsAgainAfterAFailure) {
  self->send(journal, save_offsets{{{"bus", "order", 7, 3, 0}}});
  store->next_failure = caf::make_error(ec::store_unavailable);
  EXPECT_FALSE(ask<appended>(journal, one("a", 0)));
  EXPECT_TRUE(ask<appended>(journal, one("b", 0)));
  EXPECT_EQ(store->marks.back(), (std::vector<offset_mark>{{"bus", "order", 7, 3, 2}}));
}

} // namespace
} // namespace troupe::journal

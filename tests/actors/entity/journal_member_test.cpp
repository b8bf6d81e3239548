// The journal of a member of a cluster: shards come and go one by one while the others are written.
#include "tests/actors/entity/journal_fixture.hpp"

namespace troupe::journal {
namespace {

using namespace std::chrono_literals;

shard_set shard_of_stream(const std::string& key) {
  shard_set result;
  result.set(stream_name{"order", key}.shard());
  return result;
}

class MemberJournal : public JournalActor {
protected:
  void SetUp() override {
    JournalActor::SetUp();
    self->send_exit(journal, caf::exit_reason::kill);
    options with{{"order"}, "node-1"};
    with.member = true;
    with.lost = [this](const shard_set& x) { lost |= x; };
    member = sys.spawn<sharded_impl>(std::move(with), dependencies{writer, reader, [this] { return now(); }});
    journal = member;
    run();
    store->claims.clear();
  }

  void TearDown() override {
    self->send_exit(member, caf::exit_reason::kill);
    member = nullptr;
    JournalActor::TearDown();
  }

  caf::expected<taken_shards> take(std::uint64_t incarnation, const shard_set& shards) {
    return ask<taken_shards>(member, take_shards{incarnation, shards});
  }

  caf::error append_to(const std::string& key, std::uint64_t expected) {
    const auto stored = ask<appended>(journal, one(key, expected));
    return stored ? caf::error{} : stored.error();
  }

  using sharded_impl = journal_actor_impl;
  sharded_journal_actor member;
  shard_set lost;
  const shard_set a = shard_of_stream("a");
  const shard_set b = shard_of_stream("b");
};

TEST_F(MemberJournal, OwnsNothingUntilItIsTold) {
  EXPECT_EQ(append_to("a", 0), ec::shard_lost);
  EXPECT_TRUE(store->claims.empty());
  const auto taken = take(7, a);
  ASSERT_TRUE(taken) << to_string(taken.error());
  EXPECT_EQ(taken->epochs.size(), 1u);
  ASSERT_EQ(store->claims.size(), 1u);
  EXPECT_EQ(store->claims.front().node, "node-1");
  EXPECT_EQ(store->claims.front().incarnation, 7u);
  EXPECT_EQ(store->claims.front().shards, a);
  EXPECT_FALSE(append_to("a", 0));
  EXPECT_EQ(append_to("b", 0), ec::shard_lost);
  EXPECT_EQ(store->commits.back().front().epoch, taken->epochs.begin()->second);
}

TEST_F(MemberJournal, TakesOnlyWhatTheStoreGrants) {
  store->taken_by_others = b;
  const auto taken = take(7, a | b);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->epochs.count(stream_name{"order", "a"}.shard()), 1u);
  EXPECT_EQ(taken->epochs.size(), 1u);
  EXPECT_EQ(append_to("b", 0), ec::shard_lost);
}

TEST_F(MemberJournal, KeepsTheEpochOfWhatItOwnsAlready) {
  const auto first = take(7, a);
  const auto again = take(7, a | b);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(store->claims.back().shards, b);
  EXPECT_EQ(again->epochs.size(), 2u);
  EXPECT_EQ(again->epochs.at(stream_name{"order", "a"}.shard()), first->epochs.begin()->second);
}

TEST_F(MemberJournal, TakesEverythingAnewForANewIncarnation) {
  ASSERT_TRUE(take(7, a));
  const auto again = take(8, a);
  ASSERT_TRUE(again);
  EXPECT_EQ(store->claims.back().incarnation, 8u);
  EXPECT_EQ(store->claims.back().shards, a);
}

TEST_F(MemberJournal, SaysWhyItCouldNotTake) {
  store->claim_failure = caf::make_error(ec::store_unavailable);
  EXPECT_EQ(take(7, a).error(), ec::store_unavailable);
  EXPECT_EQ(append_to("a", 0), ec::shard_lost);
}

TEST_F(MemberJournal, GivesUpOnlyWhatIsStoredAndRefusesWhatComesAfter) {
  ASSERT_TRUE(take(7, a | b));
  store->hold = true;
  auto on_its_way = request(one("a", 0));
  run();
  auto given = self->request(member, caf::infinite, give_up_shards{a});
  auto late = request(one("a", 1));
  run();
  EXPECT_EQ(error_of(late), ec::shard_lost);
  EXPECT_TRUE(store->releases.empty()); // an append is on its way still
  store->hold = false;
  release();
  EXPECT_EQ(version_of(on_its_way), 1u);
  given.receive([] {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  ASSERT_EQ(store->releases.size(), 1u);
  EXPECT_EQ(store->releases.front().shards, a);
  EXPECT_EQ(store->releases.front().incarnation, 7u);
  EXPECT_FALSE(append_to("b", 0)); // the others go on
}

TEST_F(MemberJournal, GivesUpWhenTheStoreIsBack) {
  ASSERT_TRUE(take(7, a | b));
  store->next_failure = caf::make_error(ec::commit_unknown);
  store->opens = false;
  EXPECT_EQ(append_to("b", 0), ec::commit_unknown);
  auto given = self->request(member, caf::infinite, give_up_shards{a});
  run();
  EXPECT_TRUE(store->releases.empty());
  EXPECT_TRUE(self->mailbox().empty());
  store->opens = true;
  advance(4s);
  given.receive([] {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  ASSERT_EQ(store->releases.size(), 1u);
  EXPECT_EQ(store->releases.front().shards, a);
}

TEST_F(MemberJournal, TellsWhatTurnsOutToBeSomebodyElses) {
  ASSERT_TRUE(take(7, a | b));
  store->next_results = {write_result::shard_lost, write_result::stored};
  auto first = request(one("a", 0));
  auto other = request(one("b", 0));
  run();
  EXPECT_EQ(error_of(first), ec::shard_lost);
  EXPECT_EQ(version_of(other), 1u);
  EXPECT_EQ(lost, a);
  EXPECT_TRUE(ask<health>(journal, get_health{})->writable); // one of many shards is not the node's trouble
  EXPECT_EQ(append_to("a", 0), ec::shard_lost);
}

TEST_F(MemberJournal, ClaimsOnlyItsOwnShardsWhenTheStoreIsOpenedAgain) {
  ASSERT_TRUE(take(7, a | b));
  auto given = self->request(member, caf::infinite, give_up_shards{b});
  run();
  given.receive([] {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  store->next_failure = caf::make_error(ec::commit_unknown);
  EXPECT_EQ(append_to("a", 0), ec::commit_unknown);
  advance(4s);
  EXPECT_FALSE(append_to("a", 0));
  EXPECT_EQ(append_to("b", 0), ec::shard_lost);
  EXPECT_TRUE(lost.none());
}

} // namespace
} // namespace troupe::journal

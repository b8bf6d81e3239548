// A region of a node in a cluster: it answers for its shards only, and lets go of those that move.
#include "actors/entity/shard_region.hpp"

#include "actors/inventory/inventory_entity.hpp"
#include "supervisors/topology.hpp"
#include "tests/actors/entity/journal_of_tests.hpp"

namespace troupe::inventory {
namespace {

using namespace std::chrono_literals;

class MemberRegion : public entity::test::JournalOfTests<inventory_actor> {
protected:
  inventory_actor spawn() override { return spawn_inventories(sys, env, policy{0}); }

  void SetUp() override {
    ASSERT_NE(shard_of("tea"), shard_of("cup"));
    env.held = entity::held_shards::of_member([this] { return ticks; });
    env.held.add(shards("tea"));
    env.held.lease_until(1'000);
    JournalOfTests::SetUp();
  }

  static journal::shard_set shards(const char* sku) {
    journal::shard_set result;
    result.set(shard_of(sku));
    return result;
  }

  static journal::stream_name stream(const char* sku) { return {"inventory", sku}; }

  caf::error put(const char* sku, units_t units) {
    const auto answer = tell<stock>(set_available{sku, units});
    return answer ? caf::error{} : answer.error();
  }

  /// As a member does: nobody is answered for them any more before the region hears of it.
  auto evict(const char* sku) {
    env.held.remove(shards(sku));
    return self->request(caf::actor_cast<caf::actor>(region), caf::infinite, entity::evict{shards(sku)});
  }

  template <class Response> bool is_done(Response& response) {
    if (self->mailbox().empty())
      return false;
    response.receive([] {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
    return true;
  }

  std::int64_t ticks = 0;
};

TEST_F(MemberRegion, AnswersForTheShardsOfItsNodeOnly) {
  EXPECT_FALSE(put("tea", 7));
  EXPECT_EQ(put("cup", 3), ec::moved);
  EXPECT_EQ(in_memory(), 1u);
  env.held.add(shards("cup"));
  EXPECT_FALSE(put("cup", 3));
}

TEST_F(MemberRegion, AnswersNothingAfterTheLease) {
  ASSERT_FALSE(put("tea", 7));
  ticks = 999;
  EXPECT_TRUE(tell<stock>(get_stock{"tea"}));
  ticks = 1'000;
  EXPECT_EQ(tell<stock>(get_stock{"tea"}).error(), ec::moved);
  env.held.lease_until(2'000);
  EXPECT_EQ(tell<stock>(get_stock{"tea"})->available, 7u);
}

TEST_F(MemberRegion, LetsGoOfTheEntitiesOfAShardAndOfNoOther) {
  env.held.add(shards("cup"));
  ASSERT_FALSE(put("tea", 7));
  ASSERT_FALSE(put("cup", 3));
  auto gone = evict("tea");
  run();
  EXPECT_TRUE(is_done(gone));
  EXPECT_EQ(in_memory(), 1u);
  EXPECT_EQ(put("tea", 1), ec::moved);
  EXPECT_EQ(tell<stock>(get_stock{"cup"})->available, 3u);
}

TEST_F(MemberRegion, SaysSoAtOnceWhenNothingIsInMemory) {
  auto gone = evict("tea");
  run();
  EXPECT_TRUE(is_done(gone));
}

TEST_F(MemberRegion, SendsElsewhereWhoeverWaitsForARecovery) {
  book->holds_loads = true;
  auto waiting = request(get_stock{"tea"});
  run();
  auto gone = evict("tea");
  run();
  EXPECT_EQ(answer_of<stock>(waiting).error(), ec::moved);
  EXPECT_TRUE(is_done(gone));
  EXPECT_EQ(in_memory(), 0u);
}

TEST_F(MemberRegion, TellsEverybodyWhoWaitsForItToLetGo) {
  ASSERT_FALSE(put("tea", 7));
  auto first = evict("tea");
  auto second = evict("tea");
  run();
  EXPECT_TRUE(is_done(first));
  EXPECT_TRUE(is_done(second));
}

TEST_F(MemberRegion, ReadsWhatItGetsBackFromTheStore) {
  ASSERT_FALSE(put("tea", 7));
  auto gone = evict("tea");
  run();
  ASSERT_TRUE(is_done(gone));
  auto& elsewhere = book->events(stream("tea")).emplace_back(book->events(stream("tea")).back());
  ++elsewhere.version; // Its owner meanwhile has written, too.
  env.held.add(shards("tea"));
  ASSERT_FALSE(put("tea", 5));
  EXPECT_EQ(book->events(stream("tea")).back().version, 3u);
}

TEST_F(MemberRegion, WakesWhatIsDueInTheShardsItGains) {
  env.held.add(shards("cup"));
  ASSERT_FALSE(put("cup", 5));
  ASSERT_TRUE(tell<stock>(reserve{"cup", "r-1", 1, 30s}));
  auto gone = evict("cup");
  run();
  ASSERT_TRUE(is_done(gone));
  advance(40s);
  EXPECT_EQ(book->events(stream("cup")).back().type, "inventory.reserved") << "it is another node's to wake";
  env.held.lease_until(1'000'000);
  env.held.add(shards("cup"));
  caf::anon_send(caf::actor_cast<caf::actor>(region), entity::gained{shards("cup")});
  run();
  EXPECT_EQ(book->events(stream("cup")).back().type, "inventory.hold_expired");
}

} // namespace
} // namespace troupe::inventory

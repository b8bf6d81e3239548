#include "adapters/simulated_store/simulated_leases.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace troupe::simulated {
namespace {

using namespace cluster;
using namespace std::chrono_literals;

constexpr auto up = node_state::up;

class SimulatedLeases : public ::testing::Test {
protected:
  static node_record worker(std::string name) {
    node_record x;
    x.name = std::move(name);
    x.roles.worker = true;
    return x;
  }

  std::uint64_t join(const std::string& name) { return *store.join(worker(name), default_lease); }

  /// Makes `name` the owner of shards 0 to count - 1.
  void give(const std::string& name, std::uint64_t incarnation, std::uint16_t count) {
    std::vector<target_change> targets;
    std::vector<std::uint16_t> shards;
    for (std::uint16_t shard = 0; shard < count; ++shard) {
      targets.push_back({shard, name});
      shards.push_back(shard);
    }
    ASSERT_EQ(*store.put_targets(table->look().plan_version, targets), true);
    ASSERT_EQ(store.claim(name, incarnation, shards)->size(), count);
  }

  std::vector<granted_shard> claim(const std::string& name, std::uint64_t incarnation,
                                   std::vector<std::uint16_t> shards) {
    return *store.claim(name, incarnation, shards);
  }

  duration left(const std::string& name) { return find_node(table->look(), name)->lease_left; }

  time_point now{1h};
  std::shared_ptr<lease_table> table = std::make_shared<lease_table>([this] { return now; });
  lease_connection store{table, "test"};
};

TEST_F(SimulatedLeases, GivesEachJoinAHigherIncarnation) {
  const auto a = join("a");
  const auto b = join("b");
  EXPECT_GT(b, a);
  now += default_lease;
  EXPECT_GT(join("a"), b);
}

TEST_F(SimulatedLeases, RefusesANameWhoseLeaseHasNotRunOut) {
  const auto first = join("a");
  now += default_lease - 1ms;
  EXPECT_EQ(store.join(worker("a"), default_lease).error(), rejection::name_taken);
  EXPECT_EQ(store.join(worker("a"), default_lease, first + 7).error(), rejection::name_taken);
  EXPECT_EQ(table->look().nodes.front().incarnation, first);
  EXPECT_TRUE(store.join(worker("a"), default_lease, first));
}

TEST_F(SimulatedLeases, RefusesANodeThatIsNotValid) {
  EXPECT_EQ(store.join(worker("no blanks"), default_lease).error(), rejection::not_valid);
  EXPECT_TRUE(table->look().nodes.empty());
}

TEST_F(SimulatedLeases, KeepsALeaseThatIsRenewed) {
  const auto a = join("a");
  now += 1s;
  const auto seen = store.renew("a", a, node_state::draining, default_lease);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->nodes.front().state, node_state::draining);
  EXPECT_EQ(seen->nodes.front().lease_left, default_lease);
  EXPECT_EQ(store.renew("a", a, node_state::left, default_lease).error(), rejection::not_valid);
}

TEST_F(SimulatedLeases, RevivesALeaseThatRanOutWhileNobodyTookTheName) {
  const auto a = join("a");
  const auto b = join("b");
  give("a", a, 2);
  now += 1min;
  ASSERT_TRUE(store.renew("b", b, up, default_lease));
  ASSERT_EQ(*store.put_targets(table->look().plan_version, std::vector<target_change>{{0, "b"}}), true);
  EXPECT_EQ(claim("b", b, {0}).size(), 1u);
  const auto seen = store.renew("a", a, up, default_lease);
  ASSERT_TRUE(seen);
  EXPECT_EQ(live_owner(*seen, 0)->name, "b");
  EXPECT_EQ(live_owner(*seen, 1)->name, "a");
}

TEST_F(SimulatedLeases, RefusesToRenewAnIncarnationOfBefore) {
  const auto first = join("a");
  give("a", first, 1);
  const auto second = store.join(worker("a"), default_lease, first);
  EXPECT_EQ(store.renew("a", first, up, default_lease).error(), rejection::lease_lost);
  EXPECT_EQ(store.claim("a", first, std::vector<std::uint16_t>{0}).error(), rejection::lease_lost);
  EXPECT_EQ(store.leave("a", first), rejection::lease_lost);
  EXPECT_EQ(live_owner(table->look(), 0), nullptr);
  EXPECT_EQ(claim("a", *second, {0}), (std::vector<granted_shard>{{0, 2}}));
}

TEST_F(SimulatedLeases, TakesTargetsOfTheLatestPlanOnly) {
  const auto read = table->look().plan_version;
  EXPECT_EQ(*store.put_targets(read, std::vector<target_change>{{7, "a"}}), true);
  EXPECT_EQ(*store.put_targets(read, std::vector<target_change>{{7, "b"}, {8, "b"}}), false);
  EXPECT_EQ(table->look().shards[7].target, "a");
  EXPECT_EQ(table->look().shards[8].target, "");
  EXPECT_EQ(store.put_targets(read + 1, std::vector<target_change>{{8, "b"}, {shard_count, "b"}}).error(),
            rejection::not_valid);
  EXPECT_EQ(table->look().shards[8].target, "");
}

TEST_F(SimulatedLeases, GrantsOnlyWhatNobodyServesAndIsMeantForTheOneWhoAsks) {
  const auto a = join("a");
  const auto b = join("b");
  give("a", a, 3);
  const std::vector<target_change> targets{{0, "b"}, {1, "b"}, {4, "b"}};
  ASSERT_EQ(*store.put_targets(table->look().plan_version, targets), true);
  EXPECT_EQ(claim("b", b, {0, 1, 2, 3, 4, shard_count}), (std::vector<granted_shard>{{4, 1}}));
  EXPECT_FALSE(store.release("a", a, std::vector<std::uint16_t>{0}));
  EXPECT_EQ(claim("b", b, {0, 1}), (std::vector<granted_shard>{{0, 2}}));
  EXPECT_EQ(claim("a", a, {0}), std::vector<granted_shard>{});
}

TEST_F(SimulatedLeases, GrantsAgainWhatWasGrantedWithoutBeingHeard) {
  const auto a = join("a");
  give("a", a, 1);
  EXPECT_EQ(claim("a", a, {0}), (std::vector<granted_shard>{{0, 2}}));
}

TEST_F(SimulatedLeases, EndsTheLeaseOfAnIncarnationThatDied) {
  const auto a = join("a");
  const auto b = join("b");
  give("a", a, 1);
  EXPECT_FALSE(store.expire("a", a + 100));
  EXPECT_GT(left("a"), 0ms);
  EXPECT_FALSE(store.expire("a", a));
  EXPECT_FALSE(store.expire("a", a));
  EXPECT_LE(left("a"), 0ms);
  EXPECT_GT(left("b"), 0ms);
  ASSERT_EQ(*store.put_targets(table->look().plan_version, std::vector<target_change>{{0, "b"}}), true);
  EXPECT_EQ(claim("b", b, {0}), (std::vector<granted_shard>{{0, 2}}));
  EXPECT_EQ(store.claim("a", a, std::vector<std::uint16_t>{0}).error(), rejection::lease_lost);
  EXPECT_TRUE(store.join(worker("a"), default_lease));
}

TEST_F(SimulatedLeases, LetsANodeLeaveThatOwnsNothing) {
  const auto a = join("a");
  give("a", a, 1);
  EXPECT_EQ(store.leave("a", a), rejection::shards_held);
  EXPECT_GT(left("a"), 0ms);
  EXPECT_FALSE(store.release("a", a, std::vector<std::uint16_t>{0, 1}));
  EXPECT_FALSE(store.leave("a", a));
  EXPECT_FALSE(store.leave("a", a));
  EXPECT_EQ(table->look().nodes.front().state, node_state::left);
  EXPECT_LE(left("a"), 0ms);
  EXPECT_EQ(store.renew("a", a, up, default_lease).error(), rejection::lease_lost);
}

TEST_F(SimulatedLeases, ForgetsNodesLongGoneAtAJoin) {
  const auto a = join("a");
  join("b");
  give("a", a, 1);
  now += default_lease + remembered_for;
  join("c");
  EXPECT_EQ(table->look().nodes.size(), 3u);
  now += 1ms;
  join("d");
  EXPECT_TRUE(find_node(table->look(), "a")); // It is written on a shard.
  EXPECT_FALSE(find_node(table->look(), "b"));
}

TEST_F(SimulatedLeases, FailAsTheirFaultsSay) {
  struct cut_off : lease_faults {
    explicit cut_off(time_point& clock) : now(clock) {}
    lease_fate on_call(lease_call what, const std::string& user) override {
      if (user != "a")
        return lease_fate::answered;
      now += 100ms;
      return what == lease_call::join ? lease_fate::unheard : lease_fate::refused;
    }
    void on_answer(lease_call, const std::string& user) override {
      if (user == "a")
        now += 10ms;
    }
    time_point& now;
  };
  table->set_faults(std::make_shared<cut_off>(now));
  lease_connection a{table, "a"};
  EXPECT_EQ(a.join(worker("a"), default_lease).error(), ec::commit_unknown);
  EXPECT_EQ(left("a"), default_lease - 10ms);
  EXPECT_EQ(now, time_point{1h} + 110ms);
  EXPECT_EQ(a.renew("a", 1, up, default_lease).error(), ec::store_unavailable);
  EXPECT_EQ(left("a"), default_lease - 110ms);
  EXPECT_TRUE(store.renew("a", 1, up, default_lease));
  table->set_faults(nullptr);
  EXPECT_TRUE(a.renew("a", 1, up, default_lease));
}

} // namespace
} // namespace troupe::simulated

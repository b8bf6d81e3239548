#include "supervisors/cluster/plan.hpp"

#include "tests/supervisors/cluster/carrying_out.hpp"

#include <gtest/gtest.h>

namespace troupe::cluster {
namespace {

using test::carry_out;
using test::owned;
using test::record;
using test::set;
using test::settle;
using test::under_way;
using test::worker;

using counts = std::map<std::string, std::size_t>;

/// A cluster of these nodes, at rest.
view settled(std::vector<node_record> nodes) {
  view x;
  x.nodes = std::move(nodes);
  record log;
  EXPECT_LT(settle(x, log), 5u);
  EXPECT_EQ(log.moves_in_all, 0u);
  return x;
}

node_record* node(view& x, std::string_view name) {
  return const_cast<node_record*>(find_node(x, name));
}

void kill(view& x, std::string_view name) {
  node(x, name)->lease_left = duration{0};
}

TEST(Plan, SetsNoTargetWithoutWorkers) {
  view x;
  EXPECT_TRUE(plan(x, {}).empty());
  x.nodes = {worker("a", 1), worker("b", 2), worker("c", 3)};
  x.nodes[0].roles = {true, false};
  x.nodes[1].lease_left = duration{0};
  x.nodes[2].state = node_state::left;
  EXPECT_TRUE(plan(x, {}).empty());
}

TEST(Plan, GivesEverythingToTheOnlyWorkerAtOnce) {
  view x;
  x.nodes = {worker("a", 1)};
  EXPECT_EQ(plan(x, {}).size(), shard_count);
}

TEST(Plan, SharesEvenlyAmongEqualWorkers) {
  EXPECT_EQ(owned(settled({worker("a", 1), worker("b", 2), worker("c", 3)})),
            (counts{{"a", 342}, {"b", 341}, {"c", 341}}));
}

TEST(Plan, SharesByWeight) {
  EXPECT_EQ(owned(settled({worker("a", 1, 100), worker("b", 2, 300)})), (counts{{"a", 256}, {"b", 768}}));
  EXPECT_EQ(owned(settled({worker("a", 1, 1), worker("b", 2, 1'000)})), (counts{{"a", 1}, {"b", 1'023}}));
}

TEST(Plan, GivesNothingToGateways) {
  auto gateway = worker("a", 1);
  gateway.roles = {true, false};
  auto both = worker("b", 2);
  both.roles = {true, true};
  EXPECT_EQ(owned(settled({gateway, both})), (counts{{"b", shard_count}}));
}

TEST(Plan, TakesANodeWhoseLeaseIsNearlyOverForLive) {
  auto x = settled({worker("a", 1), worker("b", 2)});
  node(x, "b")->lease_left = duration{1};
  EXPECT_TRUE(plan(x, {}).empty());
}

TEST(Plan, SpreadsMoreNodesThanShards) {
  view x;
  for (std::uint64_t i = 1; i <= 1'500; ++i)
    x.nodes.push_back(worker("n" + std::to_string(i), i, 1 + i % 3));
  record log;
  EXPECT_LT(settle(x, log), 5u);
  for (const auto& [name, count] : owned(x))
    EXPECT_LE(count, 2u) << name;
}

TEST(Plan, GivesAJoiningNodeItsShareAndMovesNothingElse) {
  auto x = settled({worker("a", 1), worker("b", 2), worker("c", 3)});
  x.nodes.push_back(worker("d", 4));
  record log;
  EXPECT_LE(settle(x, log), 256 / 30 + 2);
  EXPECT_EQ(owned(x), (counts{{"a", 256}, {"b", 256}, {"c", 256}, {"d", 256}}));
  EXPECT_EQ(log.moves_in_all, 256u);
  EXPECT_EQ(log.given, (counts{{"a", 86}, {"b", 85}, {"c", 85}}));
}

TEST(Plan, HasOnlySoManyMovesUnderWay) {
  auto x = settled({worker("a", 1), worker("b", 2)});
  x.nodes.push_back(worker("c", 3));
  plan_limits limits;
  limits.moves_at_once = 5;
  set(x, plan(x, limits));
  EXPECT_EQ(under_way(x), (counts{{"", 5}, {"a", 3}, {"b", 2}}));
  EXPECT_TRUE(plan(x, limits).empty()); // Until some of them have arrived.
  limits.moves_at_once = 6;
  EXPECT_EQ(plan(x, limits).size(), 1u);
  limits.moves_at_once = 0;
  EXPECT_TRUE(plan(x, limits).empty());
}

TEST(Plan, MovesAtMostItsPartFromEachNode) {
  auto x = settled({worker("a", 1), worker("b", 2)});
  x.nodes[0].weight = 50;
  x.nodes[1].weight = 98;
  x.nodes.push_back(worker("c", 3, 50)); // a gives half of its shards, b five.
  set(x, plan(x, {}));
  EXPECT_EQ(under_way(x), (counts{{"", 21}, {"a", 16}, {"b", 5}}));
}

TEST(Plan, MovesAtMostHalfOfANodeAtOnce) {
  std::vector<node_record> nodes;
  for (std::uint64_t i = 1; i <= 64; ++i)
    nodes.push_back(worker("n" + std::to_string(i), i));
  auto x = settled(nodes);
  ASSERT_EQ(owned(x)["n7"], 16u);
  node(x, "n7")->state = node_state::draining;
  for (const std::size_t wave : {8, 4, 2, 1, 1}) {
    set(x, plan(x, {}));
    EXPECT_EQ(under_way(x)["n7"], wave);
    record log;
    carry_out(x, log);
  }
  EXPECT_EQ(owned(x).count("n7"), 0u);
}

TEST(Plan, SpreadsALeavingNodesShardsEvenlyAndMovesNothingElse) {
  auto x = settled({worker("a", 1), worker("b", 2), worker("c", 3), worker("d", 4)});
  node(x, "b")->state = node_state::draining;
  record log;
  EXPECT_LE(settle(x, log), 256 / 32 + 8);
  EXPECT_EQ(owned(x), (counts{{"a", 342}, {"c", 341}, {"d", 341}}));
  EXPECT_EQ(log.given, (counts{{"b", 256}}));
}

TEST(Plan, SpreadsEachWaveEvenly) {
  auto x = settled({worker("a", 1), worker("b", 2), worker("c", 3), worker("d", 4)});
  node(x, "a")->state = node_state::draining;
  counts arrivals;
  for (const auto& change : plan(x, {}))
    ++arrivals[change.target];
  EXPECT_EQ(arrivals, (counts{{"b", 12}, {"c", 10}, {"d", 10}}));
}

TEST(Plan, LeavesAShardWithoutTargetWhereItIs) {
  auto x = settled({worker("a", 1), worker("b", 2)});
  for (auto& shard : x.shards)
    shard.target.clear();
  EXPECT_TRUE(plan(x, {}).empty());
}

TEST(Plan, LetsDrainingNodesGoFirst) {
  auto x = settled({worker("a", 1), worker("b", 2)});
  x.nodes.push_back(worker("c", 3));
  x.nodes.push_back(worker("d", 4));
  node(x, "b")->state = node_state::draining;
  plan_limits limits;
  limits.moves_at_once = 1;
  set(x, plan(x, limits));
  EXPECT_EQ(under_way(x), (counts{{"", 1}, {"b", 1}}));
}

TEST(Plan, LeavesEverythingWhereItIsWhileAllAreDraining) {
  auto x = settled({worker("a", 1), worker("b", 2)});
  for (auto& n : x.nodes)
    n.state = node_state::draining;
  EXPECT_TRUE(plan(x, {}).empty());
}

TEST(Plan, GivesADeadNodesShardsAwayAtOnceAndEvenly) {
  auto x = settled({worker("a", 1), worker("b", 2), worker("c", 3)});
  kill(x, "a");
  EXPECT_EQ(plan(x, {}).size(), 342u);
  record log;
  EXPECT_LE(settle(x, log), 2u);
  EXPECT_EQ(owned(x), (counts{{"b", 512}, {"c", 512}}));
  EXPECT_EQ(log.moves_in_all, 0u);
}

TEST(Plan, HelpsUnservedShardsThoughManyMovesAreUnderWay) {
  auto x = settled({worker("a", 1), worker("b", 2), worker("c", 3)});
  x.nodes.push_back(worker("d", 4));
  set(x, plan(x, {}));
  ASSERT_GE(under_way(x)[""], 32u);
  kill(x, "c");
  set(x, plan(x, {}));
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    EXPECT_TRUE(live_owner(x, shard) || is_live(*find_node(x, x.shards[shard].target))) << shard;
}

TEST(Plan, BeginsNoMoveBeforeWhatNobodyServesHasArrived) {
  auto x = settled({worker("a", 1)});
  x.nodes.push_back(worker("b", 2));
  const auto begun = plan(x, {});
  ASSERT_EQ(begun.size(), plan_limits{}.moves_at_once);
  for (const auto& change : begun) // Released by its owner, and not claimed yet.
    x.shards[change.shard] = {"", 0, x.shards[change.shard].epoch, change.target};
  EXPECT_TRUE(plan(x, {}).empty());
  x.shards[begun.front().shard] = {"b", 2, 2, "b"};
  EXPECT_EQ(plan(x, {}).size(), 1u) << "one has arrived";
}

TEST(Plan, MovesForAFlappingNodeOnlyWhatItGetsBack) {
  auto x = settled({worker("a", 1), worker("b", 2), worker("c", 3)});
  for (std::uint64_t again = 4; again < 8; ++again) {
    kill(x, "c");
    record log;
    settle(x, log);
    EXPECT_EQ(log.moves_in_all, 0u);
    *node(x, "c") = worker("c", again);
    settle(x, log);
    EXPECT_EQ(log.moves_in_all, 341u);
    EXPECT_EQ(owned(x), (counts{{"a", 342}, {"b", 341}, {"c", 341}}));
  }
}

TEST(Plan, LeavesTheShardsToANodeThatCameBackBeforeAnybodySawItDead) {
  auto x = settled({worker("a", 1), worker("b", 2), worker("c", 3)});
  *node(x, "a") = worker("a", 4);
  EXPECT_TRUE(plan(x, {}).empty());
  EXPECT_EQ(to_claim(x, "a", 4, {}).size(), 342u);
}

TEST(Plan, LeavesTheShardsToNodesThatCameBackTogether) {
  auto x = settled({worker("a", 1), worker("b", 2), worker("c", 3)});
  *node(x, "b") = worker("b", 4);
  *node(x, "c") = worker("c", 5);
  for (auto& shard : x.shards) // Not as a plan from nothing would have it.
    shard.target = shard.target == "b" ? "c" : shard.target == "c" ? "b" : shard.target;
  EXPECT_TRUE(plan(x, {}).empty());
}

TEST(Plan, GoesOnWithTheMovesThatAreUnderWay) {
  auto x = settled({worker("a", 1)});
  x.nodes.push_back(worker("b", 2));
  for (const std::uint16_t shard : {3, 500, 1'000})
    x.shards[shard].target = "b";
  EXPECT_EQ(plan(x, {}).size(), 29u);
  set(x, plan(x, {}));
  for (const std::uint16_t shard : {3, 500, 1'000})
    EXPECT_EQ(x.shards[shard].target, "b");
}

TEST(Plan, LeavesAShardWithItsOwnerWhenTheTargetDies) {
  auto x = settled({worker("a", 1)});
  x.nodes.push_back(worker("b", 2));
  set(x, plan(x, {}));
  ASSERT_EQ(under_way(x)["a"], 32u);
  kill(x, "b");
  set(x, plan(x, {}));
  EXPECT_TRUE(under_way(x).empty());
  node(x, "b")->lease_left = default_lease; // What it was meant to have is forgotten.
  EXPECT_TRUE(under_way(x).empty());
}

TEST(Plan, RedirectsWhatIsUnderWayWhenTheTargetDrains) {
  auto x = settled({worker("a", 1)});
  x.nodes.push_back(worker("b", 2));
  x.nodes.push_back(worker("c", 3));
  set(x, plan(x, {}));
  node(x, "b")->state = node_state::draining;
  set(x, plan(x, {}));
  EXPECT_EQ(under_way(x)[""], 32u);
  for (const auto& shard : x.shards)
    EXPECT_NE(shard.target, "b");
}

TEST(Plan, HasOwnersOfOneProtocolApart) {
  auto x = settled({worker("a", 1), worker("b", 2)});
  x.nodes[0].protocol = 4;
  x.nodes[1].protocol = 5;
  EXPECT_TRUE(plan(x, {}).empty());
  x.nodes.push_back(worker("c", 3));
  x.nodes.back().protocol = 3;
  EXPECT_FALSE(plan(x, {}).empty());
  x.nodes.back().protocol = 6;
  EXPECT_TRUE(plan(x, {}).empty());
}

TEST(Plan, MovesNothingWhenAWeightChangeAsksForNothing) {
  auto x = settled({worker("a", 1), worker("b", 2)});
  for (auto& n : x.nodes)
    n.weight = 7;
  EXPECT_TRUE(plan(x, {}).empty());
}

TEST(Duties, HandOverToALiveNodeOnlyThatIsUp) {
  view x;
  x.nodes = {worker("a", 1), worker("b", 2), worker("c", 3), worker("d", 4)};
  kill(x, "c");
  node(x, "d")->state = node_state::draining;
  x.shards[0] = {"a", 1, 1, "b"};
  x.shards[1] = {"a", 1, 1, "c"};
  x.shards[2] = {"a", 1, 1, "d"};
  x.shards[3] = {"a", 1, 1, "a"};
  x.shards[4] = {"a", 1, 1, ""};
  x.shards[5] = {"b", 2, 1, "a"};
  x.shards[6] = {"a", 9, 1, "b"};
  EXPECT_EQ(to_release(x, "a", 1), std::vector<std::uint16_t>{0});
}

TEST(Duties, ClaimWhatIsMeantForTheNodeAndNobodyServes) {
  view x;
  x.nodes = {worker("a", 5), worker("b", 2), worker("c", 3)};
  kill(x, "c");
  x.shards[0] = {"", 0, 1, "a"};
  x.shards[1] = {"c", 3, 1, "a"};
  x.shards[2] = {"a", 1, 1, "a"};
  x.shards[3] = {"b", 2, 1, "a"};
  x.shards[4] = {"a", 5, 1, "a"};
  x.shards[5] = {"", 0, 1, "b"};
  EXPECT_EQ(to_claim(x, "a", 5, shard_set{}.set(4)), (std::vector<std::uint16_t>{0, 1, 2}));
  EXPECT_TRUE(to_claim(x, "a", 1, {}).empty());
  node(x, "a")->state = node_state::draining;
  EXPECT_TRUE(to_claim(x, "a", 5, {}).empty());
}

TEST(Duties, ClaimAgainWhatIsTheNodesOwnWithoutItsKnowing) {
  view x;
  x.nodes = {worker("a", 5), worker("b", 2)};
  x.shards[0] = {"a", 5, 1, "a"};
  x.shards[1] = {"a", 5, 1, ""};
  x.shards[2] = {"a", 5, 1, "b"};
  EXPECT_EQ(to_claim(x, "a", 5, {}), (std::vector<std::uint16_t>{0, 1}));
  EXPECT_TRUE(to_claim(x, "a", 5, shard_set{}.set(0).set(1)).empty());
}

} // namespace
} // namespace troupe::cluster

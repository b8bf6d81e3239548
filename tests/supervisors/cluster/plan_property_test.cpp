#include "supervisors/cluster/plan.hpp"

#include "tests/supervisors/cluster/carrying_out.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace troupe::cluster {
namespace {

using test::carry_out;
using test::owned;
using test::record;
using test::set;
using test::settle;
using test::under_way;
using test::worker;

class World {
public:
  explicit World(std::uint64_t seed) : random{seed} {}

  std::uint64_t below(std::uint64_t bound) { return random() % bound; }
  bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }

  /// Any state at all, also one that no plan would lead to.
  view any_view() {
    view x;
    const auto nodes = 1 + below(12);
    for (std::uint64_t i = 0; i < nodes; ++i) {
      auto& n = x.nodes.emplace_back(
        worker("n" + std::to_string(i), 1 + below(1'000'000), chance(50) ? 100 : 1 + below(weight_max)));
      if (chance(15))
        n.lease_left = duration{0};
      if (chance(15))
        n.state = node_state::draining;
      if (chance(10))
        n.roles = {true, false};
      n.protocol = chance(90) ? 3 : 2 + below(4);
    }
    const auto stray = below(100);   // how many shards have any owner
    const auto aimed = below(100);   // and any target
    const auto usual = below(nodes); // owner of the others
    for (auto& shard : x.shards) {
      const auto& n = x.nodes[below(100) < stray ? below(nodes) : usual];
      shard.owner = n.name;
      shard.incarnation = n.incarnation - chance(5);
      if (chance(5))
        shard.owner = chance(50) ? "" : "gone";
      shard.target = below(100) < aimed ? x.nodes[below(nodes)].name : chance(50) ? n.name : "";
    }
    return x;
  }

  std::mt19937_64 random;
};

bool may_own(const view& x, const node_record& n) {
  const auto* planner = planner_of(x);
  return planner && is_live(n) && n.roles.worker && n.state == node_state::up
         && std::abs(static_cast<int>(n.protocol) - static_cast<int>(planner->protocol)) <= 1;
}

double weight_of_all(const view& x) {
  double sum = 0;
  for (const auto& n : x.nodes)
    sum += may_own(x, n) ? n.weight : 0;
  return sum;
}

/// Served shards that must change their owner, however cleverly this is planned: each node keeps at most its share
/// rounded down, and some one more.
std::size_t fewest_moves(const view& x) {
  auto owns = owned(x);
  std::size_t surplus = 0;
  std::size_t wanted_one_more = 0;
  std::size_t rounded_down = 0;
  for (const auto& n : x.nodes) {
    if (!may_own(x, n)) {
      surplus += owns[n.name];
      continue;
    }
    const auto exact = shard_count * n.weight / weight_of_all(x);
    const auto floor = static_cast<std::size_t>(exact);
    rounded_down += floor;
    surplus += owns[n.name] - std::min(owns[n.name], floor);
    wanted_one_more += owns[n.name] > floor && exact > static_cast<double>(floor);
  }
  return surplus - std::min(wanted_one_more, shard_count - rounded_down);
}

void expect_shares(const view& x) {
  auto owns = owned(x);
  std::size_t sum = 0;
  for (const auto& n : x.nodes) {
    const auto exact = may_own(x, n) ? shard_count * n.weight / weight_of_all(x) : 0;
    EXPECT_LT(std::abs(static_cast<double>(owns[n.name]) - exact), 1 - 1e-9) << n.name;
    sum += owns[n.name];
  }
  EXPECT_EQ(sum, shard_count);
}

bool anybody_may_own(const view& x) {
  return std::any_of(x.nodes.begin(), x.nodes.end(), [&](const auto& n) { return may_own(x, n); });
}

TEST(PlanProperties, AnyViewComesToBalanceWithTheFewestMoves) {
  for (std::uint64_t seed = 1; seed <= 1'000 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world{seed};
    auto x = world.any_view();
    if (!anybody_may_own(x)) {
      EXPECT_TRUE(plan(x, {}).empty());
      continue;
    }
    const auto fewest = fewest_moves(x);
    record log;
    const auto rounds = settle(x, log);
    EXPECT_LE(rounds, fewest / 16 + 16);
    expect_shares(x);
    EXPECT_EQ(log.moves_in_all, fewest);
    for (const auto& [shard, moves] : log.moves)
      EXPECT_EQ(moves, 1u) << shard;
    EXPECT_TRUE(plan(x, {}).empty());
  }
}

TEST(PlanProperties, NodesThatGetRoundToThingsInAnyOrderMoveNoMore) {
  for (std::uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world{seed};
    auto x = world.any_view();
    if (!anybody_may_own(x))
      continue;
    const auto fewest = fewest_moves(x);
    record log;
    const auto percent = 10 + static_cast<int>(world.below(80));
    EXPECT_LT(settle(x, log, 5'000, [&] { return world.chance(percent); }), 5'000u);
    expect_shares(x);
    EXPECT_EQ(log.moves_in_all, fewest);
  }
}

TEST(PlanProperties, NoPlanBeginsMoreMovesThanItMay) {
  for (std::uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world{seed};
    auto x = world.any_view();
    plan_limits limits;
    limits.moves_at_once = static_cast<std::uint32_t>(world.below(100));
    record log;
    for (int round = 0; round < 5; ++round) {
      auto before = under_way(x);
      auto owns = owned(x);
      const auto changes = plan(x, limits);
      EXPECT_EQ(plan(x, limits), changes); // The same view, the same plan.
      set(x, changes);
      for (const auto& [name, count] : under_way(x)) {
        const auto most = name.empty() ? limits.moves_at_once : (owns[name] + 1) / 2;
        EXPECT_LE(count, std::max<std::size_t>(before[name], most)) << name;
      }
      for (std::uint16_t shard = 0; anybody_may_own(x) && shard < shard_count; ++shard)
        EXPECT_TRUE(live_owner(x, shard) || may_own(x, *find_node(x, x.shards[shard].target))) << shard;
      carry_out(x, log, [&] { return world.chance(70); });
    }
  }
}

// A life: nodes come, go, die, return and change their weights, some before the last change has settled.
TEST(PlanProperties, EachChangeOfTheClusterCostsOnlyItsOwnMoves) {
  for (std::uint64_t seed = 1; seed <= 60 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world{seed};
    view x;
    x.nodes = {worker("n0", 1)};
    std::uint64_t incarnation = 1;
    for (int change = 0; change < 20; ++change) {
      auto& some = x.nodes[world.below(x.nodes.size())];
      switch (world.below(5)) {
        case 0: some.lease_left = duration{0}; break;
        case 1: some.state = node_state::draining; break;
        case 2: some = worker(some.name, ++incarnation, some.weight); break;
        case 3: some = worker(some.name, ++incarnation, 1 + world.below(weight_max)); break;
        default:
          if (x.nodes.size() < 9)
            x.nodes.push_back(worker("n" + std::to_string(x.nodes.size()), ++incarnation, 1 + world.below(300)));
      }
      if (!anybody_may_own(x))
        continue;
      const auto fewest = fewest_moves(x);
      record log;
      const bool settles = world.chance(60);
      const auto rounds = settle(x, log, settles ? 500 : world.below(8));
      EXPECT_LE(log.moves_in_all, fewest);
      if (settles) {
        EXPECT_LE(rounds, fewest / 16 + 16);
        EXPECT_EQ(log.moves_in_all, fewest);
        expect_shares(x);
      }
    }
  }
}

} // namespace
} // namespace troupe::cluster

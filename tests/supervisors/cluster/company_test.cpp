#include "supervisors/cluster/company.hpp"

#include "tests/supervisors/cluster/carrying_out.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;
using test::worker;

constexpr duration lease = 2'000ms;
constexpr duration patience = 1'000ms;
constexpr duration renewal = 500ms;

/// What one node sees every 500 ms while the nodes in `reached` answer it. All leases are fresh but those of `silent`.
class Company : public ::testing::Test {
protected:
  Company() { seen.nodes = {worker("a", 1), worker("b", 2), worker("c", 3)}; }

  bool after(duration time, std::set<std::string> reached, std::set<std::string> silent = {}) {
    bool smaller = false;
    for (duration passed{0}; passed < time; passed += renewal) {
      now += renewal;
      for (auto& x : seen.nodes)
        x.lease_left = silent.contains(x.name) ? x.lease_left - renewal : lease - 100ms;
      smaller = judge.is_smaller(seen, self, reached, now);
    }
    return smaller;
  }

  view seen;
  std::string self = "b";
  boot_time now{1'000'000ms};
  company judge{lease, patience};
};

TEST_F(Company, IsTheLargerSideWhileAllAreReached) {
  EXPECT_FALSE(after(10s, {"a", "c"}));
}

TEST_F(Company, IsTheSmallerSideWhenNobodyIsReachedForLong) {
  EXPECT_FALSE(after(10s, {"a", "c"}));
  EXPECT_FALSE(after(1s, {}));
  EXPECT_TRUE(after(500ms, {}));
  EXPECT_FALSE(after(500ms, {"a", "c"}));
}

TEST_F(Company, BeginsToCountAnewWithEachConnection) {
  EXPECT_FALSE(after(1s, {}));
  EXPECT_FALSE(after(500ms, {"a", "c"}));
  EXPECT_FALSE(after(1s, {}));
}

TEST_F(Company, IsTheLargerSideWithOneOfTwo) {
  EXPECT_FALSE(after(10s, {"c"}));
}

// Its shards are about to be ours.
TEST_F(Company, DoesNotTakeTheDeadForTheOtherSide) {
  EXPECT_FALSE(after(10s, {"a", "c"}));
  EXPECT_FALSE(after(1'500ms, {}, {"a", "c"}));
  seen.nodes.pop_back();
  EXPECT_FALSE(after(10s, {"a"}));
  EXPECT_FALSE(after(1'500ms, {}, {"a"}));
}

TEST_F(Company, OfTwoGoesOnWithWhoPlans) {
  seen.nodes.pop_back();
  EXPECT_TRUE(after(10s, {}));
  self = "a";
  judge = company{lease, patience};
  EXPECT_FALSE(after(10s, {}));
}

TEST_F(Company, DoesNotCountWhoOwnsNothingAnyMore) {
  seen.nodes[0].state = node_state::draining;
  seen.nodes[2].state = node_state::draining;
  EXPECT_FALSE(after(10s, {}));
}

TEST_F(Company, GivesWhoHasJoinedAnewTimeToConnect) {
  EXPECT_TRUE(after(2s, {}));
  seen.nodes[0].incarnation = 4;
  seen.nodes[2].incarnation = 5;
  EXPECT_FALSE(after(1s, {}));
}

} // namespace
} // namespace troupe::cluster

// The whole order path over several nodes, over many seeds.
#include "tests/simulation/cluster/cluster_scenario.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <set>
#include <string>
#include <vector>

namespace troupe::simulation {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_slow = true; // instrumented: the same worlds, fewer of them
#else
constexpr bool is_slow = false;
#endif

constexpr std::uint64_t seeds = is_slow ? 10 : 100;

options with_seed(std::uint64_t seed) {
  options x;
  x.seed = seed;
  x.nodes = 3;
  return x;
}

/// Every seed once, for all claims about them.
class ClusterSeeds : public testing::Test {
protected:
  static void SetUpTestSuite() {
    const auto begin = std::clock();
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const auto what = with_seed(seed);
      const auto one = run(what);
      counts += one.counts;
      hashes.insert(one.hash);
      if (!one.violation.empty())
        violations.push_back(one.violation + "\n  again with: " + command_line(what));
    }
    took_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  }

  static inline tally counts;
  static inline std::set<std::uint64_t> hashes;
  static inline std::vector<std::string> violations;
  static inline double took_seconds = 0;
};

TEST_F(ClusterSeeds, Hold) {
  for (const auto& x : violations)
    ADD_FAILURE() << x;
}

TEST_F(ClusterSeeds, TakeLessThanAMinuteOfOneProcessor) {
  if (is_slow)
    GTEST_SKIP() << "instrumented";
  EXPECT_LT(took_seconds, 60);
}

TEST_F(ClusterSeeds, AreAllDifferent) {
  EXPECT_EQ(hashes.size(), seeds);
}

TEST_F(ClusterSeeds, EndOrdersInEveryWay) {
  if (is_slow)
    GTEST_SKIP() << "instrumented: some ends are too rare for so few worlds";
  for (const auto* status : {"confirmed", "rejected", "declined", "cancelled", "refunded", "review"})
    EXPECT_GT(counts.ends[status], 0u) << status;
}

TEST_F(ClusterSeeds, HaveAnOwnerForEveryShardSoonAfterAllTrouble) {
  EXPECT_GT(counts.longest_without_owner, duration{0});
  EXPECT_LE(counts.longest_without_owner, owned_again_within);
  std::cout << "at the latest after " << counts.longest_without_owner.count() << " ms\n";
}

TEST_F(ClusterSeeds, SufferEveryMishap) {
  if (is_slow)
    GTEST_SKIP() << "instrumented: some mishaps are too rare for so few worlds";
  for (const auto* name : {
         "node killed",
         "node paused",
         "node paused beyond its lease",
         "node drained",
         "drain ended",
         "node added",
         "nodes cut off from one another",
         "nodes cut off one way",
         "node cut off from the others",
         "node cut off from the store",
         "node cut off from the store one way",
         "node cut off from everything",
         "store away",
         "clock set",
         "connection silent",
         "connection reset",
         "connecting timed out",
         "wire: slow",
         "news lost",
         "news doubled",
         "store link: slow",
         "store link: no way there",
         "store link: no way back",
         "store link: broke before the request",
         "store link: broke before the answer",
         "store link: acted late",
         "killed: member",
         "killed: mesh",
         "killed: router",
         "killed: journal",
       })
    EXPECT_GE(counts.mishaps[name], 2u) << name;
}

TEST(ClusterSimulation, IsTheSameForTheSameSeed) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto once = run(with_seed(seed));
    const auto again = run(with_seed(seed));
    EXPECT_EQ(once.hash, again.hash) << "seed " << seed;
    EXPECT_EQ(once.steps, again.steps) << "seed " << seed;
    EXPECT_EQ(once.counts.mishaps, again.counts.mishaps) << "seed " << seed;
  }
}

TEST(ClusterSimulation, FailsNoRequestWhenNodesOnlyComeAndGo) {
  tally counts;
  for (std::uint64_t seed = 1; seed <= (is_slow ? 3u : 20u); ++seed) {
    auto what = with_seed(seed);
    what.faults = 0;
    what.nodes = 2 + seed % 3;
    const auto one = run(what);
    EXPECT_EQ(one.violation, "") << command_line(what);
    counts += one.counts;
  }
  EXPECT_GT(counts.mishaps["drain ended"], 0u);
  EXPECT_GT(counts.ends["confirmed"], 10u);
}

} // namespace
} // namespace troupe::simulation

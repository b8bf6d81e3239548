#include "supervisors/cluster/own_lease.hpp"

#include <gtest/gtest.h>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;

const boot_time start{1h};

TEST(OwnLease, HoldsNothingBeforeTheFirstRenewal) {
  EXPECT_FALSE(own_lease{}.holds(start));
  EXPECT_FALSE(own_lease{}.until());
}

TEST(OwnLease, HoldsFromWhenItWasAskedForLessTheMarginOfTheClocks) {
  own_lease x;
  x.renewed(start, 2s);
  EXPECT_TRUE(x.holds(start + 1899ms));
  EXPECT_FALSE(x.holds(start + 1900ms));
}

TEST(OwnLease, EndsWhileTheMachineIsSuspended) {
  own_lease x;
  x.renewed(start, 2s);
  EXPECT_FALSE(x.holds(start + 10min));
}

TEST(OwnLease, IsNotShortenedByAnAnswerThatComesLate) {
  own_lease x;
  x.renewed(start + 500ms, 2s);
  x.renewed(start, 2s);
  EXPECT_EQ(x.until(), start + 2400ms);
}

TEST(OwnLease, EndsAtOnceWhenTheStoreSaysThatItIsLost) {
  own_lease x;
  x.renewed(start, 2s);
  x.lost();
  EXPECT_FALSE(x.holds(start));
  x.renewed(start + 1s, 2s);
  EXPECT_TRUE(x.holds(start + 1s));
}

// Of two clocks that run apart by less than the stated part, the node's says first that the lease is over.
TEST(OwnLease, EndsBeforeTheStoresLeaseThoughTheNodesClockIsSlow) {
  for (const auto length : {1ms, 19ms, 2000ms, 30'000ms}) {
    own_lease x;
    x.renewed(start, length);
    const auto seen_by_slow_clock = length * (drift_parts - 1) / drift_parts;
    EXPECT_FALSE(x.holds(start + seen_by_slow_clock)) << length.count();
  }
}

} // namespace
} // namespace troupe::cluster

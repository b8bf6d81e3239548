#include "bench/load/histogram.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace troupe::load {

namespace {

using namespace std::chrono_literals;

TEST(LoadHistogram, IsEmptyAtFirst) {
  const histogram x;
  EXPECT_EQ(x.count(), 0u);
  EXPECT_EQ(x.at(0.5), 0ns);
  EXPECT_EQ(x.max(), 0ns);
  EXPECT_EQ(x.mean(), 0ns);
}

TEST(LoadHistogram, NeverErrsByMoreThanOnePercentAndOnlyUpwards) {
  for (double exact = 1; exact < 8e12; exact *= 1.0137) {
    const histogram::duration length{static_cast<std::int64_t>(exact)};
    histogram x;
    x.add(length);
    x.add(20h); // else the maximum, which is exact, would be told
    const auto told = x.at(0.5);
    EXPECT_GE(told, length);
    EXPECT_LE(static_cast<double>(told.count()), static_cast<double>(length.count()) * 1.01) << length.count();
  }
}

TEST(LoadHistogram, TellsPercentilesByRank) {
  histogram x;
  for (int i = 1; i <= 1000; ++i)
    x.add(std::chrono::microseconds{i});
  const auto near = [&](double share, double microseconds) {
    const auto told = std::chrono::duration<double, std::micro>{x.at(share)}.count();
    EXPECT_GE(told, microseconds);
    EXPECT_LE(told, microseconds * 1.01);
  };
  near(0, 1);
  near(0.5, 500);
  near(0.9, 900);
  near(0.999, 999);
  EXPECT_EQ(x.at(1), 1000us);
  EXPECT_EQ(x.max(), 1000us);
  EXPECT_EQ(x.mean(), 500'500ns);
}

TEST(LoadHistogram, TakesTheLongestAndTheImpossible) {
  histogram x;
  x.add(-1ns);
  x.add(100h);
  EXPECT_EQ(x.count(), 2u);
  EXPECT_EQ(x.at(0.5), 0ns);
  EXPECT_GE(x.at(1), 2h);
  EXPECT_EQ(x.max(), 100h);
}

} // namespace

} // namespace troupe::load

// The small parts of a guard: rate, line, pauses, budget.
#include "supervisors/resilience/bulkhead.hpp"
#include "supervisors/resilience/retry_budget.hpp"
#include "supervisors/resilience/token_bucket.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace troupe::resilience {
namespace {

using namespace std::chrono_literals;

const time_point noon{1'772'366'400'000ms};

TEST(TokenBucket, NeverLetsMoreThanTheLimitIntoAnySpan) {
  for (const auto& rules :
       {rate_rules{100, 1min, 5}, rate_rules{100, 1s, 10}, rate_rules{7, 1s, 7}, rate_rules{3, 1s, 1}}) {
    token_bucket bucket{rules};
    std::deque<time_point> passed;
    std::uint64_t all = 0;
    std::uint64_t seed = 7;
    for (auto now = noon; now < noon + 20 * rules.per; now += rules.per / 997) {
      seed = seed * 6'364'136'223'846'793'005ull + 1;
      if (seed >> 63) // Callers come in waves.
        continue;
      while (bucket.take(now)) {
        passed.push_back(now);
        ++all;
      }
      while (passed.front() <= now - rules.per)
        passed.pop_front();
      ASSERT_LE(passed.size(), rules.limit);
    }
    const auto sustained = (rules.limit - rules.burst + 1) * 20;
    EXPECT_GE(all, sustained * 9 / 10) << "and not much fewer";
  }
}

TEST(TokenBucket, SaysWhenThereIsATokenAgain) {
  token_bucket bucket{{1, 1s, 1}};
  EXPECT_EQ(bucket.wait(noon), 0s);
  ASSERT_TRUE(bucket.take(noon));
  EXPECT_EQ(bucket.wait(noon + 200ms), 800ms);
  EXPECT_FALSE(bucket.take(noon + 999ms));
  EXPECT_TRUE(bucket.take(noon + 1s));
}

TEST(TokenBucket, GivesThoseWhoAreTurnedAwayTurnsOfTheirOwn) {
  token_bucket bucket{{10, 1s, 1}};
  ASSERT_TRUE(bucket.take(noon));
  EXPECT_EQ(bucket.turn(noon), 100ms);
  EXPECT_EQ(bucket.turn(noon), 200ms);
  EXPECT_EQ(bucket.turn(noon), 300ms);
  for (int i = 0; i < 100'000; ++i)
    bucket.turn(noon);
  EXPECT_LE(bucket.turn(noon), 5min);
}

TEST(TokenBucket, LetsNobodyThroughWhileTheOtherSideWantsQuiet) {
  token_bucket bucket{{100, 1s, 10}};
  bucket.pause(noon + 30s);
  EXPECT_FALSE(bucket.take(noon + 29s));
  EXPECT_EQ(bucket.wait(noon + 10s), 20s);
  EXPECT_TRUE(bucket.take(noon + 30s));
}

TEST(TokenBucket, RecoversFromAClockThatIsSetBack) {
  token_bucket bucket{{10, 1s, 1}};
  ASSERT_TRUE(bucket.take(noon + 24h));
  bucket.take(noon);
  EXPECT_TRUE(bucket.take(noon + 1s));
}

TEST(TokenBucket, WithoutALimitLetsEverybodyThrough) {
  token_bucket bucket{{}};
  for (int i = 0; i < 10'000; ++i)
    ASSERT_TRUE(bucket.take(noon));
}

TEST(Pause, GrowsAsThePolicySays) {
  struct row {
    backoff growth;
    std::vector<duration> waits;
  };
  const std::vector<row> rows{{backoff::constant, {300ms, 300ms, 300ms, 300ms, 300ms}},
                              {backoff::linear, {300ms, 600ms, 900ms, 1000ms, 1000ms}},
                              {backoff::exponential, {300ms, 600ms, 1000ms, 1000ms, 1000ms}}};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.waits.size(); ++i) {
      retry_rules rules;
      rules.backoff = row.growth;
      rules.base = 300ms;
      rules.max = 1s;
      EXPECT_EQ(pause_after(i + 1, rules, 0), row.waits[i]) << i;
      EXPECT_GE(pause_after(i + 1, rules, 0.999), row.waits[i] / 2) << i;
      EXPECT_LT(pause_after(i + 1, rules, 0.999), row.waits[i] * 51 / 100) << i;
    }
}

TEST(Pause, StaysBoundedHoweverOftenItFailed) {
  retry_rules rules;
  EXPECT_EQ(pause_after(1'000'000, rules, 0), rules.max);
}

TEST(RetryBudget, AllowsAFifthOfTheCallsAndAtLeastTheFloor) {
  retry_rules rules;
  rules.budget_percent = 20;
  rules.budget_floor = 3;
  retry_budget few;
  few.called(noon);
  int allowed = 0;
  while (few.spend(rules, noon))
    ++allowed;
  EXPECT_EQ(allowed, 3);
  retry_budget many;
  for (int i = 0; i < 1'000; ++i)
    many.called(noon);
  allowed = 0;
  while (many.spend(rules, noon))
    ++allowed;
  EXPECT_EQ(allowed, 200);
}

TEST(RetryBudget, ComesBackWithTime) {
  retry_rules rules;
  rules.budget_floor = 1;
  retry_budget budget;
  ASSERT_TRUE(budget.spend(rules, noon));
  EXPECT_FALSE(budget.spend(rules, noon + 5s));
  EXPECT_TRUE(budget.spend(rules, noon + 11s));
}

TEST(Bulkhead, KeepsALineThatIsNoLongerThanItMayBe) {
  bulkhead_rules rules{1, 2, 5s};
  bulkhead x;
  EXPECT_FALSE(x.full(rules));
  x.enter();
  EXPECT_TRUE(x.full(rules));
  EXPECT_TRUE(x.join(1, priority::bulk, noon + 5s, rules));
  EXPECT_TRUE(x.join(2, priority::transactional, noon + 5s, rules));
  EXPECT_FALSE(x.join(3, priority::transactional, noon + 5s, rules));
  EXPECT_TRUE(x.precedes(priority::transactional));
  x.leave();
  x.leave();
  EXPECT_EQ(x.under_way(), 0u) << "one end too many changes nothing";
}

TEST(SpanText, RoundsUp) {
  EXPECT_EQ(span_text(0ms), "0 ms");
  EXPECT_EQ(span_text(999ms), "999 ms");
  EXPECT_EQ(span_text(1001ms), "2 s");
  EXPECT_EQ(span_text(121s), "3 min");
}

} // namespace
} // namespace troupe::resilience

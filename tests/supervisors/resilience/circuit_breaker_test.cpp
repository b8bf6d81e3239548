#include "supervisors/resilience/circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace troupe::resilience {
namespace {

using namespace std::chrono_literals;

const time_point noon{1'772'366'400'000ms};

breaker_rules five_in_a_row() {
  breaker_rules x;
  x.failures = 5;
  x.open_time = 60s;
  return x;
}

/// A call that fails at once.
void fail(circuit_breaker& x, time_point now) {
  if (const auto admitted = x.admit(now))
    x.failed(*admitted, now);
}

void succeed(circuit_breaker& x, time_point now) {
  if (const auto admitted = x.admit(now))
    x.succeeded(*admitted, now);
}

circuit_breaker opened(breaker_rules rules) {
  circuit_breaker x{rules};
  for (std::uint64_t i = 0; i < rules.failures; ++i)
    fail(x, noon);
  return x;
}

TEST(CircuitBreaker, OpensAtTheLastFailureOfTheRowAndNotBefore) {
  circuit_breaker x{five_in_a_row()};
  for (int i = 0; i < 4; ++i)
    fail(x, noon);
  EXPECT_EQ(x.state(), breaker_state::closed);
  fail(x, noon);
  EXPECT_EQ(x.state(), breaker_state::open);
  EXPECT_EQ(x.reason(), "open after 5 consecutive failures");
}

TEST(CircuitBreaker, CountsOnlyFailuresWithoutASuccessBetweenThem) {
  circuit_breaker x{five_in_a_row()};
  for (int i = 0; i < 20; ++i) {
    fail(x, noon);
    fail(x, noon);
    succeed(x, noon);
  }
  EXPECT_EQ(x.state(), breaker_state::closed);
}

TEST(CircuitBreaker, RefusesEverybodyForTheOpenTime) {
  auto x = opened(five_in_a_row());
  EXPECT_FALSE(x.admit(noon));
  EXPECT_FALSE(x.admit(noon + 59'999ms));
  EXPECT_EQ(x.wait(noon + 40s), 20s);
  EXPECT_TRUE(x.admit(noon + 60s));
  EXPECT_EQ(x.state(), breaker_state::half_open);
}

TEST(CircuitBreaker, AdmitsAFewWhenHalfOpenAndRefusesTheOthers) {
  auto rules = five_in_a_row();
  rules.half_open_calls = 3;
  auto x = opened(rules);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(x.admit(noon + 60s)) << i;
  EXPECT_FALSE(x.admit(noon + 60s));
  EXPECT_GT(x.wait(noon + 60s), 0s);
}

TEST(CircuitBreaker, ClosesAtOneSuccessAndForgetsItsFailures) {
  auto x = opened(five_in_a_row());
  succeed(x, noon + 60s);
  EXPECT_EQ(x.state(), breaker_state::closed);
  EXPECT_EQ(x.failures(), 0u);
  for (int i = 0; i < 4; ++i)
    fail(x, noon + 61s);
  EXPECT_EQ(x.state(), breaker_state::closed);
}

TEST(CircuitBreaker, OpensAgainForTheWholeTimeWhenATrialFails) {
  auto x = opened(five_in_a_row());
  fail(x, noon + 60s);
  EXPECT_EQ(x.state(), breaker_state::open);
  EXPECT_FALSE(x.admit(noon + 119s));
  EXPECT_TRUE(x.admit(noon + 120s));
}

TEST(CircuitBreaker, GivesTheTrialOfACallThatWasNotMadeToAnother) {
  auto x = opened(five_in_a_row());
  const auto trial = x.admit(noon + 60s);
  ASSERT_TRUE(trial);
  EXPECT_FALSE(x.admit(noon + 60s));
  x.told_nothing(*trial, noon + 60s);
  EXPECT_TRUE(x.admit(noon + 60s));
}

TEST(CircuitBreaker, IgnoresAnswersToCallsOfAnEarlierState) {
  circuit_breaker x{five_in_a_row()};
  const auto early = x.admit(noon);
  const auto another = x.admit(noon);
  for (int i = 0; i < 5; ++i)
    fail(x, noon);
  ASSERT_EQ(x.state(), breaker_state::open);
  x.succeeded(*early, noon + 1s);
  EXPECT_EQ(x.state(), breaker_state::open) << "an old success closes nothing";
  const auto trial = x.admit(noon + 60s);
  ASSERT_TRUE(trial);
  x.failed(*another, noon + 60s);
  EXPECT_EQ(x.state(), breaker_state::half_open) << "an old failure opens nothing";
  x.succeeded(*trial, noon + 61s);
  EXPECT_EQ(x.state(), breaker_state::closed);
}

TEST(CircuitBreaker, OpensOnTheShareOfFailuresOnceThereAreEnoughCalls) {
  breaker_rules rules;
  rules.failure_percent = 50;
  rules.calls_min = 10;
  circuit_breaker x{rules};
  for (int i = 0; i < 4; ++i) {
    fail(x, noon);
    succeed(x, noon);
  }
  EXPECT_EQ(x.state(), breaker_state::closed) << "eight calls say nothing yet";
  succeed(x, noon);
  fail(x, noon);
  EXPECT_EQ(x.state(), breaker_state::open);
  EXPECT_EQ(x.reason(), "open after 5 failures in 10 calls within 10 s");
}

TEST(CircuitBreaker, ForgetsFailuresThatAreOlderThanItsWindow) {
  breaker_rules rules;
  rules.failure_percent = 50;
  rules.calls_min = 4;
  rules.window = 10s;
  circuit_breaker x{rules};
  for (int i = 0; i < 3; ++i)
    fail(x, noon);
  for (int i = 0; i < 3; ++i)
    succeed(x, noon + 11s);
  fail(x, noon + 11s);
  EXPECT_EQ(x.state(), breaker_state::closed);
}

TEST(CircuitBreaker, IsHeldByAnOperatorWhateverHappens) {
  circuit_breaker x{five_in_a_row()};
  x.force(breaker_mode::forced_closed, "we know", noon);
  for (int i = 0; i < 50; ++i)
    fail(x, noon);
  EXPECT_TRUE(x.admit(noon));
  x.force(breaker_mode::forced_open, "maintenance", noon);
  EXPECT_FALSE(x.admit(noon + 240h));
  EXPECT_EQ(x.reason(), "held open by an operator: maintenance");
}

TEST(CircuitBreaker, FindsOutByOneCallWhenAnOperatorLetsItGo) {
  circuit_breaker x{five_in_a_row()};
  x.force(breaker_mode::forced_open, "maintenance", noon);
  x.force(breaker_mode::automatic, "done", noon + 1s);
  const auto trial = x.admit(noon + 1s);
  ASSERT_TRUE(trial);
  EXPECT_FALSE(x.admit(noon + 1s));
  x.succeeded(*trial, noon + 1s);
  EXPECT_EQ(x.state(), breaker_state::closed);
}

TEST(CircuitBreaker, OpensForAsLongAsAnotherOneSays) {
  circuit_breaker x{five_in_a_row()};
  x.hear_opened(7s, "5 consecutive failures at node-2", noon);
  EXPECT_FALSE(x.admit(noon + 6'999ms));
  EXPECT_EQ(x.wait(noon + 1s), 6s);
  EXPECT_EQ(x.reason(), "open after 5 consecutive failures at node-2");
  EXPECT_EQ(x.openings(), 0u) << "it has found out nothing by itself";
  succeed(x, noon + 7s);
  EXPECT_EQ(x.state(), breaker_state::closed);
}

TEST(CircuitBreaker, ClosesWithTheOtherOneUnlessItFoundOutByItself) {
  circuit_breaker x{five_in_a_row()};
  x.hear_opened(7s, "5 consecutive failures at node-2", noon);
  x.hear_closed(noon + 1s);
  EXPECT_EQ(x.state(), breaker_state::closed);
  x.hear_opened(7s, "5 consecutive failures at node-2", noon + 2s);
  fail(x, noon + 10s);
  EXPECT_EQ(x.state(), breaker_state::open);
  EXPECT_EQ(x.openings(), 1u);
  x.hear_closed(noon + 11s);
  EXPECT_EQ(x.state(), breaker_state::open);
  EXPECT_FALSE(x.admit(noon + 69s)) << "it is open for the time of its own rules";
}

TEST(CircuitBreaker, CountsAnOpeningOnceForAsLongAsItLasts) {
  auto x = opened(five_in_a_row());
  EXPECT_TRUE(x.is_open_by_itself());
  fail(x, noon + 60s);
  fail(x, noon + 120s);
  EXPECT_EQ(x.openings(), 1u);
  succeed(x, noon + 180s);
  EXPECT_FALSE(x.is_open_by_itself());
  for (int i = 0; i < 5; ++i)
    fail(x, noon + 181s);
  EXPECT_EQ(x.openings(), 2u);
}

TEST(CircuitBreaker, IsDeafWhileItIsOpenOrAnOperatorHoldsIt) {
  auto x = opened(five_in_a_row());
  x.hear_opened(240h, "5 consecutive failures at node-2", noon);
  EXPECT_TRUE(x.admit(noon + 60s));
  circuit_breaker held{five_in_a_row()};
  held.force(breaker_mode::forced_closed, "we know", noon);
  held.hear_opened(7s, "5 consecutive failures at node-2", noon);
  EXPECT_TRUE(held.admit(noon));
  held.force(breaker_mode::forced_open, "maintenance", noon);
  held.hear_closed(noon);
  EXPECT_FALSE(held.admit(noon));
}

TEST(CircuitBreaker, IsNotHeldOpenByAClockThatIsSetBackFar) {
  auto x = opened(five_in_a_row());
  EXPECT_FALSE(x.admit(noon - 1s));
  EXPECT_TRUE(x.admit(noon - 24h));
}

} // namespace
} // namespace troupe::resilience

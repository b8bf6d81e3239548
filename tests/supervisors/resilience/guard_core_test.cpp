#include "supervisors/resilience/guard_core.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

namespace troupe::resilience {
namespace {

using namespace std::chrono_literals;

const time_point noon{1'772'366'400'000ms};

policy three_attempts() {
  policy x;
  x.name = "payment-api";
  x.source = "troupe.yaml:42";
  x.breaker.failures = 5;
  x.breaker.open_time = 30s;
  x.retry.attempts = 3;
  return x;
}

call write_until(time_point deadline) {
  call x;
  x.repeats = repeatable::one_by_one;
  x.begun = noon;
  x.deadline = deadline;
  return x;
}

class GuardCore : public ::testing::Test {
protected:
  /// The attempt that begins, which must.
  attempt begun(guard_core& core, call& x, time_point now = noon) {
    auto out = core.begin(x, 1, now);
    EXPECT_TRUE(std::holds_alternative<attempt>(out));
    return std::holds_alternative<attempt>(out) ? std::get<attempt>(out) : attempt{};
  }

  /// What follows a first attempt that fails.
  std::variant<pause, refusal> after_first(guard_core& core, call& x, ec code, std::optional<duration> asked = {}) {
    const auto first = begun(core, x);
    core.failed(first, code, noon);
    return core.after_failure(x, code, asked, 0, noon);
  }
};

struct classified {
  ec code;
  bool retried;
};

TEST_F(GuardCore, RetriesWhatMayWorkLaterAndNothingElse) {
  const std::vector<classified> rows{
    {ec::unavailable, true},  {ec::rate_limited, true}, {ec::timed_out, true},      {ec::interrupted, true},
    {ec::bad_response, true}, {ec::overloaded, true},   {ec::refused, false},       {ec::denied, false},
    {ec::conflict, false},    {ec::deadline, false},    {ec::shutting_down, false}, {ec::unknown_type, false},
  };
  for (const auto& row : rows) {
    guard_core core{three_attempts()};
    auto x = write_until(noon + 30s);
    EXPECT_EQ(std::holds_alternative<pause>(after_first(core, x, row.code)), row.retried) << name_of(row.code);
  }
}

TEST_F(GuardCore, RepeatsAWriteWithoutAKeyOnlyWhenSurelyNothingWasDone) {
  for (const auto code : {ec::timed_out, ec::interrupted, ec::bad_response, ec::unavailable, ec::rate_limited}) {
    guard_core core{three_attempts()};
    auto x = write_until(noon + 30s);
    x.repeats = repeatable::never;
    EXPECT_EQ(std::holds_alternative<pause>(after_first(core, x, code)), !may_have_acted(code)) << name_of(code);
  }
}

TEST_F(GuardCore, WaitsAsLongAsTheServiceAsks) {
  guard_core core{three_attempts()};
  auto x = write_until(noon + 30s);
  const auto next = after_first(core, x, ec::unavailable, 7s);
  ASSERT_TRUE(std::holds_alternative<pause>(next));
  EXPECT_EQ(std::get<pause>(next).length, 7s);
}

class SharedRate : public GuardCore {
protected:
  SharedRate() : core(rules()) { core.share_rates(); }

  static policy rules() {
    auto x = three_attempts();
    x.rate = {100, 60s, 10};
    return x;
  }

  guard_core core;
};

TEST_F(SharedRate, HasACallWaitForAnAnswerThoughThereIsNoQueue) {
  auto x = write_until(noon + 30s);
  ASSERT_TRUE(std::holds_alternative<in_line>(core.begin(x, 1, noon)));
  const auto wish = core.wishes(noon);
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->rules, rules().rate);
  EXPECT_FALSE(core.wishes(noon)) << "one question at a time";
  EXPECT_FALSE(core.next(noon));
  core.granted(false, 1, 0s, noon + 5ms);
  const auto turn = core.next(noon + 5ms);
  ASSERT_TRUE(turn);
  EXPECT_TRUE(std::holds_alternative<attempt>(core.enter(x, *turn, noon + 5ms)));
}

TEST_F(SharedRate, RefusesWhenTheKeeperHasNone) {
  auto x = write_until(noon + 30s);
  static_cast<void>(core.begin(x, 1, noon));
  EXPECT_TRUE(core.wishes(noon));
  core.granted(false, 0, 3s, noon + 5ms);
  auto y = write_until(noon + 30s);
  const auto out = core.begin(y, 2, noon + 5ms);
  ASSERT_TRUE(std::holds_alternative<refusal>(out));
  EXPECT_EQ(std::get<refusal>(out).code, ec::rate_limited);
  EXPECT_GE(std::get<refusal>(out).wait, 3s);
  EXPECT_FALSE(core.wishes(noon + 2s)) << "it was told when";
  EXPECT_TRUE(core.wishes(noon + 4s)) << "somebody waits still";
}

TEST_F(SharedRate, UsesNothingThatWasLeasedTooLongAgo) {
  auto x = write_until(noon + 30s);
  static_cast<void>(core.begin(x, 1, noon));
  EXPECT_TRUE(core.wishes(noon));
  core.granted(false, 3, 0s, noon + 5ms);
  EXPECT_EQ(std::as_const(core).bucket(priority::transactional).tokens(noon + 1'999ms), 3u);
  EXPECT_EQ(std::as_const(core).bucket(priority::transactional).tokens(noon + 2s), 0u) << "since it was asked";
  EXPECT_EQ(std::as_const(core).bucket(priority::transactional).tokens(noon - 1h), 0u) << "the clock was set back";
}

TEST_F(SharedRate, AsksAgainWhenNobodyAnswers) {
  auto x = write_until(noon + 30s);
  static_cast<void>(core.begin(x, 1, noon));
  EXPECT_TRUE(core.wishes(noon));
  EXPECT_FALSE(core.wishes(noon + 1s));
  EXPECT_TRUE(core.wishes(noon + 1'500ms));
}

TEST_F(SharedRate, HasARetryWaitForItsToken) {
  auto x = write_until(noon + 30s);
  static_cast<void>(core.begin(x, 1, noon));
  EXPECT_TRUE(core.wishes(noon));
  core.granted(false, 1, 0s, noon);
  const auto turn = core.next(noon);
  ASSERT_TRUE(turn);
  const auto first = core.enter(x, *turn, noon);
  core.failed(std::get<attempt>(first), ec::unavailable, noon);
  ASSERT_TRUE(std::holds_alternative<pause>(core.after_failure(x, ec::unavailable, {}, 0, noon)));
  const auto waits = core.try_again(x, ec::unavailable, noon + 5s);
  ASSERT_TRUE(std::holds_alternative<pause>(waits));
  EXPECT_TRUE(core.wishes(noon + 5s));
  core.granted(false, 1, 0s, noon + 5s);
  EXPECT_TRUE(std::holds_alternative<attempt>(core.try_again(x, ec::unavailable, noon + 5s)));
}

TEST_F(GuardCore, PassesOnAWaitThatIsLongerThanTheCall) {
  guard_core core{three_attempts()};
  auto x = write_until(noon + 30s);
  const auto next = after_first(core, x, ec::rate_limited, 45s);
  ASSERT_TRUE(std::holds_alternative<refusal>(next));
  EXPECT_EQ(std::get<refusal>(next).code, ec::rate_limited);
  EXPECT_EQ(std::get<refusal>(next).wait, 45s);
  EXPECT_EQ(std::get<refusal>(next).why, "policy \"payment-api\" (troupe.yaml:42): attempt 1 of 3: rate_limited, the "
                                         "service asks to wait 45 s, after the call's deadline");
}

TEST_F(GuardCore, GivesUpAfterTheLastAttemptOfThePolicy) {
  auto rules = three_attempts();
  rules.breaker.failures = 0;
  for (const std::uint64_t attempts : {1u, 2u, 3u, 5u}) {
    rules.retry.attempts = attempts;
    guard_core core{rules};
    auto x = write_until(noon + 300s);
    auto now = noon;
    auto running = begun(core, x);
    for (;;) {
      core.failed(running, ec::unavailable, now);
      const auto next = core.after_failure(x, ec::unavailable, {}, 0, now);
      if (std::holds_alternative<refusal>(next))
        break;
      now += std::get<pause>(next).length;
      running = std::get<attempt>(core.try_again(x, ec::unavailable, now));
    }
    EXPECT_EQ(x.attempts, attempts);
  }
}

TEST_F(GuardCore, RepeatsATimeoutLessOftenWhereThePolicySaysSo) {
  auto rules = three_attempts();
  rules.retry.attempts = 5;
  rules.retry.timeout_attempts = 1;
  guard_core core{rules};
  auto x = write_until(noon + 300s);
  EXPECT_TRUE(std::holds_alternative<refusal>(after_first(core, x, ec::timed_out)));
  auto y = write_until(noon + 300s);
  EXPECT_TRUE(std::holds_alternative<pause>(after_first(core, y, ec::unavailable)));
}

TEST_F(GuardCore, BeginsNothingAfterTheDeadline) {
  guard_core core{three_attempts()};
  auto late = write_until(noon);
  const auto refused = core.begin(late, 1, noon);
  ASSERT_TRUE(std::holds_alternative<refusal>(refused));
  EXPECT_EQ(std::get<refusal>(refused).code, ec::deadline);
  auto x = write_until(noon + 100ms); // The pause is longer than that.
  EXPECT_TRUE(std::holds_alternative<refusal>(after_first(core, x, ec::unavailable)));
}

TEST_F(GuardCore, GivesAnAttemptNoMoreTimeThanTheCallHas) {
  auto rules = three_attempts();
  rules.timeout = 10s;
  guard_core core{rules};
  auto x = write_until(noon + 60s);
  EXPECT_EQ(begun(core, x).deadline, noon + 10s);
  auto y = write_until(noon + 4s);
  EXPECT_EQ(begun(core, y).deadline, noon + 4s);
}

// Money: whatever ends a call after an attempt that may have acted must not say that nothing happened.
TEST_F(GuardCore, NeverMakesUncertaintyCertain) {
  for (const auto first : {ec::timed_out, ec::interrupted, ec::bad_response})
    for (const auto last : {ec::refused, ec::denied, ec::unavailable, ec::rate_limited, ec::overloaded, ec::deadline}) {
      guard_core core{three_attempts()};
      auto x = write_until(noon + 30s);
      const auto wait = after_first(core, x, first);
      ASSERT_TRUE(std::holds_alternative<pause>(wait));
      const auto now = noon + std::get<pause>(wait).length;
      core.failed(std::get<attempt>(core.try_again(x, first, now)), last, now);
      auto end = core.after_failure(x, last, 3600s, 0, now);
      ASSERT_TRUE(std::holds_alternative<refusal>(end));
      EXPECT_TRUE(may_have_acted(std::get<refusal>(end).code)) << name_of(first) << " then " << name_of(last);
    }
}

TEST_F(GuardCore, StaysUncertainWhenAPartOfItselfRefusesTheRepetition) {
  struct refusing {
    const char* name;
    std::function<void(guard_core&, policy&)> by;
  };
  const std::vector<refusing> rows{
    {"breaker", [](guard_core& core, policy&) { core.force(breaker_mode::forced_open, "now", noon); }},
    {"bulkhead",
     [](guard_core& core, policy& rules) {
       rules.bulkhead.calls_max = 1;
       core.configure(rules);
       auto other = write_until(noon + 30s);
       core.begin(other, 2, noon);
     }},
    {"rate",
     [](guard_core& core, policy& rules) {
       rules.rate = {1, 1h, 1};
       core.configure(rules);
       auto other = write_until(noon + 30s);
       core.begin(other, 2, noon);
     }},
  };
  for (const auto& row : rows) {
    auto rules = three_attempts();
    guard_core core{rules};
    auto x = write_until(noon + 30s);
    ASSERT_TRUE(std::holds_alternative<pause>(after_first(core, x, ec::timed_out))) << row.name;
    row.by(core, rules);
    const auto end = core.try_again(x, ec::timed_out, noon + 1s);
    ASSERT_TRUE(std::holds_alternative<refusal>(end)) << row.name;
    EXPECT_EQ(std::get<refusal>(end).code, ec::timed_out) << row.name;
  }
  auto broke = three_attempts();
  broke.retry.budget_percent = 0;
  broke.retry.budget_floor = 0;
  guard_core core{broke};
  auto x = write_until(noon + 30s);
  const auto end = after_first(core, x, ec::interrupted);
  ASSERT_TRUE(std::holds_alternative<refusal>(end));
  EXPECT_EQ(std::get<refusal>(end).code, ec::interrupted);
}

TEST_F(GuardCore, TakesALookAtMoneyToChangeNothing) {
  guard_core core{three_attempts()};
  auto x = write_until(noon + 30s);
  x.repeats = repeatable::any_time;
  const auto wait = after_first(core, x, ec::timed_out);
  const auto now = noon + std::get<pause>(wait).length;
  core.failed(std::get<attempt>(core.try_again(x, ec::timed_out, now)), ec::refused, now);
  EXPECT_EQ(std::get<refusal>(core.after_failure(x, ec::refused, {}, 0, now)).code, ec::refused);
}

TEST_F(GuardCore, SaysWhyTheBreakerRefusesAndWhenItDoesNotAnyMore) {
  guard_core core{three_attempts()};
  for (int i = 0; i < 5; ++i) {
    auto x = write_until(noon + 30s);
    core.failed(begun(core, x), ec::unavailable, noon);
  }
  auto x = write_until(noon + 60s);
  const auto out = core.begin(x, 1, noon + 7s);
  ASSERT_TRUE(std::holds_alternative<refusal>(out));
  const auto& why = std::get<refusal>(out);
  EXPECT_EQ(why.code, ec::circuit_open);
  EXPECT_EQ(why.wait, 23s);
  EXPECT_EQ(why.why,
            "breaker \"payment-api\" (troupe.yaml:42): open after 5 consecutive failures, tries again in 23 s");
}

TEST_F(GuardCore, LetsThoseWhoWereRefusedComeBackOneAfterAnother) {
  guard_core core{three_attempts()};
  core.force(breaker_mode::forced_open, "x", noon);
  std::set<duration> waits;
  for (int i = 0; i < 500; ++i) {
    auto x = write_until(noon + 60s);
    waits.insert(std::get<refusal>(core.begin(x, 1, noon)).wait);
  }
  EXPECT_GT(waits.size(), 400u);
  EXPECT_LE(*waits.rbegin(), 45s) << "half of the open time more, at most";
}

TEST_F(GuardCore, JudgesTheServiceByWhatItDoesAndNotByOurSide) {
  for (const auto code : {ec::overloaded, ec::deadline, ec::refused, ec::denied, ec::rate_limited, ec::conflict}) {
    guard_core core{three_attempts()};
    for (int i = 0; i < 20; ++i) {
      auto x = write_until(noon + 30s);
      core.failed(begun(core, x), code, noon);
    }
    EXPECT_EQ(core.breaker().state(), breaker_state::closed) << name_of(code);
  }
}

TEST_F(GuardCore, TellsACallerWhoGivesUpHowLongTheBreakerStaysOpen) {
  auto rules = three_attempts();
  rules.breaker.failures = 1;
  guard_core core{rules};
  auto x = write_until(noon + 60s);
  const auto end = after_first(core, x, ec::unavailable);
  ASSERT_TRUE(std::holds_alternative<refusal>(end));
  EXPECT_EQ(std::get<refusal>(end).wait, 30s);
}

TEST_F(GuardCore, RefusesOverTheRateWithATurnForEach) {
  auto rules = three_attempts();
  rules.rate = {60, 1min, 1};
  guard_core core{rules};
  auto x = write_until(noon + 60s);
  begun(core, x);
  for (const auto wait : {1s, 2s, 3s}) {
    auto next = write_until(noon + 60s);
    const auto out = core.begin(next, 1, noon);
    ASSERT_TRUE(std::holds_alternative<refusal>(out));
    EXPECT_EQ(std::get<refusal>(out).code, ec::rate_limited);
    EXPECT_EQ(std::get<refusal>(out).wait, wait);
  }
}

TEST_F(GuardCore, QueuesWhoGetsATurnInTimeAndServesTransactionalCallsFirst) {
  auto rules = three_attempts();
  rules.bulkhead = {1, 10, 5s};
  guard_core core{rules};
  auto first = write_until(noon + 60s);
  const auto running = begun(core, first);
  auto bulk = write_until(noon + 60s);
  bulk.rank = priority::bulk;
  auto mail = write_until(noon + 60s);
  EXPECT_TRUE(std::holds_alternative<in_line>(core.begin(bulk, 10, noon)));
  EXPECT_TRUE(std::holds_alternative<in_line>(core.begin(mail, 11, noon)));
  EXPECT_FALSE(core.next(noon)) << "there is no place yet";
  core.succeeded(running, noon + 1s);
  const auto turn = core.next(noon + 1s);
  ASSERT_TRUE(turn);
  EXPECT_EQ(turn->ticket, 11u);
  ASSERT_TRUE(std::holds_alternative<attempt>(core.enter(mail, *turn, noon + 1s)));
  EXPECT_FALSE(core.next(noon + 1s));
  const auto late = core.next(noon + 5s);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->ticket, 10u);
  EXPECT_EQ(std::get<refusal>(core.enter(bulk, *late, noon + 5s)).code, ec::overloaded);
}

TEST_F(GuardCore, LetsNobodyOvertakeThoseWhoWait) {
  auto rules = three_attempts();
  rules.rate = {1, 1s, 1};
  rules.bulkhead = {10, 10, 5s};
  guard_core core{rules};
  auto first = write_until(noon + 60s);
  begun(core, first);
  auto second = write_until(noon + 60s);
  ASSERT_TRUE(std::holds_alternative<in_line>(core.begin(second, 2, noon)));
  auto third = write_until(noon + 60s);
  EXPECT_TRUE(std::holds_alternative<in_line>(core.begin(third, 3, noon + 1s)))
    << "there is a token, but not for this one";
  EXPECT_EQ(core.next(noon + 1s)->ticket, 2u);
}

TEST_F(GuardCore, HoldsBulkCallsToARateOfTheirOwn) {
  auto rules = three_attempts();
  rules.rate = {100, 1s, 10};
  rules.bulk_rate = {1, 1h, 1};
  guard_core core{rules};
  auto bulk = write_until(noon + 60s);
  bulk.rank = priority::bulk;
  begun(core, bulk);
  auto more = bulk;
  EXPECT_TRUE(std::holds_alternative<refusal>(core.begin(more, 1, noon)));
  auto mail = write_until(noon + 60s);
  begun(core, mail);
}

TEST_F(GuardCore, KeepsQuietAfterA429WhereItKeepsARate) {
  auto rules = three_attempts();
  rules.rate = {100, 1s, 10};
  guard_core core{rules};
  auto x = write_until(noon + 60s);
  after_first(core, x, ec::rate_limited, 20s);
  auto other = write_until(noon + 60s);
  const auto out = core.begin(other, 1, noon + 1s);
  ASSERT_TRUE(std::holds_alternative<refusal>(out));
  EXPECT_EQ(std::get<refusal>(out).wait, 19s);
}

TEST_F(GuardCore, HedgesReadsOnlyAndNeverWhileTheServiceIsInTrouble) {
  guard_core core{three_attempts()};
  auto write = write_until(noon + 60s);
  begun(core, write);
  EXPECT_FALSE(core.hedge(write, noon + 1s));
  auto read = write_until(noon + 60s);
  read.repeats = repeatable::any_time;
  begun(core, read);
  EXPECT_TRUE(core.hedge(read, noon + 1s));
  core.force(breaker_mode::forced_open, "x", noon);
  EXPECT_FALSE(core.hedge(read, noon + 1s));
}

TEST_F(GuardCore, SpendsNoMoreRetriesThanItsBudgetInAnOutage) {
  auto rules = three_attempts();
  rules.breaker.failures = 0;
  rules.retry.budget_floor = 10;
  guard_core core{rules};
  std::uint64_t retried = 0;
  for (int i = 0; i < 1'000; ++i) {
    auto x = write_until(noon + 60s);
    retried += std::holds_alternative<pause>(after_first(core, x, ec::unavailable));
  }
  EXPECT_LE(retried, 210u);
  EXPECT_GE(retried, 190u);
}

} // namespace
} // namespace troupe::resilience

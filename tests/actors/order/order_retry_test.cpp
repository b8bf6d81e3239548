// What an order keeps of the retries of its calls: lines of its timeline, and nothing else.
#include "actors/order/stored.hpp"
#include "tests/actors/order/samples.hpp"

#include <gtest/gtest.h>

namespace troupe::order {
namespace {

using namespace test;

using events = std::vector<event>;

const decision nothing = events{};

decision decided(std::initializer_list<event> list) {
  return events{list};
}

state then(state s, const decision& outcome) {
  for (const auto& e : std::get<events>(outcome))
    s.apply(e, noon);
  return s;
}

TEST(OrderRetry, StandsBeforeTheOutcomeThatItLedTo) {
  const auto s = after(until_reserved());
  const auto authorized = decide(s, payment_answered{"pay-1", true, false, ""});
  EXPECT_EQ(after_retries(authorized, some_retry()), decided({some_retry(), payment_authorized{"pay-1", total}}));
  EXPECT_EQ(after_retries(authorized, {}), authorized) << "there was none";
}

TEST(OrderRetry, IsNotToldOfWhatChangesNothing) {
  EXPECT_EQ(after_retries(nothing, some_retry()), nothing);
  EXPECT_EQ(after_retries(rejection::in_review, some_retry()), decision{rejection::in_review});
}

TEST(OrderRetry, ChangesNothingButTheTimeline) {
  for (const auto& history :
       {until_placed(), until_reserved(), until_authorized(), until_allocated(), until_confirmed(),
        with(until_reserved(), {attempt_failed{step::authorize, 2, ec::timed_out, noon + 1s}}),
        with(until_confirmed(), {cancel_requested{"why not"}})}) {
    auto s = after(history);
    const auto before = s;
    s.apply(some_retry(), noon);
    EXPECT_EQ(s.timeline.size(), before.timeline.size() + 1);
    EXPECT_EQ(outstanding(some_id, s, noon + 1h, standard), outstanding(some_id, before, noon + 1h, standard));
    EXPECT_EQ(wake_up(s, standard), wake_up(before, standard));
    EXPECT_EQ(message_of(s), message_of(before));
    s.timeline = before.timeline;
    EXPECT_EQ(encode_snapshot(s), encode_snapshot(before));
  }
}

TEST(OrderRetry, HasALineForEachWithItsOwnTime) {
  auto s = after(until_reserved());
  auto x = some_retry();
  x.retries.push_back({noon + 2s, "find", "hedged", "no answer for 500 ms"});
  s.apply(x, noon + 9s);
  ASSERT_GE(s.timeline.size(), 2u);
  const auto& first = s.timeline[s.timeline.size() - 2];
  EXPECT_EQ(first.at, noon + 1s);
  EXPECT_EQ(first.what, "call_retried");
  EXPECT_EQ(first.detail, "authorize: retried, policy \"payment-api\" (troupe.yaml:42): attempt 1 of 3: unavailable, "
                          "again in 300 ms");
  EXPECT_EQ(s.timeline.back().at, noon + 2s);
  EXPECT_EQ(s.timeline.back().detail, "authorize: find hedged, no answer for 500 ms");
}

TEST(OrderRetry, LeavesTheLinesOfTheLatestAttemptHoweverOftenItFails) {
  auto s = after(until_reserved());
  const auto before = s.timeline.size();
  for (int i = 1; i <= 1'000; ++i) {
    const auto now = noon + i * 1s;
    const auto failed = decide(s, step_failed{step::authorize, ec::unavailable, {}, 0}, now, standard);
    s = then(s, after_retries(failed, some_retry(now)));
  }
  ASSERT_EQ(s.timeline.size(), before + 2);
  EXPECT_EQ(s.timeline[before].at, noon + 1'000s);
  EXPECT_EQ(s.timeline[before].what, "call_retried");
  EXPECT_EQ(s.timeline.back().detail, "authorize 1000: unavailable");
  s = then(s, after_retries(decide(s, payment_answered{"pay-1", true, false, ""}), some_retry()));
  EXPECT_EQ(s.timeline.size(), before + 4) << "what failed stays when it succeeds";
}

TEST(OrderRetry, KeepsTheFirstOnesAndTheLatest) {
  call_retried x{step::capture, {}};
  for (int i = 1; i <= 100; ++i)
    add_retry(x, {noon + i * 1s, "capture", "retried", std::string(1'000, 'a')});
  ASSERT_EQ(x.retries.size(), retries_max);
  EXPECT_EQ(x.retries.front().at, noon + 1s);
  EXPECT_EQ(x.retries.back().at, noon + 100s);
  EXPECT_LE(x.retries.back().why.size(), 300u);
}

} // namespace
} // namespace troupe::order

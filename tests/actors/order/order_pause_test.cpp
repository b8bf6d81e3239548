#include "actors/order/stored.hpp"
#include "tests/actors/order/samples.hpp"

#include <gtest/gtest.h>

namespace troupe::order {
namespace {

using namespace test;

using events = std::vector<event>;

const standstill provider_paused{extent::money, "provider/main", "why", noon};
const standstill all_paused{extent::all, "saga/order", "why", noon};
const paused by_provider{"provider/main", "why", noon, true};

TEST(OrderPause, StopsMoneyOrEverything) {
  struct row {
    std::vector<event> history;
    bool money; // stops when the provider is paused
  };
  const row rows[] = {
    {until_placed(), false},
    {until_reserved(), true},
    {until_authorized(), false},
    {until_allocated(), true},
    {with(until_authorized(), {cancel_requested{}}), true},                     // a void
    {with(until_confirmed(), {cancel_requested{}}), true},                      // a refund
    {with(until_reserved(), {payment_declined{"no"}}), false},                  // stock goes back
    {with(until_reserved(), {payment_declined{"no"}, stock_released{}}), false} // to be closed
  };
  for (const auto& x : rows) {
    const auto s = after(x.history);
    SCOPED_TRACE(name_of(x.history.back()));
    EXPECT_EQ(stands_still(s, provider_paused, noon, standard), x.money);
    EXPECT_EQ(stands_still(s, all_paused, noon, standard), step_in_progress(s).has_value());
    EXPECT_FALSE(stands_still(s, {}, noon, standard));
    EXPECT_TRUE(outstanding(some_id, s, noon, standard, all_paused).empty());
    EXPECT_EQ(outstanding(some_id, s, noon, standard, provider_paused).empty(),
              x.money || outstanding(some_id, s, noon, standard).empty());
  }
}

TEST(OrderPause, IsStoredOnceForEachReason) {
  const auto s = after(until_reserved());
  EXPECT_EQ(decide(s, provider_paused, true, noon, standard), decision{events{by_provider}});
  const auto still = after(with(until_reserved(), {by_provider}));
  EXPECT_EQ(decide(still, provider_paused, true, noon, standard), decision{events{}});
  auto other = provider_paused;
  other.reason = "still broken";
  const auto told = std::get<events>(decide(still, other, false, noon + 1h, standard));
  ASSERT_EQ(told.size(), 1u);
  auto then = still;
  then.apply(told.front(), noon + 1h);
  EXPECT_EQ(then.pause->reason, "still broken");
  EXPECT_EQ(then.pause->since, noon);
  EXPECT_TRUE(then.pause->untouched);
  EXPECT_EQ(decide(s, standstill{extent::all, {}, {}, {}}, true, noon, standard), decision{events{}})
    << "as long as nobody knows what is paused, nothing is stored";
}

TEST(OrderPause, GivesAFullHoldWhenItIsOver) {
  const auto kept = after(with(until_reserved(), {by_provider, hold_extended{noon + 48h}}));
  EXPECT_EQ(decide(kept, standstill{}, true, noon + 30h, standard),
            decision{events{resumed{noon + 30h + standard.hold_time}}});
  const auto shortly = after(with(until_reserved(), {by_provider}));
  EXPECT_EQ(decide(shortly, standstill{}, true, noon + 1min, standard), decision{events{resumed{hold_end}}})
    << "what was not extended ends when it did";
}

TEST(OrderPause, KeepsTheHoldsOfOrdersThatHaveAny) {
  EXPECT_TRUE(wants_longer_hold(after(until_placed()), noon, standard));
  EXPECT_TRUE(wants_longer_hold(after(until_reserved()), noon, standard));
  EXPECT_TRUE(wants_longer_hold(after(until_authorized()), noon, standard));
  EXPECT_FALSE(wants_longer_hold(after(until_allocated()), noon, standard)) << "sold";
  EXPECT_FALSE(wants_longer_hold(after(with(until_reserved(), {cancel_requested{}})), noon, standard));
  const auto kept = after(with(until_reserved(), {by_provider, hold_extended{noon + 24h}}));
  EXPECT_FALSE(wants_longer_hold(kept, noon + 12h, standard));
  EXPECT_TRUE(wants_longer_hold(kept, noon + 12h + 1ms, standard));
}

TEST(OrderPause, LetsNoKeyAgeThatWasNotUsed) {
  const auto resumed_after = [](std::vector<event> history, paused how = by_provider) {
    auto s = after(with(std::move(history), {how}));
    s.apply(resumed{noon + 30h}, noon + 30h);
    return s;
  };
  const attempt_failed refused{step::capture, 1, ec::unavailable, noon};
  const attempt_failed uncertain{step::capture, 1, ec::timed_out, noon};
  EXPECT_EQ(resumed_after(until_reserved()).authorize_since, noon + 30h);
  EXPECT_EQ(resumed_after(until_allocated()).capture_since, noon + 30h);
  EXPECT_EQ(resumed_after(with(until_allocated(), {refused})).capture_since, noon + 30h);
  EXPECT_EQ(resumed_after(with(until_allocated(), {uncertain})).capture_since, noon);
  const attempt_failed lost{step::authorize, 1, ec::timed_out, noon};
  EXPECT_EQ(resumed_after(with(until_reserved(), {lost})).authorize_since, noon) << "it is looked for first";
  const auto refund = with(until_confirmed(), {cancel_requested{}});
  EXPECT_EQ(resumed_after(refund).undo_since, noon + 30h);
  auto perhaps_sent = by_provider;
  perhaps_sent.untouched = false;
  EXPECT_EQ(resumed_after(refund, perhaps_sent).undo_since, noon) << "nothing finds out whether it was made";
}

TEST(OrderPause, TakesNoTimeFromTheCaptureWindow) {
  auto s = after(until_allocated(false));
  const auto week = noon + standard.capture_window;
  ASSERT_EQ(capture_end(s, standard), week);
  EXPECT_FALSE(stands_still(s, provider_paused, noon, standard)) << "it waits for the shop";
  EXPECT_TRUE(stands_still(s, provider_paused, week, standard));
  auto how = by_provider;
  how.since = week - 24h;
  s.apply(how, week);
  s.apply(resumed{}, week + 24h);
  EXPECT_EQ(capture_end(s, standard), week + 48h);
}

TEST(OrderPause, EndsWithTheOrder) {
  const auto ended = after(with(until_allocated(), {by_provider, payment_captured{total}, confirmed{}}));
  EXPECT_FALSE(ended.pause);
  EXPECT_EQ(decide(ended, standstill{}, true, noon, standard), decision{events{}});
}

TEST(OrderPause, SurvivesASnapshot) {
  auto s = after(with(until_allocated(), {attempt_failed{step::capture, 1, ec::timed_out, noon}, by_provider}));
  s.paused_for = 5min;
  const auto back = decode_snapshot(encode_snapshot(s), snapshot_schema);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->pause, s.pause);
  EXPECT_EQ(back->paused_for, duration{5min});
  EXPECT_TRUE(back->step_uncertain);
}

} // namespace
} // namespace troupe::order

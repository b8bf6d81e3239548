#include "actors/alarm/alarm.hpp"

#include <gtest/gtest.h>

namespace troupe::alarm {
namespace {

using namespace std::chrono_literals;

constexpr auto noon = time_point{1'772'366'400'000ms};

fact opened(const std::string& subject, time_point at = noon) {
  return {kind::breaker_opened, subject, "5 failures", at};
}

TEST(AlarmKind, HasANameThatNamesItsFamily) {
  for (const auto x : {kind::breaker_opened, kind::breaker_closed, kind::dead_letter, kind::paused, kind::resumed,
                       kind::queue_aged, kind::queue_recovered})
    EXPECT_EQ(parse_kind(name_of(x)), x);
  EXPECT_FALSE(parse_kind("breaker"));
  EXPECT_FALSE(parse_kind(name_of(kind::test))) << "it is not chosen";
  EXPECT_EQ(family_of(kind::breaker_opened), family_of(kind::breaker_closed));
  EXPECT_NE(family_of(kind::paused), family_of(kind::queue_aged));
}

TEST(AlarmRunbook, IsTheSectionOfWhatHappened) {
  EXPECT_EQ(runbook_of(opened("payment.rest")), "docs/runbooks.md#circuitbreakeropen");
  EXPECT_EQ(runbook_of({kind::dead_letter, "poisoned_event outlet/email/order", "", noon}),
            "docs/runbooks.md#poisoned_event");
  EXPECT_EQ(runbook_of({kind::dead_letter, "others", "", noon}), "docs/runbooks.md#deadlettersopen");
  EXPECT_EQ(runbook_of({kind::queue_aged, "outlet/email", "", noon}), "docs/runbooks.md#outletbehind");
  EXPECT_EQ(runbook_of({kind::queue_aged, "node/entities/orders", "", noon}), "docs/runbooks.md#messageswait");
}

TEST(Coalescer, LetsTheFirstThroughAtOnceAndThenTheLatestWithTheirNumber) {
  coalescer x;
  EXPECT_EQ(x.add(opened("a"), noon), opened("a"));
  EXPECT_FALSE(x.add({kind::breaker_closed, "a", "", noon + 10s}, noon + 10s));
  EXPECT_FALSE(x.add(opened("a", noon + 20s), noon + 20s));
  EXPECT_EQ(x.next_at(), noon + 1min);
  EXPECT_TRUE(x.due(noon + 59s).empty());
  auto last = opened("a", noon + 20s);
  last.count = 2;
  EXPECT_EQ(x.due(noon + 1min), std::vector<fact>{last});
  EXPECT_FALSE(x.next_at());
  EXPECT_FALSE(x.add(opened("a"), noon + 90s)) << "a minute after the last one that was told";
}

TEST(Coalescer, KeepsSubjectsAndFamiliesApart) {
  coalescer x;
  EXPECT_TRUE(x.add(opened("a"), noon));
  EXPECT_TRUE(x.add(opened("b"), noon));
  EXPECT_TRUE(x.add({kind::paused, "a", "", noon}, noon));
}

TEST(Coalescer, BeginsAnewAfterAQuietMinute) {
  coalescer x;
  EXPECT_TRUE(x.add(opened("a"), noon));
  EXPECT_TRUE(x.add(opened("a", noon + 1min), noon + 1min));
}

TEST(Coalescer, TellsOfManySubjectsAsOneAndForgetsThemAgain) {
  coalescer x{1min, 2};
  EXPECT_TRUE(x.add(opened("a"), noon));
  EXPECT_TRUE(x.add(opened("b"), noon));
  const auto more = x.add(opened("c"), noon);
  ASSERT_TRUE(more);
  EXPECT_EQ(more->subject, "others");
  EXPECT_FALSE(x.add(opened("d"), noon));
  const auto due = x.due(noon + 1min);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due.front().subject, "others");
  EXPECT_EQ(x.add(opened("c"), noon + 2min)->subject, "c");
}

} // namespace
} // namespace troupe::alarm

// What becomes of an event that its outlet could not pass on.
#include "actors/kernel/caf.hpp"
#include "actors/outlet/parking.hpp"
#include "actors/outlet/progress.hpp"
#include "actors/outlet/stored.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

namespace troupe::outlet {
namespace {

using namespace std::chrono_literals;

const time_point noon{std::chrono::seconds{1'700'000'000}};
const place where{"bus", "order", "o-1"};
const policy rules{3, 10s, 60s, 2};

item event_at(std::uint64_t offset) {
  return {offset, offset * 2, "order.placed"};
}

state after(const std::vector<event>& events) {
  state s;
  for (const auto& e : events)
    s.apply(e);
  return s;
}

std::vector<event> events_of(const decision& x) {
  EXPECT_EQ(x.index(), 0u);
  return x.index() == 0 ? std::get<0>(x) : std::vector<event>{};
}

TEST(ParkingDecide, CountsTheDeliveryBeforeIt) {
  const auto events = events_of(decide({}, park{where, event_at(7), ec::timed_out}, noon, rules));
  EXPECT_EQ(events, (std::vector<event>{parked{where, event_at(7)}, delivery_failed{7, ec::timed_out, noon + 10s}}));
}

TEST(ParkingDecide, GivesUpAtOnceWhatCannotHelp) {
  const auto events = events_of(decide({}, park{where, event_at(7), ec::unknown_type}, noon, rules));
  EXPECT_EQ(events, (std::vector<event>{parked{where, event_at(7)}, given_up{7, ec::unknown_type}}));
}

TEST(ParkingDecide, GivesUpAfterTheLastDelivery) {
  auto s = after({parked{where, event_at(7)}, parked{where, event_at(9)}});
  for (const auto wait : {10s, 20s}) {
    const auto events = events_of(decide(s, note_delivery{7, ec::unavailable}, noon, rules));
    ASSERT_EQ(events, std::vector<event>{(delivery_failed{7, ec::unavailable, noon + wait})});
    s.apply(events[0]);
  }
  s.apply(events_of(decide(s, note_delivery{7, ec::unavailable}, noon, rules)).at(0));
  EXPECT_EQ(s.items, (std::deque<item>{event_at(9)})) << "the one behind it goes on";
  EXPECT_EQ(s.lost, (std::deque<lost_item>{{event_at(7), ec::unavailable, 3, 1}}));
  EXPECT_EQ(s.deliveries, 0u);
}

TEST(ParkingDecide, TakesAnEventOnce) {
  auto s = after({parked{where, event_at(7)}, parked{where, event_at(9)}, delivered{7}});
  for (const std::uint64_t offset : {7, 9})
    EXPECT_TRUE(events_of(decide(s, park{where, event_at(offset), {}}, noon, rules)).empty()) << offset;
  EXPECT_EQ(events_of(decide(s, park{where, event_at(7), {}, true}, noon, rules)).size(), 1u) << "it is replayed";
  EXPECT_TRUE(events_of(decide(s, note_delivery{7, {}}, noon, rules)).empty()) << "it is not the first";
}

TEST(ParkingDecide, HasABound) {
  const auto s = after({parked{where, event_at(1)}, parked{where, event_at(2)}});
  EXPECT_EQ(decide(s, park{where, event_at(3), {}}, noon, rules), decision{rejection::too_many_parked});
}

TEST(ParkingDecide, ForgetsALossWhenItsLetterIsRecorded) {
  auto s =
    after({parked{where, event_at(1)}, given_up{1, ec::refused}, parked{where, event_at(2)}, given_up{2, ec::refused}});
  EXPECT_FALSE(s.idle());
  s.apply(events_of(decide(s, note_letter{1})).at(0));
  ASSERT_EQ(s.lost.size(), 1u);
  EXPECT_EQ(s.lost[0].number, 2u);
  EXPECT_TRUE(events_of(decide(s, note_letter{1})).empty());
}

TEST(ParkingDecide, WaitsLongerAndLongerUpToABound) {
  EXPECT_EQ(wait_after(1, rules), 10s);
  EXPECT_EQ(wait_after(3, rules), 40s);
  EXPECT_EQ(wait_after(100, rules), 60s);
}

TEST(OutletProgress, StandsBeforeTheFirstThatIsNotFinished) {
  progress x{10};
  EXPECT_EQ(x.mark(), 10u);
  x.take(12, noon);
  x.take(13, noon + 1s);
  x.skip(20);
  EXPECT_EQ(x.seen(), 20u);
  EXPECT_EQ(x.mark(), 11u);
  x.finish(13);
  EXPECT_EQ(x.mark(), 11u);
  EXPECT_EQ(x.oldest(), noon);
  x.finish(12);
  EXPECT_EQ(x.mark(), 20u);
  EXPECT_FALSE(x.oldest());
}

struct stored_form {
  const char* name;
  event what;
};

const std::vector<stored_form> forms{
  {"parked", parked{where, event_at(7)}},
  {"delivered", delivered{7}},
  {"delivery_failed", delivery_failed{7, ec::timed_out, noon}},
  {"given_up", given_up{7, ec::refused}},
  {"letter_recorded", letter_recorded{3}},
};

TEST(OutletStored, KeepsTheFormOfEachEvent) {
  for (const auto& x : forms) {
    const auto form = encode(x.what);
    EXPECT_EQ(form.type, std::string{"outlet."} + x.name);
    EXPECT_EQ(form.data, test::golden(std::string{"outlet/"} + x.name + ".1.json"));
    journal::stored_event stored;
    stored.type = form.type;
    stored.data = form.data;
    const auto again = decode(stored);
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(*again, x.what);
  }
}

TEST(OutletStored, KeepsTheFormOfASnapshot) {
  const auto s = after({parked{where, event_at(1)}, given_up{1, ec::refused}, parked{where, event_at(7)},
                        delivery_failed{7, ec::timed_out, noon}});
  const auto form = encode_snapshot(s);
  EXPECT_EQ(form, test::golden("outlet/snapshot.1.json"));
  EXPECT_EQ(*decode_snapshot(form, 1), s);
}

TEST(OutletStored, RefusesWhatIsNotItsForm) {
  journal::stored_event x;
  x.type = "outlet.given_up";
  for (const auto* data : {"{}", R"({"offset":-1,"code":"refused"})", R"({"offset":1,"code":"nothing"})"}) {
    x.data = data;
    EXPECT_EQ(code_of(decode(x).error()), ec::store_damaged) << data;
  }
  x.type = "outlet.newer";
  EXPECT_EQ(code_of(decode(x).error()), ec::unknown_type);
}

} // namespace
} // namespace troupe::outlet

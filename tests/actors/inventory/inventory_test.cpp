#include "actors/inventory/inventory.hpp"
#include "actors/inventory/stored.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace troupe::inventory {
namespace {

using namespace std::chrono_literals;

constexpr auto noon = time_point{12h};
constexpr duration hold_time = 15min;
constexpr policy rules{2}; // low_stock at two units or fewer
constexpr policy quiet{0};

using events = std::vector<event>;

state after(std::initializer_list<event> history) {
  state s;
  for (const auto& e : history)
    s.apply(e);
  return s;
}

reserve reserve_units(const char* id, units_t units) {
  return {"sku", id, units, hold_time};
}

const reserved held_two{"r-1", 2, noon + hold_time};
const adjusted ten{10, 10};

TEST(InventoryDecide, HoldsUnitsUntilTheHoldTimeIsOver) {
  EXPECT_EQ(decide(after({ten}), reserve_units("r-1", 2), noon, rules), decision{events{held_two}});
}

TEST(InventoryDecide, HoldsTheLastUnit) {
  EXPECT_EQ(decide(after({adjusted{2, 2}}), reserve_units("r-1", 2), noon, quiet),
            (decision{events{held_two, low_stock{0, 0}}}));
}

TEST(InventoryDecide, RefusesMoreUnitsThanAreAvailable) {
  EXPECT_EQ(decide(after({ten, held_two}), reserve_units("r-2", 9), noon, rules), decision{rejection::out_of_stock});
}

TEST(InventoryDecide, RefusesAReservationOfNoUnits) {
  EXPECT_EQ(decide(after({ten}), reserve_units("r-1", 0), noon, rules), decision{rejection::no_units_requested});
}

TEST(InventoryDecide, RefusesAReservationOfWhatWasNeverStocked) {
  EXPECT_EQ(decide(state{}, reserve_units("r-1", 1), noon, rules), decision{rejection::unknown_sku});
}

TEST(InventoryDecide, KnowsASkuThatIsSoldOut) {
  EXPECT_EQ(decide(after({adjusted{0, 0}}), reserve_units("r-1", 1), noon, rules), decision{rejection::out_of_stock});
}

TEST(InventoryDecide, GrantsARepeatedReservationOnlyOnce) {
  EXPECT_EQ(decide(after({ten, held_two}), reserve_units("r-1", 2), noon, rules), decision{events{}});
  EXPECT_EQ(decide(after({ten, held_two, allocated{"r-1", noon, 2}}), reserve_units("r-1", 2), noon, rules),
            decision{events{}});
}

TEST(InventoryDecide, RefusesAReservationThatItsReleaseOvertook) {
  auto s = after({ten});
  const auto outcome = decide(s, release{"sku", "r-1"}, noon);
  ASSERT_EQ(outcome, (decision{events{released{"r-1", noon, 0}}}));
  s.apply(std::get<events>(outcome).front());
  EXPECT_EQ(decide(s, reserve_units("r-1", 2), noon, rules), decision{rejection::already_released});
}

TEST(InventoryDecide, RefusesAReservationThatHasEnded) {
  for (const event& end : events{released{"r-1", noon, 2}, hold_expired_event{"r-1", noon, 2}})
    EXPECT_EQ(decide(after({ten, held_two, end}), reserve_units("r-1", 2), noon, rules),
              decision{rejection::already_released});
}

TEST(InventoryDecide, ReleasesAHoldOnce) {
  auto s = after({ten, held_two});
  const event end = released{"r-1", noon, 2};
  EXPECT_EQ(decide(s, release{"sku", "r-1"}, noon), decision{events{end}});
  s.apply(end);
  EXPECT_EQ(s.available, 10u);
  EXPECT_EQ(decide(s, release{"sku", "r-1"}, noon), decision{events{}});
}

TEST(InventoryDecide, LeavesSoldUnitsSoldOnRelease) {
  EXPECT_EQ(decide(after({ten, held_two, allocated{"r-1", noon, 2}}), release{"sku", "r-1"}, noon), decision{events{}});
}

TEST(InventoryDecide, SellsHeldUnitsOnce) {
  auto s = after({ten, held_two});
  const event sale = allocated{"r-1", noon, 2};
  EXPECT_EQ(decide(s, allocate{"sku", "r-1"}, noon), decision{events{sale}});
  s.apply(sale);
  EXPECT_EQ(s.sold, 2u);
  EXPECT_EQ(s.held, 0u);
  EXPECT_EQ(s.available, 8u);
  EXPECT_EQ(decide(s, allocate{"sku", "r-1"}, noon), decision{events{}});
}

TEST(InventoryDecide, SellsUntilTheLastMillisecondOfAHoldAndNotLater) {
  const auto s = after({ten, held_two});
  EXPECT_TRUE(std::holds_alternative<events>(decide(s, allocate{"sku", "r-1"}, noon + hold_time - 1ms)));
  EXPECT_EQ(decide(s, allocate{"sku", "r-1"}, noon + hold_time), decision{rejection::hold_expired});
}

TEST(InventoryDecide, RefusesToSellWhatIsNotHeldAnyMore) {
  for (const event& end :
       events{released{"r-1", noon, 2}, hold_expired_event{"r-1", noon, 2}, taken_back{"r-1", noon, 0}})
    EXPECT_EQ(decide(after({ten, held_two, end}), allocate{"sku", "r-1"}, noon), decision{rejection::hold_expired});
  EXPECT_EQ(decide(after({ten}), allocate{"sku", "r-9"}, noon), decision{rejection::hold_expired});
  EXPECT_EQ(decide(state{}, allocate{"sku", "r-9"}, noon), decision{rejection::unknown_sku});
}

TEST(InventoryDecide, TakesSoldUnitsBackOnce) {
  auto s = after({ten, held_two, allocated{"r-1", noon, 2}});
  const event back = taken_back{"r-1", noon, 2};
  EXPECT_EQ(decide(s, take_back{"sku", "r-1"}, noon), decision{events{back}});
  s.apply(back);
  EXPECT_EQ(s.sold, 0u);
  EXPECT_EQ(s.available, 10u);
  EXPECT_EQ(decide(s, take_back{"sku", "r-1"}, noon), decision{events{}});
}

TEST(InventoryDecide, TakesBackWhatIsStillHeldByReleasingIt) {
  EXPECT_EQ(decide(after({ten, held_two}), take_back{"sku", "r-1"}, noon),
            (decision{events{released{"r-1", noon, 2}}}));
}

TEST(InventoryDecide, RefusesAReservationThatItsTakeBackOvertook) {
  auto s = after({ten});
  const auto outcome = decide(s, take_back{"sku", "r-1"}, noon);
  ASSERT_EQ(outcome, (decision{events{released{"r-1", noon, 0}}}));
  s.apply(std::get<events>(outcome).front());
  EXPECT_EQ(decide(s, reserve_units("r-1", 2), noon, rules), decision{rejection::already_released});
}

TEST(InventoryDecide, StoresNothingOfAReleaseOfWhatWasNeverStocked) {
  EXPECT_EQ(decide(state{}, release{"sku", "r-1"}, noon), decision{events{}});
  EXPECT_EQ(decide(state{}, take_back{"sku", "r-1", 2}, noon), decision{events{}});
}

/// Ten units came, two of them were sold at noon, and the sale is forgotten.
state long_after_a_sale() {
  return after({ten, held_two, allocated{"r-1", noon, 2}, released{"r-2", noon + memory_of_ended + 1ms, 0}});
}

TEST(InventoryDecide, TakesBackWhatWasSoldLongerAgoThanItRemembers) {
  auto s = long_after_a_sale();
  ASSERT_FALSE(s.past.contains("r-1"));
  const auto later = noon + 8 * 24h;
  const event back = taken_back{"r-1", later, 2};
  ASSERT_EQ(decide(s, take_back{"sku", "r-1", 2}, later), decision{events{back}});
  s.apply(back);
  EXPECT_EQ(s.available, 10u);
  EXPECT_EQ(s.sold, 0u);
  EXPECT_EQ(s.received(), 10u);
}

TEST(InventoryDecide, TakesBackAForgottenSaleOnceWhileThatIsRemembered) {
  auto s = long_after_a_sale();
  s.apply(reserved{"r-3", 1, noon + 9 * 24h});
  s.apply(allocated{"r-3", noon + 8 * 24h, 1});
  s.apply(taken_back{"r-1", noon + 8 * 24h, 2});
  EXPECT_EQ(decide(s, take_back{"sku", "r-1", 2}, noon + 8 * 24h), decision{events{}});
  EXPECT_EQ(s.sold, 1u) << "of another order";
}

TEST(InventoryDecide, TakesNothingBackOfWhatItForgotUnlessUnitsAreNamed) {
  const auto s = long_after_a_sale();
  const auto later = noon + 8 * 24h;
  EXPECT_EQ(decide(s, take_back{"sku", "r-1"}, later), (decision{events{released{"r-1", later, 0}}}));
}

TEST(InventoryDecide, TakesNoMoreUnitsBackThanWereSold) {
  const auto later = noon + 8 * 24h;
  EXPECT_EQ(decide(long_after_a_sale(), take_back{"sku", "r-1", 3}, later),
            (decision{events{taken_back{"r-1", later, 2}}}));
  EXPECT_EQ(decide(after({ten}), take_back{"sku", "r-1", 3}, later), (decision{events{released{"r-1", later, 0}}}));
}

TEST(InventoryDecide, ReleasesWhatIsHeldWhateverATakeBackNames) {
  const auto s = after({ten, reserved{"r-0", 3, noon + hold_time}, allocated{"r-0", noon, 3}, held_two});
  EXPECT_EQ(decide(s, take_back{"sku", "r-1", 2}, noon), (decision{events{released{"r-1", noon, 2}}}));
}

TEST(InventoryDecide, EndsTheHoldsWhoseTimeIsOverEarliestFirst) {
  auto s =
    after({ten, reserved{"r-a", 1, noon + 2min}, reserved{"r-b", 2, noon + 1min}, reserved{"r-c", 3, noon + 3min}});
  EXPECT_EQ(s.next_expiry(), noon + 1min);
  const auto outcome = decide(s, expire_holds{}, noon + 2min);
  ASSERT_EQ(outcome,
            (decision{events{hold_expired_event{"r-b", noon + 2min, 2}, hold_expired_event{"r-a", noon + 2min, 1}}}));
  for (const auto& e : std::get<events>(outcome))
    s.apply(e);
  EXPECT_EQ(s.available, 7u);
  EXPECT_EQ(s.next_expiry(), noon + 3min);
}

TEST(InventoryDecide, EndsManyHoldsInSeveralSteps) {
  auto s = after({adjusted{5'000, 5'000}});
  for (units_t i = 0; i < expired_at_once_max + 1; ++i)
    s.apply(reserved{"r-" + std::to_string(i), 1, noon});
  for (const auto expected : {expired_at_once_max, std::size_t{1}, std::size_t{0}}) {
    const auto ends = std::get<events>(decide(s, expire_holds{}, noon));
    EXPECT_EQ(ends.size(), expected);
    EXPECT_EQ(s.next_expiry().has_value(), expected > 0);
    for (const auto& e : ends)
      s.apply(e);
  }
}

TEST(InventoryDecide, SetsWhatIsAvailableAndKeepsWhatIsHeldOrSold) {
  auto s = after({ten, held_two, reserved{"r-2", 3, noon + hold_time}, allocated{"r-2", noon, 3}});
  const auto outcome = decide(s, set_available{"sku", 4}, rules);
  ASSERT_EQ(outcome, (decision{events{adjusted{4, -1}}}));
  s.apply(std::get<events>(outcome).front());
  EXPECT_EQ(s.held, 2u);
  EXPECT_EQ(s.sold, 3u);
  EXPECT_EQ(s.on_hand(), 6u);
  EXPECT_EQ(decide(s, set_available{"sku", 4}, rules), decision{events{}});
}

TEST(InventoryDecide, RefusesMoreUnitsThanCanBeCounted) {
  EXPECT_EQ(decide(state{}, set_available{"sku", units_max + 1}, rules), decision{rejection::too_many_units});
  EXPECT_EQ(decide(after({ten, held_two}), set_available{"sku", units_max - 1}, rules),
            decision{rejection::too_many_units});
  EXPECT_EQ(decide(after({ten}), reserve_units("r-1", units_max + 1), noon, rules),
            decision{rejection::too_many_units});
  EXPECT_TRUE(std::holds_alternative<events>(decide(state{}, set_available{"sku", units_max}, rules)));
}

TEST(InventoryDecide, TellsLowStockOnceUntilItWasHighAgain) {
  auto s = after({adjusted{4, 4}});
  auto run = [&s](const decision& outcome) {
    auto told = false;
    for (const auto& e : std::get<events>(outcome)) {
      s.apply(e);
      told = told || std::holds_alternative<low_stock>(e);
    }
    return told;
  };
  EXPECT_FALSE(run(decide(s, reserve_units("r-1", 1), noon, rules)));
  EXPECT_TRUE(run(decide(s, reserve_units("r-2", 1), noon, rules))) << "two units are left";
  EXPECT_FALSE(run(decide(s, reserve_units("r-3", 1), noon, rules))) << "it was told";
  EXPECT_FALSE(run(decide(s, release{"sku", "r-3"}, noon))) << "two again, not above";
  EXPECT_FALSE(run(decide(s, reserve_units("r-4", 1), noon, rules)));
  EXPECT_FALSE(run(decide(s, set_available{"sku", 3}, rules))) << "above";
  EXPECT_TRUE(run(decide(s, reserve_units("r-5", 3), noon, rules)));
}

TEST(InventoryDecide, TellsLowStockByTheThresholdOfToday) {
  const auto told_at_five = after({adjusted{4, 4}, low_stock{4, 5}});
  EXPECT_EQ(decide(told_at_five, reserve_units("r-1", 2), noon, rules), (decision{events{held_two, low_stock{2, 2}}}));
  const auto told_at_two = after({adjusted{2, 2}, low_stock{2, 2}});
  EXPECT_EQ(decide(told_at_two, reserve_units("r-1", 2), noon, policy{5}), decision{events{held_two}});
}

TEST(InventoryDecide, KeepsAHoldLonger) {
  const auto s = after({ten, held_two});
  const auto until = noon + 24h;
  EXPECT_EQ(decide(s, extend{"sku", "r-1", 24h}, noon, quiet), (decision{events{hold_extended{"r-1", 2, until}}}));
  const auto longer = after({ten, held_two, hold_extended{"r-1", 2, until}});
  EXPECT_EQ(longer.available, 8u);
  EXPECT_EQ(longer.held, 2u);
  EXPECT_EQ(longer.next_expiry(), until);
  EXPECT_EQ(decide(longer, expire_holds{}, noon + hold_time), decision{events{}});
  EXPECT_EQ(decide(longer, extend{"sku", "r-1", 1h}, noon, quiet), decision{events{}}) << "it is never cut short";
}

TEST(InventoryDecide, HoldsAgainWhatExpiredWhileThereAreUnits) {
  const auto late = noon + 1h;
  const auto s = after({ten, held_two, hold_expired_event{"r-1", late, 2}});
  const auto again = hold_extended{"r-1", 2, late + 24h, true};
  EXPECT_EQ(decide(s, extend{"sku", "r-1", 24h}, late, quiet), decision{events{again}});
  auto held = s;
  held.apply(again);
  EXPECT_EQ(held.available, 8u);
  EXPECT_EQ(held.on_hand(), 10u);
  EXPECT_EQ(decide(held, allocate{"sku", "r-1"}, late), decision{(events{allocated{"r-1", late, 2}})});
  const auto gone = after({ten, held_two, hold_expired_event{"r-1", late, 2}, adjusted{1, -9}});
  EXPECT_EQ(decide(gone, extend{"sku", "r-1", 24h}, late, quiet), decision{rejection::out_of_stock});
}

TEST(InventoryDecide, KeepsNoHoldThatNobodyHas) {
  for (const auto& s : {after({ten}), after({ten, held_two, released{"r-1", noon, 2}}),
                        after({ten, held_two, allocated{"r-1", noon, 2}})})
    EXPECT_EQ(decide(s, extend{"sku", "r-1", 24h}, noon, quiet), decision{rejection::hold_expired});
}

TEST(InventoryState, RemembersTheEndOfAHoldThatWasGrantedAgain) {
  auto s = after({ten, held_two, hold_expired_event{"r-1", noon + 1h, 2}, hold_extended{"r-1", 2, noon + 24h, true}});
  s.apply(released{"r-1", noon + 2h, 2});
  EXPECT_EQ(s.available, 10u);
  EXPECT_EQ(s.past.at("r-1").how, ending::released);
  const auto read = decode_snapshot(encode_snapshot(s), snapshot_schema);
  ASSERT_TRUE(read);
  EXPECT_EQ(encode_snapshot(*read), encode_snapshot(s));
}

TEST(InventoryState, ForgetsAnEndedReservationAfterItsMemory) {
  auto s = after({ten, released{"r-1", noon, 0}});
  s.apply(released{"r-2", noon + memory_of_ended, 0});
  EXPECT_TRUE(s.past.contains("r-1"));
  s.apply(released{"r-3", noon + memory_of_ended + 1ms, 0});
  EXPECT_FALSE(s.past.contains("r-1"));
  EXPECT_EQ(s.past.size(), 2u);
  EXPECT_EQ(s.past_order.size(), 2u);
}

TEST(InventoryState, RemembersATakenBackReservationFromItsLastEvent) {
  auto s = after({ten, held_two, allocated{"r-1", noon, 2}, taken_back{"r-1", noon + 24h, 2}});
  s.apply(released{"r-2", noon + memory_of_ended + 1ms, 0});
  EXPECT_TRUE(s.past.contains("r-1"));
  s.apply(released{"r-3", noon + 24h + memory_of_ended + 1ms, 0});
  EXPECT_FALSE(s.past.contains("r-1"));
  EXPECT_TRUE(s.past.contains("r-2"));
}

TEST(InventoryState, RemembersTheLatestEndsOnlyHoweverManyThereAre) {
  auto s = after({adjusted{units_max, units_max}});
  const auto sell = [&s](std::size_t number) {
    const reservation_id id{"r-" + std::to_string(number)};
    s.apply(reserved{id, 1, noon + hold_time});
    s.apply(allocated{id, noon, 1});
  };
  for (std::size_t i = 0; i <= past_max; ++i)
    sell(i);
  EXPECT_EQ(s.past.size(), past_max);
  EXPECT_LE(s.past_order.size(), past_max);
  EXPECT_FALSE(s.past.contains("r-0"));
  EXPECT_TRUE(s.past.contains("r-1"));
  EXPECT_EQ(s.sold, past_max + 1);
  // What is answered for the one that was forgotten.
  EXPECT_EQ(decide(s, allocate{"sku", "r-0"}, noon), decision{rejection::hold_expired});
  EXPECT_EQ(decide(s, release{"sku", "r-0"}, noon), (decision{events{released{"r-0", noon, 0}}}));
  EXPECT_EQ(decide(s, take_back{"sku", "r-0", 1}, noon), (decision{events{taken_back{"r-0", noon, 1}}}));
}

TEST(InventoryState, ForgetsWithinASnapshotOfBeforeTheBound) {
  state large;
  large.apply(adjusted{10, 10});
  for (std::size_t i = 0; i < past_max + 10; ++i) { // as an earlier release may have kept them
    const reservation_id id{"r-" + std::to_string(i)};
    large.past.emplace(id, ended{ending::released, 0, noon});
    large.past_order.emplace_back(noon, id);
  }
  auto s = *decode_snapshot(encode_snapshot(large), snapshot_schema);
  s.apply(released{"r-new", noon, 0});
  EXPECT_EQ(s.past.size(), past_max);
  EXPECT_TRUE(s.past.contains("r-new"));
}

journal::stored_event as_stored(const event& e) {
  auto encoded = encode(e);
  journal::stored_event x;
  x.type = std::move(encoded.type);
  x.schema = encoded.schema;
  x.data = std::move(encoded.data);
  return x;
}

/// One random command out of few reservations, so that they meet often; the clock sometimes goes back.
decision random_decision(const state& s, std::mt19937& random, time_point& now) {
  now += duration{static_cast<std::int64_t>(random() % 400'000)} - 30s;
  if (random() % 200 == 0)
    now += 4 * 24h;
  const auto id = reservation_id{"r-" + std::to_string(random() % 12)};
  const auto number = static_cast<units_t>(random() % 9);
  switch (random() % 9) {
    case 0: return decide(s, set_available{"sku", number}, rules);
    case 1:
    case 2:
    case 3: return decide(s, reserve{"sku", id, number, hold_time}, now, rules);
    case 4: return decide(s, release{"sku", id}, now);
    case 5:
    case 6: return decide(s, allocate{"sku", id}, now);
    case 7: return decide(s, take_back{"sku", id, number}, now);
    default: return decide(s, expire_holds{}, now);
  }
}

TEST(InventoryProperty, NeitherLosesNorInventsUnits) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    state s;
    auto now = noon;
    std::int64_t received = 0;
    for (int step = 0; step < 200; ++step) {
      const auto outcome = random_decision(s, random, now);
      const auto* decided = std::get_if<events>(&outcome);
      for (const auto& e : decided ? *decided : events{}) {
        if (const auto* change = std::get_if<adjusted>(&e))
          received += change->change;
        s.apply(e);
        ASSERT_EQ(static_cast<std::int64_t>(s.received()), received);
      }
      std::uint64_t held = 0;
      for (const auto& [id, x] : s.holds) {
        held += x.units;
        ASSERT_TRUE(s.expiries.contains({x.expires_at, id}));
        ASSERT_FALSE(s.past.contains(id)) << "held and ended at once";
      }
      ASSERT_EQ(s.held, held);
      ASSERT_EQ(s.expiries.size(), s.holds.size());
      // A wrap below zero would be a number far above what ever came.
      ASSERT_LE(s.available, 9u * 13u);
    }
  }
}

TEST(InventoryProperty, RepeatedCommandsChangeNothing) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    state s;
    auto now = noon;
    for (int step = 0; step < 100; ++step) {
      const auto before = random;
      auto later = now;
      const auto outcome = random_decision(s, random, now);
      if (const auto* decided = std::get_if<events>(&outcome); decided && !decided->empty()) {
        for (const auto& e : *decided)
          s.apply(e);
        auto same = before;
        ASSERT_EQ(random_decision(s, same, later), decision{events{}});
      }
    }
  }
}

TEST(InventoryProperty, RecoversTheSameStateFromEventsAndFromSnapshots) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    state live;
    state replayed;
    state from_snapshot;
    auto now = noon;
    for (int step = 0; step < 200; ++step) {
      const auto outcome = random_decision(live, random, now);
      const auto* decided = std::get_if<events>(&outcome);
      for (const auto& e : decided ? *decided : events{}) {
        const auto read = decode(as_stored(e));
        ASSERT_TRUE(read);
        ASSERT_EQ(*read, e);
        live.apply(e);
        replayed.apply(*read);
        from_snapshot.apply(*read);
      }
      if (random() % 16 == 0) {
        const auto restored = decode_snapshot(encode_snapshot(from_snapshot), snapshot_schema);
        ASSERT_TRUE(restored);
        from_snapshot = *restored;
      }
      ASSERT_EQ(replayed, live);
      ASSERT_EQ(from_snapshot.past, live.past);
      ASSERT_EQ(from_snapshot.holds, live.holds);
      ASSERT_EQ(encode_snapshot(from_snapshot), encode_snapshot(live));
    }
  }
}

} // namespace
} // namespace troupe::inventory

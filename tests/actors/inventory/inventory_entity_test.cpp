// What the actor of a SKU adds to its decisions: time, durability, and an end in memory.
#include "actors/inventory/inventory_entity.hpp"

#include "supervisors/topology.hpp"
#include "tests/actors/entity/journal_of_tests.hpp"

namespace troupe::inventory {
namespace {

using namespace std::chrono_literals;

class InventoryEntity : public entity::test::JournalOfTests<inventory_actor> {
protected:
  inventory_actor spawn() override { return spawn_inventories(sys, env, policy{0}); }

  void stock_ten() { ASSERT_TRUE(tell<stock>(set_available{tea, 10})); }

  caf::expected<stock> hold_two(const char* id = "r-1", duration hold_time = 60s) {
    return tell<stock>(reserve{tea, id, 2, hold_time});
  }

  stock get() {
    auto answer = tell<stock>(get_stock{tea});
    EXPECT_TRUE(answer) << to_string(answer.error());
    return answer ? *answer : stock{};
  }

  std::string last_type() { return book->events(stream).back().type; }

  const sku_id tea{"tea"};
  const journal::stream_name stream{"inventory", "tea"};
};

TEST_F(InventoryEntity, EndsAHoldWhenItsTimeIsOver) {
  stock_ten();
  ASSERT_TRUE(hold_two());
  EXPECT_EQ(get().available, 8u);
  book->wake_ups.clear(); // So that nobody but the SKU itself looks at its time.
  advance(59s);
  EXPECT_EQ(get().available, 8u);
  advance(1s);
  EXPECT_EQ(get().available, 10u);
  EXPECT_EQ(last_type(), "inventory.hold_expired");
}

// A SKU that sells all day would otherwise move its wake-up with every hold and every sale.
TEST_F(InventoryEntity, LeavesAWakeUpThatNobodyWantsAnyMoreToComeAndGo) {
  stock_ten();
  ASSERT_TRUE(hold_two());
  const auto until = now() + 60s;
  const auto stored_changes = [this] {
    return std::count_if(book->appends.begin(), book->appends.end(),
                         [](const auto& x) { return x.wake_up.has_value(); });
  };
  const auto before = stored_changes();
  ASSERT_TRUE(tell<stock>(allocate{tea, "r-1"}));
  advance(10s);
  ASSERT_TRUE(hold_two("r-2"));
  ASSERT_TRUE(tell<stock>(allocate{tea, "r-2"}));
  EXPECT_EQ(stored_changes(), before);
  EXPECT_EQ(book->wake_ups.at(stream), until);
  advance(60s);
  EXPECT_FALSE(book->wake_ups.contains(stream)) << "it came, and was taken back";
  EXPECT_EQ(get().sold, 4u);
}

TEST_F(InventoryEntity, EndsEachHoldInItsTime) {
  stock_ten();
  ASSERT_TRUE(hold_two("late", 50s));
  ASSERT_TRUE(hold_two("soon", 20s));
  ASSERT_TRUE(hold_two("sold", 30s));
  ASSERT_TRUE(tell<stock>(allocate{tea, "sold"}));
  book->wake_ups.clear(); // So that nobody but the SKU itself looks at its time.
  advance(20s);
  EXPECT_EQ(get().held, 2u);
  book->wake_ups.clear();
  advance(10s);
  EXPECT_EQ(get().held, 2u);
  advance(20s);
  EXPECT_EQ(get().held, 0u);
  EXPECT_EQ(get().available, 8u);
}

TEST_F(InventoryEntity, EndsAHoldByItsStoredWakeUpWhenNobodyAsks) {
  stock_ten();
  ASSERT_TRUE(hold_two());
  ASSERT_EQ(book->wake_ups.at(stream), now() + 60s);
  restart();
  EXPECT_EQ(in_memory(), 0u);
  advance(30s);
  EXPECT_EQ(in_memory(), 0u) << "it is not due";
  for (int i = 0; i < 31; ++i) // The region looks every second.
    advance(1s);
  EXPECT_EQ(last_type(), "inventory.hold_expired");
  EXPECT_FALSE(book->wake_ups.contains(stream));
}

TEST_F(InventoryEntity, AnswersWhenTheAppendIsDurable) {
  stock_ten();
  book->holds = true;
  auto held = request(reserve{tea, "r-1", 2, 60s});
  run();
  auto repeated = request(reserve{tea, "r-1", 2, 60s});
  auto read = request(get_stock{tea});
  auto refused = request(reserve{tea, "r-2", 9, 60s});
  run();
  EXPECT_TRUE(nothing_is_answered()) << "these have seen what is not durable yet";
  release();
  EXPECT_EQ(answer_of<stock>(held)->available, 8u);
  EXPECT_EQ(answer_of<stock>(repeated)->available, 8u);
  EXPECT_EQ(answer_of<stock>(read)->available, 8u);
  EXPECT_EQ(answer_of<stock>(refused).error(), rejection::out_of_stock);
}

TEST_F(InventoryEntity, IsRecoveredWithoutWhatCouldNotBeStored) {
  stock_ten();
  book->failure = caf::make_error(ec::store_unavailable);
  EXPECT_EQ(hold_two().error(), ec::store_unavailable);
  EXPECT_EQ(in_memory(), 0u) << "it knows of a hold that is not stored";
  book->failure = {};
  EXPECT_EQ(get().available, 10u);
  EXPECT_EQ(hold_two()->available, 8u);
}

TEST_F(InventoryEntity, FailsWhateverHasSeenWhatCouldNotBeStored) {
  stock_ten();
  book->holds = true;
  auto held = request(reserve{tea, "r-1", 2, 60s});
  run();
  auto read = request(get_stock{tea});
  run();
  book->failure = caf::make_error(ec::commit_unknown);
  release();
  EXPECT_EQ(answer_of<stock>(held).error(), ec::commit_unknown);
  EXPECT_EQ(answer_of<stock>(read).error(), ec::commit_unknown);
}

TEST_F(InventoryEntity, RefusesAReservationThatItsReleaseHasOvertaken) {
  stock_ten();
  ASSERT_TRUE(tell<stock>(inventory::release{tea, "r-1"}));
  EXPECT_EQ(hold_two().error(), rejection::already_released);
  restart();
  EXPECT_EQ(hold_two().error(), rejection::already_released) << "it is stored";
  EXPECT_EQ(get().available, 10u);
}

TEST_F(InventoryEntity, LeavesNothingOfASkuThatWasNeverStocked) {
  EXPECT_EQ(hold_two().error(), rejection::unknown_sku);
  EXPECT_EQ(in_memory(), 0u);
  ASSERT_TRUE(tell<stock>(inventory::release{tea, "r-1"}));
  EXPECT_EQ(in_memory(), 0u);
  ASSERT_TRUE(tell<stock>(take_back{tea, "r-1", 2}));
  EXPECT_EQ(tell<stock>(allocate{tea, "r-1"}).error(), rejection::unknown_sku);
  EXPECT_EQ(tell<stock>(get_stock{tea}).error(), rejection::unknown_sku);
  EXPECT_EQ(in_memory(), 0u);
  EXPECT_TRUE(book->appends.empty());
  EXPECT_TRUE(book->wake_ups.empty());
}

TEST_F(InventoryEntity, StaysWhenItIsStockedWhileItIsAboutToLeave) {
  auto refused = request(reserve{tea, "r-1", 2, 60s});
  auto stocked = request(set_available{tea, 10});
  run();
  EXPECT_EQ(answer_of<stock>(refused).error(), rejection::unknown_sku);
  EXPECT_TRUE(answer_of<stock>(stocked));
  EXPECT_EQ(hold_two()->available, 8u);
}

TEST_F(InventoryEntity, ReturnsUnitsThatWereSoldLongerAgoThanItRemembers) {
  stock_ten();
  ASSERT_TRUE(hold_two());
  ASSERT_TRUE(tell<stock>(allocate{tea, "r-1"}));
  advance(8 * 24h);
  ASSERT_TRUE(hold_two("r-2")); // so that it forgets
  ASSERT_TRUE(tell<stock>(allocate{tea, "r-2"}));
  EXPECT_EQ(tell<stock>(take_back{tea, "r-1", 2})->available, 8u);
  EXPECT_EQ(tell<stock>(take_back{tea, "r-1", 2})->available, 8u) << "given back twice";
  restart();
  EXPECT_EQ(get().available, 8u);
  EXPECT_EQ(get().sold, 2u);
}

} // namespace
} // namespace troupe::inventory

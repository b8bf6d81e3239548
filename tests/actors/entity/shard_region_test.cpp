// The way to the entities of a context, and what they all do alike, shown with stock.
#include "actors/entity/shard_region.hpp"

#include "actors/inventory/inventory_entity.hpp"
#include "supervisors/topology.hpp"
#include "tests/actors/entity/journal_of_tests.hpp"

namespace troupe::inventory {
namespace {

using namespace std::chrono_literals;

class ShardRegion : public entity::test::JournalOfTests<inventory_actor> {
protected:
  inventory_actor spawn() override { return spawn_inventories(sys, env, policy{0}); }

  void SetUp() override {
    env.idle_timeout = 60s;
    env.buffered_max = 3;
    env.live_max = 2;
    env.snapshot_every = 5;
    JournalOfTests::SetUp();
  }

  caf::expected<stock> put(const char* sku, units_t units) { return tell<stock>(set_available{sku, units}); }

  units_t available(const char* sku) {
    const auto answer = tell<stock>(get_stock{sku});
    EXPECT_TRUE(answer) << to_string(answer.error());
    return answer ? answer->available : 0;
  }

  static journal::stream_name stream(const char* sku) { return {"inventory", sku}; }
};

TEST_F(ShardRegion, RecoversAnEntityFromWhatIsStored) {
  ASSERT_TRUE(put("tea", 7));
  ASSERT_TRUE(put("cup", 3));
  restart();
  EXPECT_EQ(in_memory(), 0u);
  EXPECT_EQ(available("tea"), 7u);
  EXPECT_EQ(available("cup"), 3u);
  EXPECT_EQ(in_memory(), 2u);
}

TEST_F(ShardRegion, ReadsTheStoreOnceForAllThatWaitForAnEntity) {
  ASSERT_TRUE(put("tea", 7));
  restart();
  const auto before = book->loads;
  book->holds_loads = true;
  auto first = request(get_stock{"tea"});
  auto second = request(set_available{"tea", 6});
  auto third = request(get_stock{"tea"});
  run();
  EXPECT_TRUE(nothing_is_answered());
  release();
  EXPECT_EQ(answer_of<stock>(first)->available, 7u) << "in the order in which they came";
  EXPECT_EQ(answer_of<stock>(second)->available, 6u);
  EXPECT_EQ(answer_of<stock>(third)->available, 6u);
  EXPECT_EQ(book->loads, before + 1);
}

TEST_F(ShardRegion, RefusesMoreThanMayWaitForARecovery) {
  book->holds_loads = true;
  auto first = request(set_available{"tea", 1});
  auto second = request(set_available{"tea", 2});
  auto third = request(set_available{"tea", 3});
  run();
  EXPECT_EQ(tell<stock>(set_available{"tea", 4}).error(), ec::overloaded);
  release();
  EXPECT_TRUE(answer_of<stock>(first));
  EXPECT_TRUE(answer_of<stock>(second));
  EXPECT_TRUE(answer_of<stock>(third));
  EXPECT_EQ(available("tea"), 3u);
}

TEST_F(ShardRegion, RefusesMoreThanMayWaitForAnAppend) {
  ASSERT_TRUE(put("tea", 7));
  book->holds = true;
  auto first = request(set_available{"tea", 1});
  auto second = request(get_stock{"tea"});
  auto third = request(set_available{"tea", 3});
  run();
  const auto asked = book->appends.size();
  EXPECT_EQ(tell<stock>(set_available{"tea", 4}).error(), ec::overloaded);
  EXPECT_EQ(tell<stock>(get_stock{"tea"}).error(), ec::overloaded);
  EXPECT_EQ(book->appends.size(), asked) << "what is refused stores nothing";
  release();
  EXPECT_EQ(answer_of<stock>(first)->available, 1u);
  EXPECT_EQ(answer_of<stock>(second)->available, 1u);
  EXPECT_EQ(answer_of<stock>(third)->available, 3u);
  EXPECT_EQ(put("tea", 5)->available, 5u) << "there is room again";
}

TEST_F(ShardRegion, RefusesMoreEntitiesThanMayBeInMemory) {
  ASSERT_TRUE(put("tea", 1));
  ASSERT_TRUE(put("cup", 1));
  EXPECT_EQ(put("pot", 1).error(), ec::overloaded);
  EXPECT_EQ(available("tea"), 1u);
  advance(60s); // They were asked for in the first minute.
  advance(60s);
  EXPECT_EQ(in_memory(), 0u);
  EXPECT_TRUE(put("pot", 1));
}

TEST_F(ShardRegion, TellsWhyAnEntityCannotBeRecovered) {
  book->unreadable = caf::make_error(ec::store_damaged);
  EXPECT_EQ(put("tea", 1).error(), ec::store_damaged);
  book->unreadable = {};
  EXPECT_TRUE(put("tea", 1)) << "it tries anew";
  book->events(stream("tea")).front().type = "inventory.teleported";
  restart();
  EXPECT_EQ(tell<stock>(get_stock{"tea"}).error(), ec::unknown_type);
  EXPECT_EQ(in_memory(), 0u);
}

TEST_F(ShardRegion, DoesNotPassOnWhatIsTooLate) {
  context.deadline = now() - 1ms;
  EXPECT_EQ(put("tea", 1).error(), ec::deadline);
  EXPECT_EQ(in_memory(), 0u);
  EXPECT_TRUE(book->appends.empty());
}

TEST_F(ShardRegion, TakesWhatNobodyAsksForOutOfMemoryAndBringsItBack) {
  ASSERT_TRUE(put("tea", 7));
  advance(60s);
  EXPECT_EQ(in_memory(), 1u) << "it was asked for in that time";
  advance(60s);
  EXPECT_EQ(in_memory(), 0u);
  EXPECT_EQ(book->forgotten, std::vector{stream("tea")});
  EXPECT_EQ(available("tea"), 7u);
}

TEST_F(ShardRegion, KeepsAnEntityThatIsWriting) {
  ASSERT_TRUE(put("tea", 7));
  advance(60s);
  book->holds = true;
  auto change = request(set_available{"tea", 6});
  run();
  advance(60s);
  advance(60s);
  advance(60s);
  EXPECT_EQ(in_memory(), 1u);
  release();
  EXPECT_EQ(answer_of<stock>(change)->available, 6u);
  advance(60s);
  advance(60s);
  EXPECT_EQ(in_memory(), 0u);
}

// The region has told it to stop, and a command that was on its way gives it something to do.
TEST_F(ShardRegion, KeepsAnEntityThatRefusesToStopAndWhatWaitedForItsEnd) {
  book->holds = true;
  auto refused = request(reserve{"tea", "r-1", 1, 60s}); // It asks to be stopped,
  auto stocked = request(set_available{"tea", 5});       // and has something to write after all.
  run();
  EXPECT_EQ(answer_of<stock>(refused).error(), rejection::unknown_sku);
  auto read = request(get_stock{"tea"});
  run();
  EXPECT_EQ(in_memory(), 1u);
  EXPECT_TRUE(nothing_is_answered());
  release();
  EXPECT_EQ(answer_of<stock>(stocked)->available, 5u);
  EXPECT_EQ(answer_of<stock>(read)->available, 5u);
  EXPECT_EQ(in_memory(), 1u);
}

TEST_F(ShardRegion, WakesWhatIsDueWhenItStartsAndNothingElse) {
  ASSERT_TRUE(tell<stock>(set_available{"tea", 5}));
  ASSERT_TRUE(tell<stock>(set_available{"cup", 5}));
  ASSERT_TRUE(tell<stock>(reserve{"tea", "r-1", 1, 30s}));
  ASSERT_TRUE(tell<stock>(reserve{"cup", "r-1", 1, 90s}));
  end_region();
  advance(40s);
  region = spawn();
  run();
  EXPECT_EQ(in_memory(), 1u);
  EXPECT_EQ(book->events(stream("tea")).back().type, "inventory.hold_expired");
  EXPECT_EQ(book->events(stream("cup")).back().type, "inventory.reserved");
}

// Work in progress is stored as due a few seconds ahead, because its actor is at it.
TEST_F(ShardRegion, LooksAheadWhenItStartsForWhatNobodyIsAtAnyMore) {
  ASSERT_TRUE(tell<stock>(set_available{"tea", 5}));
  ASSERT_TRUE(tell<stock>(set_available{"cup", 5}));
  ASSERT_TRUE(tell<stock>(reserve{"tea", "r-1", 1, entity::resumed_after}));
  ASSERT_TRUE(tell<stock>(reserve{"cup", "r-1", 1, entity::resumed_after + 1ms}));
  restart();
  EXPECT_EQ(in_memory(), 1u);
  EXPECT_EQ(book->events(stream("tea")).back().type, "inventory.reserved") << "it is not over yet";
  advance(entity::resumed_after);
  EXPECT_EQ(book->events(stream("tea")).back().type, "inventory.hold_expired");
  EXPECT_EQ(in_memory(), 1u);
  advance(1s); // From now on it looks every second, and no further than now.
  EXPECT_EQ(in_memory(), 2u);
  EXPECT_EQ(book->events(stream("cup")).back().type, "inventory.hold_expired");
}

TEST_F(ShardRegion, LooksAheadAsSoonAsTheStoreCanBeRead) {
  ASSERT_TRUE(tell<stock>(set_available{"tea", 5}));
  ASSERT_TRUE(tell<stock>(reserve{"tea", "r-1", 1, entity::resumed_after}));
  book->unreadable = caf::make_error(ec::store_unavailable);
  restart();
  advance(100ms);
  EXPECT_EQ(in_memory(), 0u);
  book->unreadable = {};
  advance(100ms);
  EXPECT_EQ(in_memory(), 1u);
}

TEST_F(ShardRegion, WakesMoreThanFitsIntoOneAnswerOfTheStore) {
  end_region();
  env.live_max = 5'000;
  constexpr std::size_t many = 1'001;
  for (std::size_t i = 0; i < many; ++i) {
    const journal::stream_name name{"inventory", "sku-" + std::to_string(i)};
    journal::append stocked;
    stocked.stream = name;
    for (const event& e : {event{adjusted{5, 5}}, event{reserved{"r-1", 1, now()}}})
      stocked.events.push_back(encode(e));
    stocked.wake_up = journal::wake_up_change{now()};
    ASSERT_TRUE(book->store(stocked));
  }
  region = spawn();
  run();
  EXPECT_EQ(in_memory(), many);
  EXPECT_TRUE(book->wake_ups.empty());
}

TEST_F(ShardRegion, WakesAllThatIsDueHoweverManyFitIntoMemory) {
  for (const auto* sku : {"a", "b"}) {
    ASSERT_TRUE(put(sku, 5));
    ASSERT_TRUE(tell<stock>(reserve{sku, "r-1", 1, 90s}));
  }
  restart();
  for (const auto* sku : {"c", "d"}) {
    ASSERT_TRUE(put(sku, 5));
    ASSERT_TRUE(tell<stock>(reserve{sku, "r-1", 1, 90s}));
  }
  restart();
  advance(100s);
  for (int i = 0; i < 10; ++i)
    advance(30s);
  for (const auto* sku : {"a", "b", "c", "d"})
    EXPECT_EQ(book->events(stream(sku)).back().type, "inventory.hold_expired") << sku;
}

TEST_F(ShardRegion, TakesTheNewestSnapshotAndTheEventsAfterIt) {
  for (units_t units = 1; units <= 7; ++units)
    ASSERT_TRUE(put("tea", units));
  const auto& stored = book->streams.at(stream("tea"));
  ASSERT_TRUE(stored.base);
  EXPECT_EQ(stored.base->version, 5u);
  ASSERT_EQ(stored.events.size(), 2u) << "the rest is not there to be replayed";
  restart();
  EXPECT_EQ(available("tea"), 7u);
  ASSERT_TRUE(put("tea", 8)) << "with the version that follows";
  ASSERT_TRUE(put("tea", 9));
  EXPECT_FALSE(book->appends.back().snapshot);
  ASSERT_TRUE(put("tea", 10));
  EXPECT_TRUE(book->appends.back().snapshot) << "five after the last one, which the recovered entity knows";
}

TEST_F(ShardRegion, RecoversAnEntityThatWasKilledWithWhatWaitsForIt) {
  ASSERT_TRUE(put("tea", 7));
  book->failure = caf::make_error(ec::shard_lost);
  auto lost = request(set_available{"tea", 6});
  run();
  EXPECT_EQ(answer_of<stock>(lost).error(), ec::shard_lost);
  book->failure = {};
  EXPECT_EQ(available("tea"), 7u);
  EXPECT_TRUE(put("tea", 5));
}

TEST_F(ShardRegion, EndsItsEntitiesWithItself) {
  ASSERT_TRUE(put("tea", 1));
  ASSERT_TRUE(put("cup", 1));
  const auto all = sys.registry().running();
  end_region();
  EXPECT_EQ(sys.registry().running(), all - 3);
}

// ---- entities that fail ---------------------------------------------------------------------------------------------

/// What tells of 13 units cannot be replayed.
struct superstitious_traits : traits {
  static void apply(inventory::state& s, const event& e, time_point at) {
    traits::apply(s, e, at);
    ensure(s.available != 13, "thirteen");
  }
};

/// A region whose entities a test can kill.
template <class Traits> class failing_entities : public ShardRegion {
protected:
  inventory_actor spawn() override {
    env.live_max = 10;
    env.population = std::make_shared<entity::population>(
      [this](const std::string& key, std::uint32_t in_a_row, const caf::error&, duration rest) {
        failures.push_back(key + ' ' + std::to_string(in_a_row) + ' ' + std::to_string(rest.count()));
      });
    using entity_impl = entity::entity_of<inventory_actor>::stateful_impl<inventory_entity>;
    return sys.spawn<entity::region_impl<Traits>>(
      env, [this](caf::scheduled_actor* parent, std::string key, entity::recovered<state> from, caf::actor of) {
        ++starts;
        auto made = parent->spawn<entity_impl, caf::lazy_init>(std::move(key), env, std::move(from), std::move(of),
                                                               live<policy>{policy{0}});
        last = made.address();
        return made;
      });
  }

  void kill_last() {
    if (const auto entity = caf::actor_cast<caf::actor>(last))
      self->send_exit(entity, caf::exit_reason::kill);
    run();
  }

  std::vector<std::string> failures; // key, failures in a row, rest in milliseconds
  int starts = 0;
  caf::actor_addr last;
};

using FailingEntities = failing_entities<traits>;

TEST_F(FailingEntities, ComeBackAtOnceWhenTheyFailForTheFirstTime) {
  ASSERT_TRUE(put("tea", 7));
  kill_last();
  EXPECT_EQ(available("tea"), 7u);
  EXPECT_EQ(failures, (std::vector<std::string>{"tea 1 0"}));
}

TEST_F(FailingEntities, RestLongerEachTimeWhileTheirCommandsWait) {
  ASSERT_TRUE(put("tea", 7));
  kill_last();
  ASSERT_EQ(available("tea"), 7u);
  int in_a_row = 1;
  for (const int rest : {50, 100, 200, 400, 800, 1'600, 3'200, 6'400, 10'000, 10'000}) {
    const auto before = starts;
    kill_last();
    EXPECT_EQ(failures.back(), "tea " + std::to_string(++in_a_row) + ' ' + std::to_string(rest));
    auto waits = request(get_stock{"tea"});
    advance(duration{rest} - 1ms);
    EXPECT_TRUE(nothing_is_answered()) << "it rests for " << rest << " ms";
    EXPECT_EQ(starts, before);
    advance(1ms);
    EXPECT_EQ(answer_of<stock>(waits)->available, 7u);
    EXPECT_EQ(starts, before + 1);
  }
}

TEST_F(FailingEntities, DoNotKeepOthersWaiting) {
  ASSERT_TRUE(put("cup", 3));
  ASSERT_TRUE(put("tea", 7));
  kill_last();
  ASSERT_EQ(available("tea"), 7u);
  kill_last();
  EXPECT_EQ(available("cup"), 3u) << "while the other rests";
}

TEST_F(FailingEntities, AreSoundAgainWhenTheyHaveLivedForAWhile) {
  ASSERT_TRUE(put("tea", 7));
  kill_last();
  ASSERT_EQ(available("tea"), 7u);
  advance(10s);
  kill_last();
  EXPECT_EQ(failures, (std::vector<std::string>{"tea 1 0", "tea 1 0"}));
}

TEST_F(FailingEntities, AnswerWhatWaitedForTooLongThatItIsTooLate) {
  ASSERT_TRUE(put("tea", 7));
  kill_last();
  ASSERT_EQ(available("tea"), 7u);
  kill_last();
  context.deadline = now() + 49ms;
  auto waits = request(set_available{"tea", 1});
  run();
  advance(50ms);
  EXPECT_EQ(answer_of<stock>(waits).error(), ec::deadline);
  context.deadline = time_point::max();
  EXPECT_EQ(available("tea"), 7u);
}

TEST_F(FailingEntities, AreCountedAndForgotten) {
  ASSERT_TRUE(put("tea", 7));
  ASSERT_TRUE(put("cup", 3));
  EXPECT_EQ(env.population->live(), 2u);
  kill_last();
  EXPECT_EQ(env.population->failures(), 1u);
  EXPECT_EQ(env.population->live(), 2u) << "its failure is remembered for a while";
  advance(20s);
  EXPECT_EQ(env.population->live(), 1u);
  end_region();
  region = spawn();
  run();
  EXPECT_EQ(env.population->live(), 0u);
}

using PoisonedStreams = failing_entities<superstitious_traits>;

TEST_F(PoisonedStreams, AreTheTroubleOfThoseWhoAskForThem) {
  ASSERT_TRUE(put("cup", 3));
  ASSERT_TRUE(put("ladder", 13));
  restart();
  const auto asked = tell<stock>(get_stock{"ladder"});
  EXPECT_EQ(asked.error(), ec::store_damaged);
  EXPECT_NE(to_string(asked.error()).find("its events contradict each other"), std::string::npos);
  EXPECT_EQ(available("cup"), 3u) << "the region is up";
}

} // namespace
} // namespace troupe::inventory

// What every store of the journal promises. To add one, add its line to `kinds`.
#include "adapters/postgres/store.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "adapters/sqlite/store.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/store_owner.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <random>
#include <set>

namespace troupe::journal {

namespace {

using test::failure_of;
using test::first_noon;
using test::store_owner;
using test::value_of;

struct store_kind {
  std::string name;
  std::function<std::shared_ptr<store_factory>(const test::scratch_folder&)> make;
  bool one_writer; // a second one is refused, instead of fencing the first
};

std::shared_ptr<store_factory> sqlite_in(const test::scratch_folder& folder) {
  sqlite::options config;
  config.file = folder / "store.db";
  return sqlite::make_store(config);
}

// Does in each test what a real one does after thousands of events.
std::shared_ptr<store_factory> hasty_sqlite_in(const test::scratch_folder& folder) {
  sqlite::options config;
  config.file = folder / "store.db";
  config.checkpoint_pages = 20;
  config.index_every = 7;
  return sqlite::make_store(config);
}

std::shared_ptr<store_factory> postgres_in(const test::scratch_folder&) {
  postgres::options config;
  config.url = test::postgres_server::shared().new_database();
  return postgres::make_store(config);
}

const std::vector<store_kind> kinds{
  {"sqlite", sqlite_in, true},
  {"sqlite_hasty", hasty_sqlite_in, true},
  {"postgres", postgres_in, false},
  {"simulated", [](const auto&) { return simulated::make_store(std::make_shared<simulated::disk>()); }, false},
};

const stream_name first{"order", "o-1"};
const stream_name second{"order", "o-2"};
const std::vector<std::string> both{"order", "stock"};

std::ptrdiff_t at(std::uint64_t x) {
  return static_cast<std::ptrdiff_t>(x);
}

class StoreContract : public ::testing::TestWithParam<store_kind> {
protected:
  std::unique_ptr<store_writer> open_writer() { return value_of(stores->open_writer()); }
  std::unique_ptr<store_reader> open_reader() { return value_of(stores->open_reader()); }

  test::scratch_folder folder;
  std::shared_ptr<store_factory> stores = GetParam().make(folder);
  std::unique_ptr<store_writer> writer = open_writer();
  std::unique_ptr<store_reader> reader = open_reader();
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, ::testing::ValuesIn(kinds), [](const auto& x) { return x.param.name; });

TEST_P(StoreContract, GivesAnEventBackAsItWasStored) {
  store_owner owner{*writer, both};
  auto x = owner.make(first, 1);
  auto& e = x.events[0];
  e.type = "order.placed";
  e.schema = 65'535;
  e.data = std::string{"{\"a\":\"\0\xc3\xa9\"}", 11};
  e.personal.clear();
  e.recorded_at = time_point{duration{-5}};
  e.principal = "operator's";
  e.trace.clear();
  e.checksum = checksum_of(e);
  ASSERT_EQ(value_of(owner.commit({x})), std::vector{write_result::stored});
  EXPECT_EQ(value_of(reader->load(first)).events, x.events);
  EXPECT_EQ(value_of(reader->read_stream(first, 1, 10)), x.events);
  EXPECT_EQ(value_of(reader->read_shard("order", first.shard(), 1, 10)), x.events);
}

TEST_P(StoreContract, HasNothingOfAStreamThatWasNeverWritten) {
  EXPECT_EQ(value_of(reader->load(first)).version(), 0u);
  store_owner owner{*writer, both};
  owner.store(first, 1);
  const auto found = value_of(reader->load(second));
  EXPECT_FALSE(found.base);
  EXPECT_TRUE(found.events.empty());
  EXPECT_TRUE(value_of(reader->read_stream(second, 1, 10)).empty());
  EXPECT_TRUE(value_of(reader->read_shard("nothing", 0, 1, 10)).empty());
  EXPECT_TRUE(value_of(reader->keys("nothing", "", 10)).empty());
}

TEST_P(StoreContract, KeepsTheSameKeyOfTwoContextsApart) {
  store_owner owner{*writer, both};
  const stream_name stock{"stock", first.key};
  const auto orders = owner.store(first, 2);
  const auto stocks = owner.store(stock, 3);
  EXPECT_EQ(stocks[0].offset, 1u);
  EXPECT_EQ(value_of(reader->load(first)).events, orders);
  EXPECT_EQ(value_of(reader->load(stock)).events, stocks);
  EXPECT_EQ(value_of(reader->read_shard("order", first.shard(), 1, 10)), orders);
}

TEST_P(StoreContract, StoresSeveralWritesOfAStreamInOneBatch) {
  store_owner owner{*writer, both};
  std::vector<write> batch{owner.make(first, 2), owner.make(second, 1), owner.make(first, 3)};
  ASSERT_EQ(value_of(owner.commit(batch)).size(), 3u);
  auto expected = batch[0].events;
  expected.insert(expected.end(), batch[2].events.begin(), batch[2].events.end());
  EXPECT_EQ(value_of(reader->load(first)).events, expected);
  EXPECT_EQ(value_of(reader->load(second)).events, batch[1].events);
}

TEST_P(StoreContract, ReadsAnyPartOfALongStream) {
  store_owner owner{*writer, both};
  std::vector<stored_event> all;
  for (const std::size_t count : {1, 63, 1, 70, 128, 1, 40})
    for (const auto& e : owner.store(first, count)) {
      all.push_back(e);
      owner.store({"order", "other-" + std::to_string(all.size() % 5)}, 1);
    }
  for (const std::uint64_t from : {1, 2, 63, 64, 65, 128, 200, 303, 304})
    for (const std::size_t limit : {1, 2, 64, 100, 1000}) {
      const auto end = std::min<std::size_t>(all.size(), from - 1 + limit);
      EXPECT_EQ(value_of(reader->read_stream(first, from, limit)),
                (std::vector<stored_event>{all.begin() + at(from - 1), all.begin() + at(end)}))
        << from << " " << limit;
    }
  EXPECT_TRUE(value_of(reader->read_stream(first, 305, 10)).empty());
  EXPECT_TRUE(value_of(reader->read_stream(first, 1, 0)).empty());
  EXPECT_EQ(value_of(reader->read_stream(first, 0, std::numeric_limits<std::size_t>::max())), all);
}

TEST_P(StoreContract, RefusesAVersionThatIsTakenAndStoresNothingOfTheBatch) {
  store_owner owner{*writer, both};
  const auto stored = owner.store(first, 2);
  auto bad = owner.make(first, 1);
  bad.events[0].version = 2;
  auto good = owner.make(second, 1);
  good.wake_up = wake_up_change{first_noon};
  EXPECT_EQ(failure_of(owner.commit({good, bad})), ec::version_conflict);
  EXPECT_TRUE(value_of(reader->load(second)).events.empty());
  EXPECT_TRUE(value_of(reader->due("order", time_point::max(), {}, 10)).empty());
  EXPECT_EQ(value_of(reader->load(first)).events, stored);
  EXPECT_EQ(value_of(owner.commit({good})), std::vector{write_result::stored}); // The connection still works.
}

TEST_P(StoreContract, RefusesAVersionThatLeavesAGap) {
  store_owner owner{*writer, both};
  owner.store(first, 1);
  auto bad = owner.make(first, 1);
  bad.events[0].version = 3;
  EXPECT_EQ(failure_of(owner.commit({bad})), ec::version_conflict);
  EXPECT_EQ(value_of(reader->load(first)).version(), 1u);
}

TEST_P(StoreContract, RefusesAnOffsetThatIsTakenAndStoresNothingOfTheBatch) {
  store_owner owner{*writer, both};
  const auto stored = owner.store(first, 2);
  auto good = owner.make(second, 1);
  auto bad = owner.make(first, 1);
  bad.events[0].offset = 2;
  EXPECT_EQ(failure_of(owner.commit({good, bad})), ec::version_conflict);
  EXPECT_EQ(value_of(reader->read_shard("order", first.shard(), 1, 10)), stored);
  EXPECT_TRUE(value_of(reader->load(second)).events.empty());
}

TEST_P(StoreContract, FencesAStaleEpochAloneInItsBatch) {
  store_owner earlier{*writer, both};
  auto stale = earlier.make(first, 1);
  stale.snapshot = snapshot{1, 1, "{}", first_noon};
  stale.wake_up = wake_up_change{first_noon};
  store_owner later{*writer, both, "node-2"};
  const auto fresh = later.make(second, 1);
  EXPECT_EQ(value_of(later.commit({stale, fresh, stale})),
            (std::vector{write_result::shard_lost, write_result::stored, write_result::shard_lost}));
  EXPECT_EQ(value_of(reader->load(first)).version(), 0u);
  EXPECT_FALSE(value_of(reader->load(first)).base);
  EXPECT_TRUE(value_of(reader->due("order", time_point::max(), {}, 10)).empty());
  EXPECT_EQ(value_of(reader->load(second)).events, fresh.events);
}

TEST_P(StoreContract, FencesAWriterThatNeverAcquiredTheContext) {
  store_owner owner{*writer, {"order"}};
  auto x = owner.make({"stock", "s-1"}, 1);
  EXPECT_EQ(value_of(owner.commit({x})), std::vector{write_result::shard_lost});
  x.epoch = 1;
  EXPECT_EQ(value_of(owner.commit({x})), std::vector{write_result::shard_lost});
}

TEST_P(StoreContract, GivesAllShardsWithHigherEpochsEachTime) {
  const auto before = value_of(writer->acquire(both, "node-1"));
  ASSERT_EQ(before.size(), both.size() * shard_count);
  std::set<std::pair<std::string, std::uint16_t>> seen;
  for (const auto& x : before) {
    seen.emplace(x.context, x.shard);
    EXPECT_GE(x.epoch, 1u);
    EXPECT_EQ(x.next_offset, 1u);
  }
  EXPECT_EQ(seen.size(), before.size());
  writer.reset();
  writer = open_writer();
  const auto after = value_of(writer->acquire(both, "node-2"));
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    ASSERT_EQ(after[i].shard, before[i].shard);
    EXPECT_GT(after[i].epoch, before[i].epoch);
  }
}

TEST_P(StoreContract, TellsTheNextOwnerWhereEachShardGoesOn) {
  store_owner owner{*writer, both};
  for (int i = 0; i < 40; ++i)
    owner.store({"order", "o-" + std::to_string(i % 9)}, 1 + static_cast<std::size_t>(i % 3));
  owner.store({"stock", "s-1"}, 4);
  const auto expected = [&](const store_owner&) {
    std::map<std::uint16_t, std::uint64_t> next;
    for (int i = 0; i < 9; ++i) {
      const stream_name name{"order", "o-" + std::to_string(i)};
      next[name.shard()] += value_of(reader->load(name)).version();
    }
    return next;
  }(owner);
  for (int round = 0; round < 2; ++round) {
    for (const auto& x : value_of(writer->acquire(both, "node-2"))) {
      const auto of_order = expected.contains(x.shard) ? expected.at(x.shard) : 0;
      const auto of_stock = x.shard == shard_of("s-1") ? 4u : 0u;
      ASSERT_EQ(x.next_offset, 1 + (x.context == "order" ? of_order : of_stock)) << x.context << " " << x.shard;
    }
    writer.reset();
    writer = open_writer();
  }
}

TEST_P(StoreContract, KeepsTwoWritersApart) {
  store_owner earlier{*writer, both};
  auto other = stores->open_writer();
  if (GetParam().one_writer) {
    EXPECT_EQ(failure_of(other), ec::store_in_use);
    earlier.store(first, 1); // The first is not disturbed.
    writer.reset();
    EXPECT_TRUE(stores->open_writer());
  } else {
    ASSERT_TRUE(other);
    store_owner later{**other, both, "node-2"};
    EXPECT_EQ(value_of(earlier.commit({earlier.make(first, 1)})), std::vector{write_result::shard_lost});
    later.store(first, 1);
  }
}

TEST_P(StoreContract, RecoversFromTheSnapshotAndTheEventsAfterIt) {
  store_owner owner{*writer, both};
  auto x = owner.make(first, 3);
  x.snapshot = snapshot{3, 7, R"({"sum":3})", x.events.back().recorded_at};
  ASSERT_TRUE(owner.commit({x}));
  EXPECT_EQ(value_of(reader->load(first)).base, x.snapshot);
  EXPECT_TRUE(value_of(reader->load(first)).events.empty());
  EXPECT_EQ(value_of(reader->load(first)).version(), 3u);
  const auto later = owner.store(first, 2);
  EXPECT_EQ(value_of(reader->load(first)).base, x.snapshot);
  EXPECT_EQ(value_of(reader->load(first)).events, later);
  EXPECT_EQ(value_of(reader->read_stream(first, 1, 10)).size(), 5u); // What it sums up stays readable.
}

TEST_P(StoreContract, KeepsTheNewestSnapshotOnly) {
  store_owner owner{*writer, both};
  owner.store(first, 5);
  auto x = owner.make(first, 0);
  x.snapshot = snapshot{4, 1, "four", first_noon};
  ASSERT_TRUE(owner.commit({x}));
  x.snapshot = snapshot{2, 1, "two", first_noon};
  ASSERT_TRUE(owner.commit({x}));
  EXPECT_EQ(value_of(reader->load(first)).base->data, "four");
  EXPECT_EQ(value_of(reader->load(first)).events.size(), 1u);
  x.snapshot = snapshot{5, 1, "five", first_noon};
  ASSERT_TRUE(owner.commit({x}));
  EXPECT_EQ(value_of(reader->load(first)).base->data, "five");
}

TEST_P(StoreContract, RefusesASnapshotOfAVersionThatIsNotThere) {
  store_owner owner{*writer, both};
  auto x = owner.make(first, 1);
  x.snapshot = snapshot{2, 1, "{}", first_noon};
  EXPECT_EQ(failure_of(owner.commit({x})), ec::version_conflict);
  EXPECT_EQ(value_of(reader->load(first)).version(), 0u);
}

TEST_P(StoreContract, KeepsOneWakeUpPerStream) {
  store_owner owner{*writer, both};
  auto x = owner.make(first, 1);
  x.wake_up = wake_up_change{first_noon};
  ASSERT_TRUE(owner.commit({x}));
  EXPECT_EQ(value_of(reader->due("order", first_noon, {}, 10)), (std::vector{wake_up{first, first_noon}}));
  EXPECT_TRUE(value_of(reader->due("order", first_noon - duration{1}, {}, 10)).empty());
  EXPECT_TRUE(value_of(reader->due("stock", first_noon, {}, 10)).empty());
  owner.store(first, 1); // An append that says nothing of it leaves it.
  EXPECT_EQ(value_of(reader->due("order", first_noon, {}, 10)).size(), 1u);
  auto later = owner.make(first, 1);
  later.wake_up = wake_up_change{first_noon + duration{5}};
  ASSERT_TRUE(owner.commit({later}));
  EXPECT_EQ(value_of(reader->due("order", time_point::max(), {}, 10)),
            (std::vector{wake_up{first, first_noon + duration{5}}}));
  auto none = owner.make(first, 0);
  none.wake_up = wake_up_change{};
  ASSERT_TRUE(owner.commit({none}));
  EXPECT_TRUE(value_of(reader->due("order", time_point::max(), {}, 10)).empty());
  ASSERT_TRUE(owner.commit({none})); // May be repeated.
}

TEST_P(StoreContract, KeepsTheWakeUpOfAStreamWithoutEvents) {
  store_owner owner{*writer, both};
  auto x = owner.make(first, 0);
  x.wake_up = wake_up_change{first_noon};
  ASSERT_TRUE(owner.commit({x}));
  EXPECT_EQ(value_of(reader->due("order", first_noon, {}, 10)).size(), 1u);
  EXPECT_EQ(value_of(reader->load(first)).version(), 0u);
  EXPECT_TRUE(value_of(reader->keys("order", "", 10)).empty());
  owner.store(first, 1);
  EXPECT_EQ(value_of(reader->keys("order", "", 10)), std::vector<std::string>{"o-1"});
}

TEST_P(StoreContract, PagesThroughWhatIsDueByTimeAndKey) {
  store_owner owner{*writer, both};
  std::vector<wake_up> expected;
  std::vector<write> batch;
  for (int i = 0; i < 50; ++i) {
    const stream_name name{"order", "o-" + std::to_string(i * 37 % 50)};
    auto x = owner.make(name, 1);
    const auto when = first_noon + duration{i / 10};
    x.wake_up = wake_up_change{when};
    batch.push_back(x);
    expected.push_back({name, when});
  }
  ASSERT_TRUE(owner.commit(batch));
  std::sort(expected.begin(), expected.end(), [](const wake_up& a, const wake_up& b) {
    return std::tie(a.at, a.stream.key) < std::tie(b.at, b.stream.key);
  });
  std::erase_if(expected, [](const wake_up& x) { return x.at > first_noon + duration{3}; });
  std::vector<wake_up> found;
  std::optional<wake_up> after;
  for (;;) {
    const auto page = value_of(reader->due("order", first_noon + duration{3}, after, 7));
    if (page.empty())
      break;
    EXPECT_LE(page.size(), 7u);
    found.insert(found.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_EQ(found, expected);
}

TEST_P(StoreContract, PagesThroughKeysInTheirOrder) {
  store_owner owner{*writer, both};
  std::vector<std::string> expected;
  for (const auto* key : {"b", "a", "B", "\xc3\xa9", "aa", "a-1"}) {
    owner.store({"order", key}, 2);
    expected.emplace_back(key);
  }
  owner.store({"stock", "ab"}, 1);
  std::sort(expected.begin(), expected.end());
  std::vector<std::string> found;
  for (std::string after;;) {
    const auto page = value_of(reader->keys("order", after, 4));
    if (page.empty())
      break;
    found.insert(found.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_EQ(found, expected);
}

/// The positions of what is found, or a failure of the test.
std::vector<std::uint64_t> positions_of(const latest_events& found) {
  std::vector<std::uint64_t> result;
  for (const auto& x : found.events)
    result.push_back(x.position);
  return result;
}

TEST_P(StoreContract, TellsTheNewestEventsOfAllContextsNewestFirst) {
  EXPECT_EQ(value_of(reader->latest({}, {}, 10)).newest, 0u);
  EXPECT_TRUE(value_of(reader->latest({}, {}, 10)).events.empty());
  store_owner owner{*writer, both};
  std::vector<placed_event> expected;
  for (std::size_t i = 0; i < 30; ++i)
    for (const auto& e : owner.store({both[i % 2], "k-" + std::to_string(i % 4)}, 1 + i % 3))
      expected.insert(expected.begin(), {expected.size() + 1, e});
  const auto found = value_of(reader->latest({}, {}, 1'000));
  EXPECT_EQ(found.events, expected);
  EXPECT_EQ(found.newest, expected.size());
  EXPECT_EQ(value_of(open_reader()->latest({}, {}, 1'000)).events, expected) << "by another connection";
}

TEST_P(StoreContract, PagesThroughTheNewestEvents) {
  store_owner owner{*writer, both};
  for (int i = 0; i < 25; ++i)
    owner.store({"order", "o-" + std::to_string(i)}, 1);
  EXPECT_EQ(positions_of(value_of(reader->latest({}, {}, 3))), (std::vector<std::uint64_t>{25, 24, 23}));
  EXPECT_EQ(positions_of(value_of(reader->latest({}, 23, 2))), (std::vector<std::uint64_t>{22, 21}));
  EXPECT_EQ(positions_of(value_of(reader->latest({}, 3, 10))), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_EQ(positions_of(value_of(reader->latest({}, 1'000, 1))), (std::vector<std::uint64_t>{25}));
  for (const std::uint64_t nothing : {0, 1})
    EXPECT_TRUE(value_of(reader->latest({}, nothing, 10)).events.empty());
  EXPECT_TRUE(value_of(reader->latest({}, {}, 0)).events.empty());
  EXPECT_EQ(value_of(reader->latest({}, 3, 1)).newest, 25u) << "wherever the page is";
}

TEST_P(StoreContract, TellsOfTheNewestEventsTheOnesThatAreWanted) {
  store_owner owner{*writer, both};
  std::vector<write> batch{owner.make(first, 2), owner.make({"stock", first.key}, 1), owner.make(second, 1)};
  batch[0].events[1].type = "order.confirmed";
  batch[0].events[1].checksum = checksum_of(batch[0].events[1]);
  ASSERT_TRUE(owner.commit(batch));
  const auto wanted = [&](event_filter x, std::optional<std::uint64_t> before = {}) {
    return positions_of(value_of(reader->latest(x, before, 10)));
  };
  using positions = std::vector<std::uint64_t>;
  EXPECT_EQ(wanted({"order", "", ""}), (positions{4, 2, 1}));
  EXPECT_EQ(wanted({"", first.key, ""}), (positions{3, 2, 1})) << "of whichever context";
  EXPECT_EQ(wanted({"", "", "order.tested"}), (positions{4, 1}));
  EXPECT_EQ(wanted({"order", first.key, ""}), (positions{2, 1}));
  EXPECT_EQ(wanted({"order", first.key, "order.confirmed"}), (positions{2}));
  EXPECT_EQ(wanted({"order", "", "order.tested"}, 4), (positions{1}));
  for (const auto& nobody :
       {event_filter{"nothing", "", ""}, {"", "o", ""}, {"", "", "order"}, {"stock", second.key, ""}})
    EXPECT_EQ(wanted(nobody), positions{});
  EXPECT_EQ(value_of(reader->latest({"nothing", "", ""}, {}, 10)).newest, 4u);
}

TEST_P(StoreContract, LooksNoFurtherBackThanTenThousandEvents) {
  store_owner owner{*writer, both};
  owner.store(second, 2); // The first of them is beyond the bound in the end.
  for (int i = 0; i < 100; ++i)
    owner.store(first, 100);
  ASSERT_TRUE(owner.commit({owner.make({"stock", "s-1"}, 1)}));
  EXPECT_EQ(latest_max, 10'000u);
  const auto all = value_of(reader->latest({}, {}, 20'000));
  EXPECT_EQ(all.newest, 10'003u);
  ASSERT_EQ(all.events.size(), latest_max);
  EXPECT_EQ(all.events.back().position, 4u);
  EXPECT_EQ(all.events.back().event.stream, first);
  EXPECT_TRUE(value_of(reader->latest({"", second.key, ""}, {}, 10)).events.empty());
  EXPECT_TRUE(value_of(reader->latest({}, 4, 10)).events.empty()) << "nor by paging";
  EXPECT_EQ(positions_of(value_of(reader->latest({}, 5, 10))), (std::vector<std::uint64_t>{4}));
}

TEST_P(StoreContract, TellsNothingOfABatchThatWasRefused) {
  store_owner owner{*writer, both};
  owner.store(first, 1);
  auto bad = owner.make(second, 1);
  bad.snapshot = snapshot{7, 1, "{}", first_noon};
  EXPECT_EQ(failure_of(owner.commit({owner.make({"order", "o-3"}, 2), bad})), ec::version_conflict);
  EXPECT_EQ(positions_of(value_of(reader->latest({}, {}, 10))), (std::vector<std::uint64_t>{1}));
  store_owner again{*writer, both};
  again.set_version(first, 1);
  again.store(first, 1);
  EXPECT_EQ(positions_of(value_of(reader->latest({}, {}, 10))), (std::vector<std::uint64_t>{2, 1})) << "without a gap";
}

TEST_P(StoreContract, CountsWhatIsDueAndTellsSinceWhen) {
  EXPECT_EQ(value_of(reader->count_due("order", time_point::max())), due_count{});
  store_owner owner{*writer, both};
  std::vector<write> batch;
  for (int i = 0; i < 40; ++i) {
    auto x = owner.make({"order", "o-" + std::to_string(i)}, 1);
    if (i % 4 != 0)
      x.wake_up = wake_up_change{first_noon + duration{i / 10}};
    batch.push_back(x);
  }
  ASSERT_TRUE(owner.commit(batch));
  const auto counted = [&](const char* context, time_point until) {
    return value_of(reader->count_due(context, until));
  };
  EXPECT_EQ(counted("order", first_noon - duration{1}), due_count{});
  EXPECT_EQ(counted("order", first_noon), (due_count{7, first_noon}));
  EXPECT_EQ(counted("order", time_point::max()), (due_count{30, first_noon}));
  EXPECT_EQ(counted("stock", time_point::max()), due_count{});
  EXPECT_EQ(counted("nothing", time_point::max()), due_count{});
  auto done = owner.make({"order", "o-1"}, 0);
  done.wake_up = wake_up_change{};
  ASSERT_TRUE(owner.commit({done}));
  EXPECT_EQ(counted("order", first_noon), (due_count{6, first_noon}));
}

TEST_P(StoreContract, ReadsAShardWithoutGapsFromAnyOffset) {
  store_owner owner{*writer, both};
  std::map<std::uint16_t, std::vector<stored_event>> expected;
  for (int i = 0; i < 120; ++i) {
    // Few shards, many events each, and a reader that follows while they are written.
    const stream_name name{"order", "o-" + std::to_string(i * 7 % 11)};
    for (const auto& e : owner.store(name, 1 + static_cast<std::size_t>(i % 2)))
      expected[name.shard()].push_back(e);
    const auto& mine = expected[name.shard()];
    ASSERT_EQ(value_of(reader->read_shard("order", name.shard(), mine.size(), 10)), std::vector{mine.back()});
  }
  auto fresh = open_reader();
  for (const auto& [shard, all] : expected)
    for (std::uint64_t from = 1; from <= all.size() + 1; ++from)
      for (const std::size_t limit : {0, 1, 3, 1000}) {
        const auto end = std::min<std::size_t>(all.size(), from - 1 + limit);
        const std::vector<stored_event> part{all.begin() + at(from - 1), all.begin() + at(end)};
        ASSERT_EQ(value_of(reader->read_shard("order", shard, from, limit)), part);
        ASSERT_EQ(value_of(fresh->read_shard("order", shard, from, limit)), part);
      }
}

TEST_P(StoreContract, KeepsAnOutletsMarkPerShard) {
  store_owner owner{*writer, both};
  owner.store(first, 3);
  owner.store(second, 2);
  owner.store({"stock", first.key}, 1);
  const auto epoch = owner.lease_of(first).epoch;
  const auto shard = first.shard();
  const std::vector<offset_mark> marks{{"webhooks", "order", shard, 2, epoch},
                                       {"projection", "order", shard, 1, epoch},
                                       {"webhooks", "stock", shard, 1, epoch}};
  ASSERT_TRUE(writer->commit({}, marks));
  std::vector<outlet_position> expected{{shard, 2, 3}, {second.shard(), 0, 2}};
  std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.shard < b.shard; });
  EXPECT_EQ(value_of(reader->positions("webhooks", "order")), expected);
  EXPECT_EQ(value_of(reader->positions("webhooks", "stock")), (std::vector<outlet_position>{{shard, 1, 1}}));
  EXPECT_EQ(value_of(reader->positions("another", "stock")), (std::vector<outlet_position>{{shard, 0, 1}}));
  EXPECT_TRUE(value_of(reader->positions("webhooks", "nothing")).empty());
}

TEST_P(StoreContract, MovesMarksWithTheBatchThatTheyRideOn) {
  store_owner owner{*writer, both};
  owner.store(first, 2);
  const auto epoch = owner.lease_of(first).epoch;
  const auto saved = [&] { return value_of(reader->positions("bus", "order")).at(0).saved; };
  const auto move = [&](const std::vector<write>& batch, std::uint64_t offset, std::uint64_t of_epoch) {
    return writer->commit(batch, std::vector{offset_mark{"bus", "order", first.shard(), offset, of_epoch}});
  };
  ASSERT_TRUE(move({owner.make(first, 1)}, 2, epoch));
  EXPECT_EQ(saved(), 2u);
  auto bad = owner.make(first, 1);
  bad.events[0].version += 5;
  EXPECT_EQ(failure_of(move({bad}, 3, epoch)), ec::version_conflict);
  EXPECT_EQ(saved(), 2u) << "its batch was refused";
  ASSERT_TRUE(move({}, 3, epoch + 1));
  EXPECT_EQ(saved(), 2u) << "of another owner";
  ASSERT_TRUE(move({}, 1, epoch));
  EXPECT_EQ(saved(), 1u) << "a projection that is built anew goes back";
}

TEST_P(StoreContract, StoresAnEmptyBatch) {
  EXPECT_TRUE(value_of(writer->commit({})).empty());
}

TEST_P(StoreContract, StoresAnEventOfAMebibyte) {
  store_owner owner{*writer, both};
  const auto stored = owner.store(first, 1, std::string(1 << 20, 'x'));
  owner.store(second, 1);
  EXPECT_EQ(value_of(reader->load(first)).events, stored);
}

// Random batches on the store under test and on the simulated one must leave the same to be read.
TEST_P(StoreContract, AgreesWithTheSimulatedStoreAboutEverything) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    const test::scratch_folder here;
    const auto mine = GetParam().make(here);
    const auto model = simulated::make_store(std::make_shared<simulated::disk>());
    auto my_writer = value_of(mine->open_writer());
    auto model_writer = value_of(model->open_writer());
    auto my_reader = value_of(mine->open_reader());
    auto model_reader = value_of(model->open_reader());
    std::optional<store_owner> owner{std::in_place, *model_writer, both};
    std::ignore = value_of(my_writer->acquire(both, "node-1"));
    const auto name = [&] { return stream_name{both[random() % 2], "k-" + std::to_string(random() % 12)}; };
    for (int step = 0; step < 150; ++step) {
      if (random() % 40 == 0) {
        my_writer.reset();
        my_writer = value_of(mine->open_writer());
        auto leases = value_of(my_writer->acquire(both, "node-1"));
        owner.emplace(*model_writer, both);
        for (const auto& x : both)
          for (int k = 0; k < 12; ++k) {
            const stream_name s{x, "k-" + std::to_string(k)};
            owner->set_version(s, value_of(model_reader->load(s)).version());
            const auto& own = owner->lease_of(s);
            const auto same = std::find_if(leases.begin(), leases.end(), [&](const lease& l) {
              return l.context == s.context && l.shard == s.shard();
            });
            ASSERT_EQ(same->next_offset, own.next_offset);
            ASSERT_EQ(same->epoch, own.epoch);
          }
      }
      std::vector<write> batch;
      for (auto n = random() % 6; n > 0; --n) {
        auto x = owner->make(name(), random() % 4, std::to_string(random()));
        if (!x.events.empty() && random() % 3 == 0)
          x.snapshot = snapshot{x.events.back().version, 1, std::to_string(random()), x.events.back().recorded_at};
        if (random() % 2 == 0)
          x.wake_up = random() % 3 == 0 ? wake_up_change{} : wake_up_change{first_noon + duration{random() % 9}};
        batch.push_back(std::move(x));
      }
      if (random() % 10 == 0) { // A batch that must leave no trace.
        auto bad = batch;
        auto x = owner->make(name(), 0);
        x.snapshot = snapshot{1'000'000, 1, "{}", first_noon};
        bad.push_back(x);
        ASSERT_EQ(failure_of(my_writer->commit(bad)), ec::version_conflict);
      }
      std::vector<offset_mark> marks;
      if (const auto s = name(); random() % 3 == 0)
        marks.push_back({"bus", s.context, s.shard(), random() % 9, owner->lease_of(s).epoch - random() % 2});
      ASSERT_EQ(value_of(my_writer->commit(batch, marks)), value_of(model_writer->commit(batch, marks)));
    }
    EXPECT_EQ(value_of(my_reader->latest({}, {}, 1'000)).events, value_of(model_reader->latest({}, {}, 1'000)).events);
    for (const auto& context : both) {
      for (int ms = 0; ms < 10; ++ms)
        EXPECT_EQ(value_of(my_reader->count_due(context, first_noon + duration{ms})),
                  value_of(model_reader->count_due(context, first_noon + duration{ms})));
      EXPECT_EQ(value_of(my_reader->keys(context, "", 100)), value_of(model_reader->keys(context, "", 100)));
      EXPECT_EQ(value_of(my_reader->positions("bus", context)), value_of(model_reader->positions("bus", context)));
      EXPECT_EQ(value_of(my_reader->due(context, first_noon + duration{6}, {}, 100)),
                value_of(model_reader->due(context, first_noon + duration{6}, {}, 100)));
      for (int k = 0; k < 12; ++k) {
        const stream_name s{context, "k-" + std::to_string(k)};
        const auto a = value_of(my_reader->load(s));
        const auto b = value_of(model_reader->load(s));
        EXPECT_EQ(a.base, b.base);
        EXPECT_EQ(a.events, b.events);
        EXPECT_EQ(value_of(my_reader->read_shard(context, s.shard(), 3, 1000)),
                  value_of(model_reader->read_shard(context, s.shard(), 3, 1000)));
      }
    }
  }
}

} // namespace

} // namespace troupe::journal

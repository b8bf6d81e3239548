#include "supervisors/store_copy.hpp"

#include "adapters/postgres/store.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "adapters/sqlite/store.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/store_owner.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <limits>

namespace troupe {
namespace {

using namespace journal;
using test::failure_of;
using test::first_noon;
using test::value_of;
using ::testing::HasSubstr;

const std::vector<std::string> both{"order", "stock"};

/// Lets so many commits through, and then breaks.
class breaking_writer : public store_writer {
public:
  breaking_writer(store_writer& to, int commits) : to_(to), commits_(commits) {}

  using store_writer::acquire;
  caf::expected<std::vector<lease>> acquire(const claim& x) override { return to_.acquire(x); }
  caf::expected<std::vector<write_result>> commit(std::span<const write> batch,
                                                  std::span<const offset_mark> marks) override {
    if (commits_-- == 0)
      return caf::make_error(ec::store_unavailable, std::string{"the wire was cut"});
    return to_.commit(batch, marks);
  }

private:
  store_writer& to_;
  int commits_;
};

struct source_kind {
  std::string name;
  std::function<std::shared_ptr<store_factory>(const test::scratch_folder&)> make;
};

std::shared_ptr<store_factory> sqlite_in(const test::scratch_folder& folder) {
  sqlite::options config;
  config.file = folder / "store.db";
  return sqlite::make_store(config);
}

const std::vector<source_kind> kinds{
  {"simulated", [](const auto&) { return simulated::make_store(std::make_shared<simulated::disk>()); }},
  {"sqlite", sqlite_in},
};

/// A store with all that there may be, and an empty database.
class StoreCopy : public ::testing::TestWithParam<source_kind> {
protected:
  StoreCopy() {
    test::store_owner owner{*writer, both};
    for (int i = 0; i < 6; ++i)
      owner.store({"order", "large-" + std::to_string(i)}, 1'000);
    for (int i = 0; i < 40; ++i) {
      const stream_name order{"order", i == 7 ? std::string{"o\0\xff", 3} : "o-" + std::to_string(i)};
      auto x = owner.make(order, 3, R"({"n":)" + std::to_string(i) + "}");
      if (i % 3 == 0)
        x.snapshot = snapshot{2, 7, "{\"state\":1}", x.events[1].recorded_at};
      if (i % 4 == 0)
        x.wake_up = wake_up_change{first_noon + duration{i}};
      const offset_mark mark{"webhook", "order", order.shard(), 1, x.epoch};
      std::ignore = value_of(writer->commit({&x, 1}, {&mark, i % 5 == 0 ? 1U : 0U}));
    }
    owner.store({"stock", "s-1"}, 5);
    config.url = test::postgres_server::shared().new_database();
  }

  caf::expected<copy_report> copy(int commits = std::numeric_limits<int>::max()) {
    config.fills = true;
    const auto target = postgres::make_store(config);
    config.fills = false;
    auto to = target->open_writer();
    if (!to)
      return to.error();
    const auto read_back = value_of(target->open_reader());
    breaking_writer breaks{**to, commits};
    return copy_store(*value_of(source->open_reader()), breaks, *read_back);
  }

  void expect_the_same() {
    const auto here = value_of(source->open_reader());
    const auto there = value_of(postgres::make_store(config)->open_reader());
    for (const auto& context : both) {
      const auto keys = value_of(here->keys(context, "", 1'000));
      EXPECT_EQ(value_of(there->keys(context, "", 1'000)), keys);
      for (const auto& key : keys) {
        EXPECT_EQ(value_of(there->read_stream({context, key}, 1, 2'000)),
                  value_of(here->read_stream({context, key}, 1, 2'000)));
        EXPECT_EQ(value_of(there->load({context, key})).base, value_of(here->load({context, key})).base);
      }
      EXPECT_EQ(value_of(there->due(context, time_point::max(), {}, 1'000)),
                value_of(here->due(context, time_point::max(), {}, 1'000)));
      EXPECT_EQ(value_of(there->marks(context)), value_of(here->marks(context)));
    }
  }

  static constexpr std::uint64_t events = 6 * 1'000 + 40 * 3 + 5;

  test::scratch_folder folder;
  std::shared_ptr<store_factory> source = GetParam().make(folder);
  std::unique_ptr<store_writer> writer = value_of(source->open_writer());
  postgres::options config;
};

INSTANTIATE_TEST_SUITE_P(Sources, StoreCopy, ::testing::ValuesIn(kinds), [](const auto& x) { return x.param.name; });

TEST_P(StoreCopy, TakesAllThatThereIs) {
  const auto report = value_of(copy());
  EXPECT_EQ(report.events, events);
  EXPECT_EQ(report.copied, events);
  EXPECT_EQ(report.snapshots, 14u);
  EXPECT_EQ(report.wake_ups, 10u);
  EXPECT_GT(report.marks, 0u);
  expect_the_same();
}

TEST_P(StoreCopy, GoesOnWhereItWasInterrupted) {
  EXPECT_THAT(to_string(copy(1).error()), HasSubstr("the wire was cut"));
  EXPECT_THAT(to_string(copy(2).error()), HasSubstr("the wire was cut"));
  const auto report = value_of(copy());
  EXPECT_EQ(report.events, events);
  EXPECT_LT(report.copied, events);
  expect_the_same();
  EXPECT_EQ(value_of(copy()).copied, 0u);
}

TEST_P(StoreCopy, KeepsNodesFromAHalfFilledDatabase) {
  EXPECT_FALSE(copy(1));
  const auto refused = postgres::make_store(config)->open_writer();
  EXPECT_EQ(failure_of(refused), ec::store_foreign);
  EXPECT_THAT(to_string(refused.error()), HasSubstr("run `troupe store copy` again"));
  EXPECT_TRUE(copy());
  EXPECT_FALSE(postgres::make_store(config)->open_writer()); // Whoever copies says when that is done.
  EXPECT_TRUE(postgres::finish_filling(config));
  EXPECT_TRUE(postgres::make_store(config)->open_writer());
}

TEST_P(StoreCopy, RefusesADatabaseThatANodeHasUsed) {
  {
    const auto node = value_of(postgres::make_store(config)->open_writer());
    test::store_owner{*node, both}.store({"order", "theirs"}, 1);
  }
  const auto refused = copy();
  EXPECT_EQ(failure_of(refused), ec::store_foreign);
  EXPECT_THAT(to_string(refused.error()), HasSubstr("in use already"));
}

TEST_P(StoreCopy, RefusesWhatIsNotTheSources) {
  EXPECT_FALSE(copy(1));
  test::postgres_server::shared().run(test::postgres_server::database_in(config.url),
                                      "UPDATE \"order\".events SET node = 'another'");
  const auto refused = copy();
  EXPECT_FALSE(refused);
  EXPECT_THAT(to_string(refused.error()), HasSubstr("damaged"));

  // Events that are sound, and others.
  config.url = test::postgres_server::shared().new_database();
  config.fills = true;
  {
    const auto other = value_of(postgres::make_store(config)->open_writer());
    test::store_owner{*other, both}.store({"order", "large-0"}, 1, R"({"of":"another store"})");
  }
  const auto foreign = copy();
  EXPECT_EQ(failure_of(foreign), ec::store_foreign);
  EXPECT_THAT(to_string(foreign.error()), HasSubstr("that are not the source's"));
}

} // namespace
} // namespace troupe

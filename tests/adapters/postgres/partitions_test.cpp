// tests/adapters/postgres/partitions_test.cpp: shards that outgrow a partition, and partitions that are dropped.
#include "tests/adapters/postgres/database.hpp"

#include <atomic>
#include <thread>

namespace troupe::postgres {
namespace {

using namespace journal;
using namespace std::chrono_literals;

constexpr std::uint64_t partition = 65'536; // offsets

class PostgresPartitions : public Database {
protected:
  /// As if a shard had had so many events and all were dropped.
  void drop_before(std::uint64_t offset) {
    open_writer()->acquire(both, "node-1");
    sql("INSERT INTO \"order\".dropped VALUES (" + shard + ", " + std::to_string(offset) + ")");
  }

  /// The partitions of `first`'s shard, by number.
  std::string partitions() const {
    return sql("SELECT string_agg(number::text, ' ' ORDER BY number) FROM troupe.partitions WHERE context = 'order' "
               "AND range = "
               + range);
  }

  const std::string shard = std::to_string(first.shard());
  const std::string range = std::to_string(first.shard() / 256);
};

TEST_F(PostgresPartitions, AreAddedWhileOthersReadAndWrite) {
  drop_before(60'000);
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  // Whoever has the table open for long keeps nobody from it.
  connection other{config, "test"};
  other.run("BEGIN; SELECT count(*) FROM \"order\".events; "
            "INSERT INTO \"order\".outlets VALUES ('theirs', 1, 1)");
  std::uint64_t stored = 0;
  for (int i = 0; i < 4; ++i)
    stored += owner.store(first, 2'000).size();
  other.run("SELECT count(*) FROM \"order\".events; COMMIT");
  EXPECT_EQ(partitions(), "0 1\n");
  EXPECT_EQ(sql("SELECT min(shard_offset), max(shard_offset) FROM \"order\".events_" + range + "_1"),
            std::to_string(partition + 1) + "|" + std::to_string(60'000 + stored) + "\n");
  const auto reader = open_reader();
  EXPECT_EQ(test::value_of(reader->load(first)).events.size(), stored);
  const auto across = test::value_of(reader->read_shard("order", first.shard(), partition - 1, 4));
  ASSERT_EQ(across.size(), 4u);
  EXPECT_EQ(across[3].offset, partition + 2);
}

TEST_F(PostgresPartitions, AreThereForABatchThatPassesSeveral) {
  drop_before(3 * partition);
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  owner.store(first, 1);
  EXPECT_EQ(partitions(), "0 1 2 3\n");
}

TEST_F(PostgresPartitions, CanBeDroppedUnderAWriter) {
  drop_before(65'000);
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  owner.store(second, 3); // another shard, which keeps its offsets
  owner.store(first, 1'000);
  std::atomic<bool> dropped = false;
  std::string problem;
  std::thread operators{[&] {
    try {
      const auto old = "\"order\".events_" + range + "_0";
      sql("INSERT INTO \"order\".dropped SELECT shard, max(shard_offset) FROM " + old
          + " GROUP BY shard ON CONFLICT (shard) DO UPDATE SET shard_offset = excluded.shard_offset");
      sql("ALTER TABLE \"order\".events_" + range + " DETACH PARTITION " + old + " CONCURRENTLY");
      sql("DROP TABLE " + old);
    } catch (const std::exception& x) {
      problem = x.what();
    }
    dropped = true;
  }};
  std::uint64_t written = 1'000;
  do
    written += owner.store(first, 1).size();
  while (!dropped);
  operators.join();
  EXPECT_EQ(problem, "");
  written += owner.store(first, 1).size();

  const auto reader = open_reader();
  const auto last = 65'000 + written;
  const auto kept = test::value_of(reader->read_shard("order", first.shard(), partition + 1, 100'000));
  ASSERT_EQ(kept.size(), last - partition);
  EXPECT_EQ(kept.back().offset, last);
  EXPECT_EQ(test::failure_of(reader->read_shard("order", first.shard(), partition, 1)), ec::store_damaged);
  for (const auto& x : test::value_of(reader->positions("any", "order")))
    EXPECT_EQ(x.last, x.shard == first.shard() ? last : 3);
  // A shard whose events are all gone goes on where it was.
  test::store_owner again{*writer, both};
  EXPECT_EQ(again.lease_of(first).next_offset, last + 1);
  EXPECT_EQ(again.lease_of(second).next_offset, 4u);
}

} // namespace
} // namespace troupe::postgres

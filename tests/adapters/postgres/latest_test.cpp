// tests/adapters/postgres/latest_test.cpp: positions that were told once never change.
#include "tests/adapters/postgres/database.hpp"

namespace troupe::postgres {
namespace {

using namespace journal;

class PostgresLatest : public Database {
protected:
  static std::map<std::uint64_t, stored_event> told_by(store_reader& reader) {
    std::map<std::uint64_t, stored_event> result;
    const auto latest = test::value_of(reader.latest({}, {}, 1'000));
    for (const auto& x : latest.events)
      result.emplace(x.position, x.event);
    EXPECT_EQ(result.size(), latest.newest);
    return result;
  }

  /// In somebody's transaction, as the function append does it.
  static void insert(connection& to, const stored_event& e) {
    const auto bytes = [](const std::string& x) { return pqxx::binarystring{x}; };
    to.query("INSERT INTO \"order\".streams VALUES ($1, $2, $3)", bytes(e.stream.key), e.shard, e.version);
    to.query("INSERT INTO \"order\".events VALUES ($1, $2, $3, $4, troupe.place(), $5, $6, $7, $8, $9, $10, $11, $12, "
             "$13, $14)",
             e.shard, e.offset, bytes(e.stream.key), e.version, e.schema, e.recorded_at.time_since_epoch().count(),
             e.epoch, static_cast<std::int64_t>(e.checksum), e.type, e.node, bytes(e.principal), bytes(e.trace),
             bytes(e.data), bytes(e.personal));
  }
};

TEST_F(PostgresLatest, TellsNothingThatALongTransactionMayStillChange) {
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  const auto reader = open_reader();
  owner.store(first, 2);
  const auto before = told_by(*reader);
  EXPECT_EQ(before.size(), 2u);
  connection other{config, "test"};
  other.run("BEGIN");
  const auto theirs = owner.make(second, 1).events[0];
  insert(other, theirs);
  owner.store(first, 3);
  EXPECT_EQ(told_by(*reader), before);
  other.run("COMMIT");
  const auto after = told_by(*reader);
  ASSERT_EQ(after.size(), 6u);
  for (const auto& [position, event] : before)
    EXPECT_EQ(after.at(position), event);
  EXPECT_EQ(after.at(3), theirs);
}

TEST_F(PostgresLatest, GoesOnWhenALongTransactionIsGivenUp) {
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  const auto reader = open_reader();
  connection other{config, "test"};
  other.run("BEGIN; SELECT pg_current_xact_id()");
  owner.store(first, 3);
  EXPECT_TRUE(told_by(*reader).empty());
  other.run("ROLLBACK");
  EXPECT_EQ(told_by(*reader).size(), 3u);
}

TEST_F(PostgresLatest, GrowsAfterARestoreIntoAnotherServer) {
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  sql("DO $$ BEGIN FOR i IN 1..5000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$");
  const auto events = owner.store(first, 3);
  const auto before = told_by(*open_reader());

  test::postgres_server other;
  other.run("postgres", "CREATE DATABASE " + name() + " OWNER troupe");
  const auto at = [](const test::postgres_server& x) {
    return " -h " + x.folder() + "/socket -p " + x.port() + " -U postgres ";
  };
  const auto restored = test::run({"/bin/bash", "-c",
                                   "set -o pipefail; pg_dumpall --roles-only --no-role-passwords" + at(server)
                                     + "| psql -X -q" + at(other) + "-d postgres; pg_dump" + at(server) + name()
                                     + " | psql -X -q -v ON_ERROR_STOP=1" + at(other) + "-d " + name()});
  ASSERT_EQ(restored.how, (test::ending{0, 0})) << restored.errors;

  config.url = other.url_of(name());
  writer = open_writer();
  test::store_owner next{*writer, both};
  next.set_version(first, 3);
  const auto more = next.store(first, 2);
  const auto reader = open_reader();
  const auto after = told_by(*reader);
  ASSERT_EQ(after.size(), 5u);
  for (const auto& [position, event] : before)
    EXPECT_EQ(after.at(position), event);
  EXPECT_EQ(after.at(4), more[0]);
  EXPECT_EQ(after.at(5), more[1]);
  EXPECT_EQ(test::value_of(reader->load(first)).version(), 5u);
}

} // namespace
} // namespace troupe::postgres

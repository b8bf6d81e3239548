// tests/adapters/postgres/migrations_test.cpp: which databases are brought up to date, and which are left as they are.
#include "adapters/postgres/migrations.hpp"

#include "tests/adapters/postgres/database.hpp"

#include <array>
#include <sstream>
#include <thread>

namespace troupe::postgres {
namespace {

using ::testing::HasSubstr;

class PostgresMigrations : public Database {
protected:
  /// All that is in the database.
  std::string dump() const {
    const auto made =
      test::run({"/usr/bin/pg_dump", "-h", server.folder() + "/socket", "-p", server.port(), "-U", "postgres", name()});
    EXPECT_EQ(made.how.exit_code, 0) << made.errors;
    std::string result;
    std::istringstream lines{made.output};
    for (std::string line; std::getline(lines, line);)
      if (!line.starts_with('\\')) // pg_dump's own, and another one each time
        result += line + '\n';
    return result;
  }

  /// Opening fails so, and changes nothing.
  void expect_refused(ec code, const std::string& text) const {
    const auto before = dump();
    const auto opened = stores()->open_writer();
    EXPECT_EQ(test::failure_of(opened), code);
    EXPECT_THAT(text_of(opened), HasSubstr(text));
    EXPECT_TRUE(dump() == before) << "the database was changed";
  }
};

TEST_F(PostgresMigrations, AreAppliedOnceByWritersThatOpenTogether) {
  std::vector<std::thread> nodes;
  std::array<std::string, 4> problems;
  for (auto& problem : problems)
    nodes.emplace_back([&] { problem = text_of(stores()->open_writer()); });
  for (auto& x : nodes)
    x.join();
  for (const auto& problem : problems)
    EXPECT_EQ(problem, "no error");
  EXPECT_EQ(sql("SELECT count(*) FROM troupe.migrations"), std::to_string(newest_version()) + "\n");
}

TEST_F(PostgresMigrations, BringAnOlderDatabaseUp) {
  Database::open_writer();
  const auto checksum = sql("SELECT checksum FROM troupe.migrations WHERE version = 1");
  config.url = server.new_database();
  connection{config, "test"}.run(std::string{migrations()[0].sql}
                                 + "; INSERT INTO troupe.migrations (version, name, checksum) VALUES (1, 'journal', '"
                                 + checksum.substr(0, checksum.size() - 1) + "')");
  const auto history = test::value_of(migration_history(config));
  ASSERT_EQ(history.size(), newest_version());
  EXPECT_NE(history[0].applied_at, "");
  EXPECT_EQ(history[1].applied_at, "");
  config.migrate = false;
  expect_refused(ec::store_unavailable, "is at version 1 and this release needs " + std::to_string(newest_version())
                                          + "; run `troupe migrate up`");
  EXPECT_EQ(test::value_of(migrate(config)).size(), newest_version() - 1);
  EXPECT_TRUE(test::value_of(migrate(config)).empty());
  EXPECT_EQ(text_of(stores()->open_writer()), "no error");
}

TEST_F(PostgresMigrations, AreNotAppliedToAnEmptyDatabaseUnasked) {
  config.migrate = false;
  expect_refused(ec::store_unavailable, "`troupe migrate up`");
}

TEST_F(PostgresMigrations, RefuseADatabaseOfANewerRelease) {
  open_writer();
  sql("INSERT INTO troupe.migrations VALUES (" + std::to_string(newest_version() + 1) + ", 'to come', '1')");
  expect_refused(ec::store_newer, "run the newer release");
  EXPECT_EQ(test::failure_of(stores()->open_reader()), ec::store_newer);
}

TEST_F(PostgresMigrations, RefuseAForeignSchema) {
  sql("CREATE SCHEMA troupe; CREATE TABLE troupe.actors (name text); INSERT INTO troupe.actors VALUES ('Garrick')");
  expect_refused(ec::store_foreign, "not one of troupe's");
}

TEST_F(PostgresMigrations, RefuseAnotherHistory) {
  open_writer();
  sql("UPDATE troupe.migrations SET checksum = '1' WHERE version = 2");
  expect_refused(ec::store_foreign, "its migration 2 (leases) is another one");
}

TEST_F(PostgresMigrations, RefuseAnotherNumberOfShards) {
  open_writer();
  sql("DELETE FROM troupe.shards WHERE shard = 1023");
  expect_refused(ec::store_foreign, "1023 shards");
}

} // namespace
} // namespace troupe::postgres

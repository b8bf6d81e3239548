// tests/adapters/postgres/durability_test.cpp: what was acknowledged is there, and no server is trusted that says so
// too early.
#include "tests/adapters/postgres/database.hpp"

#include <atomic>
#include <thread>

namespace troupe::postgres {
namespace {

using namespace journal;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class PostgresDurability : public Database {
protected:
  void expect_weak(const std::string& how) {
    const auto refused = stores()->open_writer();
    EXPECT_EQ(test::failure_of(refused), ec::store_unavailable);
    EXPECT_THAT(text_of(refused), HasSubstr(how));
    EXPECT_THAT(text_of(refused), HasSubstr("store.postgres.allow_weak_durability"));
    config.allow_weak_durability = true;
    EXPECT_EQ(text_of(stores()->open_writer()), "no error");
    config.allow_weak_durability = false;
  }
};

TEST_F(PostgresDurability, RefusesAServerThatDoesNotWaitForItsDisk) {
  for (const auto* weak : {"off", "local", "remote_write"}) {
    sql("ALTER DATABASE " + name() + " SET synchronous_commit = " + weak);
    expect_weak(std::string{"synchronous_commit is "} + weak);
  }
  sql("ALTER DATABASE " + name() + " SET synchronous_commit = remote_apply");
  EXPECT_EQ(text_of(stores()->open_writer()), "no error");
}

TEST_F(PostgresDurability, RefusesAServerThatDoesNotSync) {
  test::postgres_server hasty{{"fsync=off"}};
  config.url = hasty.new_database();
  expect_weak("fsync is off");
}

/// A server of its own, to be hurt.
class PostgresCrash : public Database {
protected:
  PostgresCrash() : Database(own()) {}

  static test::postgres_server& own() {
    static test::postgres_server server;
    return server;
  }

  /// Ends the server in the middle of commits, and returns when it is there again.
  void expect_whole_after(int signal) {
    const auto factory = stores();
    auto writer = test::value_of(factory->open_writer());
    test::store_owner owner{*writer, both};
    std::atomic<std::uint64_t> acknowledged = 0;
    ec end{};
    std::thread node{[&] {
      for (;;) {
        const auto stored = owner.commit({owner.make(first, 1), owner.make(second, 1)});
        if (!stored) {
          end = test::failure_of(stored);
          return;
        }
        ++acknowledged;
      }
    }};
    EXPECT_TRUE(test::eventually(
      20s, [&] { return acknowledged >= 20; }, 1ms));
    server.stop(signal);
    node.join();
    EXPECT_EQ(end, ec::commit_unknown);
    const auto again = owner.commit({owner.make(first, 1)});
    EXPECT_EQ(test::failure_of(again), ec::store_unavailable);
    EXPECT_THAT(text_of(again), HasSubstr("opened again"));
    EXPECT_EQ(test::failure_of(factory->open_writer()), ec::store_unavailable);
    server.start();
    EXPECT_EQ(test::failure_of(owner.commit({owner.make(first, 1)})), ec::store_unavailable);
    writer = test::value_of(factory->open_writer());
    const auto reader = open_reader();
    for (const auto& stream : {first, second}) {
      const auto version = test::value_of(reader->load(stream)).version();
      EXPECT_GE(version, acknowledged);
      EXPECT_LE(version, acknowledged + 1); // The one that nobody knows of.
    }
    test::store_owner next{*writer, both};
    next.set_version(first, test::value_of(reader->load(first)).version());
    next.store(first, 1);
  }
};

TEST_F(PostgresCrash, LosesNothingThatWasAcknowledged) {
  expect_whole_after(SIGQUIT);
}

TEST_F(PostgresCrash, OfARestartInTheMiddleLosesNothingEither) {
  expect_whole_after(SIGINT);
}

TEST_F(PostgresCrash, LeavesACommitInDoubtUnknown) {
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  connection other{config, "test"};
  other.run("BEGIN; SELECT FROM troupe.shards FOR UPDATE");
  ec end{};
  std::thread node{[&] { end = test::failure_of(owner.commit({owner.make(first, 1)})); }};
  EXPECT_TRUE(test::eventually(20s, [&] {
    return sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'troupe writer' AND wait_event_type = "
               "'Lock'")
           == "1\n";
  }));
  server.stop(SIGQUIT);
  node.join();
  EXPECT_EQ(end, ec::commit_unknown);
  server.start();
}

} // namespace
} // namespace troupe::postgres

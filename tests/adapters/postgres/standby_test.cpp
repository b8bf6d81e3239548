// tests/adapters/postgres/standby_test.cpp: which server may be written to after a standby was promoted.
#include "tests/adapters/postgres/database.hpp"

#include <thread>

namespace troupe::postgres {
namespace {

using namespace journal;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class PostgresStandby : public Database {
protected:
  PostgresStandby() : Database(std::make_unique<test::postgres_server>()) {
    config.url = test::postgres_server::url_of_either(server, standby, name());
  }
  void make_synchronous() const {
    server.run("postgres", "ALTER SYSTEM SET synchronous_standby_names = 's1'");
    server.run("postgres", "SELECT pg_reload_conf()");
    EXPECT_TRUE(test::eventually(
      20s, [&] { return server.run("postgres", "SELECT sync_state FROM pg_stat_replication") == "sync\n"; }));
  }

  /// The standby has all that the primary has.
  void catch_up() const {
    EXPECT_TRUE(test::eventually(20s, [&] {
      return server.run("postgres", "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()")
             == "1\n";
    }));
  }

  void fail_over() {
    server.stop(SIGQUIT);
    standby.promote();
  }

  test::postgres_server standby{server, "s1"};
};

TEST_F(PostgresStandby, PromotedWithoutHavingBeenWaitedForIsRefusedUntilItIsAccepted) {
  const auto factory = stores();
  auto writer = test::value_of(factory->open_writer());
  test::store_owner owner{*writer, both};
  const auto events = owner.store(first, 5);
  catch_up();
  fail_over();
  for (const auto& x : {factory, stores()}) {
    const auto refused = x->open_writer();
    EXPECT_EQ(test::failure_of(refused), ec::store_unavailable);
    EXPECT_THAT(text_of(refused),
                AllOf(HasSubstr("a standby was promoted (timeline 1 became 2)"),
                      HasSubstr("may lack what was acknowledged"), HasSubstr("`troupe store accept --reason ...`")));
  }
  EXPECT_EQ(test::value_of(open_reader()->load(first)).events, events);
  const auto state = test::value_of(look_at_server(config));
  EXPECT_EQ(state.noted_timeline, 1u);
  EXPECT_EQ(state.timeline, 2u);
  ASSERT_EQ(state.contexts.size(), 2u);
  EXPECT_EQ(state.contexts[0].events, 5u);
  EXPECT_EQ(state.contexts[0].newest, "2023-11-14T22:13:20.005Z");

  EXPECT_EQ(text_of(accept_server(config, "the old machine has burnt")), "no error");
  EXPECT_EQ(standby.run(name(), "SELECT timeline, reason FROM troupe.acceptances"), "2|the old machine has burnt\n");
  writer = test::value_of(factory->open_writer());
  test::store_owner next{*writer, both};
  next.set_version(first, 5);
  next.store(first, 1);
}

TEST_F(PostgresStandby, ThatWasWaitedForTakesOverWithAllThatWasAcknowledged) {
  make_synchronous();
  const auto factory = stores();
  auto writer = test::value_of(factory->open_writer());
  test::store_owner owner{*writer, both};
  std::uint64_t acknowledged = 0;
  for (; acknowledged < 20; ++acknowledged)
    owner.store(first, 1);
  fail_over();
  EXPECT_EQ(test::failure_of(owner.commit({owner.make(first, 1)})), ec::commit_unknown);
  writer = test::value_of(factory->open_writer());
  ASSERT_TRUE(writer);
  EXPECT_EQ(test::value_of(open_reader()->load(first)).version(), acknowledged);
  test::store_owner next{*writer, both};
  next.set_version(first, acknowledged);
  next.store(first, 1);
  // From now on nobody is waited for, and that is known.
  EXPECT_EQ(standby.run(name(), "SELECT timeline, synchronous FROM troupe.meta"), "2|f\n");
}

TEST_F(PostgresStandby, IsNotedToBeWaitedForNoLongerBeforeTheFirstAnswer) {
  make_synchronous();
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  owner.store(first, 1);
  EXPECT_EQ(sql("SELECT synchronous FROM troupe.meta"), "t\n");
  server.run("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
  server.run("postgres", "SELECT pg_reload_conf()");
  EXPECT_TRUE(test::eventually(20s, [&] {
    owner.store(first, 1);
    return sql("SELECT synchronous FROM troupe.meta") == "f\n";
  }));
  catch_up();
  fail_over();
  EXPECT_THAT(text_of(stores()->open_writer()), HasSubstr("a standby was promoted"));
}

TEST_F(PostgresStandby, ThatIsGivenUpInTheMiddleOfACommitLeavesItUnknown) {
  make_synchronous();
  auto writer = open_writer();
  test::store_owner owner{*writer, both};
  owner.store(first, 1);
  standby.stop(SIGQUIT);
  caf::expected<std::vector<write_result>> answer{ec::store_unavailable};
  std::thread node{[&] { answer = owner.commit({owner.make(first, 1)}); }};
  const std::string waiting =
    " FROM pg_stat_activity WHERE application_name = 'troupe writer' AND wait_event = 'SyncRep'";
  EXPECT_TRUE(test::eventually(20s, [&] { return sql("SELECT count(*)" + waiting) == "1\n"; }));
  sql("SELECT pg_cancel_backend(pid)" + waiting);
  node.join();
  EXPECT_EQ(test::failure_of(answer), ec::commit_unknown);
  EXPECT_THAT(text_of(answer), HasSubstr("synchronous standby"));
  EXPECT_THAT(text_of(owner.commit({owner.make(first, 1)})), HasSubstr("opened again"));
}

/// A server that has lost something without a promotion, such as by a restored file system.
class PostgresLoss : public Database {};

TEST_F(PostgresLoss, OfWhatThisProcessWasAcknowledgedIsSeen) {
  const auto factory = stores();
  auto writer = test::value_of(factory->open_writer());
  test::store_owner owner{*writer, both};
  owner.store(first, 3);
  EXPECT_EQ(text_of(factory->open_writer()), "no error");
  sql("DELETE FROM \"order\".events WHERE version = 3; UPDATE \"order\".streams SET version = 2");
  const auto refused = factory->open_writer();
  EXPECT_EQ(test::failure_of(refused), ec::store_unavailable);
  EXPECT_THAT(text_of(refused),
              AllOf(HasSubstr("shard " + std::to_string(first.shard()) + " of order ends at offset 2"),
                    HasSubstr("offset 3 was acknowledged"), HasSubstr("troupe store accept")));
  EXPECT_EQ(text_of(stores()->open_writer()), "no error"); // Another process knows nothing of it.
  EXPECT_EQ(text_of(accept_server(config, "a test")), "no error");
  writer = test::value_of(factory->open_writer());
  test::store_owner next{*writer, both};
  next.set_version(first, 2);
  next.store(first, 1);
}

} // namespace
} // namespace troupe::postgres

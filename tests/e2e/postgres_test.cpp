// tests/e2e/postgres_test.cpp: a node whose journal is in PostgreSQL, and the way there.
#include "tests/e2e/node.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <set>

namespace troupe::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Postgres : public ::testing::Test {
protected:
  /// `troupe …` with the node's settings.
  finished_program troupe(std::vector<std::string> command) const {
    command.insert(command.begin(), troupe_binary());
    for (const auto& x : {"node.state_directory=" + folder.path().string(), std::string{"store.kind=postgres"},
                          "store.postgres.url=" + url}) {
      command.emplace_back("--set");
      command.push_back(x);
    }
    return run(std::move(command));
  }

  void use_database(node& x) const {
    x.set("store.kind=postgres");
    x.set("store.postgres.url=" + url);
  }

  static bool is_ready(const node& x) { return http_client{x.operations()}.get("/health/ready").status == 200; }

  /// Places until `count` orders are acknowledged.
  static void place_some(node& at, std::set<std::string>& acknowledged, int count) {
    auto shop = at.shop();
    for (int i = 0; i < count; ++i) {
      const auto answer = place(shop, order_of("paper-filters-100", 1));
      ASSERT_EQ(answer.status, 202) << answer.body;
      acknowledged.insert(answer.json()["orderId"].get<std::string>());
    }
  }

  /// Whoever asks at the moment of a failure may have to ask again.
  static void expect_confirmed(node& at, const std::set<std::string>& orders) {
    auto shop = at.shop();
    for (const auto& id : orders) {
      nlohmann::json order;
      EXPECT_TRUE(eventually(seconds{30},
                             [&] {
                               order = order_at(shop, id);
                               return order.is_object() && order["status"] == "confirmed";
                             }))
        << id << ": " << order.dump();
    }
  }

  postgres_server server;
  std::string url = server.new_database();
  temporary_folder folder;
};

TEST_F(Postgres, TakesOverTheFileOfANode) {
  node before{folder.path()};
  before.start();
  auto shop = before.shop();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i)
    ids.push_back(place(shop, order_of("paper-filters-100", 1), 10).json()["orderId"].get<std::string>());
  const auto busy = troupe({"store", "copy"});
  EXPECT_NE(busy.how.exit_code, 0);
  EXPECT_NE(busy.errors.find("in use"), std::string::npos) << busy.errors;
  ASSERT_EQ(before.stop(), (ending{0, 0}));

  const auto copied = troupe({"store", "copy"});
  EXPECT_EQ(copied.how, (ending{0, 0})) << copied.errors;
  EXPECT_NE(copied.output.find("compared and equal"), std::string::npos) << copied.output;
  const auto again = troupe({"store", "copy"});
  EXPECT_NE(again.how.exit_code, 0);
  EXPECT_NE(again.errors.find("copy into an empty one"), std::string::npos) << again.errors;
  const auto checked = troupe({"store", "check"});
  EXPECT_EQ(checked.how, (ending{0, 0})) << checked.output;
  EXPECT_NE(checked.output.find(" 0 problems"), std::string::npos) << checked.output;

  node after{folder.path()};
  use_database(after);
  after.start();
  auto there = after.shop();
  for (const auto& id : ids)
    EXPECT_EQ(order_at(there, id)["status"], "confirmed") << id;
  EXPECT_EQ(there.get("/api/v2/inventory/paper-filters-100").json()["sold"], 3);
  EXPECT_EQ(place(there, order_of("paper-filters-100", 1), 10).json()["status"], "confirmed");
  EXPECT_EQ(there.get("/api/v2/inventory/paper-filters-100").json()["sold"], 4);
  EXPECT_EQ(after.stop(), (ending{0, 0}));
}

TEST_F(Postgres, IsBroughtUpToDateByHand) {
  const auto missing = troupe({"migrate", "status"});
  EXPECT_EQ(missing.how.exit_code, 1) << missing.errors;
  EXPECT_NE(missing.output.find("1  journal  to come"), std::string::npos) << missing.output;
  node running{folder.path()};
  use_database(running);
  running.set("store.postgres.migrate=false");
  auto command = running.command();
  command.insert(command.begin(), troupe_binary());
  const auto refused = run(command);
  EXPECT_NE(refused.how.exit_code, 0);
  EXPECT_NE(refused.errors.find("troupe migrate up"), std::string::npos) << refused.errors;
  const auto applied = troupe({"migrate", "up"});
  EXPECT_EQ(applied.how, (ending{0, 0})) << applied.errors;
  EXPECT_NE(applied.output.find("applied 1  journal"), std::string::npos) << applied.output;
  EXPECT_EQ(troupe({"migrate", "up"}).output, "nothing to do\n");
  const auto there = troupe({"migrate", "status"});
  EXPECT_EQ(there.how, (ending{0, 0}));
  EXPECT_EQ(there.output.find("to come"), std::string::npos) << there.output;
  running.start();
  auto shop = running.shop();
  EXPECT_EQ(place(shop, order_of("hand-grinder", 1), 10).json()["status"], "confirmed");
}

TEST_F(Postgres, KeepsWhatAKilledNodeHasAcknowledged) {
  node running{folder.path()};
  use_database(running);
  running.start();
  std::set<std::string> acknowledged;
  place_some(running, acknowledged, 10);
  running.kill();
  running.start();
  expect_confirmed(running, acknowledged);
  EXPECT_EQ(running.shop().get("/api/v2/inventory/paper-filters-100").json()["sold"], 10);
}

TEST_F(Postgres, IsWaitedForByANodeThatGoesOn) {
  node running{folder.path()};
  use_database(running);
  running.start();
  const auto pid = running.process().pid();
  std::set<std::string> acknowledged;
  for (const auto how : {SIGINT, SIGQUIT}) {
    place_some(running, acknowledged, 5);
    server.stop(how);
    auto shop = running.shop();
    const auto refused = place(shop, order_of("paper-filters-100", 1));
    EXPECT_EQ(refused.status, 503) << refused.body;
    http_client operations{running.operations()};
    http_answer unready;
    EXPECT_TRUE(eventually(seconds{20}, [&] { return (unready = operations.get("/health/ready")).status == 503; }));
    bool told = false;
    const auto report = unready.json();
    for (const auto& x : report["dependencies"])
      told = told || (x["name"] == "store" && x["status"] == "down" && !x.value("detail", "").empty());
    EXPECT_TRUE(told) << unready.body;
    EXPECT_EQ(operations.get("/health/live").status, 200);
    server.start();
    EXPECT_TRUE(eventually(seconds{30}, [&] { return is_ready(running); }));
    expect_confirmed(running, acknowledged);
    EXPECT_EQ(place(shop, order_of("hand-grinder", 1), 10).json()["status"], "confirmed");
  }
  EXPECT_EQ(running.process().pid(), pid);
  EXPECT_EQ(running.stop(), (ending{0, 0}));
}

TEST_F(Postgres, IsFollowedToAStandbyThatWasWaitedFor) {
  postgres_server standby{server, "s1"};
  server.run("postgres", "ALTER SYSTEM SET synchronous_standby_names = 's1'");
  server.run("postgres", "SELECT pg_reload_conf()");
  ASSERT_TRUE(eventually(
    seconds{20}, [&] { return server.run("postgres", "SELECT sync_state FROM pg_stat_replication") == "sync\n"; }));
  url = postgres_server::url_of_either(server, standby, postgres_server::database_in(url));
  node running{folder.path()};
  use_database(running);
  running.start();
  const auto pid = running.process().pid();
  std::set<std::string> acknowledged;
  place_some(running, acknowledged, 10);
  server.stop(SIGQUIT); // with orders in the middle of their way
  standby.promote();
  expect_confirmed(running, acknowledged);
  EXPECT_TRUE(eventually(seconds{30}, [&] { return is_ready(running); }));
  auto shop = running.shop();
  EXPECT_EQ(place(shop, order_of("hand-grinder", 1), 10).json()["status"], "confirmed");
  EXPECT_EQ(running.process().pid(), pid);
}

/// A node goes on by itself when an operator has decided.
TEST_F(Postgres, IsAcceptedByAnOperatorAfterAPromotion) {
  postgres_server standby{server, "s1"};
  const auto database = postgres_server::database_in(url);
  url = postgres_server::url_of_either(server, standby, database);
  node running{folder.path()};
  use_database(running);
  running.start();
  std::set<std::string> acknowledged;
  place_some(running, acknowledged, 5);
  expect_confirmed(running, acknowledged);
  EXPECT_TRUE(eventually(seconds{20}, [&] {
    return server.run("postgres", "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()")
           == "1\n";
  }));
  server.stop(SIGQUIT);
  standby.promote();
  http_client operations{running.operations()};
  EXPECT_TRUE(eventually(
    seconds{30}, [&] { return operations.get("/health/ready").body.find("troupe store accept") != std::string::npos; }))
    << operations.get("/health/ready").body;
  auto shop = running.shop();
  EXPECT_EQ(place(shop, order_of("paper-filters-100", 1)).status, 503);
  EXPECT_NE(troupe({"store", "accept"}).how.exit_code, 0);
  const auto accepted = troupe({"store", "accept", "--reason", "the old machine has burnt"});
  EXPECT_EQ(accepted.how, (ending{0, 0})) << accepted.errors;
  for (const auto* text : {"timeline 1, did not wait", "timeline 2", "order: ", "accepted"})
    EXPECT_NE(accepted.output.find(text), std::string::npos) << accepted.output;
  EXPECT_TRUE(eventually(seconds{30}, [&] { return is_ready(running); }));
  expect_confirmed(running, acknowledged);
  EXPECT_EQ(place(shop, order_of("hand-grinder", 1), 10).json()["status"], "confirmed");
}

} // namespace
} // namespace troupe::test

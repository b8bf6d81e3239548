// tests/adapters/postgres/leases_test.cpp: leases of a server that is slow, gone or stuck.
#include "adapters/postgres/leases.hpp"

#include "tests/adapters/postgres/database.hpp"

#include <csignal>

namespace troupe::postgres {
namespace {

using namespace cluster;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr auto up = node_state::up;
constexpr duration lease = 1min;

class PostgresLeases : public Database {
protected:
  PostgresLeases() {
    open_writer()->acquire(both, "node-1");
    self.name = "a";
    self.roles.worker = true;
  }

  std::unique_ptr<lease_store> open(duration patience = 30s) { return test::value_of(open_leases(config, patience)); }

  node_record self;
};

TEST_F(PostgresLeases, NeedASchemaThatIsThere) {
  config.url = server.new_database();
  const auto opened = open_leases(config);
  EXPECT_EQ(test::failure_of(opened), ec::store_unavailable);
  EXPECT_THAT(text_of(opened), HasSubstr("`troupe migrate up`"));
}

TEST_F(PostgresLeases, AreNotChangedByARenewalThatWaitsTooLong) {
  auto leases = open();
  const auto a = test::value_of(leases->join(self, lease));
  leases = open(400ms);
  connection other{config, "test"};
  other.run("BEGIN; UPDATE troupe.nodes SET weight = weight");
  EXPECT_EQ(test::failure_of(leases->renew("a", a, node_state::draining, lease)), ec::store_unavailable);
  other.run("ROLLBACK");
  EXPECT_EQ(sql("SELECT state FROM troupe.nodes"), "up\n");
  EXPECT_TRUE(leases->renew("a", a, up, lease)); // The connection is as good as before.
}

TEST_F(PostgresLeases, GiveUpAServerThatStopsInTheMiddle) {
  auto leases = open();
  const auto a = test::value_of(leases->join(self, lease));
  leases = open(400ms);
  const auto backend = std::stoi(sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'troupe leases' AND "
                                     "datname = '"
                                     + name() + "' ORDER BY backend_start DESC LIMIT 1"));
  ASSERT_EQ(::kill(backend, SIGSTOP), 0);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(test::failure_of(leases->renew("a", a, up, lease)), ec::commit_unknown);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, test::patience(5s));
  ::kill(backend, SIGCONT);
  EXPECT_EQ(test::failure_of(leases->renew("a", a, up, lease)), ec::commit_unknown);
  EXPECT_TRUE(open()->renew("a", a, up, lease));
}

TEST_F(PostgresLeases, AreRenewedWhileTheNodeClaims) {
  auto leases = open();
  const auto a = test::value_of(leases->join(self, lease));
  connection claim{config, "test"};
  claim.run("BEGIN; SELECT FROM troupe.nodes WHERE name = 'a' FOR KEY SHARE");
  leases = open(2s);
  EXPECT_TRUE(leases->renew("a", a, up, lease));
  const auto waited = leases->leave("a", a);
  EXPECT_TRUE(waited && code_of(waited) == ec::store_unavailable);
  claim.run("COMMIT");
  EXPECT_FALSE(leases->leave("a", a));
}

TEST_F(PostgresLeases, LetTargetsBeSetDuringACommit) {
  auto leases = open(2s);
  connection commit{config, "test"};
  commit.run("BEGIN; SELECT troupe.fence('{7}', '{1}')");
  EXPECT_TRUE(test::value_of(leases->put_targets(0, std::vector<target_change>{{7, "a"}})));
  connection other{config, "test"};
  EXPECT_THROW(other.run("SET lock_timeout = '50ms'; SELECT FROM troupe.shards WHERE shard = 7 FOR UPDATE"), failure);
  commit.run("COMMIT");
}

TEST_F(PostgresLeases, RefuseTextThatIsNone) {
  self.version = "1.0\xff";
  EXPECT_EQ(open()->join(self, lease).error(), rejection::not_valid);
}

} // namespace
} // namespace troupe::postgres

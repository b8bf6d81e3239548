// tests/e2e/shared_state_test.cpp: what holds for the whole cluster, and what of it each node tells.
#include "actors/kernel/time.hpp"
#include "tests/e2e/node.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <set>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Three nodes on one database, and the providers that they call.
class SharedState : public ::testing::Test {
protected:
  void start(std::vector<std::string> more = {}) {
    for (const auto* name : {"node-1", "node-2", "node-3"}) {
      const auto state = folder.path() / name;
      std::filesystem::create_directory(state);
      std::vector<std::string> settings{"node.name=" + std::string{name},
                                        "store.kind=postgres",
                                        "store.postgres.url=" + database,
                                        "cluster.enabled=true",
                                        "cluster.address=127.0.0.1",
                                        "cluster.port=0",
                                        "cluster.moves_at_once=512",
                                        "cluster.tls.certificate=" + own.certificate,
                                        "cluster.tls.key=" + own.key,
                                        "cluster.tls.ca=" + own.ca,
                                        "sandbox.enabled=false",
                                        "payment.providers.rest.base_url=" + providers.url() + "/rest",
                                        "payment.providers.stripe.base_url=" + providers.url() + "/stripe",
                                        "email.order=resend",
                                        "email.providers.resend.base_url=" + providers.url() + "/resend",
                                        "email.attempts_max=1",
                                        "orders.retry_base=50ms",
                                        "orders.retry_max=300ms"};
      settings.insert(settings.end(), more.begin(), more.end());
      nodes.push_back(std::make_unique<node>(state, std::move(settings)));
      nodes.back()->start();
    }
    for (auto& x : nodes) {
      for (const std::string peer : {"node-1", "node-2", "node-3"}) {
        if (x->state().filename() != peer) {
          ASSERT_TRUE(x->process().logs(R"("message":"Connected with a node","peer":")" + peer + '"'));
        }
      }
    }
  }

  static json get(const node& x, const std::string& target) {
    return http_client{x.operations()}.get(target, x.as_operator()).json();
  }

  /// `troupe ctl …` against a node without a sandbox of its own.
  static finished_program ctl(const node& at, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {troupe_binary(), "ctl"});
    auto around = at.environment();
    around.erase("TROUPE_SANDBOX_PORT");
    return run(std::move(arguments), std::move(around));
  }

  /// Places so many orders, each at the next node.
  void place_orders(int count) {
    for (int i = 0; i < count; ++i) {
      auto shop = nodes[static_cast<std::size_t>(i) % 3]->shop();
      const auto placed = place(shop, order_of("espresso-beans-1kg", 1));
      ASSERT_EQ(placed.status, 202) << placed.body;
    }
  }

  /// How many nodes have the breaker of a guard in this state, as `asked` sees them.
  static long nodes_with(const node& asked, const std::string& guard, const std::string& state) {
    const auto all = get(asked, "/api/guards");
    if (!all.is_object() || all.contains("missing"))
      return -1;
    return std::count_if(all["guards"].begin(), all["guards"].end(),
                         [&](const json& x) { return x["name"] == guard && x["breaker"]["state"] == state; });
  }

  temporary_folder folder;
  temporary_folder sandbox_folder;
  sandbox providers{sandbox_folder.path()};
  certificates own{folder.path().string()};
  std::string database = postgres_server::shared().new_database();
  std::vector<std::unique_ptr<node>> nodes;
};

TEST_F(SharedState, OpensABreakerEverywhereWithinASecond) {
  start({"policies.sandbox.breaker.failures=3", "policies.sandbox.breaker.open_time=60s"});
  ASSERT_TRUE(eventually(10s, [&] { return nodes_with(*nodes[0], "payment.rest", "closed") == 3; }));
  providers.set_faults({{"rules", {{{"name", "out"}, {"path", "/rest"}, {"fault", "error"}, {"status", 503}}}}});
  place_orders(1);
  ASSERT_TRUE(eventually(20s, [&] { return nodes_with(*nodes[0], "payment.rest", "open") > 0; }));
  EXPECT_TRUE(eventually(1s, [&] { return nodes_with(*nodes[1], "payment.rest", "open") == 3; }))
    << get(*nodes[1], "/api/guards");
  int heard = 0;
  const auto all = get(*nodes[2], "/api/guards");
  for (const auto& x : all["guards"])
    heard +=
      x["name"] == "payment.rest" && x["breaker"]["reason"].get<std::string>().find(" at node-") != std::string::npos;
  EXPECT_GE(heard, 1) << "others found out by themselves";
}

TEST_F(SharedState, HoldsWhatOperatorsHoldAndPauseAtEveryNode) {
  start();
  ASSERT_EQ(ctl(*nodes[0], {"breaker", "payment.rest", "open", "--reason", "they were hacked"}).how, (ending{0, 0}));
  EXPECT_TRUE(eventually(1s, [&] { return nodes_with(*nodes[2], "payment.rest", "open") == 3; }));
  ASSERT_EQ(ctl(*nodes[1], {"breaker", "payment.rest", "auto", "--reason", "it is safe"}).how, (ending{0, 0}));
  EXPECT_TRUE(eventually(1s, [&] { return nodes_with(*nodes[2], "payment.rest", "open") == 0; }));

  const auto pauses_at = [](const node& x) { return get(x, "/api/pauses").dump(); };
  ASSERT_EQ(ctl(*nodes[0], {"pause", "saga/order", "--reason", "we count the stock"}).how, (ending{0, 0}));
  for (auto& x : nodes)
    EXPECT_TRUE(eventually(1s, [&] { return pauses_at(*x).find("we count the stock") != std::string::npos; }));
  place_orders(6);
  ASSERT_EQ(ctl(*nodes[2], {"resume", "saga/order", "--reason", "counted"}).how, (ending{0, 0}));
  for (auto& x : nodes)
    EXPECT_TRUE(eventually(1s, [&] { return pauses_at(*x).find("we count the stock") == std::string::npos; }));
  auto shop = nodes[1]->shop();
  EXPECT_EQ(place(shop, order_of("espresso-beans-1kg", 1), 20).json()["status"], "confirmed");
}

TEST_F(SharedState, ListsAndEndsDeadLettersOfAllNodesAtEach) {
  start({"policies.mail.breaker.failures=0"});
  providers.set_faults({{"rules", {{{"name", "no mail"}, {"path", "/resend"}, {"fault", "error"}, {"status", 503}}}}});
  place_orders(9);
  const auto letters_at = [](const node& x) {
    std::map<std::string, std::string> result; // the node of each
    const auto all = get(x, "/api/dead-letters?group=all");
    for (const auto& each : all["letters"])
      result[each["id"]] = each.value("node", "");
    return result;
  };
  ASSERT_TRUE(eventually(30s, [&] { return letters_at(*nodes[0]).size() == 9; }));
  for (auto& x : nodes)
    EXPECT_TRUE(eventually(1s, [&] { return letters_at(*x).size() == 9; }));
  std::map<std::string, std::string> all;
  EXPECT_TRUE(eventually(10s, [&] { // Shards may be on their way still.
    all = letters_at(*nodes[0]);
    return letters_at(*nodes[1]) == all && letters_at(*nodes[2]) == all;
  }));
  std::set<std::string> owners;
  for (const auto& [id, node] : all)
    owners.insert(node);
  EXPECT_GE(owners.size(), 2u) << "they are on several nodes";

  const auto [id, owner] = *all.begin();
  auto& elsewhere = **std::find_if(nodes.begin(), nodes.end(),
                                   [&owner = owner](const auto& x) { return x->state().filename() != owner; });
  ASSERT_EQ(ctl(elsewhere, {"dead-letters", "discard", id, "--reason", "a test"}).how, (ending{0, 0}));
  for (auto& x : nodes)
    EXPECT_TRUE(eventually(1s, [&] { return !letters_at(*x).contains(id); }));
}

TEST_F(SharedState, TellsOfAllNodesAtEachAndNamesWhoIsMissing) {
  start();
  const auto nodes_in = [](const json& list) {
    std::set<std::string> result;
    for (const auto& x : list)
      result.insert(x["node"]);
    return result;
  };
  const std::set<std::string> all{"node-1", "node-2", "node-3"};
  for (auto& x : nodes) {
    EXPECT_EQ(nodes_in(get(*x, "/api/supervisors")["parts"]), all);
    EXPECT_EQ(nodes_in(get(*x, "/api/guards")["guards"]), all);
  }
  EXPECT_EQ(nodes_in(get(*nodes[0], "/api/supervisors?node=node-3")["parts"]), (std::set<std::string>{"node-3"}));
  EXPECT_EQ(get(*nodes[0], "/api/guards/payment.rest?node=node-2")["node"], "node-2");
  EXPECT_EQ(get(*nodes[0], "/api/guards?node=node-9")["status"], 404);
  EXPECT_NE(ctl(*nodes[1], {"tree"}).output.find("node-3"), std::string::npos);

  nodes[2]->kill();
  ASSERT_TRUE(eventually(10s, [&] { return get(*nodes[0], "/api/guards").contains("missing"); }));
  const auto part = get(*nodes[0], "/api/guards");
  ASSERT_EQ(part["missing"].size(), 1u) << part;
  EXPECT_EQ(part["missing"][0]["node"], "node-3");
  EXPECT_EQ(nodes_in(part["guards"]), (std::set<std::string>{"node-1", "node-2"}));
  EXPECT_NE(ctl(*nodes[0], {"guards"}).output.find("Nothing of node-3: "), std::string::npos);
}

TEST_F(SharedState, KeepsToTheRateOfAProviderTogether) {
  start({"policies.sandbox.rate.limit=10", "policies.sandbox.rate.per=4s", "policies.sandbox.bulkhead.queue_max=1000",
         "policies.sandbox.bulkhead.queue_time=10s"});
  place_orders(24);
  json ledger;
  ASSERT_TRUE(eventually(40s,
                         [&] {
                           ledger = http_client{providers.url()}.get("/_sandbox/ledger?limit=0").json();
                           return ledger["calls"]["count"] >= 20;
                         }))
    << ledger;
  std::deque<std::string> span;
  for (const auto& x : ledger["calls"]["latest"]) {
    if (x["provider"] != "rest")
      continue;
    span.push_back(x["at"]); // RFC 3339 in UTC
    while (*parse_rfc3339(span.back()) - *parse_rfc3339(span.front()) >= 4s)
      span.pop_front();
    EXPECT_LE(span.size(), 10u) << "until " << span.back();
  }
}

} // namespace
} // namespace troupe::test

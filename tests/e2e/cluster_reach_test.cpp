// tests/e2e/cluster_reach_test.cpp: nodes that are hard to reach, or are there for something else than others.
#include "tests/adapters/discovery/dnsmasq.hpp"
#include "tests/e2e/cluster.hpp"
#include "tests/support/relay.hpp"

#include <chrono>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

class ClusterReach : public cluster_test {
protected:
  /// How often a node has said that.
  static std::size_t times(const node& x, const std::string& what) {
    const auto all = x.everything_printed();
    std::size_t count = 0;
    for (auto at = all.find(what); at != std::string::npos; at = all.find(what, at + 1))
      ++count;
    return count;
  }

  static std::size_t held_by(const node& x) {
    const auto about = cluster_at(x);
    return about.is_object() ? about["heldShards"].get<std::size_t>() : 0;
  }
};

TEST_F(ClusterReach, FindsOutThatNothingArrivesAnyMoreAndComesBack) {
  relay between;
  auto& first = start_node("node-1");
  auto& second = add_node("node-2", {"cluster.advertise=127.0.0.1:" + std::to_string(between.port()),
                                     "cluster.port=" + std::to_string(unused_port())});
  const auto command = second.command();
  for (const auto& x : command)
    if (x.starts_with("cluster.port=") && x != "cluster.port=0")
      between.lead_to(static_cast<std::uint16_t>(std::stoi(x.substr(x.find('=') + 1))));
  second.start();
  ASSERT_TRUE(is_connected(first, "node-2"));
  ASSERT_TRUE(is_connected(second, "node-1"));
  place_orders(first, 3);

  between.cut();
  const auto begun = std::chrono::steady_clock::now();
  const std::string lost = R"("reason":"the connection is lost")";
  EXPECT_TRUE(first.process().logs(lost));
  EXPECT_TRUE(second.process().logs(lost));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, patience(4s));

  between.mend();
  EXPECT_TRUE(eventually(
    20s, [&] { return times(first, "Connected with a node") == 2 && times(second, "Connected with a node") == 2; }));
  place_orders(first, 5);
  place_orders(second, 5);
}

TEST_F(ClusterReach, LooksForANodeByDnsWhereTheStoreDoesNotHelp) {
  if (!dnsmasq::is_installed())
    GTEST_SKIP() << "dnsmasq is not installed; script/bootstrap --test does it";
  const auto second_port = unused_port();
  const dnsmasq server{{"host-record=node-2.troupe.test,127.0.0.1"}};
  const std::vector<std::string> discovery{"cluster.discovery.kind=dns", "cluster.discovery.service=troupe.test",
                                           "cluster.discovery.server=" + server.address(),
                                           "cluster.discovery.port=" + std::to_string(second_port)};
  auto& first = start_node("node-1", discovery);
  // What it says of itself is wrong: nobody is there.
  auto& second = start_node("node-2", {"cluster.port=" + std::to_string(second_port),
                                       "cluster.advertise=127.0.0.1:" + std::to_string(unused_port())});
  EXPECT_TRUE(is_connected(first, "node-2"));
  EXPECT_TRUE(is_connected(second, "node-1"));
  place_orders(first, 5);
}

TEST_F(ClusterReach, LooksForANodeInAListWhenItDoesNotSayWhereItIs) {
  const auto second_port = unused_port();
  const std::string listed = "cluster.discovery.nodes=node-2=127.0.0.1:" + std::to_string(second_port);
  auto& first = start_node("node-1", {"cluster.discovery.kind=static", listed});
  auto& second = start_node("node-2", {"cluster.port=" + std::to_string(second_port), "cluster.address=0.0.0.0",
                                       "cluster.discovery.kind=static", listed});
  EXPECT_TRUE(is_connected(first, "node-2"));
  EXPECT_TRUE(is_connected(second, "node-1"));
  EXPECT_EQ(cluster_at(first)["nodes"][1]["address"], "");
}

TEST_F(ClusterReach, HasNodesThatOnlyServeAndNodesThatOnlyOwn) {
  auto& worker = start_node("worker", {"cluster.roles=worker"});
  EXPECT_EQ(worker.commerce(), "");
  EXPECT_NE(worker.process().output().find("none, for cluster.roles has no gateway"), std::string::npos);
  auto& gateway = start_node("gateway", {"cluster.roles=gateway", "sandbox.enabled=true"});
  ASSERT_TRUE(is_connected(gateway, "worker"));
  EXPECT_TRUE(eventually(10s, [&] { return held_by(worker) == 1'024; }));
  EXPECT_EQ(held_by(gateway), 0u);
  place_orders(gateway, 10);
  EXPECT_EQ(held_by(gateway), 0u);
}

TEST_F(ClusterReach, CallsPaymentProvidersOnlyFromNodesWithTheLabel) {
  const std::string placement = "cluster.placement.payment=egress=fixed";
  auto& outside = start_node("outside", {placement, "cluster.labels=zone=a,egress=fixed"});
  auto& inside = start_node("inside", {placement});
  ASSERT_TRUE(is_connected(inside, "outside"));
  ASSERT_TRUE(inside.process().logs("Cluster: took shards"));
  const auto paid_at = [](const node& x) {
    return http_client{x.sandbox()}.get("/_sandbox/ledger").json()["references"].size();
  };
  place_orders(inside, 10);
  place_orders(outside, 10);
  EXPECT_EQ(paid_at(outside), 20u);
  EXPECT_EQ(paid_at(inside), 0u);

  outside.kill();
  auto shop = inside.shop();
  const auto placed = place(shop, order_of("espresso-beans-1kg", 1), 3);
  EXPECT_EQ(placed.json()["status"], "processing") << placed.body;
  EXPECT_EQ(paid_at(inside), 0u);
  outside.start();
  EXPECT_EQ(end_of(shop, placed.json()["orderId"], 60s), "confirmed");
  EXPECT_EQ(paid_at(inside), 0u);
}

} // namespace
} // namespace troupe::test

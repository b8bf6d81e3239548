// tests/e2e/cluster_test.cpp: several nodes on one database, over mutual TLS.
#include "tests/e2e/cluster.hpp"

namespace troupe::test {
namespace {

class Cluster : public cluster_test {};

TEST_F(Cluster, ConfirmsOrdersAtEveryNodeAndGoesOnWhenOneIsKilled) {
  auto& first = start_node("node-1");
  place_orders(first, 5);
  auto& second = start_node("node-2");
  ASSERT_TRUE(is_connected(first, "node-2"));
  ASSERT_TRUE(is_connected(second, "node-1"));
  ASSERT_TRUE(second.process().logs(R"(Cluster: took shards)"));
  place_orders(first, 10);
  place_orders(second, 10);

  auto shop = second.shop();
  const auto before = place(shop, order_of("hand-grinder", 1), 20);
  ASSERT_EQ(before.json()["status"], "confirmed") << before.body;
  first.kill();
  place_orders(second, 20);
  EXPECT_EQ(order_at(shop, before.json()["orderId"])["status"], "confirmed");
}

TEST_F(Cluster, HandsItsShardsOverBeforeANodeEnds) {
  auto& first = start_node("node-1");
  auto& second = start_node("node-2");
  ASSERT_TRUE(is_connected(first, "node-2"));
  place_orders(second, 5);
  EXPECT_EQ(first.stop(), (ending{0, 0}));
  EXPECT_NE(first.everything_printed().find("Cluster: left"), std::string::npos);
  place_orders(second, 20);
}

} // namespace
} // namespace troupe::test

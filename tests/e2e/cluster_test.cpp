// tests/e2e/cluster_test.cpp: several nodes on one database, over mutual TLS.
#include "tests/e2e/node.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

class Cluster : public ::testing::Test {
protected:
  /// A node that is up; all nodes use the sandbox of the first.
  node& start_node(const std::string& name) {
    const auto state = folder.path() / name;
    std::filesystem::create_directory(state);
    std::vector<std::string> settings{"node.name=" + name,
                                      "store.kind=postgres",
                                      "store.postgres.url=" + database,
                                      "cluster.enabled=true",
                                      "cluster.address=127.0.0.1",
                                      "cluster.port=0",
                                      "cluster.moves_at_once=512",
                                      "cluster.tls.certificate=" + own.certificate,
                                      "cluster.tls.key=" + own.key,
                                      "cluster.tls.ca=" + own.ca};
    nodes.push_back(std::make_unique<node>(state, std::move(settings)));
    nodes.back()->start();
    return *nodes.back();
  }

  static bool is_connected(node& x, const std::string& peer) {
    return x.process().logs(R"("message":"Connected with a node","peer":")" + peer + '"');
  }

  /// Places orders at `at` until one of them has found its way to each node's shards; all must be confirmed.
  static void place_orders(node& at, int count) {
    auto shop = at.shop();
    for (int i = 0; i < count; ++i) {
      const auto placed = place(shop, order_of("espresso-beans-1kg", 1), 20);
      ASSERT_EQ(placed.json()["status"], "confirmed") << placed.body;
    }
  }

  temporary_folder folder;
  certificates own{folder.path().string()};
  std::string database = postgres_server::shared().new_database();
  std::vector<std::unique_ptr<node>> nodes;
};

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

TEST_F(Cluster, LetsNobodyInWithoutACertificateOfItsCa) {
  auto& first = start_node("node-1");
  const certificates foreign{folder.path().string(), "foreign"};
  const auto state = folder.path() / "stranger";
  std::filesystem::create_directory(state);
  node stranger{state,
                {"node.name=node-0", "store.kind=postgres", "store.postgres.url=" + database, "cluster.enabled=true",
                 "cluster.address=127.0.0.1", "cluster.port=0", "cluster.tls.certificate=" + foreign.certificate,
                 "cluster.tls.key=" + foreign.key, "cluster.tls.ca=" + foreign.ca}};
  stranger.launch();
  EXPECT_TRUE(stranger.process().logs(R"("message":"A node cannot be reached","peer":"node-1")"));
  EXPECT_EQ(stranger.everything_printed().find("Connected with a node"), std::string::npos);
  EXPECT_EQ(first.everything_printed().find("Connected with a node"), std::string::npos);
}

} // namespace
} // namespace troupe::test

// tests/e2e/cluster.hpp: several nodes on one database, over mutual TLS.
#pragma once

#include "tests/e2e/node.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

class cluster_test : public ::testing::Test {
protected:
  /// A node that does not run yet, with a certificate of the cluster's; all nodes use the sandbox of the first. `more`
  /// wins.
  node& add_node(const std::string& name, const std::vector<std::string>& more = {}) {
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
    settings.insert(settings.end(), more.begin(), more.end());
    nodes.push_back(std::make_unique<node>(state, std::move(settings)));
    return *nodes.back();
  }

  /// One that is up.
  node& start_node(const std::string& name, const std::vector<std::string>& more = {}) {
    auto& x = add_node(name, more);
    x.start();
    return x;
  }

  static bool is_connected(node& x, const std::string& peer) {
    return x.process().logs(R"("message":"Connected with a node","peer":")" + peer + '"');
  }

  /// What GET /api/cluster says there.
  static nlohmann::json cluster_at(const node& x) {
    return http_client{x.operations()}.get("/api/cluster", x.as_operator()).json();
  }

  /// A node's port for the others, as `asked` knows it; 0 when it does not.
  static std::uint16_t cluster_port(const node& asked, const std::string& name) {
    const auto about = cluster_at(asked);
    if (about.is_object())
      for (const auto& x : about["nodes"])
        if (x["name"] == name) {
          const auto address = x["address"].get<std::string>();
          return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
        }
    return 0;
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

} // namespace troupe::test

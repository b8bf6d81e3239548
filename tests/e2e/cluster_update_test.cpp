// tests/e2e/cluster_update_test.cpp: an earlier release and this one side by side. script/test --full has the earlier
// one built, by script/earlier, and names it in TROUPE_EARLIER.
#include "tests/e2e/cluster.hpp"

#include <cstdlib>

namespace troupe::test {
namespace {

class ClusterUpdate : public cluster_test {
protected:
  void SetUp() override {
    const auto* const earlier = std::getenv("TROUPE_EARLIER");
    if (!earlier)
      GTEST_SKIP() << "TROUPE_EARLIER names no program; `TROUPE_EARLIER=$(script/earlier)` does";
    earlier_ = earlier;
  }

  node& start_earlier(const std::string& name) {
    auto& x = add_node(name);
    x.run_by(earlier_);
    x.start();
    return x;
  }

  std::string earlier_;
};

TEST_F(ClusterUpdate, GoesOnWithTwoReleasesSideBySide) {
  auto& old_one = start_earlier("node-1");
  auto& old_two = start_earlier("node-2");
  ASSERT_TRUE(is_connected(old_two, "node-1"));
  place_orders(old_one, 5);

  // One after the other, as in an update: the first is drained and comes back as the new release.
  EXPECT_EQ(old_one.stop(), (ending{0, 0}));
  old_one.run_by(troupe_binary());
  old_one.start();
  auto& new_one = old_one;
  ASSERT_TRUE(is_connected(new_one, "node-2"));
  ASSERT_TRUE(old_two.process().logs(R"("message":"Connected with a node","peer":"node-1")"));
  ASSERT_TRUE(new_one.process().logs("Cluster: took shards"));
  place_orders(new_one, 10);
  place_orders(old_two, 10);
  auto at_new = new_one.shop();
  auto at_old = old_two.shop();
  const auto placed = place(at_new, order_of("hand-grinder", 1), 20);
  ASSERT_EQ(placed.json()["status"], "confirmed") << placed.body;
  EXPECT_EQ(order_at(at_old, placed.json()["orderId"])["status"], "confirmed");

  // A node of either release that dies is survived by the other.
  auto& new_three = start_node("node-3");
  ASSERT_TRUE(is_connected(new_three, "node-2"));
  new_three.kill();
  place_orders(old_two, 10);
  place_orders(new_one, 10);

  // And back again, with the new one drained.
  EXPECT_EQ(new_one.stop(), (ending{0, 0}));
  place_orders(old_two, 10);
  EXPECT_EQ(order_at(at_old, placed.json()["orderId"])["status"], "confirmed");
  new_one.start();
  ASSERT_TRUE(is_connected(new_one, "node-2"));
  old_two.kill();
  place_orders(new_one, 20);
}

} // namespace
} // namespace troupe::test

// tests/e2e/notice_test.cpp: a node that is told to stop says so before it refuses anybody.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace troupe::test {
namespace {

TEST(Notice, TellsBalancersAndGoesOnUntilItIsOver) {
  temporary_folder folder;
  node running{folder.path(), {"http.notice=1h"}};
  running.start();
  http_client operations{running.operations()};
  EXPECT_EQ(operations.get("/health/ready").status, 200);
  running.process().send(SIGTERM);
  EXPECT_TRUE(eventually(std::chrono::seconds{10}, [&] { return operations.get("/health/ready").status == 503; }));
  EXPECT_EQ(operations.get("/health/live").status, 200);
  auto shop = running.shop(); // A connection that nobody had before.
  EXPECT_EQ(place(shop, order_of("hand-grinder", 1), 20).json()["status"], "confirmed");
  // Whoever asks twice does not want to wait.
  running.process().send(SIGTERM);
  EXPECT_EQ(running.process().wait(), (ending{0, 0}));
}

TEST(Notice, IsNotGivenUnlessItIsWanted) {
  temporary_folder folder;
  node running{folder.path()};
  running.start();
  EXPECT_EQ(running.stop(), (ending{0, 0}));
}

} // namespace
} // namespace troupe::test

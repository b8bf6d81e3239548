// tests/e2e/retry_test.cpp: a call that was retried and then succeeded, as people read it afterwards.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

class Retry : public ::testing::Test {
protected:
  /// The line of `troupe ctl explain order` that tells of it; empty when none does.
  std::string line_of_retry(const std::string& id) {
    const auto told = running.ctl({"explain", "order", id});
    EXPECT_EQ(told.how, (ending{0, 0})) << told.output << told.errors;
    const auto at = told.output.find("call_retried");
    return at == std::string::npos ? std::string{} : told.output.substr(at, told.output.find('\n', at) - at);
  }

  temporary_folder folder;
  node running{folder.path()};
};

TEST_F(Retry, IsExplainedStillWhenTheNodeHasBeenKilled) {
  running.start();
  const auto faults = http_client{running.sandbox()}.call(
    "PUT", "/_sandbox/faults",
    R"({"rules":[{"method":"POST","path":"/rest/payments","times":1,"fault":"error","status":503}]})");
  ASSERT_EQ(faults.status, 200) << faults.body;
  auto shop = running.shop();
  auto order = order_of("hand-grinder", 1);
  order["payment"]["provider"] = "rest";
  const auto placed = place(shop, order, 20);
  ASSERT_EQ(placed.json()["status"], "confirmed") << placed.body;
  const auto id = placed.json()["orderId"].get<std::string>();

  const auto told = line_of_retry(id);
  EXPECT_NE(told.find("authorize: retried, policy \"sandbox\""), std::string::npos) << told;
  EXPECT_NE(told.find("attempt 1 of 3: unavailable, again in "), std::string::npos) << told;
  running.kill();
  running.start();
  EXPECT_EQ(line_of_retry(id), told);

  auto again = running.shop();
  const auto untroubled = place(again, order_of("hand-grinder", 1), 20).json()["orderId"].get<std::string>();
  EXPECT_EQ(line_of_retry(untroubled), "");
}

} // namespace
} // namespace troupe::test

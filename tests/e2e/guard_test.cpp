// tests/e2e/guard_test.cpp: a breaker that operators hold is held whatever becomes of the process, and says who holds
// it.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

TEST(Guard, IsHeldOverKillAndTellsWhoHoldsIt) {
  const temporary_folder folder;
  node running{folder.path(), {"orders.retry_base=50ms", "orders.retry_max=300ms"}};
  running.start();
  auto shop = running.shop();
  const auto tried = place(shop, order_of("espresso-beans-1kg", 1), 20);
  ASSERT_EQ(tried.status, 201) << tried.body;
  const auto guard = "payment." + order_at(shop, tried.json()["orderId"])["payment"]["provider"].get<std::string>();
  const auto references = [&] {
    return http_client{running.sandbox()}.get("/_sandbox/ledger?limit=1000").json()["references"];
  };
  const auto before = references();

  ASSERT_EQ(running.ctl({"breaker", guard, "open", "--reason", "they were hacked"}).how, (ending{0, 0}));
  const auto waiting = place(shop, order_of("espresso-beans-1kg", 1)).json()["orderId"].get<std::string>();
  running.kill();
  running.start();

  const auto held = running.ctl({"explain", "guard", guard}).output;
  EXPECT_NE(held.find("held open by an operator: they were hacked"), std::string::npos) << held;
  EXPECT_NE(held.find("ACTION"), std::string::npos) << held;
  const auto told =
    http_client{running.operations()}.call("GET", "/api/guards/" + guard, "", running.as_operator()).json();
  EXPECT_EQ(told["breaker"]["state"], "open");
  EXPECT_EQ(told["breaker"]["mode"], "open");
  ASSERT_EQ(told["actions"].size(), 1u) << told;
  EXPECT_EQ(told["actions"][0]["by"], "operator");
  EXPECT_EQ(told["actions"][0]["reason"], "they were hacked");
  auto again = running.shop();
  EXPECT_TRUE(eventually(
    std::chrono::seconds{10},
    [&] { return order_at(again, waiting)["timeline"].dump().find("held open by an operator") != std::string::npos; }))
    << order_at(again, waiting);
  EXPECT_EQ(references(), before) << "somebody asked the provider";

  ASSERT_EQ(running.ctl({"breaker", guard, "auto", "--reason", "it is safe"}).how, (ending{0, 0}));
  EXPECT_EQ(end_of(again, waiting), "confirmed");
  running.kill();
  running.start();
  const auto over = running.ctl({"explain", "guard", guard}).output;
  EXPECT_EQ(over.find("by an operator"), std::string::npos) << over;
  EXPECT_NE(over.find("it is safe"), std::string::npos) << over;
}

} // namespace
} // namespace troupe::test

// tests/e2e/pause_test.cpp: what operators pause stands still, whatever becomes of the process, and goes on to its end.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

using std::chrono::seconds;

class Pause : public ::testing::Test {
protected:
  /// Everything that the providers were ever asked to do for anybody.
  nlohmann::json references() {
    return http_client{running.sandbox()}.get("/_sandbox/ledger?limit=1000").json()["references"];
  }

  std::vector<std::string> place_some(int count) {
    auto shop = running.shop();
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) {
      const auto placed = place(shop, order_of("espresso-beans-1kg", 1));
      EXPECT_EQ(placed.status, 202) << placed.body;
      ids.push_back(placed.json()["orderId"].get<std::string>());
    }
    return ids;
  }

  std::string provider_of(const std::string& id) {
    auto shop = running.shop();
    return order_at(shop, id)["payment"]["provider"];
  }

  temporary_folder folder;
  node running{folder.path(), {"orders.retry_base=50ms", "orders.retry_max=300ms"}};
};

TEST_F(Pause, OfAProviderSurvivesKillAndLosesNothing) {
  running.start();
  auto shop = running.shop();
  const auto tried = place(shop, order_of("espresso-beans-1kg", 1), 20);
  ASSERT_EQ(tried.status, 201) << tried.body;
  const auto provider = "provider/" + provider_of(tried.json()["orderId"]);
  const auto before = references();

  ASSERT_EQ(running.ctl({"pause", provider, "--reason", "they were hacked"}).how, (ending{0, 0}));
  const auto ids = place_some(10);
  for (const auto& id : ids)
    EXPECT_TRUE(eventually(seconds{5}, [&] { return !order_at(shop, id)["amounts"]["total"].is_null(); }));
  running.kill();
  running.start();

  const auto pauses = running.ctl({"pauses"});
  EXPECT_NE(pauses.output.find(provider), std::string::npos) << pauses.output;
  EXPECT_NE(pauses.output.find("they were hacked"), std::string::npos);
  http_client operations{running.operations()};
  const auto health = operations.get("/health/ready");
  EXPECT_EQ(health.status, 200);
  EXPECT_NE(health.body.find(R"("status":"paused")"), std::string::npos) << health.body;
  EXPECT_NE(operations.get("/metrics").body.find("troupe_paused{kind=\"provider\""), std::string::npos);

  auto again = running.shop();
  const auto later = place_some(2);
  const auto shown = again.call("GET", "/api/v2/orders/" + ids.front(), "", running.as_operator());
  EXPECT_EQ(shown.json()["message"], "Paused: they were hacked") << shown.body;
  for (const auto& id : ids)
    EXPECT_EQ(order_at(again, id)["status"], "processing");
  EXPECT_EQ(references(), before) << "somebody asked the provider";

  ASSERT_EQ(running.ctl({"resume", provider, "--reason", "it is safe"}).how, (ending{0, 0}));
  for (const auto& all : {ids, later})
    for (const auto& id : all) {
      EXPECT_EQ(end_of(again, id), "confirmed");
      const auto books = books_of(running.sandbox(), id);
      ASSERT_TRUE(books);
      EXPECT_EQ(books->charges_captured, 1);
    }
  EXPECT_EQ(running.ctl({"pauses"}).output, "Nothing is paused.\n");
}

TEST_F(Pause, OfOneOrderLeavesTheOthersAlone) {
  running.start();
  ASSERT_EQ(running.ctl({"pause", "saga/order", "--reason", "drill"}).how, (ending{0, 0}));
  const auto ids = place_some(2);
  ASSERT_EQ(running.ctl({"pause", "order/" + ids[0], "--reason", "fraud?"}).how, (ending{0, 0}));
  ASSERT_EQ(running.ctl({"resume", "saga/order", "--reason", "drill is over"}).how, (ending{0, 0}));
  auto shop = running.shop();
  EXPECT_EQ(end_of(shop, ids[1]), "confirmed");
  EXPECT_EQ(order_at(shop, ids[0])["status"], "processing");
  EXPECT_FALSE(books_of(running.sandbox(), ids[0]));
  ASSERT_EQ(running.ctl({"resume", "order/" + ids[0], "--reason", "no fraud"}).how, (ending{0, 0}));
  EXPECT_EQ(end_of(shop, ids[0]), "confirmed");
}

TEST_F(Pause, OfWhatIsNotThereIsRefused) {
  running.start();
  for (const auto* what : {"provider/nobody", "order/01958c3a-1d00-7000-8000-000000000001", "shop/1"})
    EXPECT_EQ(running.ctl({"pause", what, "--reason", "why"}).how, (ending{1, 0})) << what;
  EXPECT_EQ(running.ctl({"pause", "saga/order"}).how, (ending{2, 0})) << "without a reason";
}

} // namespace
} // namespace troupe::test

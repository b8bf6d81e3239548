// tests/e2e/order_ways_test.cpp: the ways an order goes, seen from a shop and from the provider's ledger.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class OrderWays : public ::testing::Test {
protected:
  /// Starts the node and finds the shop's door.
  http_client open(std::vector<std::string> settings = {}) {
    for (auto& x : settings)
      running.set(std::move(x));
    running.start();
    return running.shop();
  }

  booked books(const std::string& id) {
    const auto found = books_of(running.sandbox(), id);
    EXPECT_TRUE(found) << "no provider knows " << id;
    return found.value_or(booked{});
  }

  static std::string id_of(const http_answer& answer) { return answer.json().value("orderId", ""); }

  json stock_of(http_client& shop, const std::string& sku) { return shop.get("/api/v2/inventory/" + sku).json(); }

  /// Whether the order comes to the point where a capture is offered.
  static bool awaits_capture(http_client& shop, const std::string& id) {
    return eventually(seconds{10}, [&] { return order_at(shop, id)["links"].contains("capture"); });
  }

  temporary_folder folder;
  node running{folder.path()};
};

TEST_F(OrderWays, DeclinedCardEndsTheOrderAndGivesTheStockBack) {
  auto shop = open();
  const auto answer = place(shop, order_of("hand-grinder", 2, "tok_declined"), 10);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.json()["status"], "declined");
  EXPECT_EQ(answer.json()["reason"], "card_declined");
  EXPECT_EQ(books(id_of(answer)).captured, 0);
  EXPECT_TRUE(eventually(seconds{5}, [&] { return stock_of(shop, "hand-grinder")["available"] == 25; }));
}

TEST_F(OrderWays, SoldOutItemIsNamedAndNothingIsCharged) {
  auto shop = open();
  auto order = order_of("hand-grinder", 1);
  order["items"].push_back({{"sku", "last-one"}, {"quantity", 2}});
  const auto answer = place(shop, order, 10);
  EXPECT_EQ(answer.json()["status"], "rejected");
  EXPECT_EQ(answer.json()["reason"], "out_of_stock");
  EXPECT_EQ(answer.json()["refusedItem"], "/items/1");
  EXPECT_FALSE(books_of(running.sandbox(), id_of(answer)));
  EXPECT_TRUE(eventually(seconds{5}, [&] { return stock_of(shop, "hand-grinder")["available"] == 25; }));
}

TEST_F(OrderWays, UnknownItemIsNamed) {
  auto shop = open();
  const auto answer = place(shop, order_of("no-such-thing", 1), 10);
  EXPECT_EQ(answer.json()["status"], "rejected");
  EXPECT_EQ(answer.json()["refusedItem"], "/items/0");
}

TEST_F(OrderWays, CaptureOnRequestWaitsForItAndThenConfirms) {
  auto shop = open({"orders.capture_at_once=false"});
  const auto id = id_of(place(shop, order_of("hand-grinder", 1)));
  ASSERT_TRUE(awaits_capture(shop, id));
  EXPECT_EQ(order_at(shop, id)["status"], "processing");
  EXPECT_EQ(order_at(shop, id)["amounts"]["authorized"]["amount"], 8900);
  EXPECT_EQ(stock_of(shop, "hand-grinder")["sold"], 1);
  EXPECT_EQ(books(id).captured, 0);
  EXPECT_EQ(shop.call("POST", "/api/v2/orders/" + id + "/capture").status, 401);
  const auto captured = shop.call("POST", "/api/v2/orders/" + id + "/capture", {}, running.as_operator());
  EXPECT_TRUE(captured.status == 200 || captured.status == 202) << captured.body;
  EXPECT_EQ(end_of(shop, id), "confirmed");
  EXPECT_EQ(shop.call("POST", "/api/v2/orders/" + id + "/capture", {}, running.as_operator()).status, 200);
  EXPECT_EQ(books(id).captured, 8900);
  EXPECT_EQ(books(id).charges_captured, 1);
}

TEST_F(OrderWays, CancelBeforeCaptureVoidsAndReturnsTheStock) {
  auto shop = open({"orders.capture_at_once=false"});
  const auto id = id_of(place(shop, order_of("hand-grinder", 1)));
  ASSERT_TRUE(awaits_capture(shop, id));
  const auto cancelled = shop.post("/api/v2/orders/" + id + "/cancel", {{"reason", "changed my mind"}});
  EXPECT_TRUE(cancelled.status == 200 || cancelled.status == 202) << cancelled.body;
  EXPECT_EQ(end_of(shop, id), "cancelled");
  EXPECT_EQ(books(id).captured, 0);
  EXPECT_EQ(books(id).voided, 8900);
  EXPECT_TRUE(eventually(seconds{5}, [&] { return stock_of(shop, "hand-grinder")["available"] == 25; }));
  EXPECT_EQ(shop.call("POST", "/api/v2/orders/" + id + "/capture", {}, running.as_operator()).status, 409);
}

TEST_F(OrderWays, CancelAfterCaptureRefundsAndNeedsNoBody) {
  auto shop = open();
  const auto id = id_of(place(shop, order_of("hand-grinder", 1), 10));
  ASSERT_EQ(order_at(shop, id)["status"], "confirmed");
  const auto cancelled = shop.call("POST", "/api/v2/orders/" + id + "/cancel");
  EXPECT_TRUE(cancelled.status == 200 || cancelled.status == 202) << cancelled.body;
  EXPECT_EQ(end_of(shop, id), "refunded");
  EXPECT_EQ(books(id).captured, 8900);
  EXPECT_EQ(books(id).refunded, 8900);
  EXPECT_TRUE(eventually(seconds{5}, [&] { return stock_of(shop, "hand-grinder")["available"] == 25; }));
}

TEST_F(OrderWays, PendingPaymentIsConfirmedWhenTheProviderDecides) {
  auto shop = open({"orders.retry_base=100ms", "orders.retry_max=500ms"});
  const auto placed = place(shop, order_of("hand-grinder", 1, "tok_pending"));
  ASSERT_EQ(placed.status, 202);
  const auto id = id_of(placed);
  EXPECT_TRUE(eventually(seconds{5}, [&] { return order_at(shop, id)["message"] == "Verifying payment..."; }));
  EXPECT_EQ(end_of(shop, id), "confirmed");
  EXPECT_EQ(books(id).charges_captured, 1);
}

TEST_F(OrderWays, StripeTakesItsPartOfTheOrdersAndItsCardsDecide) {
  auto shop = open();
  auto order = order_of("hand-grinder", 1, "pm_card_visa");
  order["payment"]["provider"] = "stripe";
  const auto good = place(shop, order, 10);
  EXPECT_EQ(good.json()["status"], "confirmed") << good.body;
  EXPECT_EQ(order_at(shop, id_of(good))["payment"]["provider"], "stripe");
  EXPECT_EQ(books(id_of(good)).captured, 8900);
  order["payment"]["method"] = "pm_card_chargeDeclinedInsufficientFunds";
  const auto bad = place(shop, order, 10);
  EXPECT_EQ(bad.json()["status"], "declined") << bad.body;
  EXPECT_EQ(bad.json()["reason"], "insufficient_funds");
}

TEST_F(OrderWays, UnknownProviderIsAWrongField) {
  auto shop = open();
  auto order = order_of("hand-grinder", 1);
  order["payment"]["provider"] = "no-such-bank";
  const auto answer = place(shop, order);
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.json()["errors"][0]["pointer"], "/payment/provider");
}

TEST_F(OrderWays, SignedWebhookOfStripeBringsAPendingPaymentToItsEnd) {
  // The next look on its own would come in half a minute: only the webhook can bring the news in time.
  auto shop = open({"commerce.port=" + std::to_string(unused_port()), "orders.retry_base=60s", "orders.retry_max=60s"});
  auto order = order_of("hand-grinder", 1, "pm_card_processing");
  order["payment"]["provider"] = "stripe";
  const auto id = id_of(place(shop, order));
  EXPECT_EQ(end_of(shop, id, seconds{15}), "confirmed") << order_at(shop, id);
  EXPECT_EQ(books(id).charges_captured, 1);
}

TEST_F(OrderWays, UnsignedWebhookIsRefused) {
  auto shop = open();
  const auto answer =
    shop.post("/webhooks/stripe", {{"type", "payment_intent.succeeded"}}, {{"Stripe-Signature", "t=1,v1=00"}});
  EXPECT_EQ(answer.status, 400);
}

TEST_F(OrderWays, FirstVersionSpeaksSnakeCaseAndDecimals) {
  auto shop = open();
  const auto id = id_of(place(shop, order_of("espresso-beans-1kg", 2), 10));
  const auto order = shop.get("/api/v1/orders/" + id);
  EXPECT_NE(order.body.find("\"total_amount\":49.80"), std::string::npos) << order.body;
  EXPECT_EQ(order.json()["order_id"], id);
  EXPECT_EQ(order.json()["items"][0]["unit_price"], 24.9);
  const auto product = shop.get("/api/v1/products/espresso-beans-1kg");
  EXPECT_NE(product.body.find("24.90"), std::string::npos) << product.body;
}

TEST_F(OrderWays, PastIsAnsweredAsItWasThen) {
  auto shop = open();
  const auto id = id_of(place(shop, order_of("hand-grinder", 1), 10));
  const auto now = order_at(shop, id);
  ASSERT_EQ(now["status"], "confirmed");
  const auto placed_at = now["placedAt"].get<std::string>();
  const auto then = shop.get("/api/v2/orders/" + id + "?as_of=" + placed_at).json();
  EXPECT_EQ(then["status"], "processing") << then;
  EXPECT_EQ(then["amounts"]["captured"]["amount"], 0) << then;
  const auto at_the_end = shop.get("/api/v2/orders/" + id + "?as_of=" + now["updatedAt"].get<std::string>()).json();
  EXPECT_EQ(at_the_end["status"], "confirmed");
  EXPECT_EQ(shop.get("/api/v2/orders/" + id + "?as_of=2020-01-01T00:00:00Z").status, 404);
  EXPECT_EQ(shop.get("/api/v2/orders/" + id + "?as_of=yesterday").status, 400);
}

TEST_F(OrderWays, EventsTellTheWholeStoryInOrder) {
  auto shop = open();
  const auto id = id_of(place(shop, order_of("hand-grinder", 1), 10));
  const auto events = shop.get("/api/v2/orders/" + id + "/events").json()["events"];
  ASSERT_GE(events.size(), 3u);
  EXPECT_EQ(events.front()["eventType"], "OrderCreated");
  EXPECT_EQ(events.back()["eventType"], "OrderConfirmed");
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i]["version"], i + 1);
    EXPECT_EQ(events[i]["aggregateId"], id);
    for (const auto* field : {"eventId", "eventTime", "aggregateType", "data", "metadata"})
      EXPECT_TRUE(events[i].contains(field)) << field;
  }
}

TEST_F(OrderWays, OtherSystemsReserveAndRelease) {
  auto shop = open();
  const json request = {{"orderId", "erp-1"},
                        {"items", json::array({{{"productId", "hand-grinder"}, {"quantity", 5}}})}};
  const auto reserved = shop.post("/inventory/reserve", request, running.as_operator());
  EXPECT_EQ(reserved.status, 200) << reserved.body;
  EXPECT_EQ(reserved.json()["success"], true);
  EXPECT_EQ(stock_of(shop, "hand-grinder")["held"], 5);
  EXPECT_EQ(shop.post("/inventory/release", request, running.as_operator()).json()["success"], true);
  EXPECT_EQ(stock_of(shop, "hand-grinder")["available"], 25);
}

} // namespace
} // namespace troupe::test

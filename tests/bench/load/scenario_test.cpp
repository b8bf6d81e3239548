#include "bench/load/scenario.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <set>

namespace troupe::load {

namespace {

order_options three_skus() {
  order_options out;
  out.skus = {"a", "b", "c"};
  return out;
}

nlohmann::json body_of(order_scenario& from, std::uint64_t i) {
  std::string text;
  from.write(i, text);
  const auto end = text.find("\r\n\r\n");
  const auto body = text.substr(end + 4);
  EXPECT_NE(text.find("Content-Length: " + std::to_string(body.size()) + "\r\n"), std::string::npos);
  return nlohmann::json::parse(body);
}

response created(const std::string& body, int status = 201) {
  response out;
  out.status = status;
  out.body = body;
  return out;
}

TEST(LoadOrders, BuysDifferentSkusAndTheSameOnesForTheSameSeed) {
  order_scenario one{"x", three_skus()};
  order_scenario again{"x", three_skus()};
  std::set<std::string> bought;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto body = body_of(one, i);
    EXPECT_EQ(body, body_of(again, i));
    ASSERT_EQ(body["items"].size(), 2u);
    EXPECT_NE(body["items"][0]["sku"], body["items"][1]["sku"]);
    for (const auto& item : body["items"])
      bought.insert(item["sku"]);
  }
  EXPECT_EQ(bought, (std::set<std::string>{"a", "b", "c"}));
}

TEST(LoadOrders, BuysTheHotSkuAsOftenAsWasAskedFor) {
  auto with = three_skus();
  with.hot_share = 0.25;
  order_scenario asks{"x", with};
  int hot = 0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const auto body = body_of(asks, i);
    for (const auto& item : body["items"])
      hot += item["sku"] == "a";
  }
  EXPECT_NEAR(hot, 1000, 100);
  with.hot_share = 1;
  order_scenario always{"x", with};
  for (std::uint64_t i = 0; i < 100; ++i)
    EXPECT_EQ(body_of(always, i)["items"][0]["sku"], "a");
}

TEST(LoadOrders, RefusesMoreLinesThanSkus) {
  auto with = three_skus();
  with.lines = 4;
  EXPECT_THROW((order_scenario{"x", with}), std::invalid_argument);
  with.lines = 3;
  with.hot_share = 0.5; // an order without the hot SKU would need a third of the others
  EXPECT_THROW((order_scenario{"x", with}), std::invalid_argument);
}

TEST(LoadOrders, IsRightWhenConfirmedAndNeverTwice) {
  order_scenario asks{"x", three_skus()};
  EXPECT_EQ(asks.judge(0, created(R"({"orderId":"1","status":"confirmed"})")).verdict, verdict::right);
  EXPECT_EQ(asks.judge(1, created(R"({"orderId":"2","status":"declined"})")).why, "the order ended as declined");
  EXPECT_EQ(asks.judge(2, created(R"({"orderId":"3","status":"processing"})", 202)).verdict, verdict::wrong);
  EXPECT_EQ(asks.judge(3, created("{}")).verdict, verdict::wrong);
  EXPECT_EQ(asks.judge(4, created("{}", 503)).verdict, verdict::busy);
  EXPECT_EQ(asks.judge(5, created("{}", 429)).verdict, verdict::busy);
  EXPECT_EQ(asks.judge(6, created("{}", 400)).verdict, verdict::wrong);
  EXPECT_TRUE(asks.judge_all().empty());
  asks.judge(7, created(R"({"orderId":"1","status":"confirmed"})"));
  EXPECT_EQ(asks.judge_all().size(), 1u);
}

TEST(LoadOrders, TakesAnyEndWhenAskedTo) {
  auto with = three_skus();
  with.any_end = true;
  order_scenario asks{"x", with};
  const auto declined = asks.judge(0, created(R"({"orderId":"1","status":"declined"})"));
  EXPECT_EQ(declined.verdict, verdict::right);
  EXPECT_EQ(declined.id, "1");
  EXPECT_EQ(declined.state, "declined");
  const auto under_way = asks.judge(1, created(R"({"orderId":"2","status":"processing"})", 202));
  EXPECT_EQ(under_way.verdict, verdict::right);
  EXPECT_EQ(under_way.id, "2");
  EXPECT_EQ(under_way.state, "");
  EXPECT_EQ(asks.judge(2, created("{}", 504)).verdict, verdict::wrong);
}

TEST(LoadOrders, SendsTheSameKeyEachTimeARequestIsWritten) {
  auto with = three_skus();
  with.key_prefix = "run-";
  order_scenario asks{"x", with};
  std::string first;
  asks.write(7, first);
  EXPECT_NE(first.find("\r\nIdempotency-Key: \"run-7\"\r\n"), std::string::npos);
  std::string other;
  asks.write(8, other);
  std::string again;
  asks.write(7, again);
  EXPECT_EQ(first, again);
  EXPECT_EQ(body_of(asks, 7)["items"][0]["sku"], asks.skus_of(7)[0]);
}

} // namespace

} // namespace troupe::load

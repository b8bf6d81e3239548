// tests/e2e/durability_test.cpp: what was acknowledged is there, and happens once, whatever becomes of the process.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace troupe::test {
namespace {

class Durability : public ::testing::Test {
protected:
  temporary_folder folder;
  node running{folder.path(), {"orders.retry_base=50ms", "orders.retry_max=300ms"}};
};

TEST_F(Durability, OrderPlacedInAnOutageSurvivesKillAndIsChargedOnce) {
  running.start();
  ASSERT_EQ(running.ctl({"outage", "begin"}).how, (ending{0, 0}));
  auto shop = running.shop();
  const auto placed = place(shop, order_of("espresso-beans-1kg", 2));
  ASSERT_EQ(placed.status, 202) << placed.body;
  const auto id = placed.json()["orderId"].get<std::string>();
  EXPECT_TRUE(
    eventually(std::chrono::seconds{5}, [&] { return order_at(shop, id)["message"] == "Processing payment..."; }))
    << order_at(shop, id);
  EXPECT_EQ(order_at(shop, id)["status"], "processing");

  running.kill();
  running.start();
  ASSERT_EQ(running.ctl({"outage", "begin"}).how, (ending{0, 0})); // Faults are not stored.
  auto again = running.shop();
  EXPECT_EQ(order_at(again, id)["orderId"], id);

  ASSERT_EQ(running.ctl({"outage", "end"}).how, (ending{0, 0}));
  EXPECT_EQ(end_of(again, id), "confirmed");
  const auto books = books_of(running.sandbox(), id);
  ASSERT_TRUE(books);
  EXPECT_EQ(books->captured, 4980);
  EXPECT_EQ(books->refunded, 0);
  EXPECT_EQ(books->charges_captured, 1);
}

TEST_F(Durability, IdempotencyKeyNamesOneOrderAlsoAfterKill) {
  running.start();
  auto shop = running.shop();
  const auto order = order_of("paper-filters-100", 1);
  const auto first = place(shop, order, 10, {{"Idempotency-Key", "\"k-1\""}});
  ASSERT_EQ(first.status, 201) << first.body;
  const auto second = place(shop, order, 10, {{"Idempotency-Key", "\"k-1\""}});
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(second.json()["orderId"], first.json()["orderId"]);

  running.kill();
  running.start();
  auto again = running.shop();
  const auto third = place(again, order, 10, {{"Idempotency-Key", "\"k-1\""}});
  EXPECT_EQ(third.status, 201);
  EXPECT_EQ(third.json()["orderId"], first.json()["orderId"]);
  const auto other = place(again, order_of("paper-filters-100", 2), 10, {{"Idempotency-Key", "\"k-1\""}});
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.json()["type"], "/problems/idempotency-key-reused");
  EXPECT_EQ(again.get("/api/v2/inventory/paper-filters-100").json()["sold"], 1);
}

TEST_F(Durability, SimultaneousRequestsWithOneKeyMakeOneOrder) {
  running.start();
  std::vector<http_answer> answers(16);
  std::vector<std::thread> shops;
  for (auto& answer : answers)
    shops.emplace_back([&] {
      auto shop = running.shop();
      answer = place(shop, order_of("hand-grinder", 1), 10, {{"Idempotency-Key", "\"one\""}});
    });
  for (auto& x : shops)
    x.join();
  std::set<std::string> ids;
  for (const auto& x : answers) {
    EXPECT_TRUE(x.status == 201 || x.status == 409) << x.status << x.body << x.failure;
    if (x.status == 201)
      ids.insert(x.json()["orderId"]);
  }
  EXPECT_EQ(ids.size(), 1u);
  auto shop = running.shop();
  EXPECT_EQ(shop.get("/api/v2/inventory/hand-grinder").json()["sold"], 1);
}

TEST_F(Durability, LastUnitIsSoldToExactlyOneOfTwenty) {
  running.start();
  std::vector<http_answer> answers(20);
  std::vector<std::thread> shops;
  for (auto& answer : answers)
    shops.emplace_back([&] {
      auto shop = running.shop();
      answer = place(shop, order_of("last-one", 1), 20);
    });
  for (auto& x : shops)
    x.join();
  int confirmed = 0;
  int rejected = 0;
  for (const auto& x : answers) {
    ASSERT_EQ(x.status, 201) << x.body << x.failure;
    confirmed += x.json()["status"] == "confirmed";
    rejected += x.json()["status"] == "rejected";
  }
  EXPECT_EQ(confirmed, 1);
  EXPECT_EQ(rejected, 19);
  auto shop = running.shop();
  const auto stock = shop.get("/api/v2/inventory/last-one").json();
  EXPECT_EQ(stock["sold"], 1);
  EXPECT_EQ(stock["available"], 0);
  EXPECT_EQ(stock["held"], 0);
}

} // namespace
} // namespace troupe::test

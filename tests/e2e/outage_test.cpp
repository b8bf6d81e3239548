// tests/e2e/outage_test.cpp: a provider that takes connections and says nothing.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace troupe::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using clock = std::chrono::steady_clock;

class Outage : public ::testing::Test {
protected:
  temporary_folder folder;
  temporary_folder sandbox_folder;
  sandbox providers{sandbox_folder.path()};
  node running{folder.path(),
               {"sandbox.enabled=false", "payment.providers.rest.base_url=" + providers.url() + "/rest",
                "payment.providers.stripe.base_url=" + providers.url() + "/stripe", "payment.providers.rest.timeout=2s",
                "payment.providers.stripe.timeout=2s", "payment.providers.stripe.search_lag=1s",
                "orders.retry_base=50ms", "orders.retry_max=1s"}};
};

TEST_F(Outage, BlackHoledProvidersDelayOrdersAndNothingElse) {
  running.start();
  auto shop = running.shop();
  ASSERT_EQ(place(shop, order_of("paper-filters-100", 1), 10).json()["status"], "confirmed");
  providers.process().freeze();
  const auto begin = clock::now();
  const auto length = std::getenv("TROUPE_LONG") ? seconds{60} : seconds{5};
  const auto fast = patience(milliseconds{1000}); // Less than a provider's timeout.
  std::set<std::string> waiting;
  int asked = 0;
  // An order every now and then, and questions between them, until the outage has lasted long enough.
  eventually(length + seconds{30}, [&] {
    for (const auto* question :
         {"/api/v2/inventory/paper-filters-100", "/api/v2/products/hand-grinder", "/openapi.json"}) {
      const auto from = clock::now();
      const auto answer = shop.get(question);
      EXPECT_EQ(answer.status, 200) << question;
      EXPECT_LT(clock::now() - from, fast) << question;
      ++asked;
    }
    if (waiting.size() < 300) {
      const auto from = clock::now();
      auto order = order_of("paper-filters-100", 1, waiting.size() % 2 ? "pm_card_visa" : "tok_ok");
      order["payment"]["provider"] = waiting.size() % 2 ? "stripe" : "rest";
      const auto answer = place(shop, order);
      EXPECT_LT(clock::now() - from, fast) << "accepting an order";
      EXPECT_EQ(answer.status, 202) << answer.body << answer.failure;
      if (answer.status == 202)
        waiting.insert(answer.json()["orderId"].get<std::string>());
    }
    return clock::now() - begin >= length;
  });
  ASSERT_GT(waiting.size(), 10u);
  for (const auto& id : waiting)
    EXPECT_EQ(order_at(shop, id)["status"], "processing") << id;

  providers.process().thaw();
  for (const auto& id : waiting) {
    EXPECT_EQ(end_of(shop, id, seconds{30}), "confirmed") << order_at(shop, id);
    const auto books = books_of(providers.url(), id);
    ASSERT_TRUE(books) << id;
    EXPECT_EQ(books->captured, 390) << id;
    EXPECT_EQ(books->charges_captured, 1) << id;
  }
  EXPECT_EQ(running.stop(), (ending{0, 0}));
}

} // namespace
} // namespace troupe::test

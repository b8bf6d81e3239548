// tests/e2e/pause_test.cpp: what operators pause stands still, whatever becomes of the process, and goes on to its end.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

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

  std::string metrics() { return http_client{running.operations()}.get("/metrics").body; }

  /// Events that the outlet of mails has not passed on; -1 as long as that is not known.
  int behind() {
    const auto text = metrics();
    for (auto at = text.find("\ntroupe_outlet_behind{"); at != std::string::npos;
         at = text.find("\ntroupe_outlet_behind{", at + 1)) {
      const auto end = text.find("} ", at);
      if (text.substr(at, end - at).find("outlet=\"email\"") != std::string::npos)
        return std::atoi(text.c_str() + end + 2);
    }
    return -1;
  }

  /// That the sandbox took since it started.
  int mails() { return http_client{running.sandbox()}.get("/_sandbox/inbox.json").json()["taken"]; }

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

TEST_F(Pause, OfAnOutletKeepsItsMailsOverKillAndSendsEachOnce) {
  running.start();
  ASSERT_EQ(running.ctl({"pause", "outlet/email", "--reason", "wrong prices in the template"}).how, (ending{0, 0}));
  const auto ids = place_some(3);
  auto shop = running.shop();
  for (const auto& id : ids)
    EXPECT_EQ(end_of(shop, id), "confirmed");
  EXPECT_TRUE(eventually(seconds{5}, [&] { return behind() == 3; })) << behind();
  EXPECT_NE(metrics().find("troupe_paused{kind=\"outlet\",name=\"email\"} 1"), std::string::npos);
  EXPECT_EQ(mails(), 0);
  running.kill();
  running.start();

  auto again = running.shop();
  const auto later = place_some(1);
  EXPECT_EQ(end_of(again, later.front()), "confirmed");
  const auto health = http_client{running.operations()}.get("/health").json();
  EXPECT_EQ(health["status"], "degraded");
  EXPECT_NE(health.dump().find("outlet/email"), std::string::npos) << health;
  EXPECT_EQ(mails(), 0);
  ASSERT_EQ(running.ctl({"resume", "outlet/email", "--reason", "they are right"}).how, (ending{0, 0}));
  EXPECT_TRUE(eventually(seconds{20}, [&] { return mails() == 4; })) << mails();
  const auto last = place_some(1);
  EXPECT_EQ(end_of(again, last.front()), "confirmed");
  EXPECT_TRUE(eventually(seconds{20}, [&] { return mails() > 4; }));
  EXPECT_EQ(mails(), 5) << "each once";
  EXPECT_EQ(http_client{running.operations()}.get("/health").body.find("outlet/email"), std::string::npos);
}

TEST_F(Pause, OfAMailProviderKeepsItsMailsForIt) {
  running.set("email.order=sendgrid,resend");
  running.start();
  ASSERT_EQ(running.ctl({"pause", "provider/email.sendgrid", "--reason", "they lose mails"}).how, (ending{0, 0}));
  auto shop = running.shop();
  for (const auto& id : place_some(2))
    EXPECT_EQ(end_of(shop, id), "confirmed");
  EXPECT_TRUE(eventually(seconds{5}, [&] { return behind() == 0; })) << "its mails are asked for";
  running.kill();
  running.start();
  EXPECT_EQ(mails(), 0) << "neither through it nor through the other one";
  ASSERT_EQ(running.ctl({"resume", "provider/email.sendgrid", "--reason", "they do not"}).how, (ending{0, 0}));
  EXPECT_TRUE(eventually(seconds{20}, [&] { return mails() == 2; })) << mails();
}

TEST_F(Pause, OfWhatIsNotThereIsRefused) {
  running.start();
  for (const auto* what : {"provider/nobody", "provider/email.nobody", "provider/sendgrid", "outlet/nobody",
                           "order/01958c3a-1d00-7000-8000-000000000001", "shop/1"})
    EXPECT_EQ(running.ctl({"pause", what, "--reason", "why"}).how, (ending{1, 0})) << what;
  EXPECT_EQ(running.ctl({"pause", "saga/order"}).how, (ending{2, 0})) << "without a reason";
}

} // namespace
} // namespace troupe::test

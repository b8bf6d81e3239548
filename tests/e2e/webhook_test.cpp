// tests/e2e/webhook_test.cpp: operators are told, by signed requests, when something goes wrong or is paused.
#include "adapters/webhook/codec.hpp"
#include "tests/adapters/http_client/loopback_server.hpp"
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>

namespace troupe::test {
namespace {

using std::chrono::seconds;

constexpr auto secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

class Webhook : public ::testing::Test {
protected:
  static std::string field(const std::string& request, const std::string& name) {
    const auto at = request.find("\r\n" + name + ": ");
    if (at == std::string::npos)
      return {};
    const auto begin = at + name.size() + 4;
    return request.substr(begin, request.find("\r\n", begin) - begin);
  }

  void take(const std::string& request) {
    const auto body = request.substr(request.find("\r\n\r\n") + 4);
    const auto expected =
      webhook::sign(field(request, "webhook-id"), std::atoll(field(request, "webhook-timestamp").c_str()), body,
                    *webhook::parse_secret(secret));
    const std::lock_guard guard{mutex_};
    EXPECT_TRUE(request.starts_with("POST /hooks/troupe HTTP/")) << request;
    EXPECT_EQ(field(request, "webhook-signature"), expected);
    heard_.push_back(nlohmann::json::parse(body));
  }

  /// What was heard of `type` about `subject`; discarded as long as that is nothing.
  nlohmann::json heard(const std::string& type, const std::string& subject) {
    const std::lock_guard guard{mutex_};
    for (const auto& x : heard_)
      if (x["type"] == type && x["data"]["subject"] == subject)
        return x;
    return nlohmann::json::value_t::discarded;
  }

  bool hears(const std::string& type, const std::string& subject) {
    return eventually(seconds{20}, [&] { return !heard(type, subject).is_discarded(); });
  }

  void forget() {
    const std::lock_guard guard{mutex_};
    heard_.clear();
  }

  std::mutex mutex_;
  std::vector<nlohmann::json> heard_;
  loopback_server operators{[this](connection& c) {
    for (auto request = c.read_request(); !request.empty(); request = c.read_request()) {
      take(request);
      c.answer("");
    }
  }};
  temporary_folder folder;
  node running{folder.path(),
               {"operations.webhook.url=" + operators.url() + "/hooks/troupe",
                std::string{"operations.webhook.secret="} + secret, "orders.retry_base=50ms",
                "orders.retry_max=300ms"}};
};

TEST_F(Webhook, TellsOfABreakerAndOfAPauseAndAfterACrashOfWhatStillHolds) {
  running.start();
  auto shop = running.shop();
  const auto tried = place(shop, order_of("espresso-beans-1kg", 1), 20);
  ASSERT_EQ(tried.status, 201) << tried.body;
  const std::string provider = order_at(shop, tried.json()["orderId"])["payment"]["provider"];

  ASSERT_EQ(running.ctl({"outage", "begin"}).how, (ending{0, 0}));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(place(shop, order_of("espresso-beans-1kg", 1)).status, 202);
  ASSERT_TRUE(hears("breaker.opened", "payment." + provider));
  const auto opened = heard("breaker.opened", "payment." + provider);
  EXPECT_NE(opened["data"]["reason"].get<std::string>().find("failures"), std::string::npos) << opened;
  EXPECT_EQ(opened["data"]["runbook"], "docs/runbooks.md#circuitbreakeropen");
  ASSERT_EQ(running.ctl({"outage", "end"}).how, (ending{0, 0}));

  ASSERT_EQ(running.ctl({"pause", "saga/order", "--reason", "a drill"}).how, (ending{0, 0}));
  ASSERT_TRUE(hears("pause.begun", "saga/order"));
  EXPECT_EQ(heard("pause.begun", "saga/order")["data"]["reason"], "a drill");

  running.kill();
  forget();
  running.start();
  EXPECT_TRUE(hears("pause.begun", "saga/order")) << "it is paused still";
  EXPECT_EQ(running.stop(), (ending{0, 0}));
  EXPECT_EQ(running.everything_printed().find(secret + 6), std::string::npos) << "the secret is in the log";
}

TEST_F(Webhook, TellsOfATestAndWhetherItArrived) {
  running.start();
  const auto tried = running.ctl({"webhook", "test", "--reason", "a drill"});
  EXPECT_EQ(tried.how, (ending{0, 0})) << tried.output;
  EXPECT_EQ(tried.output.find("delivered"), 0u) << tried.output;
  ASSERT_TRUE(hears("webhook.test", "node-1"));
  EXPECT_EQ(heard("webhook.test", "node-1")["data"]["reason"], "a drill");
}

TEST_F(Webhook, SaysThatThereIsNoneToTest) {
  node other{folder.path() / "other"};
  other.start();
  EXPECT_EQ(other.ctl({"webhook", "test", "--reason", "a drill"}).how, (ending{1, 0}));
}

TEST_F(Webhook, RefusesAConfigurationWithoutASecret) {
  node other{folder.path(), {"operations.webhook.url=http://127.0.0.1:1"}};
  EXPECT_THROW(other.start(), std::runtime_error);
}

} // namespace
} // namespace troupe::test

#include "supervisors/sandbox/sandbox_server.hpp"

#include "adapters/http_client/curl_engine.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

namespace troupe::sandbox {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto deadline = 10s;

class SandboxServer : public ::testing::Test {
protected:
  ~SandboxServer() override {
    sandbox_.reset();
    receiver_.reset();
    guard_.reset();
    thread_.join();
  }

  static time_point now() {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }

  void start(std::string webhook_url = {}) {
    server_options x;
    x.port = 0;
    x.smtp_port = 0;
    x.webhook_url = std::move(webhook_url);
    x.sandbox.stripe.webhook_secret = "whsec";
    x.now = now;
    x.random = [this] { return ++dice_; };
    sandbox_ = std::make_unique<sandbox_server>(std::move(x), gateway::server::contexts{context_});
  }

  // Refuses the first webhook, so that it has to come again.
  void receive() {
    gateway::options x;
    x.now = now;
    x.random = [this] { return ++dice_; };
    receiver_ =
      std::make_unique<gateway::server>(std::move(x), gateway::server::contexts{context_},
                                        [this](http::request r) -> boost::asio::awaitable<gateway::exchange_result> {
                                          gateway::exchange_result result;
                                          std::lock_guard lock{mutex_};
                                          result.answer.status = received_.empty() ? 503 : 200;
                                          received_.push_back(std::move(r));
                                          arrived_.notify_all();
                                          co_return result;
                                        });
  }

  http::engine_result call(http::request r) {
    std::promise<http::engine_result> promise;
    auto answer = promise.get_future();
    client_.submit({"http://127.0.0.1:" + std::to_string(sandbox_->port()), std::move(r), 5s},
                   [&](http::engine_result x) { promise.set_value(std::move(x)); });
    return answer.get();
  }

  http::engine_result pay(const std::string& key) {
    return call({"POST",
                 "/stripe/v1/payment_intents",
                 {{"Authorization", "Bearer t"}, {"Idempotency-Key", key}},
                 "amount=1000&currency=eur&capture_method=manual&confirm=true&payment_method=pm_card_visa"});
  }

  int status_of(http::engine_result x) {
    const auto* answer = std::get_if<http::response>(&x);
    return answer ? answer->status : 0;
  }

  json ledger() {
    const auto x = call({"GET", "/_sandbox/ledger", {}, {}});
    return json::parse(std::get<http::response>(x).body);
  }

  std::uint64_t dice_ = 0;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{context_.get_executor()};
  std::thread thread_{[this] { context_.run(); }};
  http::curl_engine client_{http::client_options{}};
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<http::request> received_;
  std::unique_ptr<gateway::server> receiver_;
  std::unique_ptr<sandbox_server> sandbox_;
};

TEST_F(SandboxServer, ServesAProviderAndItsLedger) {
  start();
  EXPECT_EQ(status_of(pay("k1")), 200);
  EXPECT_EQ(ledger().at("totals").at("EUR").at("authorized"), 1000);
}

TEST_F(SandboxServer, DropsAndTruncatesAfterActing) {
  start();
  const auto plan = R"({"rules":[{"fault":"drop_after","times":1},{"fault":"truncate","times":1}]})";
  EXPECT_EQ(status_of(call({"PUT", "/_sandbox/faults", {}, plan})), 200);
  // Without a key, so that the client does not send it again by itself.
  const http::request r{"POST", "/stripe/v1/payment_intents", {{"Authorization", "Bearer t"}}, "amount=1&currency=eur"};
  EXPECT_EQ(status_of(call(r)), 0);
  EXPECT_EQ(status_of(call(r)), 0);
  EXPECT_EQ(status_of(call(r)), 200);
  EXPECT_EQ(ledger().at("references").size(), 3u);
}

TEST_F(SandboxServer, SendsSignedWebhooksUntilTheyAreTaken) {
  receive();
  start("http://127.0.0.1:" + std::to_string(receiver_->port()) + "/webhooks/stripe");
  EXPECT_EQ(status_of(pay("k1")), 200);
  std::unique_lock lock{mutex_};
  ASSERT_TRUE(arrived_.wait_for(lock, deadline, [this] { return received_.size() == 3; }));
  EXPECT_EQ(received_[0].body, received_[2].body);
  for (const auto& x : received_) {
    EXPECT_EQ(x.target, "/webhooks/stripe");
    const std::string signature{http::find(x.fields, "Stripe-Signature")};
    ASSERT_TRUE(signature.starts_with("t="));
    const auto at = time_point{std::chrono::seconds{std::stoll(signature.substr(2))}};
    EXPECT_EQ(signature, payment::stripe::signature_of("whsec", x.body, at));
  }
}

} // namespace
} // namespace troupe::sandbox

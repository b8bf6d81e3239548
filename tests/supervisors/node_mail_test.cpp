// A node that writes mails through the sandbox's providers, over their real wires.
#include "supervisors/node.hpp"

#include "actors/notification/confirmation.hpp"
#include "actors/notification/notification_actor.hpp"
#include "adapters/http_client/curl_engine.hpp"
#include "supervisors/entropy.hpp"
#include "supervisors/sandbox/sandbox_server.hpp"
#include "tests/support/folder.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/after.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <future>
#include <thread>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using notification::mail_view;
using notification::notification_actor;

class NodeMail : public ::testing::Test {
protected:
  NodeMail() {
    sandbox::server_options x;
    x.port = 0;
    x.smtp_port = 0;
    x.now = system_clock();
    x.random = system_random();
    sandbox_ = std::make_unique<sandbox::sandbox_server>(std::move(x), gateway::server::contexts{context_});
  }

  ~NodeMail() override {
    sandbox_.reset();
    guard_.reset();
    thread_.join();
  }

  email::provider_options provider(const std::string& kind) const {
    const auto at = "http://127.0.0.1:" + std::to_string(sandbox_->port());
    email::provider_options x;
    x.name = x.kind = kind;
    x.base_url = at + "/" + kind;
    x.api_key = "key";
    x.url = "smtp://127.0.0.1:" + std::to_string(sandbox_->smtp_port());
    x.start_tls = "never";
    return x;
  }

  node_settings settings(std::vector<email::provider_options> mailers) const {
    node_settings x;
    x.threads = 1;
    x.store.file = folder / "journal.db";
    x.operator_key_file = folder / "operator.key";
    x.commerce_port = 0;
    x.operations_port = 0;
    payment::provider_options payments;
    payments.name = "main";
    payments.kind = "simulated";
    x.providers = {payments};
    x.tuning.default_provider = "main";
    x.demo_catalog = false;
    x.email.from = {"shop@example.org", "The shop"};
    x.email.providers = std::move(mailers);
    return x;
  }

  static order::view some_order(const std::string& id) {
    const auto euro = *currency::parse("EUR");
    order::view x;
    x.id = id;
    x.email = "ada@example.org";
    x.lines = {{{"tea"}, 2, money{1290, euro}, money{2580, euro}}};
    x.total = money{2580, euro};
    return x;
  }

  /// The mail when it has ended, or as it is after ten seconds.
  static mail_view send(const node& running, const notification::request_mail& what) {
    const auto mails = running.parts().notifications;
    caf::actor_system_config config;
    caf::actor_system clients{config};
    caf::scoped_actor self{clients};
    const request_context context{"tester", {}, time_point::max()};
    mail_view result;
    const auto keep = [&](mail_view& x) { result = std::move(x); };
    const auto fail = [](const caf::error& e) { ADD_FAILURE() << to_string(e); };
    self->request(mails, 10s, context, what).receive(keep, fail);
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (result.status == notification::status::pending && std::chrono::steady_clock::now() < until) {
      self->receive([](caf::unit_t) {}, caf::after(5ms) >> [] {});
      self->request(mails, 10s, context, notification::get_mail{what.id}).receive(keep, fail);
    }
    return result;
  }

  nlohmann::json inbox() {
    http::curl_engine client{{}};
    std::promise<std::string> promise;
    auto body = promise.get_future();
    client.submit({"http://127.0.0.1:" + std::to_string(sandbox_->port()), {"GET", "/_sandbox/inbox.json", {}, {}}, 5s},
                  [&](http::engine_result x) {
                    const auto* answer = std::get_if<http::response>(&x);
                    promise.set_value(answer ? answer->body : "null");
                  });
    return nlohmann::json::parse(body.get());
  }

  troupe::test::scratch_folder folder;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_ =
    boost::asio::make_work_guard(context_);
  std::thread thread_{[this] { context_.run(); }};
  std::unique_ptr<sandbox::sandbox_server> sandbox_;
};

TEST_F(NodeMail, SendsTheConfirmationOfAnOrderThroughEachKindOfProvider) {
  std::string number = "0";
  for (const auto* kind : {"resend", "sendgrid", "smtp"}) {
    SCOPED_TRACE(kind);
    ++number[0];
    node running{settings({provider(kind)})};
    const auto request = notification::confirmation_of(some_order("o-" + number));
    const auto sent = send(running, request);
    EXPECT_EQ(sent.status, notification::status::sent) << sent.why;
    EXPECT_EQ(sent.provider, kind);
    EXPECT_FALSE(sent.message_id.empty());
    EXPECT_EQ(send(running, request).message_id, sent.message_id) << "asked for twice";
    running.stop();
    const auto mails = inbox();
    ASSERT_EQ(std::to_string(mails["taken"].get<int>()), number) << "one mail each";
    EXPECT_EQ(mails["mails"][0]["by"], kind);
    EXPECT_EQ(mails["mails"][0]["to"], "ada@example.org");
    EXPECT_EQ(mails["mails"][0]["subject"], "Your order o-" + number + " is confirmed");
  }
}

TEST_F(NodeMail, GoesOnWithTheNextProviderWhenNobodyIsThere) {
  auto away = provider("resend");
  away.base_url = "http://127.0.0.1:1";
  node running{settings({away, provider("sendgrid")})};
  const auto sent = send(running, notification::confirmation_of(some_order("o-1")));
  EXPECT_EQ(sent.status, notification::status::sent);
  EXPECT_EQ(sent.provider, "sendgrid");
  running.stop();
}

TEST_F(NodeMail, SendsWhatWasAskedForBeforeItEnded) {
  const auto request = notification::confirmation_of(some_order("o-1"));
  {
    auto away = provider("resend");
    away.base_url = "http://127.0.0.1:1";
    auto first = settings({away});
    first.email.policy.retry_base = 1s;
    node running{std::move(first)};
    const auto mails = running.parts().notifications;
    caf::actor_system_config config;
    caf::actor_system clients{config};
    caf::scoped_actor self{clients};
    self->request(mails, 10s, request_context{"tester", {}, time_point::max()}, request)
      .receive([](const mail_view&) {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  }
  // The first try has failed, or was cut off; either way the mail waits for its wake-up or is due.
  node running{settings({provider("resend")})};
  const auto mails = running.parts().notifications;
  caf::actor_system_config config;
  caf::actor_system clients{config};
  caf::scoped_actor self{clients};
  auto found = mail_view{};
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (found.status == notification::status::pending && std::chrono::steady_clock::now() < until) {
    self->receive([](caf::unit_t) {}, caf::after(20ms) >> [] {});
    self->request(mails, 10s, request_context{"tester", {}, time_point::max()}, notification::get_mail{request.id})
      .receive([&](mail_view& x) { found = std::move(x); }, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  }
  EXPECT_EQ(found.status, notification::status::sent) << found.why;
  EXPECT_EQ(inbox()["taken"], 1);
}

TEST_F(NodeMail, SkipsMailsWhereNoneAreSent) {
  node running{settings({})};
  const auto skipped = send(running, notification::confirmation_of(some_order("o-1")));
  EXPECT_EQ(skipped.status, notification::status::skipped);
  EXPECT_EQ(skipped.why, "no_provider");
}

} // namespace
} // namespace troupe

// The SMTP adapter on libcurl against the sandbox's sink, over TCP.
#include "supervisors/sandbox/smtp_server.hpp"

#include "adapters/email/smtp/codec.hpp"
#include "adapters/smtp_client/curl_smtp.hpp"
#include "tests/adapters/email/samples.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

namespace troupe::sandbox {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using email::letter;
using email::smtp::sink_answer;

class SmtpServer : public ::testing::Test {
protected:
  ~SmtpServer() override {
    if (client_)
      caf::anon_send_exit(client_, caf::exit_reason::user_shutdown);
    client_ = nullptr;
    server_.reset();
    guard_.reset();
    thread_.join();
  }

  void start(std::size_t connections_max = 64, std::size_t message_bytes_max = 1 << 20) {
    smtp_options x;
    x.port = 0;
    x.connections_max = connections_max;
    x.limits.message_bytes_max = message_bytes_max;
    x.take = [this](letter l) {
      std::lock_guard lock{mutex_};
      taken_.push_back(std::move(l));
      return answer_;
    };
    x.fails = [](email::recipient_kind) { return true; };
    server_ = std::make_unique<smtp_server>(std::move(x), context_);
  }

  void connect(troupe::smtp::client_options with = {}) {
    if (with.url.empty())
      with.url = "smtp://127.0.0.1:" + std::to_string(server_->port());
    client_ = troupe::smtp::spawn_curl_smtp(system_, std::move(with));
  }

  troupe::smtp::client_options plain() {
    troupe::smtp::client_options x;
    x.encryption = troupe::smtp::start_tls::never;
    return x;
  }

  caf::expected<troupe::smtp::reply> send(const email::message& mail, duration timeout = 10s) {
    caf::scoped_actor self{system_};
    caf::expected<troupe::smtp::reply> result{caf::sec::none};
    self->request(client_, caf::infinite, email::smtp::encode(mail, email::test::noon, timeout))
      .receive([&](troupe::smtp::reply& x) { result = std::move(x); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  /// What a new connection hears first.
  std::string greeting(asio::ip::tcp::socket& socket) {
    asio::connect(socket, std::array{asio::ip::tcp::endpoint{asio::ip::make_address("127.0.0.1"), server_->port()}});
    std::string said;
    asio::read_until(socket, asio::dynamic_buffer(said), '\n');
    return said;
  }

  std::vector<letter> taken() {
    std::lock_guard lock{mutex_};
    return taken_;
  }

  std::mutex mutex_;
  std::vector<letter> taken_;
  sink_answer answer_{"250 2.0.0 Taken\r\n"};
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(context_);
  std::thread thread_{[this] { context_.run(); }};
  std::unique_ptr<smtp_server> server_;
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  troupe::smtp::client_actor client_;
};

TEST_F(SmtpServer, TakesWhatTheClientHandsOver) {
  start();
  connect(plain());
  auto mail = email::test::some_message();
  mail.subject = "Gr\xc3\xbc\xc3\x9f"
                 "e";
  mail.text = "line\n.dot\n" + std::string(3'000, 'x') + "\xe2\x82\xac\n";
  const auto got = send(mail);
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_EQ(got->code, 250);
  ASSERT_EQ(taken().size(), 1u);
  const auto x = taken().front();
  EXPECT_EQ("<" + x.id + ">", email::smtp::message_id_of(mail));
  EXPECT_EQ(x.from, "The shop <shop@example.org>");
  EXPECT_EQ(x.to, "\"Ada \\\"Countess\\\" L.\" <ada@example.org>");
  EXPECT_EQ(x.subject, mail.subject);
  EXPECT_EQ(x.text, "line\r\n.dot\r\n" + std::string(3'000, 'x') + "\xe2\x82\xac\r\n");
  EXPECT_EQ(x.html, "<p>rich</p>\r\n");
}

TEST_F(SmtpServer, HearsTheServersRefusals) {
  start();
  connect(plain());
  auto mail = email::test::some_message();
  for (const auto& [address, code] : {std::pair{"invalid@x", "550 5.1.1"}, std::pair{"blocked@x", "550 5.7.1"},
                                      std::pair{"limited@x", "451 4.7.1"}, std::pair{"unavailable@x", "451 4.3.2"}}) {
    mail.to.address = address;
    const auto got = send(mail);
    ASSERT_TRUE(got) << to_string(got.error());
    EXPECT_EQ((std::to_string(got->code) + ' ' + got->text).substr(0, 9), code);
  }
  EXPECT_TRUE(taken().empty());
  mail.to.address = "ada@example.org";
  EXPECT_TRUE(send(mail)) << "and goes on afterwards";
}

TEST_F(SmtpServer, HearsThatTheMailAsAWholeIsRefused) {
  start(64, 5'000);
  connect(plain());
  auto mail = email::test::some_message();
  mail.text = std::string(20'000, 'x');
  const auto got = send(mail);
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_EQ(got->code, 552);
  answer_ = {"451 4.3.0 Not now\r\n"};
  const auto refused = send(email::test::some_message());
  ASSERT_TRUE(refused) << to_string(refused.error());
  EXPECT_EQ(refused->code, 451);
}

TEST_F(SmtpServer, LogsIn) {
  start();
  auto with = plain();
  with.user = "shop";
  with.password = "secret";
  connect(std::move(with));
  EXPECT_TRUE(send(email::test::some_message()));
}

TEST_F(SmtpServer, SendsNothingInClearWhereEncryptionIsRequired) {
  start();
  connect();
  const auto got = send(email::test::some_message());
  ASSERT_FALSE(got);
  EXPECT_FALSE(may_have_acted(code_of(got.error())));
  EXPECT_TRUE(taken().empty());
}

TEST_F(SmtpServer, KnowsWhatMayHaveBeenSent) {
  start();
  connect(plain());
  answer_ = {"", 0ms, true};
  EXPECT_EQ(send(email::test::some_message()).error(), ec::interrupted) << "the answer is lost";
  EXPECT_EQ(taken().size(), 1u);
  answer_ = {"", 60s, true};
  EXPECT_EQ(send(email::test::some_message(), 300ms).error(), ec::timed_out);
  server_.reset();
  EXPECT_EQ(send(email::test::some_message()).error(), ec::unavailable) << "nobody is there";
}

TEST_F(SmtpServer, TurnsAwayAConnectionTooMany) {
  start(1);
  asio::io_context mine;
  asio::ip::tcp::socket first{mine};
  EXPECT_TRUE(greeting(first).starts_with("220 "));
  asio::ip::tcp::socket second{mine};
  EXPECT_TRUE(greeting(second).starts_with("421 "));
}

} // namespace
} // namespace troupe::sandbox

#include "adapters/http_client/curl_client.hpp"

#include "tests/adapters/http_client/loopback_server.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

namespace troupe::http {
namespace {

using namespace std::chrono_literals;
using test::connection;
using test::loopback_server;

class CurlClient : public ::testing::Test {
protected:
  caf::expected<response> ask(const client_actor& client, call x) {
    caf::expected<response> result{caf::sec::none};
    self->request(client, 20s, std::move(x))
      .receive([&](response& answer) { result = std::move(answer); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
};

TEST_F(CurlClient, AnswersWithTheResponse) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.answer("ok");
  }};
  const auto result = ask(spawn_curl_client(sys), {server.url(), {"GET", "/", {}, ""}});
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "ok");
}

TEST_F(CurlClient, AnswersWithTheCodeAndWhatHappened) {
  loopback_server server{[](connection& c) { c.read_request(); }};
  const auto result = ask(spawn_curl_client(sys), {server.url(), {"POST", "/", {}, "x"}});
  ASSERT_FALSE(result);
  EXPECT_EQ(code_of(result.error()), ec::interrupted);
  EXPECT_TRUE(result.error().context().match_elements<std::string>());
}

TEST_F(CurlClient, AnswersWhoWaitsWhenItIsToldToEnd) {
  loopback_server server{[](connection& c) { c.wait_for_close(); }};
  auto client = spawn_curl_client(sys);
  auto pending = self->request(client, 20s, call{server.url(), {"GET", "/", {}, ""}});
  self->send_exit(client, caf::exit_reason::user_shutdown);
  pending.receive([](response&) { FAIL(); }, [](caf::error&) {});
}

} // namespace
} // namespace troupe::http

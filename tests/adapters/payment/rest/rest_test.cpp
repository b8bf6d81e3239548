#include "adapters/payment/rest/rest.hpp"

#include "tests/adapters/payment/scripted_client.hpp"
#include "tests/support/deterministic_system.hpp"

#include <deque>

namespace troupe::payment::rest {
namespace {

using namespace std::chrono_literals;
using test::json;

constexpr auto token_url = "https://id.example/token";

class RestActor : public test::deterministic_system {
protected:
  options static_token{"https://pay.example/v1", "static", {}, 30s};
  options oauth{"https://pay.example/v1", "", {token_url, "shop", "secret", ""}, 30s};

  provider_actor spawn(options configured, test::scripted_client::answer_fn answer) {
    client.emplace(sys, std::move(answer));
    return spawn_rest(
      sys, std::move(configured), client->actor(), [this] { return now(); }, [] { return 1u; });
  }

  /// A provider whose token server gives out token-1, token-2 and so on, for an hour each.
  provider_actor spawn_with_tokens(test::scripted_client::answer_fn answer) {
    return spawn(oauth, [this, answer](const http::call& x) -> caf::expected<http::response> {
      if (x.base_url != "https://id.example")
        return answer(x);
      return json(200, R"({"access_token":"token-)" + std::to_string(++tokens) + R"(","expires_in":3600})");
    });
  }

  caf::expected<payment> pay(const provider_actor& whom) {
    return ask(whom, authorize{"o-1", "k-1", {1290, *currency::parse("EUR")}, "tok_visa"});
  }

  template <class Command>
  caf::expected<payment> ask(const provider_actor& whom, Command x, request_context context = {}) {
    auto response = self->request(whom, caf::infinite, std::move(context), std::move(x));
    run();
    caf::expected<payment> result{caf::sec::none};
    response.receive([&](payment& p) { result = std::move(p); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  std::string sent_token(std::size_t call) const {
    return std::string{http::find(client->calls().at(call).message.fields, "Authorization")};
  }

  int tokens = 0;
  std::optional<test::scripted_client> client;
};

http::response authorized(const http::call&) {
  return json(201, R"({"id":"pay_1","status":"authorized"})");
}

TEST_F(RestActor, SendsTheCommandAndReadsTheAnswer) {
  const auto x = pay(spawn(static_token, authorized));
  ASSERT_TRUE(x) << to_string(x.error());
  EXPECT_EQ(x->id, "pay_1");
  ASSERT_EQ(client->calls().size(), 1u);
  EXPECT_EQ(client->calls()[0].base_url, "https://pay.example/v1");
  EXPECT_EQ(sent_token(0), "Bearer static");
}

TEST_F(RestActor, AnswersWhyTheCallBroke) {
  const auto x = pay(spawn(static_token, [](const http::call&) { return caf::make_error(ec::timed_out, "text"); }));
  EXPECT_EQ(code_of(x.error()), ec::timed_out);
}

TEST_F(RestActor, DoesNotBeginAfterTheDeadline) {
  auto rest = spawn(static_token, authorized);
  request_context late;
  late.deadline = now();
  EXPECT_EQ(ask(rest, void_payment{"pay_1", "k"}, late).error(), ec::deadline);
  EXPECT_TRUE(client->calls().empty());
}

TEST_F(RestActor, MakesOneTry) {
  EXPECT_EQ(pay(spawn(static_token, [](const http::call&) { return json(503, ""); })).error(), ec::unavailable);
  EXPECT_EQ(client->calls().size(), 1u);
  EXPECT_EQ(pay(spawn(static_token, [](const http::call&) { return json(401, ""); })).error(), ec::denied);
  EXPECT_EQ(client->calls().size(), 1u);
}

TEST_F(RestActor, FetchesOneTokenForAllWhoWait) {
  auto rest = spawn_with_tokens(authorized);
  for (int i = 0; i < 3; ++i)
    self->send(rest, request_context{}, void_payment{"pay_1", "k-" + std::to_string(i)});
  run();
  EXPECT_EQ(tokens, 1);
  ASSERT_EQ(client->calls().size(), 4u);
  EXPECT_EQ(sent_token(3), "Bearer token-1");
}

TEST_F(RestActor, RefreshesTheTokenBeforeItExpires) {
  auto rest = spawn_with_tokens(authorized);
  ASSERT_TRUE(pay(rest));
  advance(3485s); // still good, but soon no more
  ASSERT_TRUE(pay(rest));
  EXPECT_EQ(tokens, 2);
  ASSERT_TRUE(pay(rest));
  EXPECT_EQ(sent_token(client->calls().size() - 1), "Bearer token-2");
  EXPECT_EQ(tokens, 2);
}

TEST_F(RestActor, TriesOnceMoreWithANewTokenAfter401) {
  auto rest = spawn_with_tokens([](const http::call& x) {
    const bool renewed = http::find(x.message.fields, "Authorization") == "Bearer token-2";
    return renewed ? authorized(x) : json(401, "");
  });
  EXPECT_TRUE(pay(rest));
  EXPECT_EQ(tokens, 2);
}

TEST_F(RestActor, GivesUpAfterASecond401) {
  EXPECT_EQ(pay(spawn_with_tokens([](const http::call&) { return json(401, ""); })).error(), ec::denied);
  EXPECT_EQ(tokens, 2);
}

TEST_F(RestActor, SendsTheSameKeyAndBodyBothTimes) {
  auto rest = spawn_with_tokens([](const http::call&) { return json(401, ""); });
  pay(rest);
  ASSERT_EQ(client->calls().size(), 4u); // token, payment, token, payment
  const auto& first = client->calls()[1].message;
  const auto& second = client->calls()[3].message;
  EXPECT_EQ(http::find(first.fields, "Idempotency-Key"), http::find(second.fields, "Idempotency-Key"));
  EXPECT_EQ(first.body, second.body);
}

TEST_F(RestActor, SaysThatNothingHappenedWhenThereIsNoToken) {
  auto rest = spawn(oauth, [](const http::call&) { return caf::make_error(ec::timed_out); });
  EXPECT_EQ(pay(rest).error(), ec::unavailable);
  EXPECT_EQ(pay(spawn(oauth, [](const http::call&) { return json(400, R"({"error":"invalid_client"})"); })).error(),
            ec::denied);
}

TEST_F(RestActor, AsksForATokenAgainAfterAFailure) {
  bool broken = true;
  auto rest = spawn(oauth, [&broken](const http::call& x) -> caf::expected<http::response> {
    if (x.base_url != "https://id.example")
      return authorized(x);
    if (std::exchange(broken, false))
      return caf::make_error(ec::unavailable);
    return json(200, R"({"access_token":"t"})");
  });
  EXPECT_FALSE(pay(rest));
  EXPECT_TRUE(pay(rest));
}

} // namespace
} // namespace troupe::payment::rest

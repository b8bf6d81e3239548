#include "adapters/payment/rest/twin.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::payment::rest {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr time_point noon{std::chrono::milliseconds{1'772'366'400'000}};

class RestTwin : public ::testing::Test {
protected:
  http::response send(const std::string& method, const std::string& target, const std::string& key, const json& body,
                      const std::string& token = "t") {
    http::request r{method, target, {{"Authorization", "Bearer " + token}}, body.is_null() ? "" : body.dump()};
    if (!key.empty())
      r.fields.emplace_back("Idempotency-Key", key);
    return twin_.handle(r, now_);
  }

  http::response pay(const std::string& key, const std::string& method = "tok_ok", const std::string& reference = "o-1",
                     std::int64_t amount = 1000) {
    return send(
      "POST", "/payments", key,
      {{"reference", reference}, {"amount", amount}, {"currency", "EUR"}, {"method", method}, {"capture", false}});
  }

  std::string paid(const std::string& method = "tok_ok") {
    return json::parse(pay("pay-" + method, method).body).at("id");
  }

  http::response capture(const std::string& id, const std::string& key, std::int64_t amount = 1000) {
    return send("POST", "/payments/" + id + "/capture", key, {{"amount", amount}});
  }

  http::response undo(const std::string& id, const std::string& key) {
    return send("POST", "/payments/" + id + "/void", key, nullptr);
  }

  http::response refund(const std::string& id, const std::string& key, std::int64_t amount) {
    return send("POST", "/refunds", key, {{"paymentId", id}, {"amount", amount}});
  }

  json found(const std::string& reference) {
    return json::parse(send("GET", "/payments?reference=" + reference, "", nullptr).body).at("payments");
  }

  totals sums() { return books_.totals_by_currency().at("EUR"); }

  static std::string code_of(const http::response& x) { return json::parse(x.body).at("error").at("code"); }

  time_point now_ = noon;
  ledger books_;
  std::uint64_t dice_ = 0;
  twin_options options_{.token = "t", .client_id = "shop", .client_secret = "s+3"};
  twin twin_{options_, books_, [this] { return ++dice_; }};
};

TEST_F(RestTwin, AuthorizesCapturesAndRefunds) {
  const auto made = pay("k1");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(json::parse(made.body).at("status"), "authorized");
  const std::string id = json::parse(made.body).at("id");
  EXPECT_EQ(json::parse(capture(id, "k2").body).at("status"), "captured");
  EXPECT_EQ(json::parse(refund(id, "k3", 400).body).at("status"), "succeeded");
  EXPECT_EQ(sums().authorized, 1000);
  EXPECT_EQ(sums().captured, 1000);
  EXPECT_EQ(sums().refunded, 400);
}

TEST_F(RestTwin, AnswersARepeatedKeyWithTheSameBytesAndChargesOnce) {
  const auto first = pay("k1");
  capture(json::parse(first.body).at("id"), "k2");
  const auto again = pay("k1");
  EXPECT_EQ(again.status, first.status);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(http::find(again.fields, "Idempotent-Replayed"), "true");
  EXPECT_EQ(books_.charge_count(), 1u);
}

TEST_F(RestTwin, RefusesAKeyThatComesBackWithAnotherBody) {
  pay("k1");
  const auto other = pay("k1", "tok_ok", "o-1", 2000);
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(code_of(other), "idempotency_key_reused");
  EXPECT_EQ(books_.charge_count(), 1u);
}

TEST_F(RestTwin, ForgetsAKeyAfterItsLifetime) {
  pay("k1");
  now_ += 24h - 1ms;
  pay("k1");
  EXPECT_EQ(books_.charge_count(), 1u);
  now_ += 1ms;
  pay("k1");
  EXPECT_EQ(books_.charge_count(), 2u);
}

TEST_F(RestTwin, RefusesASecondCapture) {
  const auto id = paid();
  capture(id, "k1");
  const auto again = capture(id, "k2");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(code_of(again), "already_captured");
  EXPECT_EQ(sums().captured, 1000);
}

TEST_F(RestTwin, RefusesVoidAfterCaptureAndCaptureAfterVoid) {
  const auto id = paid();
  capture(id, "k1");
  EXPECT_EQ(code_of(undo(id, "k2")), "already_captured");
  const auto other = json::parse(pay("k3", "tok_ok", "o-2").body).at("id").get<std::string>();
  EXPECT_EQ(undo(other, "k4").status, 200);
  EXPECT_EQ(code_of(capture(other, "k5")), "already_voided");
  EXPECT_EQ(sums().captured, 1000);
  EXPECT_EQ(sums().voided, 1000);
}

TEST_F(RestTwin, VoidsWhatIsVoidedAlreadyAndCountsItOnce) {
  const auto id = paid();
  undo(id, "k1");
  EXPECT_EQ(undo(id, "k2").status, 200);
  EXPECT_EQ(sums().voided, 1000);
}

TEST_F(RestTwin, RefusesToCaptureMoreThanWasAuthorized) {
  EXPECT_EQ(code_of(capture(paid(), "k1", 1001)), "exceeds_authorized");
  EXPECT_EQ(sums().captured, 0);
}

TEST_F(RestTwin, RefusesToRefundMoreThanWasCaptured) {
  const auto id = paid();
  EXPECT_EQ(code_of(refund(id, "k1", 1)), "not_captured");
  capture(id, "k2", 900);
  EXPECT_EQ(refund(id, "k3", 600).status, 201);
  EXPECT_EQ(code_of(refund(id, "k4", 301)), "exceeds_captured");
  EXPECT_EQ(refund(id, "k5", 300).status, 201);
  EXPECT_EQ(sums().refunded, 900);
}

TEST_F(RestTwin, CountsWhatAPartialCaptureLeavesAsVoided) {
  capture(paid(), "k1", 900);
  EXPECT_EQ(sums().authorized, sums().captured + sums().voided);
}

TEST_F(RestTwin, DeclinesWithAReason) {
  const auto x = pay("k1", "tok_insufficient_funds");
  EXPECT_EQ(x.status, 201);
  EXPECT_EQ(json::parse(x.body).at("status"), "declined");
  EXPECT_EQ(json::parse(x.body).at("reason"), "insufficient_funds");
  EXPECT_EQ(sums().authorized, 0);
}

TEST_F(RestTwin, DecidesAPendingPaymentWhenItsTimeHasCome) {
  pay("k1", "tok_pending");
  pay("k2", "tok_pending_declined", "o-2");
  now_ += 4999ms;
  EXPECT_EQ(found("o-1")[0].at("status"), "pending");
  now_ += 1ms;
  EXPECT_EQ(found("o-1")[0].at("status"), "authorized");
  EXPECT_EQ(found("o-2")[0].at("status"), "declined");
}

TEST_F(RestTwin, KeepsAPendingPaymentVoidedWhenItsTimeComes) {
  undo(paid("tok_pending"), "k1");
  now_ += 1h;
  EXPECT_EQ(found("o-1")[0].at("status"), "voided");
  EXPECT_EQ(sums().authorized, 0);
}

TEST_F(RestTwin, FindsEveryPaymentOfAReferenceAndNoOther) {
  pay("k1");
  pay("k2");
  pay("k3", "tok_ok", "o-2");
  EXPECT_EQ(found("o-1").size(), 2u);
  EXPECT_EQ(found("o-3").size(), 0u);
}

TEST_F(RestTwin, CountsAReferenceThatIsCapturedTwice) {
  capture(json::parse(pay("k1").body).at("id"), "k2");
  EXPECT_TRUE(books_.captured_twice().empty());
  capture(json::parse(pay("k3").body).at("id"), "k4");
  EXPECT_EQ(books_.captured_twice().size(), 1u);
}

TEST_F(RestTwin, RefusesWritesWithoutKeyAndCallsWithoutToken) {
  EXPECT_EQ(pay("").status, 400);
  EXPECT_EQ(send("GET", "/payments?reference=o-1", "", nullptr, "other").status, 401);
  EXPECT_EQ(books_.charge_count(), 0u);
}

TEST_F(RestTwin, NamesTheFieldThatIsWrong) {
  for (const auto& [field, value] : std::vector<std::pair<std::string, json>>{
         {"reference", ""}, {"amount", 1.5}, {"amount", -1}, {"currency", "EURO"}, {"method", 7}, {"capture", "no"}}) {
    json body{{"reference", "o-1"}, {"amount", 1}, {"currency", "EUR"}, {"method", "tok_ok"}};
    body[field] = value;
    const auto x = send("POST", "/payments", "k-" + field, body);
    EXPECT_EQ(x.status, 400) << field;
    EXPECT_NE(x.body.find(field), std::string::npos) << x.body;
  }
}

TEST_F(RestTwin, GrantsATokenThatWorksUntilItExpires) {
  http::request r{
    "POST", "/oauth/token", {{"Authorization", "Basic c2hvcDpzJTJCMw=="}}, "grant_type=client_credentials"};
  const auto granted = json::parse(twin_.handle(r, now_).body);
  const std::string token = granted.at("access_token");
  EXPECT_EQ(send("GET", "/payments?reference=o-1", "", nullptr, token).status, 200);
  now_ += std::chrono::seconds{granted.at("expires_in").get<int>()};
  EXPECT_EQ(send("GET", "/payments?reference=o-1", "", nullptr, token).status, 401);
  r.fields = {{"Authorization", "Basic c2hvcDp3cm9uZw=="}};
  EXPECT_EQ(twin_.handle(r, now_).status, 401);
}

TEST_F(RestTwin, ChangesNothingWhenItCannotStore) {
  const auto id = paid();
  books_.keep_in([](std::string_view) { return false; });
  EXPECT_EQ(capture(id, "k1").status, 500);
  EXPECT_EQ(sums().captured, 0);
  books_.keep_in({});
  EXPECT_EQ(capture(id, "k1").status, 200);
}

} // namespace
} // namespace troupe::payment::rest

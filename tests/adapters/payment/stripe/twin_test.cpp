#include "adapters/payment/stripe/twin.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::payment::stripe {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr time_point noon{std::chrono::milliseconds{1'772'366'400'000}};

class StripeTwin : public ::testing::Test {
protected:
  http::response send(const std::string& method, const std::string& target, const std::string& key = {},
                      const std::string& body = {}) {
    http::request r{method, target, {{"Authorization", "Bearer sk_test"}}, body};
    if (!key.empty())
      r.fields.emplace_back("Idempotency-Key", key);
    return twin_.handle(r, now_);
  }

  http::response pay(const std::string& key, const std::string& card = "pm_card_visa", const std::string& order = "o-1",
                     const std::string& more = {}) {
    return send("POST", "/v1/payment_intents", key,
                "amount=1000&currency=eur&capture_method=manual&confirm=true&payment_method=" + card
                  + "&metadata%5Breference%5D=" + order + more);
  }

  std::string paid() { return json::parse(pay("pay").body).at("id"); }

  http::response act(const std::string& id, const std::string& action, const std::string& key,
                     const std::string& body = {}) {
    return send("POST", "/v1/payment_intents/" + id + "/" + action, key, body);
  }

  json search(const std::string& query) {
    return json::parse(send("GET", "/v1/payment_intents/search?query=" + query).body).at("data");
  }

  std::string status(const std::string& id) {
    return json::parse(send("GET", "/v1/payment_intents/" + id).body).at("status");
  }

  totals sums() { return books_.totals_by_currency().at("EUR"); }

  static json error_of(const http::response& x) { return json::parse(x.body).at("error"); }

  time_point now_ = noon;
  ledger books_;
  std::uint64_t dice_ = 0;
  twin_options options_{.api_key = "sk_test", .webhook_secret = "whsec"};
  twin twin_{options_, books_, [this] { return ++dice_; }};
};

TEST_F(StripeTwin, HoldsMoneyAndTakesItOnCapture) {
  const auto x = json::parse(pay("k1").body);
  EXPECT_EQ(x.at("status"), "requires_capture");
  EXPECT_EQ(x.at("amount_capturable"), 1000);
  EXPECT_EQ(x.at("metadata").at("reference"), "o-1");
  const auto y = json::parse(act(x.at("id"), "capture", "k2", "amount_to_capture=900").body);
  EXPECT_EQ(y.at("status"), "succeeded");
  EXPECT_EQ(y.at("amount_received"), 900);
  EXPECT_EQ(sums().captured, 900);
}

TEST_F(StripeTwin, CapturesAtOnceUnlessAskedToWait) {
  const auto x =
    send("POST", "/v1/payment_intents", "k", "amount=5&currency=eur&confirm=true&payment_method=pm_card_visa");
  EXPECT_EQ(json::parse(x.body).at("status"), "succeeded");
  EXPECT_EQ(sums().captured, 5);
}

TEST_F(StripeTwin, AnswersARepeatedKeyWithTheSameBytesWhateverHappenedSince) {
  const auto first = pay("k1");
  const std::string id = json::parse(first.body).at("id");
  act(id, "capture", "k2");
  const auto again = pay("k1");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(http::find(again.fields, "Idempotent-Replayed"), "true");
  EXPECT_EQ(books_.charge_count(), 1u);
}

TEST_F(StripeTwin, RefusesAKeyThatComesBackWithOtherParameters) {
  pay("k1");
  const auto x = pay("k1", "pm_card_mastercard");
  EXPECT_EQ(x.status, 400);
  EXPECT_EQ(error_of(x).at("type"), "idempotency_error");
}

TEST_F(StripeTwin, ForgetsAKeyAfterADay) {
  pay("k1");
  now_ += 24h;
  pay("k1");
  EXPECT_EQ(books_.charge_count(), 2u);
}

TEST_F(StripeTwin, RepeatsADeclineByItsKey) {
  const auto first = pay("k1", "pm_card_visa_chargeDeclinedInsufficientFunds");
  EXPECT_EQ(first.status, 402);
  EXPECT_EQ(error_of(first).at("type"), "card_error");
  EXPECT_EQ(error_of(first).at("code"), "card_declined");
  EXPECT_EQ(error_of(first).at("decline_code"), "insufficient_funds");
  EXPECT_EQ(error_of(first).at("payment_intent").at("status"), "requires_payment_method");
  const auto again = pay("k1", "pm_card_visa_chargeDeclinedInsufficientFunds");
  EXPECT_EQ(again.status, 402);
  EXPECT_EQ(again.body, first.body);
}

TEST_F(StripeTwin, TakesAnotherCardAfterADecline) {
  const std::string id = error_of(pay("k1", "pm_card_chargeDeclined")).at("payment_intent").at("id");
  EXPECT_EQ(act(id, "confirm", "k2", "payment_method=pm_card_visa").status, 200);
  EXPECT_EQ(status(id), "requires_capture");
}

TEST_F(StripeTwin, RefusesASecondCaptureAndACancelAfterCapture) {
  const auto id = paid();
  act(id, "capture", "k1");
  for (const auto* action : {"capture", "cancel"}) {
    const auto x = act(id, action, std::string{"again-"} + action);
    EXPECT_EQ(x.status, 400);
    EXPECT_EQ(error_of(x).at("code"), "payment_intent_unexpected_state");
    EXPECT_EQ(error_of(x).at("payment_intent").at("status"), "succeeded");
  }
  EXPECT_EQ(sums().captured, 1000);
  EXPECT_EQ(sums().voided, 0);
}

TEST_F(StripeTwin, RefusesCaptureAfterCancel) {
  const auto id = paid();
  EXPECT_EQ(json::parse(act(id, "cancel", "k1", "cancellation_reason=abandoned").body).at("cancellation_reason"),
            "abandoned");
  EXPECT_EQ(act(id, "capture", "k2").status, 400);
  EXPECT_EQ(sums().voided, 1000);
}

TEST_F(StripeTwin, RefusesToRefundMoreThanWasCaptured) {
  const auto id = paid();
  const auto refund = [&](const std::string& key, const std::string& amount) {
    return send("POST", "/v1/refunds", key, "payment_intent=" + id + "&amount=" + amount);
  };
  EXPECT_EQ(refund("k0", "1").status, 400);
  act(id, "capture", "k1");
  const auto made = refund("k2", "700");
  EXPECT_EQ(json::parse(made.body).at("status"), "succeeded");
  EXPECT_EQ(error_of(refund("k3", "301")).at("code"), "amount_too_large");
  EXPECT_EQ(refund("k2", "700").body, made.body);
  EXPECT_EQ(refund("k4", "300").status, 200);
  EXPECT_EQ(error_of(refund("k5", "1")).at("code"), "charge_already_refunded");
  EXPECT_EQ(sums().refunded, 1000);
}

TEST_F(StripeTwin, LeavesAPaymentToTheCustomerWhenTheCardAsksForIt) {
  const auto x = json::parse(pay("k1", "pm_card_authenticationRequired").body);
  EXPECT_EQ(x.at("status"), "requires_action");
  EXPECT_EQ(sums().authorized, 0);
}

TEST_F(StripeTwin, DecidesAProcessingPaymentWhenItsTimeHasCome) {
  const std::string id = json::parse(pay("k1", "pm_card_processing").body).at("id");
  EXPECT_EQ(status(id), "processing");
  now_ += 5s;
  EXPECT_EQ(status(id), "requires_capture");
}

TEST_F(StripeTwin, FindsByMetadataAndStatus) {
  pay("k1");
  pay("k2", "pm_card_visa", "o-2", "&metadata[shop]=one");
  EXPECT_EQ(search("metadata%5B%27reference%27%5D%3A%27o-2%27").size(), 1u);
  EXPECT_EQ(search("metadata['shop']:'one'+AND+status:'requires_capture'").size(), 1u);
  EXPECT_EQ(search("metadata['reference']:'o-2'+AND+status:'succeeded'").size(), 0u);
  EXPECT_EQ(send("GET", "/v1/payment_intents/search?query=nonsense").status, 400);
}

TEST_F(StripeTwin, SearchOverlooksANewPaymentForAsLongAsItsLag) {
  options_.search_lag = 60s;
  twin late{options_, books_, [this] { return ++dice_; }};
  pay("k1");
  const http::request r{
    "GET", "/v1/payment_intents/search?query=metadata['reference']:'o-1'", {{"Authorization", "Bearer sk_test"}}, {}};
  EXPECT_EQ(json::parse(late.handle(r, now_ + 59s).body).at("data").size(), 0u);
  EXPECT_EQ(json::parse(late.handle(r, now_ + 60s).body).at("data").size(), 1u);
}

TEST_F(StripeTwin, ListsNewestFirstAPageAtATime) {
  for (const auto* key : {"k1", "k2", "k3"})
    pay(key);
  const auto first = json::parse(send("GET", "/v1/payment_intents?limit=2").body);
  EXPECT_EQ(first.at("data").size(), 2u);
  EXPECT_TRUE(first.at("has_more"));
  const std::string last = first.at("data")[1].at("id");
  const auto second = json::parse(send("GET", "/v1/payment_intents?limit=2&starting_after=" + last).body);
  EXPECT_EQ(second.at("data").size(), 1u);
  EXPECT_FALSE(second.at("has_more"));
}

TEST_F(StripeTwin, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(error_of(pay("k1", "pm_card_visa", "o-1", "&colour=red")).at("code"), "parameter_unknown");
  EXPECT_EQ(pay("k2", "tok_visa").status, 400);
  EXPECT_EQ(send("POST", "/v1/payment_intents", "k3", "amount=0&currency=eur").status, 400);
  EXPECT_EQ(send("GET", "/v1/payment_intents/pi_0000000000000000").status, 404);
  EXPECT_EQ(twin_.handle({"GET", "/v1/payment_intents", {}, {}}, now_).status, 401);
  EXPECT_EQ(books_.charge_count(), 0u);
}

TEST_F(StripeTwin, AnnouncesWhatHappenedOnce) {
  const auto id = paid();
  act(id, "capture", "k1");
  act(id, "capture", "k1");
  send("POST", "/v1/refunds", "k2", "payment_intent=" + id);
  std::vector<std::string> types;
  for (const auto& x : twin_.take_deliveries()) {
    EXPECT_EQ(json::parse(x.body).at("id"), x.id);
    types.push_back(json::parse(x.body).at("type"));
  }
  EXPECT_EQ(types, (std::vector<std::string>{"payment_intent.created", "payment_intent.amount_capturable_updated",
                                             "payment_intent.succeeded", "charge.refunded"}));
}

TEST_F(StripeTwin, WritesJsonWhateverTheMetadataHolds) {
  const auto x = json::parse(pay("k1", "pm_card_visa", "%22%5C%0A%00%C3%A9%FF").body);
  EXPECT_EQ(x.at("metadata").at("reference"), std::string("\"\\\n\0\xc3\xa9\xef\xbf\xbd", 9));
  EXPECT_EQ(pay("k2", "pm_card_visa", "a%1Eb").status, 400);
}

// The digest was made with `openssl dgst -sha256 -hmac whsec` over "1772366400.{}".
TEST(StripeSignature, IsTheHmacOfTimeAndBody) {
  EXPECT_EQ(signature_of("whsec", "{}", noon),
            "t=1772366400,v1=ce06167c8bb6d52cf6a9c7bfbc3a30b5af99eb181e644f4c182dd28af5e8e8b4");
}

} // namespace
} // namespace troupe::payment::stripe

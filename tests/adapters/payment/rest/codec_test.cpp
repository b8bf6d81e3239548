#include "adapters/payment/rest/codec.hpp"

#include "adapters/payment/rest/token.hpp"
#include "tests/adapters/payment/scripted_client.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::payment::rest {
namespace {

using namespace std::chrono_literals;
using test::json;

const auto now = *parse_rfc3339("2026-03-01T12:00:00Z");
const money price{1290, *currency::parse("EUR")};
const authorize asked{"o-1", "o-1/authorize/1", price, "tok_visa"};

TEST(RestCodec, AsksForAnAuthorization) {
  const auto r = encode(asked);
  EXPECT_EQ(r.method, "POST");
  EXPECT_EQ(r.target, "/payments");
  EXPECT_EQ(http::find(r.fields, "Idempotency-Key"), "o-1/authorize/1");
  EXPECT_EQ(http::find(r.fields, "Content-Type"), "application/json");
  EXPECT_EQ(
    nlohmann::json::parse(r.body),
    nlohmann::json::parse(R"({"reference":"o-1","amount":1290,"currency":"EUR","method":"tok_visa","capture":false})"));
}

TEST(RestCodec, SendsTheSameBytesForTheSameCommand) {
  EXPECT_EQ(encode(asked).body, encode(authorize{asked}).body);
}

TEST(RestCodec, KeepsAMethodFromLeavingItsPlace) {
  auto x = asked;
  x.method = "\",\"capture\":true,\"x\":\"";
  const auto body = nlohmann::json::parse(encode(x).body);
  EXPECT_EQ(body["capture"], false);
  EXPECT_EQ(body["method"], x.method);
}

TEST(RestCodec, NamesThePaymentInThePath) {
  EXPECT_EQ(encode(capture{"pay_1", "k", price}).target, "/payments/pay_1/capture");
  EXPECT_EQ(encode(capture{"pay_1", "k", price}).body, R"({"amount":1290})");
  EXPECT_EQ(encode(void_payment{"pay_1", "k"}).target, "/payments/pay_1/void");
  EXPECT_EQ(encode(void_payment{"pay_1", "k"}).body, "");
  EXPECT_EQ(encode(void_payment{"../refunds?", "k"}).target, "/payments/..%2Frefunds%3F/void");
  EXPECT_EQ(encode(find_payments{"o 1&x"}).target, "/payments?reference=o%201%26x");
}

TEST(RestCodec, AsksForARefund) {
  const auto r = encode(refund{"pay_1", "o-1/refund/1", price});
  EXPECT_EQ(r.target, "/refunds");
  EXPECT_EQ(nlohmann::json::parse(r.body), nlohmann::json::parse(R"({"paymentId":"pay_1","amount":1290})"));
  EXPECT_EQ(http::find(r.fields, "Idempotency-Key"), "o-1/refund/1");
}

TEST(RestCodec, GivesEveryWriteItsKey) {
  EXPECT_EQ(http::find(encode(capture{"p", "k-2", price}).fields, "Idempotency-Key"), "k-2");
  EXPECT_EQ(http::find(encode(void_payment{"p", "k-3"}).fields, "Idempotency-Key"), "k-3");
}

TEST(RestCodec, ReadsEachStatus) {
  const auto status = [](const char* text) {
    return decode(asked, json(201, std::string{R"({"id":"pay_1","status":")"} + text + "\"}"), now)->status;
  };
  EXPECT_EQ(status("authorized"), payment_status::authorized);
  EXPECT_EQ(status("captured"), payment_status::captured);
  EXPECT_EQ(status("declined"), payment_status::declined);
  EXPECT_EQ(status("pending"), payment_status::pending);
  EXPECT_EQ(status("voided"), payment_status::voided);
}

TEST(RestCodec, TakesAnUnknownStatusOfMoneyToBePending) {
  EXPECT_EQ(decode(asked, json(201, R"({"id":"pay_1","status":"in_review"})"), now)->status, payment_status::pending);
  EXPECT_EQ(decode(refund{}, json(201, R"({"id":"ref_1","status":"queued"})"), now)->status, refund_status::pending);
}

TEST(RestCodec, ReadsADecline) {
  const auto x = decode(asked, json(201, R"({"id":"pay_1","status":"declined","reason":"insufficient_funds"})"), now);
  EXPECT_EQ(x->status, payment_status::declined);
  EXPECT_EQ(x->reason, "insufficient_funds");
  EXPECT_EQ(x->id, "pay_1");
}

TEST(RestCodec, ReadsADeclineByStatus402) {
  const auto x = decode(asked, json(402, R"({"error":{"code":"card_declined","message":"no"}})"), now);
  EXPECT_EQ(x->status, payment_status::declined);
  EXPECT_EQ(x->reason, "card_declined");
  EXPECT_EQ(decode(asked, json(402, "no"), now)->reason, "declined");
}

TEST(RestCodec, RefusesToGuessFromABodyOfAnotherForm) {
  for (const auto* body : {"", "{", "[]", "null", "\"id\"", R"({"id":"pay_1"})", R"({"status":"authorized"})",
                           R"({"id":7,"status":"authorized"})", R"({"id":"","status":"authorized"})",
                           R"({"id":"pay 1\n","status":"authorized"})", R"({"id":"pay_1","status":7})"}) {
    EXPECT_EQ(decode(asked, json(201, body), now).error(), ec::bad_response) << body;
    EXPECT_EQ(decode(refund{}, json(201, body), now).error(), ec::bad_response) << body;
  }
  EXPECT_TRUE(may_have_acted(ec::bad_response));
}

TEST(RestCodec, ReadsWhatStepsAnswer) {
  const auto taken = decode(capture{"pay_1", "k", price}, json(200, R"({"id":"pay_1","status":"captured"})"), now);
  EXPECT_EQ(taken->status, payment_status::captured);
  EXPECT_EQ(taken->amount, price);
  EXPECT_EQ(decode(void_payment{}, json(200, R"({"id":"pay_1","status":"voided"})"), now)->status,
            payment_status::voided);
  const auto back = decode(refund{}, json(201, R"({"id":"ref_1","status":"succeeded"})"), now);
  EXPECT_EQ(back->id, "ref_1");
  EXPECT_EQ(back->status, refund_status::succeeded);
  EXPECT_EQ(decode(refund{}, json(201, R"({"id":"ref_1","status":"failed"})"), now)->status, refund_status::failed);
}

TEST(RestCodec, RefusesWhatTheStateForbidsForSure) {
  const auto answer = [](const char* code) {
    return decode(capture{"pay_1", "k", price}, json(409, std::string{R"({"error":{"code":")"} + code + "\"}}"), now)
      .error();
  };
  EXPECT_EQ(answer("already_voided"), ec::refused);
  EXPECT_EQ(answer("not_authorized"), ec::refused);
}

TEST(RestCodec, TakesAnyOtherConflictToHaveActed) {
  for (const auto* body :
       {"", R"({"error":{"code":"request_in_progress"}})", R"({"error":{"code":"already_captured"}})"})
    EXPECT_EQ(decode(capture{"pay_1", "k", price}, json(409, body), now).error(), ec::conflict) << body;
}

TEST(RestCodec, FindsPaymentsOfTheReference) {
  const auto found = decode(find_payments{"o-1"}, json(200, R"({"payments":[
    {"id":"pay_1","status":"declined","reason":"card_declined","reference":"o-1","amount":1290,"currency":"EUR"},
    {"id":"pay_2","status":"authorized","reference":"o-1"},
    {"id":"pay_3","status":"captured","reference":"o-2"}]})"),
                            now);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->items.size(), 2u);
  EXPECT_EQ(found->items[0].id, "pay_1");
  EXPECT_EQ(found->items[0].amount, price);
  EXPECT_EQ(found->items[1].status, payment_status::authorized);
}

TEST(RestCodec, DoesNotTakeAStrangeAnswerForNoPayments) {
  for (const auto* body : {"", "{}", "[]", R"({"payments":null})", R"({"payments":[{}]})"})
    EXPECT_EQ(decode(find_payments{"o-1"}, json(200, body), now).error(), ec::bad_response) << body;
  EXPECT_EQ(decode(find_payments{"o-1"}, json(500, ""), now).error(), ec::unavailable);
}

TEST(RestToken, AsksWithTheClientsCredentials) {
  const auto call = token_call({"https://id.example/oauth/token?x=1", "shop", "s3cret", "payments read"}, 10s);
  EXPECT_EQ(call.base_url, "https://id.example");
  EXPECT_EQ(call.message.target, "/oauth/token?x=1");
  EXPECT_EQ(call.timeout, 10s);
  EXPECT_EQ(http::find(call.message.fields, "Authorization"), "Basic c2hvcDpzM2NyZXQ=");
  EXPECT_EQ(call.message.body, "grant_type=client_credentials&scope=payments%20read");
  EXPECT_EQ(token_call({"https://id.example", "a", "b", ""}, 1s).message.target, "/");
}

TEST(RestToken, IsRefreshedBeforeItExpires) {
  const auto token = decode_token(json(200, R"({"access_token":"t","token_type":"Bearer","expires_in":3600})"), now);
  EXPECT_EQ(token->value, "t");
  EXPECT_EQ(token->expires_at, now + 3540s);
  EXPECT_EQ(token->refresh_at, now + 3480s);
  EXPECT_EQ(decode_token(json(200, R"({"access_token":"t","expires_in":10})"), now)->expires_at, now + 9s);
}

TEST(RestToken, NeverLooksAsIfMoneyHadMoved) {
  EXPECT_EQ(decode_token(json(400, R"({"error":"invalid_client"})"), now).error(), ec::denied);
  EXPECT_EQ(decode_token(json(401, ""), now).error(), ec::denied);
  EXPECT_EQ(decode_token(json(500, ""), now).error(), ec::unavailable);
  EXPECT_EQ(decode_token(json(302, ""), now).error(), ec::unavailable);
  EXPECT_EQ(decode_token(json(429, ""), now).error(), ec::rate_limited);
  for (const auto* body : {"", "[]", "{}", R"({"access_token":""})", R"({"access_token":1})"})
    EXPECT_EQ(decode_token(json(200, body), now).error(), ec::unavailable) << body;
}

} // namespace
} // namespace troupe::payment::rest

#include "adapters/payment/stripe/codec.hpp"

#include "tests/adapters/payment/scripted_client.hpp"

#include <gtest/gtest.h>

namespace troupe::payment::stripe {
namespace {

using namespace std::chrono_literals;
using test::json;

const auto now = *parse_rfc3339("2026-03-01T12:00:00Z");
const money price{1290, *currency::parse("EUR")};
const authorize asked{"o-1", "o-1/authorize/1", price, "pm_card_visa"};

std::string intent(std::string_view status, std::string_view more = "") {
  return R"({"id":"pi_3Mtw","object":"payment_intent","amount":1290,"amount_capturable":1290,"amount_received":0,)"
         R"("capture_method":"manual","currency":"eur","livemode":false,"metadata":{"reference":"o-1"},"status":")"
         + std::string{status} + "\"" + std::string{more} + "}";
}

TEST(StripeCodec, CreatesAndConfirmsAnIntentToBeCapturedLater) {
  const auto r = encode(asked);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->method, "POST");
  EXPECT_EQ(r->target, "/v1/payment_intents");
  EXPECT_EQ(http::find(r->fields, "Idempotency-Key"), "o-1/authorize/1");
  EXPECT_EQ(http::find(r->fields, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(r->body, "amount=1290&currency=eur&payment_method=pm_card_visa&payment_method_types[]=card"
                     "&capture_method=manual&confirm=true&error_on_requires_action=true&metadata[reference]=o-1");
}

TEST(StripeCodec, KeepsAMethodFromAddingParameters) {
  auto x = asked;
  x.method = "pm&amount=1";
  EXPECT_NE(encode(x)->body.find("payment_method=pm%26amount%3D1&"), std::string::npos);
}

TEST(StripeCodec, NamesTheIntentInThePath) {
  EXPECT_EQ(encode(capture{"pi_1", "k", price})->target, "/v1/payment_intents/pi_1/capture");
  EXPECT_EQ(encode(capture{"pi_1", "k", price})->body, "amount_to_capture=1290");
  EXPECT_EQ(encode(void_payment{"pi_1", "k"})->target, "/v1/payment_intents/pi_1/cancel");
  EXPECT_EQ(encode(refund{"pi_1", "k", price})->target, "/v1/refunds");
  EXPECT_EQ(encode(refund{"pi_1", "k", price})->body, "payment_intent=pi_1&amount=1290");
  EXPECT_EQ(encode_retrieve("pi_1/x").target, "/v1/payment_intents/pi_1%2Fx");
}

TEST(StripeCodec, GivesEveryWriteItsKey) {
  EXPECT_EQ(http::find(encode(capture{"p", "k-2", price})->fields, "Idempotency-Key"), "k-2");
  EXPECT_EQ(http::find(encode(void_payment{"p", "k-3"})->fields, "Idempotency-Key"), "k-3");
  EXPECT_EQ(http::find(encode(refund{"p", "k-4", price})->fields, "Idempotency-Key"), "k-4");
}

TEST(StripeCodec, SearchesByTheReferenceAndNothingElse) {
  EXPECT_EQ(encode_search("o-1").target,
            "/v1/payment_intents/search?limit=100&query=metadata%5B%27reference%27%5D%3A%27o-1%27");
  // The quote is escaped, so that it does not end the value.
  EXPECT_TRUE(encode_search("a' OR").target.ends_with("%3A%27a%5C%27%20OR%27"));
}

TEST(StripeCodec, ListsFromATimeOn) {
  EXPECT_EQ(encode_list(time_point{1500ms}, {}).target, "/v1/payment_intents?limit=100&created%5Bgte%5D=1");
  EXPECT_TRUE(encode_list(time_point{1s}, "pi_9").target.ends_with("&starting_after=pi_9"));
}

TEST(StripeCodec, CountsCurrenciesAsStripeDoes) {
  const auto units = [](std::int64_t minor, const char* code) {
    return to_stripe_units({minor, *currency::parse(code)});
  };
  EXPECT_EQ(units(1290, "EUR"), 1290);
  EXPECT_EQ(units(1290, "JPY"), 1290);
  EXPECT_EQ(units(12, "ISK"), 1200);
  EXPECT_EQ(units(12, "UGX"), 1200);
  EXPECT_EQ(units(1200, "MGA"), 12);
  EXPECT_EQ(units(1250, "MGA"), std::nullopt);
  for (const auto* code : {"EUR", "ISK", "UGX", "MGA"}) {
    const money x{700, *currency::parse(code)};
    EXPECT_EQ(from_stripe_units(*to_stripe_units(x), x.currency), x) << code;
  }
}

TEST(StripeCodec, ReadsEachStatus) {
  const auto status = [](std::string_view name, std::string_view more = "") {
    return decode(asked, json(200, intent(name, more)), now)->status;
  };
  EXPECT_EQ(status("requires_capture"), payment_status::authorized);
  EXPECT_EQ(status("succeeded"), payment_status::captured);
  EXPECT_EQ(status("canceled"), payment_status::voided);
  EXPECT_EQ(status("processing"), payment_status::pending);
  EXPECT_EQ(status("requires_action"), payment_status::pending);
  EXPECT_EQ(status("requires_confirmation"), payment_status::pending);
  EXPECT_EQ(status("requires_payment_method"), payment_status::pending);
  EXPECT_EQ(status("requires_payment_method", R"(,"last_payment_error":{"code":"card_declined"})"),
            payment_status::declined);
  EXPECT_EQ(status("of_a_later_version"), payment_status::pending);
}

TEST(StripeCodec, ReadsTheAmountThatWasReceived) {
  const auto x = decode(capture{"pi_3Mtw", "k", price},
                        json(200, R"({"id":"pi_3Mtw","amount":1290,"amount_received":1000,"currency":"eur",)"
                                  R"("status":"succeeded"})"),
                        now);
  EXPECT_EQ(x->amount.minor, 1000);
}

TEST(StripeCodec, ReadsACardError) {
  const auto body = R"({"error":{"code":"card_declined","decline_code":"insufficient_funds","type":"card_error",)"
                    R"("message":"Your card has insufficient funds.","payment_intent":)"
                    + intent("requires_payment_method") + "}}";
  const auto x = decode(asked, json(402, body), now);
  ASSERT_TRUE(x);
  EXPECT_EQ(x->status, payment_status::declined);
  EXPECT_EQ(x->reason, "insufficient_funds");
  EXPECT_EQ(x->id, "pi_3Mtw");
}

TEST(StripeCodec, ReadsACardErrorWithoutDeclineCode) {
  EXPECT_EQ(decode(asked, json(402, R"({"error":{"code":"expired_card","type":"card_error"}})"), now)->reason,
            "expired_card");
  EXPECT_EQ(decode(asked, json(402, "?"), now)->reason, "card_declined");
}

TEST(StripeCodec, TakesTheIntentAsItIsWhenItsStateForbidsTheStep) {
  const auto body = [](std::string_view status) {
    return R"({"error":{"code":"payment_intent_unexpected_state","type":"invalid_request_error","payment_intent":)"
           + intent(status) + "}}";
  };
  EXPECT_EQ(decode(void_payment{}, json(400, body("canceled")), now)->status, payment_status::voided);
  EXPECT_EQ(decode(void_payment{}, json(400, body("succeeded")), now)->status, payment_status::captured);
  EXPECT_EQ(decode(capture{}, json(400, body("succeeded")), now)->status, payment_status::captured);
  EXPECT_EQ(decode(capture{}, json(400, body("canceled")), now)->status, payment_status::voided);
}

TEST(StripeCodec, TellsTheTwoErrorsOfAKeyApart) {
  const auto e = [](int status, const char* text) { return decode(asked, json(status, text), now).error(); };
  EXPECT_EQ(e(409, R"({"error":{"code":"idempotency_key_in_use","type":"idempotency_error"}})"), ec::conflict);
  EXPECT_EQ(e(400, R"({"error":{"type":"idempotency_error"}})"), ec::refused);
}

TEST(StripeCodec, WaitsForALock) {
  const auto e = decode(capture{}, json(429, R"({"error":{"code":"lock_timeout"}})"), now).error();
  EXPECT_EQ(code_of(e), ec::rate_limited);
  EXPECT_EQ(retry_after(e), 1000ms);
  const auto limited = decode(asked, json(429, R"({"error":{"code":"rate_limit"}})"), now).error();
  EXPECT_EQ(code_of(limited), ec::rate_limited);
  EXPECT_EQ(retry_after(limited), std::nullopt);
}

TEST(StripeCodec, TakesABrokenServerToHaveActed) {
  EXPECT_EQ(decode(asked, json(500, R"({"error":{"type":"api_error"}})"), now).error(), ec::interrupted);
  EXPECT_EQ(decode(asked, json(503, ""), now).error(), ec::unavailable);
  EXPECT_EQ(decode(asked, json(401, ""), now).error(), ec::denied);
}

TEST(StripeCodec, RefusesToGuessFromABodyOfAnotherForm) {
  for (const auto* body :
       {"", "{", "[]", R"({"id":"pi_1"})", R"({"status":"succeeded"})", R"({"id":1,"status":"x"})"}) {
    EXPECT_EQ(decode(asked, json(200, body), now).error(), ec::bad_response) << body;
    EXPECT_EQ(decode(refund{}, json(200, body), now).error(), ec::bad_response) << body;
    EXPECT_EQ(decode_retrieved(json(200, body), now).error(), ec::bad_response) << body;
    EXPECT_EQ(decode_page("o-1", json(200, body), now).error(), ec::bad_response) << body;
  }
}

TEST(StripeCodec, ReadsEachStatusOfARefund) {
  const auto status = [](const char* name) {
    return decode(refund{}, json(200, std::string{R"({"id":"re_1","object":"refund","status":")"} + name + "\"}"), now)
      ->status;
  };
  EXPECT_EQ(status("succeeded"), refund_status::succeeded);
  EXPECT_EQ(status("pending"), refund_status::pending);
  EXPECT_EQ(status("requires_action"), refund_status::pending);
  EXPECT_EQ(status("failed"), refund_status::failed);
  EXPECT_EQ(status("canceled"), refund_status::failed);
  EXPECT_EQ(decode(refund{}, json(400, R"({"error":{"code":"charge_already_refunded"}})"), now).error(), ec::refused);
}

TEST(StripeCodec, ReadsOnlyThePageItemsOfTheReference) {
  const auto other = R"({"id":"pi_2","status":"succeeded","currency":"eur","metadata":{"reference":"o-2"}})";
  const auto body = R"({"object":"list","has_more":true,"data":[)" + intent("requires_capture") + "," + other + "]}";
  const auto x = decode_page("o-1", json(200, body), now);
  ASSERT_TRUE(x);
  ASSERT_EQ(x->items.size(), 1u);
  EXPECT_EQ(x->items[0].id, "pi_3Mtw");
  EXPECT_EQ(x->last, "pi_2");
  EXPECT_TRUE(x->more);
}

} // namespace
} // namespace troupe::payment::stripe

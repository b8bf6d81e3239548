#include "adapters/email/resend/codec.hpp"

#include "tests/adapters/email/samples.hpp"

#include <nlohmann/json.hpp>

namespace troupe::email::resend {
namespace {

using notification::mail_refusal;
using test::noon;

// As the provider documents its answers.
http::response answer(int status, std::string name, std::string message) {
  return {status,
          {{"Content-Type", "application/json"}, {"retry-after", "3"}},
          nlohmann::json{{"statusCode", status}, {"name", name}, {"message", message}}.dump()};
}

TEST(ResendCodec, SendsTheMailUnderItsKey) {
  const auto request = encode(test::some_message());
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/emails");
  EXPECT_EQ(http::find(request.fields, "Idempotency-Key"), "o-1/confirmation");
  EXPECT_EQ(nlohmann::json::parse(request.body), nlohmann::json::parse(R"({
    "from": "The shop <shop@example.org>", "to": ["\"Ada \\\"Countess\\\" L.\" <ada@example.org>"],
    "subject": "Your order o-1", "text": "plain\n", "html": "<p>rich</p>\n",
    "tags": [{"name": "category", "value": "transactional"}]})"));
}

TEST(ResendCodec, ReadsTheId) {
  const auto got = decode({200, {}, R"({"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"})"}, noon);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->id, "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794");
  for (const auto* body : {"", "{}", "[]", R"({"id":1})"})
    EXPECT_EQ(decode({200, {}, body}, noon).error(), ec::bad_response) << "it may have been sent: " << body;
}

TEST(ResendCodec, TellsWhatARepetitionCannotHelp) {
  EXPECT_EQ(
    decode(answer(422, "validation_error", "Invalid `to` field. The email address needs to follow ..."), noon).error(),
    mail_refusal::invalid_address);
  EXPECT_EQ(decode(answer(403, "validation_error", "The shop.example domain is not verified."), noon).error(),
            mail_refusal::blocked_domain);
  EXPECT_EQ(decode(answer(422, "invalid_from_address", "Invalid `from` field."), noon).error(),
            mail_refusal::blocked_domain);
  EXPECT_EQ(decode(answer(422, "missing_required_field", "Missing `subject` field."), noon).error(), ec::refused);
  EXPECT_EQ(decode(answer(403, "invalid_api_key", "API key is invalid."), noon).error(), ec::denied);
  EXPECT_EQ(decode(answer(401, "missing_api_key", "Missing API key."), noon).error(), ec::denied);
}

TEST(ResendCodec, TakesAKeyWithAnotherContentForAcceptedBefore) {
  EXPECT_EQ(decode(answer(409, "invalid_idempotent_request", "..."), noon).error(), mail_refusal::already_accepted);
  EXPECT_EQ(decode(answer(409, "concurrent_idempotent_requests", "..."), noon).error(), ec::interrupted)
    << "the earlier try is under way: ask again";
}

TEST(ResendCodec, ReadsHowLongToWait) {
  const auto limited = decode(answer(429, "rate_limit_exceeded", "..."), noon).error();
  EXPECT_EQ(limited, ec::rate_limited);
  ASSERT_TRUE(limited.context().match_elements<std::int64_t>());
  EXPECT_EQ(limited.context().get_as<std::int64_t>(0), 3'000);
  EXPECT_EQ(decode(answer(500, "internal_server_error", "..."), noon).error(), ec::interrupted);
  EXPECT_EQ(decode({503, {}, "<html>"}, noon).error(), ec::unavailable);
}

} // namespace
} // namespace troupe::email::resend

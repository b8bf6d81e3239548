#include "adapters/email/sendgrid/codec.hpp"

#include "tests/adapters/email/samples.hpp"

#include <nlohmann/json.hpp>

namespace troupe::email::sendgrid {
namespace {

using notification::mail_refusal;
using test::noon;

TEST(SendgridCodec, SendsTheMailWithItsKeyInCustomArgs) {
  const auto request = encode(test::some_message());
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v3/mail/send");
  EXPECT_EQ(nlohmann::json::parse(request.body), nlohmann::json::parse(R"({
    "personalizations": [{"to": [{"email": "ada@example.org", "name": "Ada \"Countess\" L."}],
                          "custom_args": {"key": "o-1/confirmation"}}],
    "from": {"email": "shop@example.org", "name": "The shop"}, "subject": "Your order o-1",
    "content": [{"type": "text/plain", "value": "plain\n"}, {"type": "text/html", "value": "<p>rich</p>\n"}],
    "categories": ["transactional"]})"));
}

TEST(SendgridCodec, ReadsTheIdOfWhatIsTakenOver) {
  const auto got = decode({202, {{"X-Message-Id", "14c5d75ce93.dfd.64b469"}}, ""}, noon);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->id, "14c5d75ce93.dfd.64b469");
  EXPECT_EQ(decode({200, {}, ""}, noon).error(), ec::refused) << "checked, not sent";
}

// As the provider documents its answers.
TEST(SendgridCodec, TellsWhatARepetitionCannotHelp) {
  const http::response bad_address{
    400,
    {},
    R"({"errors":[{"message":"Does not contain a valid address.","field":"personalizations.0.to.0.email",)"
    R"("help":"http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message.personalizations.to"}]})"};
  EXPECT_EQ(decode(bad_address, noon).error(), mail_refusal::invalid_address);
  const http::response sender{
    403,
    {},
    R"({"errors":[{"message":"The from address does not match a verified Sender Identity.","field":"from",)"
    R"("help":null}]})"};
  EXPECT_EQ(decode(sender, noon).error(), mail_refusal::blocked_domain);
  EXPECT_EQ(decode({403, {}, R"({"errors":[{"message":"access forbidden","field":null,"help":null}]})"}, noon).error(),
            ec::denied);
  EXPECT_EQ(decode({401, {}, R"({"errors":[{"field":null,"message":"authorization required"}]})"}, noon).error(),
            ec::denied);
  EXPECT_EQ(decode({413, {}, "{}"}, noon).error(), ec::refused);
  EXPECT_EQ(decode({400, {}, R"({"errors":[{"message":"The subject is required.","field":"subject"}]})"}, noon).error(),
            ec::refused);
  for (const auto* strange : {"", "[]", R"({"errors":{}})", R"({"errors":[1,{"field":7}]})"})
    EXPECT_EQ(decode({400, {}, strange}, noon).error(), ec::refused) << strange;
}

TEST(SendgridCodec, ReadsWhenTheLimitEnds) {
  const auto wait_of = [](std::string reset) {
    const auto e = decode({429, {{"X-RateLimit-Reset", std::move(reset)}}, ""}, noon).error();
    EXPECT_EQ(e, ec::rate_limited);
    return e.context().match_elements<std::int64_t>() ? e.context().get_as<std::int64_t>(0) : -1;
  };
  EXPECT_EQ(wait_of("1772366417"), 17'000);
  EXPECT_EQ(wait_of("1772366000"), 0) << "over already";
  EXPECT_EQ(wait_of("soon"), -1);
  EXPECT_EQ(wait_of("9999999999999999999"), -1);
  EXPECT_EQ(wait_of("99999999999"), 24 * 3600 * 1000) << "at most a day";
}

TEST(SendgridCodec, KnowsWhatMayHaveBeenSent) {
  EXPECT_EQ(decode({500, {}, ""}, noon).error(), ec::interrupted);
  EXPECT_EQ(decode({503, {}, ""}, noon).error(), ec::unavailable);
}

} // namespace
} // namespace troupe::email::sendgrid

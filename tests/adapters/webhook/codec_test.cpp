#include "adapters/webhook/codec.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::webhook {
namespace {

using namespace std::chrono_literals;

constexpr auto noon = time_point{1'772'366'400'000ms};
const alarm::notice notice{"0195", "node-1", {alarm::kind::paused, "provider/rest", "they \"maintain\" it", noon, 3}};

// The vector of the reference implementations.
TEST(WebhookCodec, SignsAsStandardWebhooksDo) {
  const auto key = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(key);
  EXPECT_EQ(sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330, R"({"test": 2432232314})", *key),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookCodec, TakesNoSecretOfAnotherForm) {
  for (const auto* text : {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=",
                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w",
                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB==", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw    "})
    EXPECT_FALSE(parse_secret(text)) << text;
  EXPECT_FALSE(parse_secret("whsec_" + std::string(4 * 64, 'A')));
  EXPECT_EQ(parse_secret("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")->size(), 32u);
}

TEST(WebhookCodec, SaysWhatHappenedAndWhereToReadOn) {
  const auto body = nlohmann::json::parse(body_of(notice));
  EXPECT_EQ(body["type"], "pause.begun");
  EXPECT_EQ(body["timestamp"], "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(body["data"]["node"], "node-1");
  EXPECT_EQ(body["data"]["subject"], "provider/rest");
  EXPECT_EQ(body["data"]["reason"], "they \"maintain\" it");
  EXPECT_EQ(body["data"]["count"], 3);
  EXPECT_EQ(body["data"]["runbook"], "docs/runbooks.md#paused");
}

TEST(WebhookCodec, SignsEachTryAnewUnderTheSameId) {
  const std::string key(32, 'k');
  const auto first = encode(notice, noon, key);
  const auto then = encode(notice, noon + 90s, key);
  EXPECT_EQ(http::find(first.fields, "webhook-id"), "0195");
  EXPECT_EQ(http::find(then.fields, "webhook-id"), "0195");
  EXPECT_EQ(http::find(then.fields, "webhook-timestamp"), "1772366490");
  EXPECT_EQ(http::find(then.fields, "webhook-signature"), sign("0195", 1'772'366'490, then.body, key));
  EXPECT_EQ(first.body, then.body);
}

TEST(WebhookCodec, TakesAnyStatusOfSuccessAndNoOther) {
  for (const int status : {200, 202, 204})
    EXPECT_FALSE(decode({status, {}, ""}, noon)) << status;
  EXPECT_EQ(decode({404, {}, ""}, noon), ec::refused);
  EXPECT_EQ(decode({401, {}, ""}, noon), ec::denied);
  EXPECT_EQ(decode({302, {}, ""}, noon), ec::bad_response);
  EXPECT_EQ(wait_of(decode({429, {{"Retry-After", "7"}}, ""}, noon)), duration{7'000});
}

} // namespace
} // namespace troupe::webhook

#include "adapters/payment/stripe/webhook.hpp"

#include "adapters/payment/stripe/twin.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::payment::stripe {
namespace {

using namespace std::chrono_literals;

const auto now = *parse_rfc3339("2026-03-01T12:00:00Z");
const std::string secret = "whsec_test";
const std::string body = R"({"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":)"
                         R"({"id":"pi_1","object":"payment_intent","metadata":{"reference":"o-1"}}}})";

/// The signature as the twin makes it, which knows nothing of this code.
std::string signature(time_point at, std::string_view text = body, const std::string& with = secret) {
  return signature_of(with, text, at);
}

using verdict = std::variant<time_point, webhook_refusal>;

verdict verify(std::string_view header, std::string_view text = body) {
  return verify_signature(header, text, secret, now, 300s);
}

// Computed with `openssl dgst -sha256 -hmac whsec_test` over `1772366400.{}`.
TEST(StripeSignature, MatchesAnIndependentOne) {
  EXPECT_EQ(verify("t=1772366400,v1=474c6a8bd0b217b707fb6f0a0ce04beb43fe1e1835a329b06c8f3113a6875edc", "{}"),
            verdict{now});
}

TEST(StripeSignature, HoldsForTheBodyThatWasSigned) {
  EXPECT_EQ(verify(signature(now)), verdict{now});
  EXPECT_EQ(verify(signature(now), body + " "), verdict{webhook_refusal::bad_signature});
  EXPECT_EQ(verify(signature(now, body, "whsec_other")), verdict{webhook_refusal::bad_signature});
}

TEST(StripeSignature, CoversItsTime) {
  auto header = signature(now - 10s);
  const auto at = header.find(',');
  header = "t=1772366400" + header.substr(at);
  EXPECT_EQ(verify(header), verdict{webhook_refusal::bad_signature});
}

TEST(StripeSignature, HoldsForFiveMinutesEitherWay) {
  EXPECT_EQ(verify(signature(now - 300s)), verdict{now - 300s});
  EXPECT_EQ(verify(signature(now + 300s)), verdict{now + 300s});
  EXPECT_EQ(verify(signature(now - 301s)), verdict{webhook_refusal::too_old});
  EXPECT_EQ(verify(signature(now + 301s)), verdict{webhook_refusal::too_old});
}

// While a secret is being replaced Stripe signs with the old one and the new one.
TEST(StripeSignature, HoldsWhenOneOfSeveralMatches) {
  const auto good = signature(now);
  const auto v1 = good.substr(good.find(",v1="));
  const std::string wrong = ",v1=" + std::string(64, '0');
  EXPECT_EQ(verify("t=1772366400" + wrong + v1), verdict{now});
  EXPECT_EQ(verify("t=1772366400" + v1 + wrong + ",v0=abc"), verdict{now});
  EXPECT_EQ(verify("t=1772366400" + wrong + wrong), verdict{webhook_refusal::bad_signature});
}

TEST(StripeSignature, RefusesAnyOtherHeader) {
  const auto good = signature(now);
  const auto v1 = good.substr(good.find("v1="));
  const std::vector<std::string> headers{"",
                                         "t=1772366400",
                                         v1,
                                         "t=," + v1,
                                         "t=-1," + v1,
                                         "t=soon," + v1,
                                         "t=1772366400,t=1772366400," + v1,
                                         "t=1772366400,v0=" + v1.substr(3),
                                         "t=1772366400,v1=",
                                         "t=1772366400," + v1.substr(0, v1.size() - 1),
                                         "t=9223372036854775807," + v1,
                                         good + std::string(5000, ',')};
  for (const auto& header : headers)
    EXPECT_EQ(verify(header), verdict{webhook_refusal::bad_signature}) << header;
}

TEST(StripeSignature, NeverHoldsWithoutASecret) {
  const verdict refused = webhook_refusal::bad_signature;
  EXPECT_EQ(verify_signature(signature(now, body, ""), body, "", now, 300s), refused);
}

TEST(StripeEvent, TellsWhatItIsAbout) {
  const auto x = parse_event(body);
  const auto& e = std::get<webhook_event>(x);
  EXPECT_EQ(e.id, "evt_1");
  EXPECT_EQ(e.type, "payment_intent.succeeded");
  EXPECT_EQ(e.payment, "pi_1");
  EXPECT_EQ(e.reference, "o-1");
  const auto refund =
    parse_event(R"({"id":"evt_2","type":"refund.created","data":{"object":{"id":"re_1","object":"refund",)"
                R"("payment_intent":"pi_1"}}})");
  EXPECT_EQ(std::get<webhook_event>(refund).payment, "pi_1");
  EXPECT_EQ(std::get<webhook_event>(refund).reference, "");
}

TEST(StripeEvent, IsRefusedWhenItIsNone) {
  for (const auto* text :
       {"", "[]", "{}", R"({"id":"evt_1","type":"x"})", R"({"id":"evt_1","type":"x","data":{}})",
        R"({"id":1,"type":"x","data":{"object":{}}})", R"({"id":"e","type":"","data":{"object":{}}})"})
    EXPECT_EQ(std::get<webhook_refusal>(parse_event(text)), webhook_refusal::malformed) << text;
}

using admission = replay_memory::answer;

TEST(StripeReplay, AdmitsAnEventOnce) {
  replay_memory m{300s, 10};
  EXPECT_EQ(m.admit("a", now, now), admission::admitted);
  EXPECT_EQ(m.admit("a", now, now + 299s), admission::repeated);
  EXPECT_EQ(m.admit("b", now, now), admission::admitted);
}

TEST(StripeReplay, ForgetsWhatNoSignatureCanBringBack) {
  replay_memory m{300s, 10};
  m.admit("a", now, now);
  m.admit("b", now + 301s, now + 301s);
  EXPECT_EQ(m.size(), 1u);
}

TEST(StripeReplay, RemembersARepetitionForAsLongAsItsNewSignatureHolds) {
  replay_memory m{300s, 10};
  m.admit("a", now, now);
  EXPECT_EQ(m.admit("a", now + 200s, now + 200s), admission::repeated);
  EXPECT_EQ(m.admit("a", now + 200s, now + 450s), admission::repeated);
}

TEST(StripeReplay, AdmitsNoReplayEvenWhenItsMemoryIsFull) {
  replay_memory m{300s, 2};
  EXPECT_EQ(m.admit("a", now, now), admission::admitted);
  EXPECT_EQ(m.admit("b", now + 1s, now), admission::admitted);
  EXPECT_EQ(m.admit("c", now + 2s, now), admission::admitted);
  EXPECT_EQ(m.size(), 2u);
  EXPECT_EQ(m.admit("a", now, now), admission::too_old);
  EXPECT_EQ(m.admit("b", now + 1s, now), admission::repeated);
}

TEST(StripeReplay, AdmitsAgainWhatCouldNotBeHandled) {
  replay_memory m{300s, 2};
  m.admit("a", now, now);
  m.forget("a");
  EXPECT_EQ(m.admit("a", now, now), admission::admitted);
  m.forget("unknown");
}

TEST(StripeWebhook, IsAdmittedByWhicheverSecretHasSignedIt) {
  std::vector<std::shared_ptr<webhook_verifier>> verifiers;
  for (const auto* x : {"whsec_one", "whsec_two", "whsec_three"})
    verifiers.push_back(std::make_shared<webhook_verifier>(webhook_options{.secret = x}));
  const auto admit = [&](std::string_view header, std::string_view text) {
    return admit_by_any(verifiers, header, text, now);
  };
  const auto refusal = [](const auto& x) { return std::get<webhook_refusal>(x); };
  for (const auto* x : {"whsec_one", "whsec_two", "whsec_three"}) {
    EXPECT_TRUE(std::holds_alternative<webhook_event>(admit(signature(now, body, x), body))) << x;
    EXPECT_EQ(refusal(admit(signature(now, body, x), body)), webhook_refusal::repeated) << x;
  }
  EXPECT_EQ(refusal(admit(signature(now - 1h, body, "whsec_two"), body)), webhook_refusal::too_old);
  EXPECT_EQ(refusal(admit(signature(now, "{}", "whsec_two"), "{}")), webhook_refusal::malformed);
  EXPECT_EQ(refusal(admit(signature(now, body, "whsec_four"), body)), webhook_refusal::bad_signature);
}

TEST(StripeWebhook, PutsItAllTogether) {
  webhook_verifier v{{.secret = secret}};
  const auto refusal = [](const auto& x) { return std::get<webhook_refusal>(x); };
  EXPECT_EQ(refusal(v.admit("", body, now)), webhook_refusal::bad_signature);
  EXPECT_EQ(refusal(v.admit(signature(now, "no event"), "no event", now)), webhook_refusal::malformed);
  const auto first = v.admit(signature(now), body, now);
  ASSERT_TRUE(std::holds_alternative<webhook_event>(first));
  EXPECT_EQ(refusal(v.admit(signature(now), body, now)), webhook_refusal::repeated);
  v.forget(std::get<webhook_event>(first));
  EXPECT_TRUE(std::holds_alternative<webhook_event>(v.admit(signature(now), body, now)));
}

} // namespace
} // namespace troupe::payment::stripe

#include "adapters/email/resend/twin.hpp"

#include "adapters/email/resend/codec.hpp"
#include "tests/adapters/email/samples.hpp"

#include <nlohmann/json.hpp>

namespace troupe::email::resend {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::noon;

class ResendTwin : public ::testing::Test {
protected:
  http::response send(const message& x, time_point at = noon) {
    auto request = encode(x);
    request.fields.emplace_back("Authorization", "Bearer re_1");
    return box.handle(request, at);
  }

  http::response post(const std::string& body) {
    return box.handle({"POST", "/emails", {{"Authorization", "Bearer re_1"}}, body}, noon);
  }

  static std::string name_in(const http::response& x) { return json::parse(x.body).value("name", ""); }

  message to(const std::string& address, const std::string& key) {
    auto x = test::some_message();
    x.to.address = address;
    x.key = key;
    return x;
  }

  inbox letters;
  twin box{{"re_1", 0, 24h}, letters, [n = std::uint64_t{7}]() mutable { return n *= 6364136223846793005u; }};
};

TEST_F(ResendTwin, PutsTheMailIntoTheInbox) {
  const auto answer = send(test::some_message());
  ASSERT_EQ(answer.status, 200) << answer.body;
  ASSERT_EQ(letters.letters().size(), 1u);
  const auto& x = letters.letters().front();
  EXPECT_EQ(x.id, json::parse(answer.body)["id"]);
  EXPECT_EQ(x.key, "o-1/confirmation");
  EXPECT_EQ(x.from, "The shop <shop@example.org>");
  EXPECT_EQ(x.subject, "Your order o-1");
  EXPECT_EQ(x.text, "plain\n");
  EXPECT_EQ(x.html, "<p>rich</p>\n");
}

TEST_F(ResendTwin, SendsOneMailPerKeyForADay) {
  const auto first = send(test::some_message());
  EXPECT_EQ(send(test::some_message(), noon + 24h - 1ms).body, first.body);
  EXPECT_EQ(letters.taken(), 1u);
  auto other = test::some_message();
  other.subject = "Another";
  const auto conflict = send(other, noon + 1h);
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(name_in(conflict), "invalid_idempotent_request");
  EXPECT_EQ(letters.taken(), 1u);
  EXPECT_EQ(send(other, noon + 24h).status, 200);
  EXPECT_EQ(letters.taken(), 2u);
}

TEST_F(ResendTwin, RemembersNoKeyOfWhatItRefused) {
  auto x = to("limited@example.org", "k");
  EXPECT_EQ(send(x).status, 429);
  EXPECT_EQ(send(x).status, 200);
}

TEST_F(ResendTwin, WantsItsKey) {
  EXPECT_EQ(box.handle({"POST", "/emails", {}, "{}"}, noon).status, 401);
  const auto wrong = box.handle({"POST", "/emails", {{"Authorization", "Bearer x"}}, "{}"}, noon);
  EXPECT_EQ(wrong.status, 403);
  EXPECT_EQ(name_in(wrong), "invalid_api_key");
  EXPECT_EQ(box.handle({"GET", "/emails", {}, ""}, noon).status, 405);
  EXPECT_EQ(box.handle({"POST", "/mails", {}, ""}, noon).status, 404);
}

TEST_F(ResendTwin, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(post("{").status, 400);
  EXPECT_EQ(post("{}").status, 422);
  for (const auto* body :
       {R"({"from":"a@b","to":[],"subject":"s","text":"t"})", R"({"from":"a@b","to":["x"],"subject":"s","text":"t"})",
        R"({"from":"a@b","to":[1],"subject":"s","text":"t"})", R"({"from":"a","to":["a@b"],"subject":"s","text":"t"})",
        R"({"from":"a@b","to":"a@b","text":"t"})", R"({"from":"a@b","to":"a@b","subject":"s"})"}) {
    const auto answer = post(body);
    EXPECT_EQ(answer.status, 422) << body;
    EXPECT_NE(json::parse(answer.body).value("message", "").find('`'), std::string::npos);
  }
  EXPECT_EQ(letters.taken(), 0u);
  EXPECT_EQ(post(R"({"from":"a@b","to":"a@b","subject":"s","text":"t"})").status, 200);
}

TEST_F(ResendTwin, HasRecipientsThatBehave) {
  EXPECT_EQ(decode(send(to("invalid@x", "1")), noon).error(), notification::mail_refusal::invalid_address);
  EXPECT_EQ(decode(send(to("blocked@x", "2")), noon).error(), notification::mail_refusal::blocked_domain);
  EXPECT_EQ(decode(send(to("limited@x", "3")), noon).error(), ec::rate_limited);
  EXPECT_EQ(decode(send(to("unavailable@x", "4")), noon).error(), ec::unavailable);
  EXPECT_TRUE(decode(send(to("unavailable@x", "4")), noon));
  EXPECT_TRUE(decode(send(to("bounce@x", "5")), noon));
  EXPECT_TRUE(letters.letters().back().bounced);
}

TEST_F(ResendTwin, LimitsRequestsBySecondWhenToldTo) {
  twin limited{{"re_1", 2, 24h}, letters, [] { return std::uint64_t{1}; }};
  auto request = encode(test::some_message());
  request.fields.emplace_back("Authorization", "Bearer re_1");
  limited.handle(request, noon);
  limited.handle(request, noon);
  const auto third = limited.handle(request, noon);
  EXPECT_EQ(third.status, 429);
  EXPECT_EQ(http::find(third.fields, "Retry-After"), "1");
  EXPECT_EQ(limited.handle(request, noon + 1s).status, 200);
}

} // namespace
} // namespace troupe::email::resend

#include "adapters/email/sendgrid/twin.hpp"

#include "adapters/email/sendgrid/codec.hpp"
#include "tests/adapters/email/samples.hpp"

#include <nlohmann/json.hpp>

namespace troupe::email::sendgrid {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::noon;

class SendgridTwin : public ::testing::Test {
protected:
  http::response send(const message& x, time_point at = noon) {
    auto request = encode(x);
    request.fields.emplace_back("Authorization", "Bearer SG.1");
    return box.handle(request, at);
  }

  http::response post(const json& body) {
    return box.handle(
      {"POST", "/v3/mail/send", {{"Authorization", "Bearer SG.1"}, {"Content-Type", "application/json"}}, body.dump()},
      noon);
  }

  static std::string field_in(const http::response& x) {
    const auto body = json::parse(x.body);
    return body["errors"][0]["field"].is_null() ? "" : body["errors"][0]["field"].get<std::string>();
  }

  message to(const std::string& address) {
    auto x = test::some_message();
    x.to.address = address;
    return x;
  }

  inbox letters;
  twin box{{"SG.1", 0}, letters, [n = std::uint64_t{7}]() mutable { return ++n; }};
};

TEST_F(SendgridTwin, PutsTheMailIntoTheInboxAsOftenAsItIsAsked) {
  const auto answer = send(test::some_message());
  ASSERT_EQ(answer.status, 202) << answer.body;
  EXPECT_TRUE(answer.body.empty());
  const auto& x = letters.letters().front();
  EXPECT_EQ(x.id, http::find(answer.fields, "X-Message-Id"));
  EXPECT_EQ(x.key, "o-1/confirmation");
  EXPECT_EQ(x.to, "\"Ada \\\"Countess\\\" L.\" <ada@example.org>");
  EXPECT_EQ(x.text, "plain\n");
  EXPECT_EQ(x.html, "<p>rich</p>\n");
  EXPECT_EQ(send(test::some_message()).status, 202);
  EXPECT_EQ(letters.taken(), 2u);
}

TEST_F(SendgridTwin, NamesTheFieldThatIsWrong) {
  const json good{{"personalizations", json::array({{{"to", json::array({{{"email", "a@b"}}})}}})},
                  {"from", {{"email", "s@b"}}},
                  {"subject", "s"},
                  {"content", json::array({{{"type", "text/plain"}, {"value", "t"}}})}};
  EXPECT_EQ(post(good).status, 202);
  const auto without = [&](const char* name) {
    auto x = good;
    x.erase(name);
    const auto answer = post(x);
    EXPECT_EQ(answer.status, 400);
    return field_in(answer);
  };
  EXPECT_EQ(without("personalizations"), "personalizations");
  EXPECT_EQ(without("from"), "from.email");
  EXPECT_EQ(without("subject"), "subject");
  EXPECT_EQ(without("content"), "content");
  auto bad = good;
  bad["personalizations"][0]["to"][0]["email"] = "nobody";
  EXPECT_EQ(field_in(post(bad)), "personalizations.0.to.0.email");
  bad = good;
  bad["content"][0]["value"] = "";
  EXPECT_EQ(field_in(post(bad)), "content.0.value");
  for (const json& strange :
       {json::array(), json{{"personalizations", {1}}}, json{{"personalizations", json::array({json::object()})}}})
    EXPECT_EQ(post(strange).status, 400) << strange;
  EXPECT_EQ(letters.taken(), 1u);
}

TEST_F(SendgridTwin, WantsItsKeyAndJson) {
  EXPECT_EQ(box.handle({"POST", "/v3/mail/send", {{"Authorization", "Bearer x"}}, "{}"}, noon).status, 401);
  EXPECT_EQ(box.handle({"POST", "/v3/mail/send", {{"Authorization", "Bearer SG.1"}}, "{}"}, noon).status, 415);
  EXPECT_EQ(box.handle({"GET", "/v3/mail/send", {}, ""}, noon).status, 405);
  EXPECT_EQ(box.handle({"POST", "/v3/mail", {}, ""}, noon).status, 404);
}

TEST_F(SendgridTwin, HasRecipientsThatBehave) {
  EXPECT_EQ(decode(send(to("invalid@x")), noon).error(), notification::mail_refusal::invalid_address);
  EXPECT_EQ(decode(send(to("blocked@x")), noon).error(), notification::mail_refusal::blocked_domain);
  const auto limited = decode(send(to("limited@x"), noon + 300ms), noon + 300ms).error();
  EXPECT_EQ(limited, ec::rate_limited);
  EXPECT_EQ(limited.context().get_as<std::int64_t>(0), 2'700) << "until a whole second";
  EXPECT_TRUE(decode(send(to("limited@x")), noon));
  EXPECT_EQ(decode(send(to("unavailable@x")), noon).error(), ec::unavailable);
  EXPECT_TRUE(decode(send(to("bounce@x")), noon));
  EXPECT_TRUE(letters.letters().back().bounced);
}

TEST_F(SendgridTwin, LimitsRequestsByMinuteWhenToldTo) {
  twin limited{{"", 1}, letters, [] { return std::uint64_t{1}; }};
  auto request = encode(test::some_message());
  request.fields.emplace_back("Authorization", "Bearer any");
  EXPECT_EQ(limited.handle(request, noon + 10s).status, 202);
  const auto second = limited.handle(request, noon + 20s);
  EXPECT_EQ(second.status, 429);
  EXPECT_EQ(http::find(second.fields, "X-RateLimit-Remaining"), "0");
  EXPECT_EQ(limited.handle(request, noon + 60s).status, 202);
}

} // namespace
} // namespace troupe::email::sendgrid

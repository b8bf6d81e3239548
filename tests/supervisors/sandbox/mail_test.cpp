// The mail side of the sandbox: where its twins stand, faults, and the pages of its inbox.
#include "supervisors/sandbox/inbox_page.hpp"
#include "supervisors/sandbox/sandbox.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::sandbox {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto noon = time_point{1'772'366'400'000ms};

class SandboxMail : public ::testing::Test {
protected:
  outcome resend(const std::string& key = "k-1", const std::string& to = "ada@example.org") {
    return box.handle({"POST",
                       "/resend/emails",
                       {{"Authorization", "Bearer t"}, {"Idempotency-Key", key}},
                       json{{"from", "a@b"}, {"to", {to}}, {"subject", "s <&>"}, {"html", "<p>\"hi\"</p>"}}.dump()},
                      noon);
  }

  outcome sendgrid() {
    return box.handle({"POST",
                       "/sendgrid/v3/mail/send",
                       {{"Authorization", "Bearer t"}, {"Content-Type", "application/json"}},
                       R"({"personalizations":[{"to":[{"email":"ada@example.org"}]}],"from":{"email":"a@b"},)"
                       R"("subject":"s","content":[{"type":"text/plain","value":"t"}]})"},
                      noon);
  }

  email::smtp::sink_answer smtp() {
    email::letter x;
    x.by = "smtp";
    return box.take_mail(std::move(x), noon);
  }

  http::response get(const std::string& target) { return box.handle({"GET", target, {}, {}}, noon).response; }

  void strike(const std::string& rule) {
    auto plan = parse_plan(R"({"rules":[)" + rule + "]}");
    ASSERT_TRUE(std::holds_alternative<fault_plan>(plan));
    box.set_faults(std::get<fault_plan>(std::move(plan)), noon);
  }

  sandbox box{{}, [n = std::uint64_t{1}]() mutable { return ++n; }, noon};
};

TEST_F(SandboxMail, LandsInOneInboxFromEveryProvider) {
  EXPECT_EQ(resend().response.status, 200);
  EXPECT_EQ(sendgrid().response.status, 202);
  EXPECT_TRUE(smtp().text.starts_with("250 "));
  const auto all = json::parse(get("/_sandbox/inbox.json").body);
  EXPECT_EQ(all["taken"], 3);
  ASSERT_EQ(all["mails"].size(), 3u);
  EXPECT_EQ(all["mails"][0]["by"], "smtp") << "the latest first";
  EXPECT_EQ(all["mails"][2]["key"], "k-1");
  EXPECT_EQ(json::parse(get("/_sandbox/inbox.json?to=ada%40").body)["mails"].size(), 2u);
  const auto first = json::parse(get("/_sandbox/inbox/1.json").body);
  EXPECT_EQ(first["html"], "<p>\"hi\"</p>");
  EXPECT_EQ(first["subject"], "s <&>");
  for (const auto* none : {"/_sandbox/inbox/9", "/_sandbox/inbox/0.json", "/_sandbox/inbox/", "/_sandbox/inbox/x"})
    EXPECT_EQ(get(none).status, 404) << none;
}

TEST_F(SandboxMail, IsForgottenByAReset) {
  resend();
  EXPECT_EQ(box.handle({"POST", "/_sandbox/reset", {}, {}}, noon).response.status, 204);
  EXPECT_TRUE(box.letters().letters().empty());
}

TEST_F(SandboxMail, ShowsAMailAsTextWhereverItIsNotFramed) {
  email::letter evil;
  for (auto* field : {&evil.from, &evil.to, &evil.subject, &evil.text, &evil.html, &evil.id, &evil.key, &evil.by})
    *field = "<script>alert(1)</script>\"'&";
  email::inbox letters;
  letters.add(evil);
  for (const auto& page : {inbox_page(letters), letter_page(letters.letters().front())}) {
    EXPECT_EQ(page.body.find("<script"), std::string::npos);
    EXPECT_EQ(page.body.find("alert(1)</script>\""), std::string::npos);
    const auto policy = http::find(page.fields, "Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  }
  const auto body = letter_page(letters.letters().front()).body;
  const auto frame = body.find("<iframe sandbox ");
  ASSERT_NE(frame, std::string::npos);
  const auto frame_tag = body.substr(frame, body.find('>', frame) - frame);
  EXPECT_EQ(frame_tag.find("allow-"), std::string::npos) << "the frame allows nothing";
}

TEST_F(SandboxMail, SaysThatAnEmptyInboxIsEmpty) {
  const auto page = get("/_sandbox/inbox");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("No mail yet"), std::string::npos);
}

TEST_F(SandboxMail, FailsAsAFaultSays) {
  strike(R"({"path": "/resend", "fault": "rate_limit", "retry_after_s": 9, "times": 1})");
  const auto limited = resend().response;
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(http::find(limited.fields, "Retry-After"), "9");
  EXPECT_EQ(json::parse(limited.body)["name"], "rate_limit_exceeded") << "in the provider's own form";
  EXPECT_EQ(resend().response.status, 200);

  strike(R"({"path": "/sendgrid", "fault": "drop_after"})");
  EXPECT_EQ(sendgrid().ending, sandbox_ending::dropped);
  EXPECT_EQ(box.letters().taken(), 2u) << "it acted";
  strike(R"({"path": "/sendgrid", "fault": "drop_before"})");
  EXPECT_EQ(sendgrid().ending, sandbox_ending::dropped);
  EXPECT_EQ(box.letters().taken(), 2u);
}

TEST_F(SandboxMail, FailsOverSmtpAsAFaultSays) {
  strike(R"({"path": "/smtp", "fault": "rate_limit"})");
  EXPECT_TRUE(smtp().text.starts_with("451 4.7.1 "));
  strike(R"({"path": "/smtp", "fault": "error"})");
  EXPECT_TRUE(smtp().text.starts_with("451 4.3.0 "));
  strike(R"({"path": "/smtp", "fault": "drop_before"})");
  EXPECT_TRUE(smtp().closes);
  EXPECT_EQ(box.letters().taken(), 0u);
  strike(R"({"path": "/smtp", "fault": "timeout_after", "hold_ms": 700, "delay_ms": 5})");
  const auto held = smtp();
  EXPECT_EQ(held.delay, 705ms);
  EXPECT_TRUE(held.closes && held.text.empty());
  EXPECT_EQ(box.letters().taken(), 1u);
}

} // namespace
} // namespace troupe::sandbox

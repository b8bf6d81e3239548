#include "adapters/email/smtp/codec.hpp"

#include "tests/adapters/email/samples.hpp"

#include <algorithm>

namespace troupe::email::smtp {
namespace {

using namespace std::chrono_literals;
using notification::mail_refusal;
using test::noon;

TEST(SmtpCodec, WritesTheHeaderFields) {
  const auto x = encode(test::some_message(), noon, 7s);
  EXPECT_EQ(x.from, "shop@example.org");
  EXPECT_EQ(x.to, "ada@example.org");
  EXPECT_EQ(x.timeout, 7s);
  EXPECT_EQ(x.text, "plain\r\n");
  EXPECT_EQ(x.html, "<p>rich</p>\r\n");
  EXPECT_EQ(x.fields, (std::vector<std::string>{
                        "From: The shop <shop@example.org>", "To: \"Ada \\\"Countess\\\" L.\" <ada@example.org>",
                        "Subject: Your order o-1", "Date: Sun, 01 Mar 2026 12:00:00 +0000",
                        "Message-ID: " + message_id_of(test::some_message()), "Auto-Submitted: auto-generated"}));
}

TEST(SmtpCodec, MakesTheMessageIdOfTheKey) {
  const auto id = message_id_of(test::some_message());
  EXPECT_TRUE(id.starts_with("<troupe.") && id.ends_with("@example.org>")) << id;
  auto other = test::some_message();
  other.subject = "Another";
  EXPECT_EQ(message_id_of(other), id) << "the same however often it is handed over";
  other.key = "o-2/confirmation";
  EXPECT_NE(message_id_of(other), id);
}

TEST(SmtpCodec, EncodesWhatIsNotAscii) {
  EXPECT_EQ(encoded_words("plain"), "plain");
  EXPECT_EQ(encoded_words("Gr\xc3\xbc\xc3\x9f"
                          "e"),
            "=?UTF-8?B?R3LDvMOfZQ==?=");
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += "\xe7\x8c\xab";
  const auto words = encoded_words(text);
  std::size_t lines = 0;
  for (std::size_t at = 0; at < words.size(); ++lines) {
    const auto end = std::min(words.find("\r\n ", at), words.size());
    EXPECT_LE(end - at, 75u);
    EXPECT_EQ((end - at - 12) % 4, 0u) << "each word is whole characters";
    at = end + 3;
  }
  EXPECT_EQ(lines, 7u);
}

caf::error error_of(int code, std::string text) {
  const auto x = decode(test::some_message(), {code, std::move(text)});
  return x ? caf::error{} : x.error();
}

TEST(SmtpCodec, AnswersTheMessageIdOfWhatIsTakenOver) {
  const auto got = decode(test::some_message(), {250, "2.0.0 Ok: queued as 4F2"});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->id, message_id_of(test::some_message()));
}

// As Postfix, Exchange and Gmail say it.
TEST(SmtpCodec, KnowsWhatARefusalMeans) {
  EXPECT_EQ(error_of(550, "5.1.1 <x@y>: Recipient address rejected: User unknown"), mail_refusal::invalid_address);
  EXPECT_EQ(error_of(553, "sorry, that domain isn't in my list"), mail_refusal::invalid_address);
  EXPECT_EQ(error_of(550, "5.7.1 Message rejected due to the domain's policy"), mail_refusal::blocked_domain);
  EXPECT_EQ(error_of(554, "Service unavailable; Client host blocked"), mail_refusal::blocked_domain);
  EXPECT_EQ(error_of(535, "5.7.8 Authentication credentials invalid"), ec::denied);
  EXPECT_EQ(error_of(530, "5.7.0 Must issue a STARTTLS command first"), ec::denied);
  EXPECT_EQ(error_of(552, "5.3.4 Message size exceeds fixed limit"), ec::refused);
  EXPECT_EQ(error_of(451, "4.7.1 Greylisting in action, please come back later"), ec::rate_limited);
  EXPECT_EQ(error_of(421, "4.3.2 Service shutting down"), ec::unavailable);
  EXPECT_EQ(error_of(450, "mailbox busy"), ec::unavailable);
  EXPECT_EQ(error_of(354, ""), ec::bad_response);
  EXPECT_EQ(error_of(0, ""), ec::bad_response);
}

} // namespace
} // namespace troupe::email::smtp

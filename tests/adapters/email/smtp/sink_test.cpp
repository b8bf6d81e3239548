#include "adapters/email/smtp/sink.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::email::smtp {
namespace {

class SmtpSink : public ::testing::Test {
protected:
  std::string say(const std::string& lines) {
    const auto answer = session.receive(lines);
    closed = closed || answer.closes;
    return answer.text;
  }

  void greet() { say("EHLO shop\r\n"); }

  std::vector<letter> taken;
  bool closed = false;
  bool failing = false;
  sink_limits limits{.message_bytes_max = 200, .line_bytes_max = 100, .recipients_max = 2, .errors_max = 3};
  sink_session session{[this](letter x) {
                         taken.push_back(std::move(x));
                         return sink_answer{"250 2.0.0 OK\r\n"};
                       },
                       [this](recipient_kind) { return failing; }, limits};
};

TEST_F(SmtpSink, TakesAMail) {
  EXPECT_TRUE(sink_session::greeting().starts_with("220 "));
  EXPECT_TRUE(say("EHLO shop\r\n").ends_with("250 SIZE 200\r\n"));
  EXPECT_EQ(say("MAIL FROM:<shop@example.org> SIZE=40\r\n"), "250 2.1.0 OK\r\n");
  EXPECT_EQ(say("RCPT TO:<ada@example.org>\r\n"), "250 2.1.5 OK\r\n");
  EXPECT_TRUE(say("DATA\r\n").starts_with("354 "));
  EXPECT_EQ(say("Subject: hi\r\n\r\n..dot\r\n"), "");
  EXPECT_EQ(say(".\r\n"), "250 2.0.0 OK\r\n");
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].by, "smtp");
  EXPECT_EQ(taken[0].from, "shop@example.org") << "the envelope's, where the mail names none";
  EXPECT_EQ(taken[0].to, "ada@example.org");
  EXPECT_EQ(taken[0].subject, "hi");
  EXPECT_EQ(taken[0].text, ".dot\r\n");
  EXPECT_TRUE(say("QUIT\r\n").starts_with("221 "));
  EXPECT_TRUE(closed);
}

TEST_F(SmtpSink, TakesTheSameHoweverItsBytesArrive) {
  const std::string all = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: s\r\n\r\nt\r\n.\r\nQUIT\r\n";
  std::string said;
  for (const char c : all)
    said += say({c});
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].subject, "s");
  sink_session other{[](letter) { return sink_answer{"250 2.0.0 OK\r\n"}; }, [](recipient_kind) { return false; },
                     limits};
  EXPECT_EQ(other.receive(all).text, said);
}

TEST_F(SmtpSink, KeepsTheOrderOfCommands) {
  EXPECT_TRUE(say("MAIL FROM:<a@b>\r\n").starts_with("503 "));
  greet();
  EXPECT_TRUE(say("RCPT TO:<a@b>\r\n").starts_with("503 "));
  EXPECT_TRUE(say("DATA\r\n").starts_with("503 "));
  EXPECT_TRUE(say("mail from:<a@b>\r\nrset\r\nMAIL FROM:<a@b>\r\n").ends_with("250 2.1.0 OK\r\n"));
}

TEST_F(SmtpSink, RefusesRecipientsThatBehave) {
  greet();
  say("MAIL FROM:<a@b>\r\n");
  EXPECT_TRUE(say("RCPT TO:<invalid@x>\r\n").starts_with("550 5.1.1 "));
  EXPECT_TRUE(say("RCPT TO:<blocked@x>\r\n").starts_with("550 5.7.1 "));
  failing = true;
  EXPECT_TRUE(say("RCPT TO:<limited@x>\r\n").starts_with("451 4.7.1 "));
  EXPECT_TRUE(say("RCPT TO:<unavailable@x>\r\n").starts_with("451 4.3.2 "));
  failing = false;
  EXPECT_TRUE(say("RCPT TO:<limited@x>\r\n").starts_with("250 "));
  EXPECT_TRUE(say("RCPT TO:nobody\r\n").starts_with("501 5.1.3 "));
  say("RCPT TO:<bounce@x>\r\nDATA\r\n\r\n.\r\n");
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_TRUE(taken[0].bounced);
}

TEST_F(SmtpSink, BoundsAMailAndItsLines) {
  greet();
  EXPECT_TRUE(say("MAIL FROM:<a@b> SIZE=201\r\n").starts_with("552 "));
  EXPECT_TRUE(say("MAIL FROM:<a@b> SIZE=99999999999999999999\r\n").starts_with("552 "));
  say("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\n");
  EXPECT_TRUE(say("RCPT TO:<e@f>\r\n").starts_with("452 ")) << "a recipient too many";
  say("DATA\r\n");
  for (int i = 0; i < 100; ++i)
    say("0123456789\r\n");
  EXPECT_TRUE(taken.empty());
}

TEST_F(SmtpSink, RefusesAMailThatIsTooLargeAndGoesOn) {
  greet();
  say("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
  for (int i = 0; i < 100; ++i)
    say("0123456789\r\n");
  EXPECT_TRUE(say(".\r\n").starts_with("552 5.3.4 "));
  EXPECT_TRUE(taken.empty());
  say("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n" + std::string(150, 'x') + "\r\n");
  EXPECT_TRUE(say(".\r\n").starts_with("552 5.3.4 ")) << "a line too long";
  EXPECT_EQ(say("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nok\r\n.\r\n").find("552"), std::string::npos);
  EXPECT_EQ(taken.size(), 1u);
}

TEST_F(SmtpSink, TakesNothingOfALongLineForACommand) {
  greet();
  const auto said = say(std::string(100, 'x') + "MAIL FROM:<a@b>\r\n");
  EXPECT_TRUE(said.starts_with("500 5.5.6 ")) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
}

TEST_F(SmtpSink, ClosesAfterTooManyErrors) {
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(say("HELP\r\n").starts_with("500 "));
  EXPECT_TRUE(say("HELP\r\nQUIT\r\n").starts_with("421 "));
  EXPECT_TRUE(closed);
}

TEST_F(SmtpSink, TakesAnyCredentials) {
  greet();
  EXPECT_TRUE(say("AUTH PLAIN AGEAYg==\r\n").starts_with("235 "));
  EXPECT_EQ(say("AUTH LOGIN\r\nYQ==\r\nYg==\r\n"), "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 Welcome\r\n");
  EXPECT_EQ(say("AUTH PLAIN\r\nAGEAYg==\r\n"), "334 \r\n235 2.7.0 Welcome\r\n");
  EXPECT_TRUE(say("AUTH CRAM-MD5\r\n").starts_with("504 "));
}

} // namespace
} // namespace troupe::email::smtp

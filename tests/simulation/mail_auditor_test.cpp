// The auditor of mails notices each kind of wrong by itself.
#include "tests/simulation/mail_auditor.hpp"

#include "actors/notification/stored.hpp"

#include <gtest/gtest.h>

namespace troupe::simulation {
namespace {

using namespace notification;

const std::string mail = "order-1/confirmation";

class MailAuditor : public testing::Test {
protected:
  void store(const event& what) {
    auto form = encode(what);
    journal::stored_event x;
    x.stream = {"notification", mail};
    x.version = ++version;
    x.type = std::move(form.type);
    x.schema = form.schema;
    x.data = std::move(form.data);
    x.personal = std::move(form.personal);
    audit.follow(x);
  }

  void ask_for_it() {
    store(requested{{"ada@example.org", ""}, "order_confirmation", "{}", category::transactional, {}});
  }

  void leave(const std::string& provider, caf::actor_id by = 1) {
    send_mail x;
    x.key = mail;
    audit.left(provider, x, by);
  }

  void expect(std::string_view part) const {
    EXPECT_NE(violation.find(part), std::string::npos) << '"' << violation << '"';
  }

  std::string violation;
  bool confirmed = true;
  mail_auditor audit{[this](std::string what) {
                       if (violation.empty())
                         violation = std::move(what);
                     },
                     [this](std::string_view) { return confirmed; }};
  std::uint64_t version = 0;
};

TEST_F(MailAuditor, AcceptsAMailThatIsSentOnce) {
  ask_for_it();
  leave("resend");
  EXPECT_FALSE(audit.taken("resend", mail));
  store(sent{"resend", "m-1"});
  audit.close();
  EXPECT_EQ(violation, "");
  EXPECT_TRUE(audit.asked_for("order-1"));
  EXPECT_FALSE(audit.asked_for("order-2"));
}

TEST_F(MailAuditor, AcceptsASecondTryOfWhoeverDoesNotKnowOfTheFirst) {
  ask_for_it();
  leave("sendgrid", 1);
  EXPECT_FALSE(audit.taken("sendgrid", mail));
  leave("sendgrid", 2);
  EXPECT_TRUE(audit.taken("sendgrid", mail));
  EXPECT_EQ(violation, "");
}

TEST_F(MailAuditor, RefusesAMailOfAnOrderThatIsNotConfirmed) {
  confirmed = false;
  ask_for_it();
  expect("before its order was durably confirmed");
}

TEST_F(MailAuditor, RefusesAMailBeforeItIsDurablyAskedFor) {
  leave("resend");
  expect("before it was durably asked for");
}

TEST_F(MailAuditor, RefusesATryBeforeTheOutcomeOfTheLast) {
  ask_for_it();
  leave("sendgrid");
  leave("sendgrid");
  expect("before the outcome of its last try was stored");
}

TEST_F(MailAuditor, RefusesATryAfterTheEnd) {
  ask_for_it();
  store(given_up{"timed_out", "resend"});
  leave("resend");
  expect("has ended as given up: timed_out");
}

TEST_F(MailAuditor, AcceptsThatAMailThatWasGivenUpIsPutBackAndSent) {
  ask_for_it();
  leave("resend");
  store(given_up{"unavailable", "resend"});
  store(put_back{"l/1", {}});
  leave("sendgrid");
  audit.taken("sendgrid", mail);
  store(sent{"sendgrid", "m-1"});
  audit.close();
  EXPECT_EQ(violation, "");
}

TEST_F(MailAuditor, RefusesThatAMailThatWasSentIsPutBack) {
  ask_for_it();
  leave("resend");
  audit.taken("resend", mail);
  store(sent{"resend", "m-1"});
  store(put_back{"l/1", {}});
  expect("was put back, and was not given up");
}

TEST_F(MailAuditor, RefusesAnotherProviderForWhatIsTaken) {
  ask_for_it();
  leave("resend");
  audit.taken("resend", mail);
  store(attempt_failed{"resend", ec::timed_out, 1, "sendgrid", {}});
  leave("sendgrid");
  expect("was taken by resend and left the node for sendgrid");
}

TEST_F(MailAuditor, RefusesThatAProviderThatRemembersKeysTakesItTwice) {
  ask_for_it();
  leave("resend", 1);
  audit.taken("resend", mail);
  leave("resend", 2);
  audit.taken("resend", mail);
  expect("resend took the mail order-1/confirmation twice");
}

TEST_F(MailAuditor, RefusesMoreMailsThanTriesAndDoubledCalls) {
  ask_for_it();
  leave("sendgrid");
  audit.doubled("sendgrid", mail);
  audit.taken("sendgrid", mail);
  audit.taken("sendgrid", mail);
  EXPECT_EQ(violation, "");
  audit.taken("sendgrid", mail);
  expect("more often than it left the node");
}

TEST_F(MailAuditor, RefusesThatWhatWasTakenSurelyFailed) {
  ask_for_it();
  leave("sendgrid");
  audit.taken("sendgrid", mail);
  store(attempt_failed{"sendgrid", ec::unavailable, 0, "resend", {}});
  expect("is said to have surely failed");
}

TEST_F(MailAuditor, RefusesAMailThatDoesNotEnd) {
  ask_for_it();
  audit.close();
  expect("has not ended");
}

} // namespace
} // namespace troupe::simulation

#include "actors/notification/notification.hpp"

#include <gtest/gtest.h>

namespace troupe::notification {
namespace {

using namespace std::chrono_literals;
using events = std::vector<event>;

constexpr auto noon = time_point{1'772'366'400'000ms};
const policy rules{.providers = {"resend", "sendgrid"}};

request_mail some_request() {
  return {{"o-1/confirmation"},
          {"ada@example.org", "Ada"},
          "order_confirmation",
          R"({"orderId":"o-1"})",
          category::transactional};
}

events made(const decision& x) {
  const auto* result = std::get_if<events>(&x);
  EXPECT_TRUE(result);
  return result ? *result : events{};
}

/// A mail and the time as it sees it.
struct story {
  state s;
  time_point now = noon;

  events tell(const decision& x) {
    auto result = made(x);
    for (const auto& e : result)
      s.apply(e, now);
    return result;
  }

  events fail(ec code, std::optional<duration> wait = {}) {
    const auto what = outstanding(s, now, rules);
    EXPECT_TRUE(what) << "nothing is to be done";
    return what ? tell(decide(s, try_failed{what->provider, code, wait}, now, rules)) : events{};
  }

  /// Until the next try is due; how long that was.
  duration wait() {
    const auto before = now;
    if (const auto at = wake_up(s))
      now = std::max(now, *at);
    return now - before;
  }

  std::string provider() const {
    const auto what = outstanding(s, now, rules);
    return what ? what->provider : "";
  }
};

story requested_mail() {
  story x;
  x.tell(decide(x.s, some_request(), noon, rules));
  return x;
}

TEST(NotificationDecide, SendsThroughTheFirstProvider) {
  auto x = requested_mail();
  EXPECT_EQ(outstanding(x.s, noon, rules), effect::send{"resend"});
  x.tell(decide(x.s, mail_accepted{"resend", "m-1"}));
  EXPECT_EQ(x.s.status, status::sent);
  EXPECT_FALSE(outstanding(x.s, noon, rules));
  EXPECT_FALSE(wake_up(x.s));
}

TEST(NotificationDecide, KnowsOneMailPerId) {
  auto x = requested_mail();
  EXPECT_TRUE(made(decide(x.s, some_request(), noon + 1h, rules)).empty());
  x.tell(decide(x.s, mail_accepted{"resend", "m-1"}));
  auto other = some_request();
  other.to.address = "grace@example.org";
  EXPECT_TRUE(made(decide(x.s, other, noon + 1h, rules)).empty());
  EXPECT_TRUE(made(decide(x.s, mail_accepted{"sendgrid", "m-2"})).empty()) << "a late answer";
}

TEST(NotificationDecide, RefusesWhatIsNoRequest) {
  auto x = some_request();
  x.id.value.clear();
  EXPECT_EQ(decide({}, x, noon, rules), decision{rejection::bad_id});
  x.id.value = std::string(id_bytes_max + 1, 'x');
  EXPECT_EQ(decide({}, x, noon, rules), decision{rejection::bad_id});
  x = some_request();
  x.template_name.clear();
  EXPECT_EQ(decide({}, x, noon, rules), decision{rejection::no_template});
  x = some_request();
  x.model = std::string(model_bytes_max + 1, ' ');
  EXPECT_EQ(decide({}, x, noon, rules), decision{rejection::model_too_large});
}

TEST(NotificationDecide, SkipsAnInvalidAddressWithoutAskingAnybody) {
  auto request = some_request();
  request.to.address = "nobody";
  story x;
  x.tell(decide(x.s, request, noon, rules));
  EXPECT_EQ(x.s.status, status::skipped);
  EXPECT_EQ(x.s.why, "invalid_address");
  EXPECT_FALSE(outstanding(x.s, noon, rules));
}

TEST(NotificationDecide, SkipsEverythingWithoutAProvider) {
  story x;
  x.tell(decide(x.s, some_request(), noon, policy{}));
  EXPECT_EQ(x.s.status, status::skipped);
  EXPECT_EQ(x.s.why, "no_provider");
}

TEST(NotificationDecide, WaitsAMinuteWhenLimited) {
  auto x = requested_mail();
  for (int i = 0; i < 10; ++i) {
    x.fail(ec::rate_limited);
    EXPECT_EQ(x.provider(), "") << "not yet";
    EXPECT_EQ(x.wait(), 60s);
    EXPECT_EQ(x.provider(), "resend") << "a limit costs no attempt and no change of provider";
  }
  x.fail(ec::rate_limited, 7s);
  EXPECT_EQ(x.wait(), 7s) << "what the provider asks for";
}

TEST(NotificationDecide, TriesThreeTimesWithoutAnAnswerAndStaysWithTheProvider) {
  for (const auto code : {ec::timed_out, ec::interrupted, ec::bad_response}) {
    auto x = requested_mail();
    x.fail(code);
    EXPECT_EQ(x.wait(), 10s);
    EXPECT_EQ(x.provider(), "resend");
    x.fail(code);
    EXPECT_EQ(x.wait(), 20s);
    EXPECT_EQ(x.provider(), "resend");
    EXPECT_EQ(x.fail(code), (events{given_up{std::string{name_of(code)}, "resend"}}));
  }
}

TEST(NotificationDecide, GoesToTheNextProviderWhenSurelyNothingWasSent) {
  auto x = requested_mail();
  x.fail(ec::unavailable);
  EXPECT_EQ(x.wait(), 0s);
  EXPECT_EQ(x.provider(), "sendgrid");
  x.fail(ec::unavailable);
  EXPECT_EQ(x.provider(), "") << "both were tried";
  EXPECT_EQ(x.wait(), 10s);
  EXPECT_EQ(x.provider(), "resend");
}

TEST(NotificationDecide, StaysWithTheProviderWhenATryBeforeThisOneMayHaveSentIt) {
  auto x = requested_mail();
  EXPECT_EQ(x.tell(decide(x.s, try_failed{"resend", ec::unavailable, {}, true}, x.now, rules)),
            (events{attempt_failed{"resend", ec::interrupted, 1, "resend", noon + 10s}}));
  EXPECT_EQ(x.wait(), 10s);
  EXPECT_EQ(x.provider(), "resend");
  x.fail(ec::unavailable);
  EXPECT_EQ(x.wait(), 10s);
  EXPECT_EQ(x.provider(), "resend") << "for good";
}

TEST(NotificationDecide, GivesUpAfterFiveAttemptsWithGrowingWaits) {
  auto x = requested_mail();
  for (const auto wait : {10s, 20s, 30s, 40s}) {
    x.fail(ec::unavailable);
    x.fail(ec::unavailable);
    EXPECT_EQ(x.wait(), wait);
  }
  x.fail(ec::denied);
  EXPECT_EQ(x.fail(ec::unavailable), (events{given_up{"unavailable", "sendgrid"}}));
}

TEST(NotificationDecide, NeverChangesTheProviderOnceTheMailMayHaveLeft) {
  auto x = requested_mail();
  x.fail(ec::timed_out);
  x.wait();
  x.fail(ec::unavailable);
  x.wait();
  EXPECT_EQ(x.provider(), "resend");
}

TEST(NotificationDecide, GivesUpWhatTheProviderRefuses) {
  auto x = requested_mail();
  EXPECT_EQ(x.fail(ec::refused), (events{given_up{"refused", "resend"}}));
}

TEST(NotificationDecide, SendsNothingOlderThanAnHour) {
  auto x = requested_mail();
  EXPECT_TRUE(made(decide(x.s, time_passed{}, noon + 1h - 1ms)).empty());
  EXPECT_FALSE(outstanding(x.s, noon + 1h, rules));
  x.tell(decide(x.s, time_passed{}, noon + 1h));
  EXPECT_EQ(x.s.status, status::given_up);
  EXPECT_EQ(x.s.why, "expired");
}

TEST(NotificationDecide, DoesNotWaitForATryThatWouldBeTooLate) {
  auto x = requested_mail();
  EXPECT_EQ(x.fail(ec::rate_limited, 1h), (events{given_up{"expired", "resend"}}));
}

TEST(NotificationDecide, SkipsAnAddressThatTheProviderRefuses) {
  auto x = requested_mail();
  x.tell(decide(x.s, try_refused{"resend", mail_refusal::invalid_address}));
  EXPECT_EQ(x.s.status, status::skipped);
  EXPECT_EQ(x.s.why, "invalid_address");
}

TEST(NotificationDecide, GivesUpABlockedDomainAndKeepsWhoBlocksIt) {
  auto x = requested_mail();
  x.tell(decide(x.s, try_refused{"resend", mail_refusal::blocked_domain}));
  EXPECT_EQ(x.s.status, status::given_up);
  EXPECT_EQ(x.s.why, "blocked_domain");
  EXPECT_EQ(x.s.provider, "resend");
}

TEST(NotificationDecide, FallsBackToTheDefaultTemplateOnce) {
  auto x = requested_mail();
  x.tell(decide(x.s, try_refused{"resend", mail_refusal::template_error}));
  EXPECT_EQ(x.s.template_name, default_template);
  EXPECT_EQ(x.provider(), "resend") << "at once";
  x.tell(decide(x.s, try_refused{"resend", mail_refusal::template_error}));
  EXPECT_EQ(x.s.status, status::given_up);
}

TEST(NotificationDecide, TakesAKeyThatWasUsedBeforeForSent) {
  auto x = requested_mail();
  x.tell(decide(x.s, try_refused{"resend", mail_refusal::already_accepted}));
  EXPECT_EQ(x.s.status, status::sent);
}

// ---- trying again what was given up --------------------------------------------------------------------------------

const try_again once_more{{"o-1/confirmation"}, "letter/replay/1"};

TEST(NotificationDecide, PutsAGivenUpMailBackWithAllItsTries) {
  auto x = requested_mail();
  x.fail(ec::refused);
  x.now += 3h;
  EXPECT_EQ(x.tell(decide(x.s, once_more, x.now, rules)), (events{put_back{"letter/replay/1", x.now + 1h}}));
  EXPECT_EQ(x.s.status, status::pending);
  EXPECT_EQ(x.s.to.address, "ada@example.org");
  EXPECT_EQ(x.provider(), "resend") << "at once, and with the first one";
  for (int i = 0; i < 4; ++i) {
    x.fail(ec::unavailable);
    x.fail(ec::unavailable);
    x.wait();
  }
  x.fail(ec::unavailable);
  EXPECT_EQ(x.fail(ec::unavailable), (events{given_up{"unavailable", "sendgrid"}}));
  EXPECT_EQ(x.s.times_given_up, 2u);
}

TEST(NotificationDecide, HeedsTheSameReplayOnce) {
  auto x = requested_mail();
  x.fail(ec::refused);
  x.tell(decide(x.s, once_more, x.now, rules));
  EXPECT_TRUE(made(decide(x.s, once_more, x.now, rules)).empty()) << "it is on its way";
  x.fail(ec::refused);
  EXPECT_TRUE(made(decide(x.s, once_more, x.now, rules)).empty()) << "it was given up again since";
  EXPECT_FALSE(made(decide(x.s, try_again{once_more.id, "letter/replay/2"}, x.now, rules)).empty());
}

TEST(NotificationDecide, TriesNothingAgainThatWasSentOrCannotBe) {
  auto x = requested_mail();
  EXPECT_TRUE(made(decide(x.s, once_more, noon, rules)).empty()) << "it is on its way";
  x.tell(decide(x.s, mail_accepted{"resend", "m-1"}));
  EXPECT_TRUE(made(decide(x.s, once_more, noon, rules)).empty());
  EXPECT_EQ(decide({}, once_more, noon, rules), decision{rejection::unknown_mail});
  auto skipped_one = requested_mail();
  skipped_one.tell(decide(skipped_one.s, try_refused{"resend", mail_refusal::invalid_address}));
  EXPECT_EQ(decide(skipped_one.s, once_more, noon, rules), decision{rejection::not_given_up});
  auto lost = requested_mail();
  lost.fail(ec::refused);
  EXPECT_EQ(decide(lost.s, once_more, noon, policy{}), decision{rejection::no_provider});
  lost.s.to = {};
  EXPECT_EQ(decide(lost.s, once_more, noon, rules), decision{rejection::erased});
}

TEST(NotificationDecide, StaysWithTheProviderThroughWhichTheMailMayHaveLeft) {
  const auto put_back_after = [](story x) {
    while (x.s.status == status::pending) {
      x.wait();
      x.fail(ec::timed_out, 25min); // The last one would be too late.
    }
    x.tell(decide(x.s, once_more, x.now, rules));
    return x;
  };
  auto moved_on = requested_mail();
  moved_on.fail(ec::unavailable);
  ASSERT_EQ(moved_on.provider(), "sendgrid");
  auto x = put_back_after(moved_on);
  EXPECT_EQ(x.provider(), "sendgrid");
  x.fail(ec::unavailable);
  x.wait();
  EXPECT_EQ(x.provider(), "sendgrid") << "the other one would send it a second time";

  auto late = requested_mail();
  late.now = noon + 59min;
  late.fail(ec::timed_out, 25min);
  ASSERT_EQ(late.s.why, "expired");
  late.tell(decide(late.s, once_more, late.now, rules));
  late.fail(ec::unavailable);
  late.wait();
  EXPECT_EQ(late.provider(), "resend");
}

TEST(NotificationDecide, UsesTheTemplateThatWasAskedForAgain) {
  auto x = requested_mail();
  x.tell(decide(x.s, try_refused{"resend", mail_refusal::template_error}));
  x.tell(decide(x.s, try_refused{"resend", mail_refusal::template_error}));
  ASSERT_EQ(x.s.status, status::given_up);
  x.tell(decide(x.s, once_more, x.now, rules));
  EXPECT_EQ(x.s.template_name, "order_confirmation") << "somebody may have mended it";
}

TEST(NotificationDecide, KeepsNoPersonalDataOfAMailThatNobodyTriesAgain) {
  for (const event& end : events{sent{"resend", "m-1"}, skipped{"invalid_address"}}) {
    auto x = requested_mail();
    ASSERT_FALSE(x.s.model.empty());
    x.s.apply(end, noon);
    EXPECT_EQ(x.s.to, mailbox{});
    EXPECT_TRUE(x.s.model.empty());
  }
}

TEST(NotificationOutstanding, AsksTheFirstProviderInPlaceOfOneThatIsNotConfiguredAnyMore) {
  auto x = requested_mail();
  x.fail(ec::unavailable);
  ASSERT_EQ(x.provider(), "sendgrid");
  EXPECT_EQ(outstanding(x.s, x.now, policy{.providers = {"smtp"}}), effect::send{"smtp"});
}

TEST(MailAddress, IsWhatAServerCouldTake) {
  for (const auto* good : {"ada@example.org", "a.b+c@x", "o'hara@example.org", "j\xc3\xb6rg@example.org"})
    EXPECT_TRUE(is_mail_address(good)) << good;
  for (const auto* bad : {"", "ada", "@x", "ada@", "a b@x", "a@b@c", "a@x\r\nBcc: b@y", "<a@x>", "a@.x", "a@x.",
                          "a@x..y", "a@-x", "a,b@x"})
    EXPECT_FALSE(is_mail_address(bad)) << bad;
  EXPECT_FALSE(is_mail_address(std::string(65, 'a') + "@x"));
  EXPECT_FALSE(is_mail_address("a@" + std::string(253, 'x')));
}

} // namespace
} // namespace troupe::notification

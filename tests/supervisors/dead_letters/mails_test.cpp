// From a stored fact to its letter.
#include "supervisors/dead_letters/mails.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <optional>
#include <vector>

namespace troupe {
namespace {

using dead_letter::dead_letter_actor;
using notification::mail_view;
using notification::notification_actor;

class MailLetterSink : public troupe::test::deterministic_system {
protected:
  void start() {
    const auto mails = sys.spawn([this](notification_actor::pointer) -> notification_actor::behavior_type {
      return {[](const request_context&, const notification::request_mail&) -> caf::result<mail_view> {
                return caf::make_error(ec::refused);
              },
              [](const request_context&, const notification::try_again&) -> caf::result<mail_view> {
                return caf::make_error(ec::refused);
              },
              [this](const request_context&, const notification::get_mail& x) -> caf::result<mail_view> {
                auto result = mail;
                result.id = x.id;
                return result;
              }};
    });
    const auto letters = sys.spawn([this](dead_letter_actor::pointer) -> dead_letter_actor::behavior_type {
      return {[this](const request_context&, const dead_letter::record& x) -> caf::result<dead_letter::view> {
                if (refuses)
                  return caf::make_error(*refuses);
                recorded.push_back(x);
                return dead_letter::view{x.id, {}, false};
              },
              [](const request_context&, const dead_letter::replay&) -> caf::result<dead_letter::view> {
                return caf::make_error(ec::refused);
              },
              [](const request_context&, const dead_letter::discard&) -> caf::result<dead_letter::view> {
                return caf::make_error(ec::refused);
              },
              [](const request_context&, const dead_letter::get_letter&) -> caf::result<dead_letter::view> {
                return caf::make_error(ec::refused);
              },
              [](const request_context&, const dead_letter::await_replay&) -> caf::result<dead_letter::view> {
                return caf::make_error(ec::refused);
              }};
    });
    sink = spawn_mail_letter_sink(sys, mails, letters);
    run();
  }

  void TearDown() override {
    sink = nullptr;
    deterministic_system::TearDown();
  }

  /// None when the event was taken over.
  caf::error pass_on() {
    journal::stored_event event;
    event.stream = {"notification", "o-1/confirmation"};
    event.version = 3;
    event.type = "notification.given_up";
    auto asked = self->request(sink, caf::infinite,
                               outlet::deliver{"letters", std::make_shared<const journal::stored_event>(event), {}});
    run();
    caf::error result;
    asked.receive([] {}, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  mail_view mail;
  std::optional<ec> refuses;
  std::vector<dead_letter::record> recorded;
  outlet::sink_actor sink;
};

TEST_F(MailLetterSink, RecordsTheSameLetterForTheSameMail) {
  mail.status = notification::status::given_up;
  mail.why = "timed_out";
  mail.attempts = 3;
  start();
  EXPECT_FALSE(pass_on());
  EXPECT_FALSE(pass_on());
  ASSERT_EQ(recorded.size(), 2u);
  EXPECT_EQ(recorded[0].id, recorded[1].id);
  const auto& letter = recorded[0].letter;
  EXPECT_EQ(letter.source, dead_letter::source::exhausted_effect);
  EXPECT_EQ(letter.code, "timed_out");
  EXPECT_EQ(letter.attempts, 3u);
  EXPECT_EQ(letter.about, (dead_letter::reference{"notification", "o-1/confirmation", 0, "send"}));
}

TEST_F(MailLetterSink, TakesNothingOverThatIsNotRecorded) {
  mail.status = notification::status::given_up;
  refuses = ec::store_unavailable;
  start();
  EXPECT_EQ(pass_on(), ec::store_unavailable);
  EXPECT_TRUE(recorded.empty());
}

TEST_F(MailLetterSink, RecordsNoLetterForAMailThatGoesOn) {
  mail.status = notification::status::pending;
  start();
  EXPECT_FALSE(pass_on());
  EXPECT_TRUE(recorded.empty());
}

TEST(MailLetters, WantWhatIsStoredWhenAMailIsGivenUp) {
  const auto about = mail_letters({});
  EXPECT_EQ(about.context, "notification");
  EXPECT_EQ(about.types, std::vector<std::string>{"notification.given_up"});
}

} // namespace
} // namespace troupe

#include "adapters/email/paced.hpp"

#include "tests/adapters/email/samples.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>
#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace troupe::email {
namespace {

using namespace std::chrono_literals;
using notification::category;
using notification::send_mail;

TEST(MailBucket, GivesItsBurstAndThenItsRate) {
  bucket x{{100, 1s, 3}};
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(x.take(test::noon));
  EXPECT_EQ(x.take(test::noon), 10ms);
  EXPECT_EQ(x.take(test::noon + 4ms), 6ms);
  EXPECT_FALSE(x.take(test::noon + 10ms));
  EXPECT_TRUE(x.take(test::noon + 10ms));
}

TEST(MailBucket, LosesNothingToRounding) {
  bucket x{{1'000, 1h, 2}};
  auto now = test::noon;
  int taken = 0;
  for (; now < test::noon + 1h; now += 7ms)
    taken += !x.take(now);
  EXPECT_EQ(taken, 1'001) << "the two that it began with, and the rate of an hour less the last token";
}

TEST(MailBucket, HoldsNoMoreThanItsBurstAfterAnyPause) {
  bucket x{{1'000'000, 1h, 2}};
  EXPECT_FALSE(x.take(test::noon));
  const auto later = test::noon + std::chrono::days{10'000};
  EXPECT_FALSE(x.take(later));
  EXPECT_FALSE(x.take(later));
  EXPECT_TRUE(x.take(later));
  EXPECT_TRUE(x.take(test::noon)) << "time that goes back fills nothing";
}

/// A provider that answers when the test says so.
struct held_provider {
  std::vector<std::string> asked; // keys
  std::vector<caf::typed_response_promise<notification::accepted>> waiting;
};

class PacedMailer : public troupe::test::deterministic_system {
protected:
  void start(pace_options with) {
    const auto made =
      sys.spawn([book = book](notification::mailer_actor::pointer self) -> notification::mailer_actor::behavior_type {
        return {[self, book](const request_context&, const send_mail& x) -> caf::result<notification::accepted> {
          book->asked.push_back(x.key);
          book->waiting.push_back(self->make_response_promise<notification::accepted>());
          return book->waiting.back();
        }};
      });
    provider = caf::actor_cast<caf::actor>(made);
    actor = spawn_paced(sys, made, with, [this] { return now(); });
  }

  void TearDown() override {
    // What is kept waiting refers to them.
    self->send_exit(actor, caf::exit_reason::kill);
    self->send_exit(provider, caf::exit_reason::kill);
    run();
    book->waiting.clear();
    actor = nullptr;
    provider = nullptr;
    deterministic_system::TearDown();
  }

  auto ask(std::string key, category kind, time_point deadline = time_point::max()) {
    auto mail = test::some_mail();
    mail.key = std::move(key);
    mail.kind = kind;
    auto response = self->request(actor, caf::infinite, request_context{"t", {}, deadline}, std::move(mail));
    run();
    return response;
  }

  template <class Response> caf::error error_of(Response& response) {
    caf::error result;
    response.receive([](const notification::accepted&) {}, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  void answer(std::size_t i) {
    // Within the provider: a promise is delivered by the actor that made it.
    caf::anon_send(provider,
                   caf::make_action([book = book, i] { book->waiting.at(i).deliver(notification::accepted{"m"}); }));
    run();
  }

  std::shared_ptr<held_provider> book = std::make_shared<held_provider>();
  notification::mailer_actor actor;
  caf::actor provider;
};

TEST_F(PacedMailer, LimitsEachCategoryByItself) {
  pace_options with;
  with.bulk = {1'000, 1h, 1};
  start(with);
  ask("b1", category::bulk);
  auto second = ask("b2", category::bulk);
  const auto refused = error_of(second);
  EXPECT_EQ(refused, ec::rate_limited);
  ASSERT_TRUE(refused.context().match_elements<std::int64_t>());
  EXPECT_EQ(refused.context().get_as<std::int64_t>(0), 3'600);
  ask("t1", category::transactional);
  EXPECT_EQ(book->asked, (std::vector<std::string>{"b1", "t1"}));
}

TEST_F(PacedMailer, SendsTransactionalMailsFirst) {
  pace_options with;
  with.in_flight_max = 1;
  start(with);
  ask("b1", category::bulk);
  ask("b2", category::bulk);
  ask("b3", category::bulk);
  ask("t1", category::transactional);
  EXPECT_EQ(book->asked, (std::vector<std::string>{"b1"}));
  answer(0);
  answer(1);
  EXPECT_EQ(book->asked, (std::vector<std::string>{"b1", "t1", "b2"}));
}

TEST_F(PacedMailer, RefusesWhatDoesNotFitAndWhatIsTooLate) {
  pace_options with;
  with.in_flight_max = 1;
  with.waiting_max = 1;
  start(with);
  ask("t1", category::transactional);
  auto late = ask("t2", category::transactional, now() + 1s);
  auto more = ask("t3", category::transactional);
  EXPECT_EQ(error_of(more), ec::overloaded);
  advance(1s);
  answer(0);
  EXPECT_EQ(error_of(late), ec::deadline);
  EXPECT_EQ(book->asked, std::vector<std::string>{"t1"});
}

TEST_F(PacedMailer, EndsWithItsProviderSoThatBothAreStartedAgain) {
  start({});
  caf::error ended;
  const auto watch = sys.spawn([&ended, watched = actor](caf::event_based_actor* w) -> caf::behavior {
    w->set_down_handler([&ended](const caf::down_msg& x) { ended = x.reason; });
    w->monitor(watched);
    return {[](caf::unit_t) {}};
  });
  run();
  self->send_exit(provider, caf::exit_reason::kill);
  run();
  EXPECT_EQ(ended, caf::exit_reason::kill) << "its supervisor hears of it";
  self->send_exit(watch, caf::exit_reason::kill);
}

} // namespace
} // namespace troupe::email

#include "supervisors/resilience/guard.hpp"

#include "actors/payment/provider.hpp"
#include "actors/timer.hpp"
#include "supervisors/resilience/payment_port.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/after.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>

namespace troupe::resilience {
namespace {

using namespace std::chrono_literals;
using payment::provider_actor;

/// What the provider does with one attempt.
struct scripted {
  std::optional<caf::error> failure; // else an answer
  bool silent = false;
  duration after{0}; // then it answers all the same
};

struct provider_script {
  std::deque<scripted> next; // then it answers
  std::vector<std::pair<std::string, time_point>> attempts;
  std::vector<time_point> deadlines;
  std::vector<std::string> keys;
  std::vector<caf::typed_response_promise<payment::payment>> open; // of silent attempts
  std::vector<caf::typed_response_promise<payment::payments>> open_reads;
  std::vector<caf::typed_response_promise<payment::refunded>> open_refunds;
};

class Guard : public test::deterministic_system {
protected:
  Guard() {
    rules.name = "payment-api";
    rules.source = "troupe.yaml:42";
    rules.timeout = 5s;
    rules.deadline = 20s;
    rules.breaker.failures = 0;
    rules.retry.attempts = 3;
    rules.retry.base = 1s;
    rules.retry.budget_floor = 100;
  }

  void TearDown() override {
    if (shield)
      self->send_exit(provider, caf::exit_reason::user_shutdown);
    shield.reset();
    provider = nullptr;
    script.open.clear();
    script.open_reads.clear();
    run();
    deterministic_system::TearDown();
  }

  template <class Answer, class Command>
  caf::result<Answer> serve(provider_actor::pointer who, const char* what, const request_context& context,
                            const Command&, Answer good, std::vector<caf::typed_response_promise<Answer>>* open) {
    script.attempts.emplace_back(what, now());
    script.deadlines.push_back(context.deadline);
    auto act = scripted{};
    if (!script.next.empty()) {
      act = script.next.front();
      script.next.pop_front();
    }
    if (act.silent) {
      auto reply = who->make_response_promise<Answer>();
      if (act.after > 0s)
        run_later(who, act.after, [reply, act, good]() mutable {
          if (act.failure)
            reply.deliver(*act.failure);
          else
            reply.deliver(good);
        });
      else
        open->push_back(reply); // never
      return reply;
    }
    if (act.failure)
      return *act.failure;
    return good;
  }

  provider_actor::behavior_type behavior(provider_actor::pointer who) {
    const payment::payment good{"p-1", payment::payment_status::authorized, {}, ""};
    return {
      [=, this](const request_context& c, const payment::authorize& x) {
        script.keys.push_back(x.key);
        return serve(who, "authorize", c, x, good, &script.open);
      },
      [=, this](const request_context& c, const payment::capture& x) {
        return serve(who, "capture", c, x, good, &script.open);
      },
      [=, this](const request_context& c, const payment::void_payment& x) {
        return serve(who, "void", c, x, good, &script.open);
      },
      [=, this](const request_context& c, const payment::refund& x) {
        return serve<payment::refunded>(who, "refund", c, x, {"r-1", payment::refund_status::succeeded},
                                        &script.open_refunds);
      },
      [=, this](const request_context& c, const payment::find_payments& x) {
        return serve<payment::payments>(who, "find", c, x, {{good}}, &script.open_reads);
      },
    };
  }

  provider_actor guarded() {
    provider = caf::actor_cast<caf::actor>(sys.spawn([this](provider_actor::pointer who) { return behavior(who); }));
    observer told;
    told.attempted = [this](const finished_attempt& x) {
      attempted.emplace_back(x.attempted, x.answered ? ec{} : x.failure);
    };
    told.decided = [this](const decided& x) { decisions.emplace_back(std::string{x.what}, std::string{x.why}); };
    told.breaker = [this](std::string_view, breaker_state x) { breaker.push_back(x); };
    auto port = payment_port("main", 24h);
    port.held_back = held_back;
    shield = guard::spawn(
      sys, caf::actor_cast<caf::strong_actor_ptr>(provider), port, rules, [this] { return now(); },
      [] { return std::uint64_t{0}; }, told);
    return shield->as<provider_actor>();
  }

  template <class Command> void send(const provider_actor& whom, Command x, time_point deadline = time_point::max()) {
    using answer = std::conditional_t<
      std::is_same_v<Command, payment::find_payments>, payment::payments,
      std::conditional_t<std::is_same_v<Command, payment::refund>, payment::refunded, payment::payment>>;
    sys.spawn([this, whom, x, deadline](caf::event_based_actor* me) {
      me->request(whom, caf::infinite, request_context{"order/o-1", {}, deadline}, x)
        .then(
          [this](const answer& x) {
            ends.emplace_back(caf::error{});
            tries = x.tried;
          },
          [this](caf::error& e) {
            ends.push_back(e);
            tries = payment::tried_before(e);
          });
    });
    run();
  }

  payment::authorize some_authorize() const { return {"o-1", "o-1/authorize", {1290, *currency::parse("EUR")}, "tok"}; }

  /// The error of the only call so far; none for an answer.
  caf::error end() const {
    EXPECT_EQ(ends.size(), 1u);
    return ends.empty() ? caf::make_error(caf::sec::none) : ends.back();
  }

  policy rules;
  std::function<std::string()> held_back;
  provider_script script;
  caf::actor provider;
  std::optional<guard> shield;
  std::vector<caf::error> ends;
  std::vector<payment::tried> tries; // with the latest of them
  std::vector<std::pair<bool, ec>> attempted;
  std::vector<std::pair<std::string, std::string>> decisions;
  std::vector<breaker_state> breaker;
};

const scripted fails_now{caf::make_error(ec::unavailable)};
const scripted says_nothing{std::nullopt, true};

TEST_F(Guard, PassesCallsAndAnswersOn) {
  const auto port = guarded();
  send(port, some_authorize());
  EXPECT_FALSE(end());
  send(port, payment::find_payments{"o-1"});
  EXPECT_EQ(ends.size(), 2u);
  EXPECT_FALSE(ends.back());
  ASSERT_EQ(script.attempts.size(), 2u);
  EXPECT_EQ(script.attempts[1].first, "find");
  EXPECT_EQ(attempted, (std::vector<std::pair<bool, ec>>{{true, ec{}}, {true, ec{}}}));
  EXPECT_TRUE(decisions.empty());
}

TEST_F(Guard, RepeatsWithTheSameKeyAfterAPause) {
  const auto port = guarded();
  script.next = {fails_now, fails_now};
  const auto begin = now();
  send(port, some_authorize());
  EXPECT_EQ(script.attempts.size(), 1u);
  advance(999ms);
  EXPECT_EQ(script.attempts.size(), 1u);
  advance(1ms);
  advance(2s);
  ASSERT_EQ(script.attempts.size(), 3u);
  EXPECT_EQ(script.attempts[1].second, begin + 1s);
  EXPECT_EQ(script.attempts[2].second, begin + 3s);
  EXPECT_EQ(script.keys, (std::vector<std::string>(3, "o-1/authorize")));
  EXPECT_FALSE(end());
  EXPECT_EQ(shield->look().retried, 2u);
}

TEST_F(Guard, SaysWhatItTriedWhenItGivesUp) {
  const auto port = guarded();
  script.next = {fails_now, fails_now, {make_failure(ec::unavailable, 12s)}};
  send(port, some_authorize());
  advance(1s);
  advance(2s);
  EXPECT_EQ(code_of(end()), ec::unavailable);
  EXPECT_EQ(wait_of(end()), duration{12s});
  EXPECT_EQ(reason_of(end()), "policy \"payment-api\" (troupe.yaml:42): attempt 3 of 3: unavailable, given up");
  const auto recent = shield->look().recent;
  ASSERT_EQ(recent.size(), 3u);
  EXPECT_EQ(recent[0].what, "retried");
  EXPECT_EQ(recent[2].what, "gave_up");
  EXPECT_EQ(recent[2].caller, "order/o-1");
  EXPECT_EQ(recent[2].operation, "authorize");
}

TEST_F(Guard, TellsWithTheAnswerWhatItTriedBefore) {
  const auto port = guarded();
  script.next = {fails_now, fails_now};
  const auto begin = now();
  send(port, some_authorize());
  advance(1s);
  advance(2s);
  EXPECT_FALSE(end());
  ASSERT_EQ(tries.size(), 2u);
  EXPECT_EQ(tries[0].at, begin);
  EXPECT_EQ(tries[0].operation, "authorize");
  EXPECT_EQ(tries[0].what, "retried");
  EXPECT_EQ(tries[0].why.find("policy \"payment-api\" (troupe.yaml:42): attempt 1 of 3: unavailable, again in 1 s"), 0u)
    << tries[0].why;
  EXPECT_EQ(tries[1].at, begin + 1s);
  send(port, some_authorize());
  EXPECT_TRUE(tries.empty()) << "of another call";
}

TEST_F(Guard, TellsOfEveryKindOfCallWhatItTriedBefore) {
  const auto port = guarded();
  const auto retried = [&](auto command) {
    script.next = {fails_now};
    send(port, command);
    advance(1s);
    return tries.size() == 1 ? tries[0].operation : "nothing";
  };
  EXPECT_EQ(retried(some_authorize()), "authorize");
  EXPECT_EQ(retried(payment::capture{}), "capture");
  EXPECT_EQ(retried(payment::void_payment{}), "void");
  EXPECT_EQ(retried(payment::refund{}), "refund");
  EXPECT_EQ(retried(payment::find_payments{"o-1"}), "find");
}

TEST_F(Guard, TellsWithItsErrorWhatItTriedBefore) {
  const auto port = guarded();
  script.next = {fails_now, fails_now, {make_failure(ec::unavailable, 12s)}};
  send(port, some_authorize());
  advance(1s);
  advance(2s);
  ASSERT_EQ(tries.size(), 2u);
  EXPECT_EQ(wait_of(end()), duration{12s});
  EXPECT_NE(reason_of(end()).find("attempt 3 of 3"), std::string::npos);
}

TEST_F(Guard, TellsOfASlowReadThatItMadeItOnceMore) {
  rules.hedge_after = 1s;
  const auto port = guarded();
  script.next = {says_nothing};
  send(port, payment::find_payments{"o-1"});
  advance(1s);
  ASSERT_EQ(tries.size(), 1u);
  EXPECT_EQ(tries[0].what, "hedged");
  EXPECT_EQ(tries[0].why, "no answer for 1 s");
}

TEST_F(Guard, TellsOfTheFirstTriesAndTheLatest) {
  rules.retry.attempts = 100;
  rules.retry.backoff = backoff::constant;
  rules.deadline = 200s;
  const auto port = guarded();
  script.next.assign(60, fails_now);
  const auto begin = now();
  send(port, some_authorize());
  for (int i = 0; i < 60; ++i)
    advance(1s);
  EXPECT_FALSE(end());
  ASSERT_EQ(tries.size(), done_max);
  EXPECT_EQ(tries.front().at, begin);
  EXPECT_EQ(tries.back().at, begin + 59s);
}

TEST_F(Guard, GivesEachAttemptADeadlineOfItsOwn) {
  const auto port = guarded();
  script.next = {fails_now};
  const auto begin = now();
  send(port, some_authorize(), begin + 4s);
  advance(1s);
  EXPECT_EQ(script.deadlines, (std::vector{begin + 4s, begin + 4s}));
  ends.clear();
  const auto later = now();
  send(port, some_authorize());
  EXPECT_EQ(script.deadlines.back(), later + 5s);
}

TEST_F(Guard, BeginsNoAttemptAfterTheDeadlineOfTheRequest) {
  const auto port = guarded();
  script.next = {fails_now};
  send(port, some_authorize(), now() + 500ms);
  EXPECT_EQ(code_of(end()), ec::unavailable);
  advance(10s);
  EXPECT_EQ(script.attempts.size(), 1u);
  send(port, some_authorize(), now());
  EXPECT_EQ(code_of(ends.back()), ec::deadline);
  EXPECT_EQ(script.attempts.size(), 1u);
}

TEST_F(Guard, TakesAnAttemptWithoutAnAnswerToHaveTimedOut) {
  rules.retry.attempts = 1;
  const auto port = guarded();
  script.next = {says_nothing};
  send(port, some_authorize());
  advance(5s);
  EXPECT_TRUE(ends.empty());
  advance(1s);
  EXPECT_EQ(code_of(end()), ec::timed_out);
  EXPECT_EQ(shield->look().under_way, 0u);
}

TEST_F(Guard, DropsAnAnswerThatComesAfterItWasGivenUp) {
  const auto port = guarded();
  script.next = {{caf::make_error(ec::refused), true, 7s}, {std::nullopt, true, 3s}};
  send(port, some_authorize());
  advance(5250ms);
  advance(1s);
  ASSERT_EQ(script.attempts.size(), 2u);
  advance(750ms);
  EXPECT_TRUE(ends.empty()) << "it is the second attempt's turn to answer";
  advance(2250ms);
  EXPECT_FALSE(end());
}

TEST_F(Guard, StaysUncertainAboutMoneyWhateverTheLastAttemptSays) {
  const auto port = guarded();
  script.next = {{caf::make_error(ec::timed_out)}, {caf::make_error(ec::refused)}};
  send(port, some_authorize());
  advance(1s);
  EXPECT_EQ(script.attempts.size(), 2u);
  EXPECT_TRUE(may_have_acted(code_of(end())));
}

TEST_F(Guard, OpensItsBreakerAndSaysSoToEveryCaller) {
  rules.breaker.failures = 5;
  rules.breaker.open_time = 30s;
  rules.retry.attempts = 1;
  const auto port = guarded();
  for (int i = 0; i < 5; ++i)
    script.next.push_back(fails_now);
  for (int i = 0; i < 6; ++i)
    send(port, some_authorize());
  EXPECT_EQ(script.attempts.size(), 5u);
  EXPECT_EQ(code_of(ends.back()), ec::circuit_open);
  EXPECT_EQ(wait_of(ends.back()), duration{30s});
  EXPECT_EQ(reason_of(ends.back()),
            "breaker \"payment-api\" (troupe.yaml:42): open after 5 consecutive failures, tries again in 30 s");
  EXPECT_EQ(attempted.back(), (std::pair{false, ec::circuit_open}));
  advance(30s);
  send(port, some_authorize());
  EXPECT_FALSE(ends.back());
  EXPECT_EQ(breaker, (std::vector{breaker_state::open, breaker_state::half_open, breaker_state::closed}));
}

TEST_F(Guard, ObeysAnOperator) {
  const auto port = guarded();
  shield->force(breaker_mode::forced_open, "maintenance", "operator");
  send(port, some_authorize());
  EXPECT_EQ(code_of(end()), ec::circuit_open);
  EXPECT_NE(reason_of(end()).find("held open by an operator: maintenance"), std::string::npos);
  EXPECT_TRUE(script.attempts.empty());
  shield->force(breaker_mode::forced_closed, "go", "operator");
  send(port, some_authorize());
  EXPECT_FALSE(ends.back());
  EXPECT_EQ(shield->look().recent.front().caller, "operator");
}

TEST_F(Guard, LetsNothingThroughThatIsHeldBackAndCountsNoFailure) {
  rules.breaker.failures = 1;
  std::string why = "paused by ada: maintenance";
  held_back = [&why] { return why; };
  const auto port = guarded();
  for (int i = 0; i < 3; ++i)
    send(port, some_authorize());
  EXPECT_TRUE(script.attempts.empty());
  ASSERT_EQ(ends.size(), 3u);
  EXPECT_EQ(code_of(ends.back()), ec::circuit_open);
  EXPECT_NE(reason_of(ends.back()).find(why), std::string::npos);
  EXPECT_EQ(shield->look().state, breaker_state::closed);
  EXPECT_EQ(shield->look().failures, 0u);
  EXPECT_NE(shield->look().recent.back().why.find(why), std::string::npos);
  why.clear();
  send(port, some_authorize());
  EXPECT_FALSE(ends.back());
}

TEST_F(Guard, RepeatsNothingThatIsHeldBackMeanwhile) {
  std::string why;
  held_back = [&why] { return why; };
  const auto port = guarded();
  script.next.push_back({caf::make_error(ec::timed_out)});
  send(port, some_authorize());
  why = "paused by ada: maintenance";
  advance(10s);
  EXPECT_EQ(script.attempts.size(), 1u);
  EXPECT_TRUE(may_have_acted(code_of(end()))) << "the first attempt may have acted";
  EXPECT_NE(reason_of(ends.back()).find(why), std::string::npos);
}

TEST_F(Guard, GoesByNewRulesAtOnce) {
  const auto port = guarded();
  auto strict = rules;
  strict.rate = {1, 1h, 1};
  shield->configure(strict);
  send(port, some_authorize());
  send(port, some_authorize());
  EXPECT_FALSE(ends[0]);
  EXPECT_EQ(code_of(ends[1]), ec::rate_limited);
  shield->configure(rules);
  send(port, some_authorize());
  EXPECT_FALSE(ends[2]);
}

TEST_F(Guard, LetsCallsWaitForAPlaceAndForTheRate) {
  rules.bulkhead = {1, 10, 10s};
  const auto port = guarded();
  script.next = {{std::nullopt, true, 1s}};
  send(port, some_authorize());
  send(port, payment::find_payments{"o-1"});
  EXPECT_EQ(shield->look().in_line, 1u);
  EXPECT_EQ(script.attempts.size(), 1u);
  advance(1s);
  EXPECT_EQ(ends.size(), 2u);
  auto slow = rules;
  slow.rate = {1, 2s, 1};
  shield->configure(slow);
  send(port, payment::find_payments{"o-1"});
  send(port, payment::find_payments{"o-1"});
  EXPECT_EQ(ends.size(), 3u);
  advance(2s);
  EXPECT_EQ(ends.size(), 4u);
  EXPECT_FALSE(ends[3]);
}

TEST_F(Guard, RefusesAfterAWaitThatWasTooLong) {
  rules.bulkhead = {1, 10, 2s};
  const auto port = guarded();
  script.next = {says_nothing};
  send(port, some_authorize());
  send(port, some_authorize());
  advance(2s);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(code_of(ends[0]), ec::overloaded);
}

TEST_F(Guard, MakesASlowReadOnceMoreAndTakesTheFirstAnswer) {
  rules.hedge_after = 1s;
  const auto port = guarded();
  script.next = {{caf::make_error(ec::unavailable), true, 2s}};
  send(port, payment::find_payments{"o-1"});
  EXPECT_TRUE(ends.empty());
  advance(1s);
  EXPECT_EQ(script.attempts.size(), 2u);
  EXPECT_FALSE(end());
  EXPECT_EQ(shield->look().under_way, 0u);
  advance(1s);
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(Guard, NeverMakesAWriteBesideItself) {
  rules.hedge_after = 1s;
  const auto port = guarded();
  script.next = {says_nothing};
  send(port, some_authorize());
  advance(4s);
  EXPECT_EQ(script.attempts.size(), 1u);
}

TEST_F(Guard, EndsWithWhatItShieldsAndThatWithIt) {
  for (const bool provider_first : {true, false}) {
    ends.clear();
    const auto port = guarded();
    script.next = {says_nothing};
    send(port, some_authorize());
    self->monitor(port);
    self->monitor(provider);
    if (provider_first)
      self->send_exit(provider, caf::exit_reason::user_shutdown);
    else
      self->send_exit(port, caf::exit_reason::user_shutdown);
    run();
    int down = 0;
    self->receive_while([&] { return down < 2; })([&](const caf::down_msg&) { ++down; }, caf::after(caf::timespan{0}) >>
                                                                                           [&] {
                                                                                             ADD_FAILURE()
                                                                                               << "one goes on alone";
                                                                                             down = 2;
                                                                                           });
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_TRUE(may_have_acted(code_of(ends[0]))) << "the call was under way";
    send(port, some_authorize());
    EXPECT_EQ(ends.back(), caf::sec::request_receiver_down);
    script.open.clear();
  }
}

// ---- answers that stand in: not for money, so with a port of the test's --------------------------------------------

int answers_told = 0;

using words_actor = caf::typed_actor<caf::result<std::string>(request_context, std::string)>;

class GuardOfReads : public Guard {
protected:
  words_actor guarded_words(caf::message (*fallback)(const caf::message&)) {
    const auto words = sys.spawn([this]() -> words_actor::behavior_type {
      return {[this](const request_context&, const std::string& x) -> caf::result<std::string> {
        if (broken)
          return caf::make_error(ec::unavailable);
        return "about " + x;
      }};
    });
    provider = caf::actor_cast<caf::actor>(words);
    port what;
    what.service = "words";
    what.operations = {operation_of<std::string>("say", repeatable::any_time)};
    what.operations[0].kept_as = [](const caf::message& x) { return x.get_as<std::string>(1); };
    what.operations[0].fallback = fallback;
    what.operations[0].tell = [](caf::message& answer, const std::vector<kept_decision>& done) {
      ++answers_told;
      if (answer.match_elements<std::string>())
        answer.get_mutable_as<std::string>(0) += ", " + done.back().what;
    };
    answers_told = 0;
    rules.retry.attempts = 1;
    rules.answer_age_max = 60s;
    observer told;
    told.decided = [this](const decided& x) { decisions.emplace_back(std::string{x.what}, std::string{x.why}); };
    shield = guard::spawn(
      sys, caf::actor_cast<caf::strong_actor_ptr>(words), what, rules, [this] { return now(); },
      [] { return std::uint64_t{0}; }, told);
    return shield->as<words_actor>();
  }

  std::string say(const words_actor& whom, const std::string& what) {
    auto response = self->request(whom, caf::infinite, request_context{"test", {}, time_point::max()}, what);
    run();
    std::string out;
    response.receive([&](const std::string& x) { out = x; }, [&](const caf::error& e) { out = name_of(code_of(e)); });
    return out;
  }

  bool broken = false;
};

TEST_F(GuardOfReads, AnswersFromMemoryWhileTheAnswerIsYoungEnough) {
  const auto port = guarded_words(nullptr);
  EXPECT_EQ(say(port, "tea"), "about tea");
  broken = true;
  EXPECT_EQ(say(port, "tea"), "about tea, cached");
  EXPECT_EQ(say(port, "tea"), "about tea, cached") << "what is kept has been changed";
  EXPECT_EQ(say(port, "coffee"), "unavailable") << "that was never answered";
  ASSERT_FALSE(decisions.empty());
  EXPECT_EQ(decisions.front().first, "cached");
  EXPECT_NE(decisions.front().second.find("attempt 1 of 1: unavailable"), std::string::npos);
  advance(61s);
  EXPECT_EQ(say(port, "tea"), "unavailable");
}

TEST_F(GuardOfReads, TouchesNoAnswerToACallThatPassed) {
  const auto port = guarded_words(nullptr);
  EXPECT_EQ(say(port, "tea"), "about tea");
  EXPECT_EQ(answers_told, 0);
  broken = true;
  EXPECT_EQ(say(port, "coffee"), "unavailable");
  EXPECT_EQ(answers_told, 0) << "nothing was tried before the refusal";
}

TEST_F(GuardOfReads, FallsBackWhenThereIsNothingElse) {
  const auto port = guarded_words([](const caf::message&) { return caf::make_message(std::string{"nothing known"}); });
  broken = true;
  EXPECT_EQ(say(port, "tea"), "nothing known, fell_back");
  EXPECT_EQ(decisions.front().first, "fell_back");
}

TEST_F(Guard, NeverAnswersAboutMoneyFromMemory) {
  rules.answer_age_max = 24h;
  rules.retry.attempts = 1;
  const auto port = guarded();
  send(port, payment::find_payments{"o-1"});
  script.next = {fails_now};
  send(port, payment::find_payments{"o-1"});
  EXPECT_EQ(code_of(ends.back()), ec::unavailable);
}

} // namespace
} // namespace troupe::resilience

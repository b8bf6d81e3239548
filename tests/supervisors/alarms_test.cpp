// What operators are told, in virtual time: each source, and a receiver that fails.
#include "supervisors/alarms.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using alarm::fact;
using alarm::kind;

struct inbox {
  std::vector<alarm::notice> tried;
  std::vector<alarm::notice> taken;
  caf::error fails;
  bool silent = false;
  std::vector<caf::typed_response_promise<void>> silence;
};

alarm::receiver_actor::behavior_type make_receiver(alarm::receiver_actor::pointer self, std::shared_ptr<inbox> x) {
  return {[self, x](const request_context&, const alarm::notice& what) -> caf::result<void> {
    x->tried.push_back(what);
    if (x->silent)
      return x->silence.emplace_back(self->make_response_promise<void>());
    if (x->fails)
      return x->fails;
    x->taken.push_back(what);
    return caf::unit;
  }};
}

dead_letter::directory_actor::behavior_type make_directory(dead_letter::directory_actor::pointer,
                                                           std::shared_ptr<dead_letter::group_list> groups) {
  return {
    [groups](const dead_letter::list_groups&) { return *groups; },
    [](const dead_letter::list_letters&) { return dead_letter::letter_list{}; },
    [](const dead_letter::changed&) {},
    [](const dead_letter::elsewhere&) {},
    [](dead_letter::read_again) {},
  };
}

class Alarms : public test::deterministic_system {
protected:
  void SetUp() override {
    with.node = "node-1";
    with.receiver = sys.spawn(make_receiver, told);
    with.now = [this] { return now(); };
    with.random = [this] { return ++drawn; };
    with.letters = sys.spawn(make_directory, groups);
    with.pauses = board.published();
    with.observe = [this](notice_result how, std::size_t waiting, const caf::error&) {
      results.emplace_back(name_of(how));
      most_waiting = std::max(most_waiting, waiting);
    };
  }

  void TearDown() override {
    end();
    for (const auto& x : {caf::actor_cast<caf::actor>(with.receiver), caf::actor_cast<caf::actor>(with.letters)})
      caf::anon_send_exit(x, caf::exit_reason::kill);
    with = {};
    told->silence.clear();
    deterministic_system::TearDown();
  }

  void start() {
    alarms = spawn_alarms(sys, with);
    line->connect(alarms);
    run();
  }

  void end() {
    caf::anon_send_exit(alarms, caf::exit_reason::kill);
    alarms = nullptr;
    run();
  }

  void raise(kind what, std::string subject, std::string reason = "") {
    line->raise(what, std::move(subject), std::move(reason), now());
    run();
  }

  void wait(duration x) {
    for (; x > duration{0}; x -= 1s)
      advance(1s);
  }

  alarm::tested try_it() {
    auto response = self->request(alarms, caf::infinite, request_context{"operator", {}, time_point::max()},
                                  alarm::send_test{"is anybody there?"});
    run();
    alarm::tested out;
    response.receive([&](const alarm::tested& x) { out = x; },
                     [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
    return out;
  }

  std::vector<std::string> heard() const {
    std::vector<std::string> out;
    for (const auto& x : told->taken)
      out.push_back(std::string{name_of(x.what.what)} + ' ' + x.what.subject
                    + (x.what.count == 1 ? "" : " x" + std::to_string(x.what.count)));
    return out;
  }

  using texts = std::vector<std::string>;

  std::shared_ptr<inbox> told = std::make_shared<inbox>();
  std::shared_ptr<dead_letter::group_list> groups = std::make_shared<dead_letter::group_list>();
  pause::registry board{pause::board{}};
  alarm_settings with;
  alarm_line_ptr line = std::make_shared<alarm_line>();
  alarm_actor alarms;
  std::uint64_t drawn = 0;
  texts results;
  std::size_t most_waiting = 0;
};

TEST_F(Alarms, SendATestWhateverIsToldAndSayThatItArrived) {
  with.told = {kind::paused};
  start();
  const auto came = try_it();
  EXPECT_FALSE(came.failure);
  ASSERT_EQ(told->taken.size(), 1u);
  EXPECT_EQ(told->taken[0].id, came.id);
  EXPECT_EQ(told->taken[0].node, "node-1");
  EXPECT_EQ(told->taken[0].what, (fact{kind::test, "node-1", "is anybody there?", now()}));
  EXPECT_NE(try_it().id, came.id);
}

TEST_F(Alarms, SayWhyATestDidNotArriveAndSendItNoMore) {
  start();
  told->fails = caf::make_error(ec::denied);
  const auto came = try_it();
  EXPECT_EQ(came.failure, ec::denied);
  EXPECT_FALSE(came.id.empty());
  told->fails = {};
  wait(10min);
  EXPECT_TRUE(told->taken.empty());
}

TEST_F(Alarms, SendATestPastWhatWaits) {
  start();
  told->fails = caf::make_error(ec::unavailable);
  raise(kind::breaker_opened, "payment.rest");
  told->fails = {};
  EXPECT_FALSE(try_it().failure) << "the other one rests after its failure";
  EXPECT_EQ(heard(), (texts{"webhook.test node-1"}));
  wait(1min);
  EXPECT_EQ(heard().back(), "breaker.opened payment.rest");
}

TEST_F(Alarms, TellOnceThatABreakerIsOpenAndThatItClosed) {
  start();
  raise(kind::breaker_closed, "payment.rest");
  EXPECT_TRUE(told->tried.empty()) << "it was never told to be open";
  raise(kind::breaker_opened, "payment.rest", "5 failures");
  raise(kind::breaker_opened, "payment.rest", "6 failures");
  EXPECT_EQ(heard(), texts{"breaker.opened payment.rest"});
  EXPECT_EQ(told->taken[0].what.reason, "5 failures");
  EXPECT_EQ(told->taken[0].node, "node-1");
  raise(kind::breaker_closed, "payment.rest");
  wait(50s);
  EXPECT_EQ(told->taken.size(), 1u) << "one a minute";
  wait(15s);
  EXPECT_EQ(heard(), (texts{"breaker.opened payment.rest", "breaker.closed payment.rest"}));
}

TEST_F(Alarms, TellOfAGuardsBreakerWithItsReason) {
  start();
  auto watch = telling_of_breakers({}, line, with.now);
  const request_context nobody;
  watch.decided({"payment.rest", "breaker", "", "policy \"sandbox\": open after 5 consecutive failures", nobody});
  watch.breaker("payment.rest", resilience::breaker_state::open);
  watch.breaker("payment.rest", resilience::breaker_state::half_open);
  run();
  ASSERT_EQ(heard(), texts{"breaker.opened payment.rest"});
  EXPECT_EQ(told->taken[0].what.reason, "policy \"sandbox\": open after 5 consecutive failures");
}

TEST_F(Alarms, TellAtTheStartWhatStillHolds) {
  board.put({pause::kind::saga, "order"}, pause::paused{"drill", "ada", now()});
  groups->groups = {
    {"g-1", {dead_letter::source::poisoned_event, "unknown_type", "outlet/email/order"}, 7, now(), now(), {}}};
  with.breakers = [this] { return std::vector{fact{kind::breaker_opened, "email.smtp", "held", now()}}; };
  start();
  EXPECT_EQ(heard(), (texts{"breaker.opened email.smtp", "pause.begun saga/order",
                            "dead_letter.recorded poisoned_event outlet/email/order x7"}));
  end();
  told->taken.clear();
  start();
  EXPECT_EQ(heard().size(), 3u) << "a crash loses no condition";
}

TEST_F(Alarms, TellOfPausesAndTheirReasons) {
  start();
  const pause::target rest{pause::kind::provider, "rest"};
  board.put(rest, pause::paused{"maintenance", "ada", now()});
  wait(2s);
  EXPECT_EQ(heard(), texts{"pause.begun provider/rest"});
  board.put(rest, pause::paused{"it takes longer", "ada", now()});
  wait(61s);
  EXPECT_EQ(told->taken.back().what.reason, "it takes longer");
  board.put(rest, std::nullopt);
  raise(kind::resumed, "provider/rest");
  wait(61s);
  EXPECT_EQ(heard().back(), "pause.ended provider/rest");
  EXPECT_EQ(told->taken.size(), 3u);
}

TEST_F(Alarms, TellOfEachDeadLetterThatArrives) {
  start();
  EXPECT_TRUE(told->tried.empty());
  dead_letter::group group{
    "g-1", {dead_letter::source::outlet_gave_up, "refused", "outlet/email/order"}, 1, now(), now(), {}};
  groups->groups = {group};
  wait(6s);
  EXPECT_EQ(heard(), texts{"dead_letter.recorded outlet_gave_up outlet/email/order"});
  wait(120s);
  EXPECT_EQ(told->taken.size(), 1u) << "it is there still, and not new";
  group.count = 5;
  group.last = now();
  groups->groups = {group};
  wait(6s);
  EXPECT_EQ(heard().back(), "dead_letter.recorded outlet_gave_up outlet/email/order x4");
}

TEST_F(Alarms, TellOfPartsWhoseMessagesWait) {
  auto parts = std::make_shared<supervision::tree>();
  parts->set("node/orders", supervision::condition::up, now());
  parts->set("node/webhooks/webhook", supervision::condition::up, now());
  with.parts = parts;
  with.own_path = "node/webhooks";
  start();
  const auto asked = sched.clock().now();
  parts->ask("node/orders", asked);
  parts->ask("node/webhooks/webhook", sched.clock().now());
  wait(4s);
  EXPECT_EQ(heard(), texts{"queue.aged node/orders"}) << "nothing of its own";
  parts->looked("node/orders", 0, asked, asked);
  wait(70s);
  EXPECT_EQ(heard().back(), "queue.recovered node/orders");
}

TEST_F(Alarms, TellOfAnOutletThatIsBehindUnlessItIsPaused) {
  start();
  auto watch = telling_of_lags({}, line, with.now);
  outlet::lag lag;
  lag.oldest = now() - 59s;
  watch.lags("email", "order", lag);
  run();
  EXPECT_TRUE(told->tried.empty());
  lag.oldest = now() - 2min;
  lag.paused = true;
  watch.lags("email", "order", lag);
  run();
  EXPECT_TRUE(told->tried.empty());
  lag.paused = false;
  watch.lags("email", "order", lag);
  run();
  EXPECT_EQ(heard(), texts{"queue.aged outlet/email"});
  EXPECT_EQ(told->taken[0].what.reason, "an event has waited for 120 s");
}

TEST_F(Alarms, TellOnlyWhatIsAskedFor) {
  with.told = {kind::breaker_opened};
  start();
  raise(kind::breaker_opened, "payment.rest");
  raise(kind::queue_aged, "node/orders");
  wait(70s);
  EXPECT_EQ(heard(), texts{"breaker.opened payment.rest"});
}

TEST_F(Alarms, RepeatWhatNobodyTookWithTheSameIdAndInOrder) {
  told->fails = caf::make_error(ec::denied);
  start();
  raise(kind::breaker_opened, "a");
  raise(kind::breaker_opened, "b");
  EXPECT_EQ(told->tried.size(), 1u);
  wait(4s);
  EXPECT_EQ(told->tried.size(), 1u);
  wait(1s);
  EXPECT_EQ(told->tried.size(), 2u);
  wait(9s);
  EXPECT_EQ(told->tried.size(), 2u) << "twice as long";
  told->fails = {};
  wait(1s);
  EXPECT_EQ(heard(), (texts{"breaker.opened a", "breaker.opened b"}));
  EXPECT_EQ(told->tried[0].id, told->taken[0].id);
  EXPECT_NE(told->taken[0].id, told->taken[1].id);
  EXPECT_EQ(results, (texts{"failed", "failed", "delivered", "delivered"}));
}

TEST_F(Alarms, WaitAsLongAsTheReceiverAsks) {
  told->fails = caf::make_error(ec::rate_limited, std::int64_t{30'000});
  start();
  raise(kind::breaker_opened, "a");
  wait(29s);
  EXPECT_EQ(told->tried.size(), 1u);
  wait(1s);
  EXPECT_EQ(told->tried.size(), 2u);
}

TEST_F(Alarms, DropTheOldestBeyondTheirBoundAndNeverTheOneUnderWay) {
  with.waiting_max = 3;
  told->silent = true;
  start();
  for (const auto* subject : {"a", "b", "c", "d", "e"})
    raise(kind::breaker_opened, subject);
  EXPECT_EQ(results, (texts{"dropped", "dropped"}));
  told->silent = false;
  caf::anon_send(caf::actor_cast<caf::actor>(with.receiver), caf::make_action([told = told] {
                   for (auto& x : std::exchange(told->silence, {}))
                     x.deliver();
                 }));
  run();
  EXPECT_EQ(heard(), (texts{"breaker.opened d", "breaker.opened e"})) << "beside the first";
  EXPECT_LE(most_waiting, 3u);
}

TEST_F(Alarms, DropWhatNobodyTookForADay) {
  told->fails = caf::make_error(ec::unavailable);
  start();
  raise(kind::breaker_opened, "a");
  advance(24h);
  wait(2s);
  EXPECT_EQ(results.back(), "dropped");
  told->fails = {};
  raise(kind::breaker_opened, "b");
  EXPECT_EQ(heard(), texts{"breaker.opened b"});
}

} // namespace
} // namespace troupe

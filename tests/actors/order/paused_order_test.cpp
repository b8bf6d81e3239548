// What becomes of an order's actor while operators have paused what it needs.
#include "tests/actors/order/order_entity_fixture.hpp"

namespace troupe::order::test {
namespace {

class PausedOrder : public OrderEntity {
protected:
  void SetUp() override {
    OrderEntity::SetUp();
    state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
    state->allocates = true;
  }

  void pause(const std::string& what) {
    paused->put(*pause::parse_target(what), pause::paused{"maintenance", "ada", now()});
  }

  /// As the topology does.
  void resume(const std::string& what) {
    paused->put(*pause::parse_target(what), std::nullopt);
    caf::anon_send(caf::actor_cast<caf::actor>(orders), entity::look_ahead{paused_look + entity::resumed_after});
    run();
  }

  /// Time goes by as it does: the region looks each second.
  void live(duration time) {
    for (auto left = time; left > duration{0}; left -= 30s)
      advance(std::min(left, duration{30s}));
  }

  bool has_moment(const std::string& what) {
    const auto timeline = get().timeline;
    return std::any_of(timeline.begin(), timeline.end(), [&](const auto& x) { return x.what == what; });
  }
};

TEST_F(PausedOrder, AsksNoProviderThatIsPausedAndHoldsItsUnits) {
  pause("provider/main");
  place();
  const auto x = get();
  EXPECT_EQ(x.status, status::processing);
  ASSERT_TRUE(x.paused);
  EXPECT_EQ(x.paused->what, "provider/main");
  EXPECT_EQ(x.paused->reason, "maintenance");
  EXPECT_TRUE(x.total) << "stock goes on";
  EXPECT_EQ(state->authorizations, 0);
  EXPECT_EQ(state->searches, 0);
  EXPECT_EQ(state->extensions, 2) << "one for each line";
  EXPECT_TRUE(has_moment("paused"));
  EXPECT_TRUE(has_moment("hold_extended"));
}

TEST_F(PausedOrder, GoesOnToItsEndWhenItIsResumedLongAfterItsHoldAndItsKey) {
  pause("provider/main");
  place();
  live(26h); // The hold is of a minute, the key lives a day.
  EXPECT_EQ(get().status, status::processing);
  EXPECT_GE(state->extensions, 6) << "renewed each half day";
  EXPECT_EQ(state->authorizations + state->searches, 0);
  resume("provider/main");
  EXPECT_EQ(get().status, status::confirmed);
  EXPECT_FALSE(get().paused);
  EXPECT_EQ(state->authorizations, 1);
  EXPECT_FALSE(has_moment("attempt_failed"));
}

TEST_F(PausedOrder, StandsStillOverARestartUntilItIsResumed) {
  pause("saga/order");
  place();
  restart();
  live(2h);
  EXPECT_FALSE(get().total) << "not even stock was asked for";
  restart();
  resume("saga/order");
  advance(1s);
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, IsWokenOutOfTheJournalWhenItIsResumed) {
  env.idle_timeout = 20s;
  restart();
  pause("saga/order");
  place();
  for (int i = 0; i < 45 && in_memory() > 0; ++i)
    advance(1s);
  ASSERT_EQ(in_memory(), 0u);
  resume("saga/order");
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, StandsStillWhileItIsNotKnownWhatIsPaused) {
  paused = std::make_shared<pause::registry>();
  deps.pauses = paused->published();
  restart();
  place();
  EXPECT_FALSE(get().total);
  EXPECT_FALSE(get().paused) << "nobody knows";
  paused->know({});
  caf::anon_send(caf::actor_cast<caf::actor>(orders), entity::look_ahead{paused_look + entity::resumed_after});
  run();
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, BeginsNothingAfterWhatWasInFlight) {
  state->answer.reset(); // It does not answer.
  place();
  ASSERT_EQ(state->authorizations, 1);
  pause("order/" + some_id.value);
  caf::anon_send(caf::actor_cast<caf::actor>(provider), caf::make_action([state = state] {
                   for (auto& promise : std::exchange(state->silence, {}))
                     promise.deliver(payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""});
                 }));
  run();
  EXPECT_EQ(get().authorized, eur(300)) << "what came of it is recorded";
  ASSERT_TRUE(get().paused);
  EXPECT_EQ(get().paused->what, "order/" + some_id.value);
  paused->put(*pause::parse_target("order/" + some_id.value), std::nullopt);
  self->send(orders, context, look{some_id});
  run();
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, SendsNoMoneyWhenItIsPausedWhileItLooksForIt) {
  state->answer.reset();
  place();
  ASSERT_EQ(state->authorizations, 1);
  advance(10s); // It times out, and is looked for before it is tried again.
  state->silence.clear();
  // The search is answered, and by then the provider is paused.
  sched.advance_time(40s);
  while (state->searches == 0 && sched.try_run_once())
    continue;
  ASSERT_EQ(state->searches, 1);
  pause("provider/main");
  run();
  EXPECT_EQ(state->authorizations, 1);
  ASSERT_TRUE(get().paused);
}

TEST_F(PausedOrder, CountsNoRefusalOfAPausedProviderAsAFailure) {
  state->answer.reset();
  state->refusals = {caf::make_error(ec::circuit_open)};
  place(); // The guard refused it, and nobody has told the order yet.
  ASSERT_TRUE(has_moment("attempt_failed"));
  pause("provider/main");
  state->refusals.push_back(caf::make_error(ec::circuit_open));
  live(2min);
  EXPECT_EQ(state->authorizations, 1);
}

TEST_F(PausedOrder, LetsThoseWhoWaitGoInTime) {
  pause("saga/order");
  place();
  auto waiting = wait_for_end(5s);
  advance(5s);
  EXPECT_EQ(answer_of(waiting).error(), ec::deadline);
}

TEST_F(PausedOrder, GivesTheTimeOfAPauseBackToTheCaptureWindow) {
  place_to_capture_later();
  live(6 * 24h);
  pause("provider/main");
  live(2 * 24h);
  EXPECT_EQ(get().status, status::processing) << "a week has passed";
  resume("provider/main");
  live(23h);
  EXPECT_EQ(get().status, status::processing);
  live(2h);
  EXPECT_EQ(get().status, status::expired) << "it had a day left";
}

TEST_F(PausedOrder, TakesACaptureAndCarriesItOutLater) {
  place_to_capture_later();
  pause("provider/main");
  ASSERT_TRUE(tell(capture{some_id}));
  EXPECT_EQ(get().captured, eur(0));
  resume("provider/main");
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, AsksAgainForAHoldThatCouldNotBeKept) {
  state->extend_failure = caf::make_error(ec::store_unavailable);
  pause("provider/main");
  place();
  EXPECT_FALSE(has_moment("hold_extended"));
  state->extend_failure.reset();
  live(1min);
  EXPECT_TRUE(has_moment("hold_extended"));
}

} // namespace
} // namespace troupe::order::test

// What the actor of an order adds to its decisions: memory, time, and answers that come late or never.
#include "tests/actors/order/order_entity_fixture.hpp"

namespace troupe::order::test {
namespace {

TEST_F(OrderEntity, LeavesMemoryAfterARejectionAlthoughAnotherLineIsAnsweredLater) {
  state->has_shoes = false;
  state->holds_back_socks = true;
  const auto before = sys.registry().running();
  place();
  EXPECT_EQ(sys.registry().running(), before + 1);
  EXPECT_EQ(get().status, status::rejected);
  ASSERT_EQ(state->socks.size(), 1u) << "the other line was asked for";
  answer_about_socks();
  advance(3s);
  EXPECT_EQ(sys.registry().running(), before) << "the order is still in memory";
}

TEST_F(OrderEntity, TellsItsEndOnceHoweverOftenItIsRecovered) {
  state->has_shoes = false;
  place();
  const auto once = std::vector<std::pair<status, std::string>>{{status::rejected, "out_of_stock"}};
  EXPECT_EQ(ended, once);
  advance(3s); // It has left memory.
  EXPECT_EQ(get().status, status::rejected);
  place();
  EXPECT_EQ(ended, once);
}

TEST_F(OrderEntity, LeavesMemoryAfterARejectionAlthoughAnotherLineIsNeverAnswered) {
  state->has_shoes = false;
  state->holds_back_socks = true;
  const auto before = sys.registry().running();
  place();
  EXPECT_EQ(get().status, status::rejected);
  advance(5s);  // until nobody waits for that answer any more
  advance(60s); // idle timeout, twice: it was asked for in the first
  advance(60s);
  EXPECT_EQ(sys.registry().running(), before);
}

// The second attempt ends before the first one's wait is over, and nobody knows what became of it.
TEST_F(OrderEntity, VoidsWhatAnAttemptThatNewsHadBroughtForwardMayHaveDone) {
  state->refusals = {caf::make_error(ec::unavailable)};
  place();
  ASSERT_EQ(state->authorizations, 1);
  self->send(orders, context, payment_news{some_id});
  run();
  ASSERT_EQ(state->authorizations, 2);
  state->authorized = true; // It acts, and does not answer.
  advance(10s);
  advance(120s); // past the next attempt and the end of the hold
  EXPECT_EQ(get().status, status::expired);
  EXPECT_EQ(state->voids, 1) << "money is still set aside";
}

TEST_F(OrderEntity, VoidsWhatAnAttemptMayHaveDoneAlthoughTheClockWasSetBackMeanwhile) {
  state->refusals = {caf::make_error(ec::unavailable)};
  place();
  advance(40s);
  ASSERT_EQ(state->authorizations, 2);
  state->authorized = true; // It acts, and does not answer.
  clock_step = -20s;
  advance(10s);
  clock_step = 0s;
  advance(120s);
  EXPECT_EQ(get().status, status::expired);
  EXPECT_EQ(state->voids, 1) << "money is still set aside";
}

TEST_F(OrderEntity, KeepsNothingInMemoryOfAnOrderThatDoesNotExist) {
  EXPECT_EQ(tell(cancel{some_id, ""}).error(), rejection::unknown_order);
  EXPECT_EQ(in_memory(), 0u) << "after cancel";
  EXPECT_EQ(tell(capture{some_id}).error(), rejection::unknown_order);
  EXPECT_EQ(in_memory(), 0u) << "after capture";
  EXPECT_EQ(tell(await_end{some_id}).error(), rejection::unknown_order);
  EXPECT_EQ(in_memory(), 0u) << "after await_end";
  EXPECT_EQ(tell(get_order{some_id}).error(), rejection::unknown_order);
  EXPECT_EQ(in_memory(), 0u) << "after get_order";
  auto nothing_ordered = some_order();
  nothing_ordered.items.clear();
  EXPECT_EQ(tell(nothing_ordered).error(), rejection::no_items);
  EXPECT_EQ(in_memory(), 0u) << "after a refused place";
  self->send(orders, context, payment_news{some_id});
  run();
  EXPECT_EQ(in_memory(), 0u) << "after payment_news";
}

TEST_F(OrderEntity, AnswersAWaitAtItsDeadlineWhenTheOrderHasNotEnded) {
  place_to_capture_later();
  auto soon = wait_for_end(1s);
  auto later = wait_for_end(3s);
  advance(999ms);
  EXPECT_TRUE(self->mailbox().empty());
  advance(1ms);
  EXPECT_EQ(answer_of(soon).error(), ec::deadline);
  EXPECT_TRUE(self->mailbox().empty()) << "the other has time left";
  auto between = wait_for_end(1s);
  advance(1s);
  EXPECT_EQ(answer_of(between).error(), ec::deadline);
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  EXPECT_EQ(answer_of(later)->status, status::cancelled);
}

TEST_F(OrderEntity, AnswersAWaitThatASilentProviderOutlasts) {
  ASSERT_TRUE(tell(some_order()));
  auto wait = wait_for_end(1s);
  auto longer = wait_for_end(12s);
  advance(10s); // Nobody waits for the provider's answer any more.
  EXPECT_EQ(answer_of(wait).error(), ec::deadline);
  EXPECT_TRUE(self->mailbox().empty()) << "the other has time left";
  advance(2s);
  EXPECT_EQ(answer_of(longer).error(), ec::deadline);
}

TEST_F(OrderEntity, HasRoomForAnotherWaitWhenOthersAreOver) {
  place_to_capture_later();
  auto a = wait_for_end(1s);
  auto b = wait_for_end(1s);
  auto c = wait_for_end(1s);
  auto d = wait_for_end(1s);
  EXPECT_EQ(answer_of(d).error(), ec::overloaded);
  advance(1s);
  EXPECT_EQ(answer_of(a).error(), ec::deadline);
  EXPECT_EQ(answer_of(b).error(), ec::deadline);
  EXPECT_EQ(answer_of(c).error(), ec::deadline);
  auto e = wait_for_end(1s);
  EXPECT_TRUE(self->mailbox().empty()) << "it waits";
  advance(1s);
  EXPECT_EQ(answer_of(e).error(), ec::deadline);
}

TEST_F(OrderEntity, LeavesMemoryAfterAWaitThatIsOver) {
  place_to_capture_later();
  auto wait = wait_for_end(1s);
  advance(60s);
  advance(60s);
  EXPECT_EQ(answer_of(wait).error(), ec::deadline);
  EXPECT_EQ(in_memory(), 0u);
}

TEST_F(OrderEntity, NamesTheUnitsItTakesBackOnceAllLinesAreSold) {
  place_to_capture_later();
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  EXPECT_EQ(get().status, status::cancelled);
  EXPECT_EQ(state->taken_back, (std::vector<inventory::units_t>{2, 1}));
}

TEST_F(OrderEntity, NamesNoUnitsToTakeBackWhileItIsUnknownWhichLinesAreSold) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  place();
  EXPECT_EQ(get().status, status::expired);
  EXPECT_EQ(state->taken_back, (std::vector<inventory::units_t>{0, 0}));
}

TEST_F(OrderEntity, CarriesTheTraceOfWhoeverChangedItLastAlsoAfterARestart) {
  const trace_context placing{1, 2, 3, true};
  const trace_context cancelling{4, 5, 6, true};
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  state->allocates = true;
  auto command = some_order();
  command.capture_at_once = false;
  auto placed = request(command, {"shop", placing, time_point::max()});
  ASSERT_TRUE(answer_of(placed));
  EXPECT_EQ(state->traces, std::vector{placing});
  state->void_failure = caf::make_error(ec::unavailable);
  auto cancelled = request(cancel{some_id, ""}, {"shop", cancelling, time_point::max()});
  ASSERT_TRUE(answer_of(cancelled));
  EXPECT_EQ(state->traces.back(), cancelling);
  restart();
  state->traces.clear();
  for (int i = 0; i < 41; ++i)
    advance(1s);
  ASSERT_FALSE(state->traces.empty());
  EXPECT_EQ(state->traces.back(), cancelling);
}

TEST_F(OrderEntity, IsReviewedWhenAnAuthorizationIsOfAnotherAmount) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(299), ""};
  place();
  EXPECT_EQ(get().status, status::review);
  EXPECT_EQ(get().reason, "the provider names another amount");
}

TEST_F(OrderEntity, TakesAnAnswerThatNamesNoAmountForTheOneThatItAskedFor) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, {}, ""};
  state->allocates = true;
  state->capture_answer = payment::payment{"pay-1", payment::payment_status::captured, {}, ""};
  place();
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(OrderEntity, IsReviewedWhenTheAuthorizationThatIsFoundIsOfAnotherAmount) {
  state->refusals = {caf::make_error(ec::timed_out)};
  state->authorized = true;
  state->authorized_minor = 30'000;
  place();
  advance(40s);
  EXPECT_EQ(state->searches, 1);
  EXPECT_EQ(get().status, status::review);
}

TEST_F(OrderEntity, IsReviewedWhenACaptureIsOfAnotherAmount) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  state->allocates = true;
  state->capture_answer = payment::payment{"pay-1", payment::payment_status::captured, eur(30), ""};
  place();
  EXPECT_EQ(get().status, status::review);
}

TEST_F(OrderEntity, GoesOnAtOnceAfterARestart) {
  place();
  ASSERT_EQ(state->authorizations, 1);
  restart();
  EXPECT_EQ(state->searches, 1) << "what was begun is looked up first";
  EXPECT_EQ(state->authorizations, 2);
}

TEST_F(OrderEntity, GoesOnAtOnceWhenItIsRecoveredByWhoeverAsks) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  disk_faults->fate = simulated::commit_fate::lost;
  disk_faults->after = 2; // the request and the reservation
  place();
  ASSERT_EQ(in_memory(), 0u) << "what it was answered could not be stored";
  ASSERT_EQ(state->authorizations, 1);
  disk_faults->fate = simulated::commit_fate::durable;
  state->authorized = true;
  for (int i = 0; i < 20; ++i) // until the store is open again
    advance(100ms);
  ASSERT_EQ(in_memory(), 0u);
  EXPECT_EQ(get().status, status::processing);
  EXPECT_EQ(state->searches, 1);
}

TEST_F(OrderEntity, GivesUpOnAProviderThatDoesNotTellWhatBecameOfAnAuthorization) {
  state->search_failure = caf::make_error(ec::unavailable);
  place();
  advance(10s); // nobody answers
  advance(47h);
  EXPECT_EQ(get().status, status::processing);
  advance(1h);
  EXPECT_EQ(get().status, status::review);
  EXPECT_EQ(get().reason, "the provider has not answered for too long");
}

TEST_F(OrderEntity, SaysThatARefundIsPending) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  state->allocates = true;
  state->refund = payment::refund_status::pending;
  place();
  ASSERT_EQ(get().status, status::confirmed);
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  const auto now = get();
  EXPECT_EQ(now.status, status::refunded);
  EXPECT_TRUE(std::any_of(now.timeline.begin(), now.timeline.end(), [](const view_moment& x) {
    return x.what == "payment_refunded" && x.detail == "refund-1, pending";
  }));
}

TEST_F(OrderEntity, TellsAnEndThatComesAfterAnother) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  state->allocates = true;
  state->refund = payment::refund_status::failed;
  place();
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  ASSERT_EQ(get().status, status::review);
  EXPECT_EQ(ended, (std::vector<std::pair<status, std::string>>{{status::confirmed, ""},
                                                                {status::review, "the provider could not refund"}}));
}

/// The lines of the timeline that tell of retries.
std::vector<view_moment> retries_of(const view& x) {
  std::vector<view_moment> found;
  std::copy_if(x.timeline.begin(), x.timeline.end(), std::back_inserter(found),
               [](const auto& m) { return m.what == "call_retried"; });
  return found;
}

TEST_F(OrderEntity, StillTellsAfterARestartThatACallWasRetriedBeforeItSucceeded) {
  const auto at = now();
  state->answer = payment::payment{
    "pay-1", payment::payment_status::authorized, eur(300), "", {{at, "authorize", "retried", "policy \"x\": 503"}}};
  state->capture_answer = payment::payment{
    "pay-1", payment::payment_status::captured, eur(300), "", {{at + 1s, "capture", "retried", "policy \"x\": 504"}}};
  state->allocates = true;
  place();
  ASSERT_EQ(get().status, status::confirmed);
  restart();
  const auto told = retries_of(get());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].at, at);
  EXPECT_EQ(told[0].detail, "authorize: retried, policy \"x\": 503");
  EXPECT_EQ(told[1].at, at + 1s);
  EXPECT_EQ(told[1].detail, "capture: retried, policy \"x\": 504");
}

TEST_F(OrderEntity, TellsOfTheRetriesOfACallThatFailedAndOfTheSearchAfterIt) {
  const auto at = now();
  state->refusals = {
    payment::after_tries(make_failure(ec::unavailable, 0s, "given up"), {{at, "authorize", "retried", "503"}})};
  place();
  auto told = retries_of(get());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].detail, "authorize: retried, 503");
  EXPECT_EQ(get().timeline.back().detail, "authorize 1: unavailable, given up");
  state->search_tries = {{at + 1s, "find", "hedged", "no answer for 1 s"}};
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  state->allocates = true;
  advance(40s);
  ASSERT_EQ(get().status, status::confirmed);
  told = retries_of(get());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].detail, "authorize: find hedged, no answer for 1 s");
}

TEST_F(OrderEntity, GivesUpOnAProviderThatDoesNotVoid) {
  place_to_capture_later();
  state->void_failure = caf::make_error(ec::timed_out);
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  advance(47h);
  EXPECT_EQ(get().status, status::processing);
  advance(1h);
  EXPECT_EQ(get().status, status::review);
}

// ---- review --------------------------------------------------------------------------------------------------------

class OrderInReview : public OrderEntity {
protected:
  /// Nobody could tell what became of its authorization for two days.
  void SetUp() override {
    OrderEntity::SetUp();
    state->search_failure = caf::make_error(ec::unavailable);
    place();
    advance(10s); // nobody answers
    advance(48h);
    ASSERT_EQ(get().status, status::review);
    ended.clear();
    state->searches = 0;
    state->authorizations = 0;
  }
};

TEST_F(OrderInReview, IsConfirmedWhenItIsReopenedAndThePaymentIsFound) {
  state->search_failure.reset();
  state->authorized = true;
  state->allocates = true;
  ASSERT_TRUE(tell(reopen{some_id, "letter-1/1"}));
  EXPECT_EQ(get().status, status::confirmed);
  EXPECT_EQ(state->authorizations, 0);
  EXPECT_EQ(ended, (std::vector<std::pair<status, std::string>>{{status::confirmed, ""}}));
}

TEST_F(OrderInReview, NeverAuthorizesAnewWhenItIsReopenedAndNothingIsFound) {
  state->search_failure.reset();
  ASSERT_TRUE(tell(reopen{some_id, "letter-1/1"}));
  EXPECT_EQ(state->searches, 1);
  EXPECT_EQ(state->authorizations, 0);
  EXPECT_EQ(get().status, status::review);
  EXPECT_EQ(get().reviews, 2u);
  EXPECT_EQ(ended.size(), 1u) << "it is told again";
}

TEST_F(OrderInReview, AsksTheProviderForADayAgainWhenItIsReopened) {
  ASSERT_TRUE(tell(reopen{some_id, "letter-1/1"}));
  advance(23h);
  EXPECT_EQ(get().status, status::processing);
  advance(1h);
  EXPECT_EQ(get().status, status::review);
}

TEST_F(OrderInReview, GoesOnWithItsLookAfterACrash) {
  ASSERT_TRUE(tell(reopen{some_id, "letter-1/1"}));
  state->search_failure.reset();
  state->authorized = true;
  state->allocates = true;
  restart();
  advance(40s);
  EXPECT_EQ(get().status, status::confirmed);
  EXPECT_EQ(state->authorizations, 0);
}

TEST_F(OrderInReview, IsNotReopenedWhenNobodyCanBeAsked) {
  const auto outcome = tell(reopen{"0195c2f0-0000-7000-8000-00000000ffff", "letter-1/1"});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), rejection::unknown_order);
}

} // namespace
} // namespace troupe::order::test

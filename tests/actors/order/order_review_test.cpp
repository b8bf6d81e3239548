// How orders come to review, and how some leave it: when operators have them look once more.
#include "actors/order/stored.hpp"
#include "tests/actors/order/samples.hpp"

#include <gtest/gtest.h>

namespace troupe::order {
namespace {

using namespace test;

using events = std::vector<event>;
using effects = std::vector<effect_t>;

const decision nothing = events{};
const payment_answered yes{"pay-1", true, false, ""};
const reopen look{some_id, "letter-1/1"};
const std::string authorize_key = key_of(some_id, step::authorize);

decision decided(std::initializer_list<event> list) {
  return events{list};
}

state then(state s, const decision& outcome, time_point at = noon) {
  for (const auto& e : std::get<events>(outcome))
    s.apply(e, at);
  return s;
}

effects left(const state& s, time_point now = noon) {
  return outstanding(some_id, s, now, standard);
}

state reviewed(const std::vector<event>& history, step where, const char* why = review_reason::unknown_outcome) {
  return then(after(history), decide(after(history), step_impossible{where, why}));
}

TEST(OrderReview, TakesAnOrderWhoseStepIsImpossible) {
  const auto s = after(with(until_allocated(), {cancel_requested{}, payment_captured{total}}));
  const auto outcome = decide(s, step_impossible{step::refund, "refused"});
  EXPECT_EQ(outcome, decided({sent_to_review{step::refund, "refused"}}));
  const auto reviewed = then(s, outcome);
  EXPECT_EQ(reviewed.status, status::review);
  EXPECT_EQ(left(reviewed), effects{});
  EXPECT_EQ(wake_up(reviewed, standard), std::nullopt);
  EXPECT_EQ(decide(reviewed, cancel{some_id, ""}), decision{rejection::in_review});
  EXPECT_EQ(decide(reviewed, capture{some_id}), decision{rejection::in_review});
}

TEST(OrderReview, IsNotCausedByAStepThatIsOver) {
  EXPECT_EQ(decide(after(until_authorized()), step_impossible{step::authorize, "late"}), nothing);
}

TEST(OrderReview, TakesAnOrderWithASecondPayment) {
  const payment_answered second{.id = "pay-2", .authorized = true, .captured = false, .reason = {}};
  for (const auto& history : {until_authorized(), until_confirmed()}) {
    const auto s = after(history);
    EXPECT_EQ(decide(s, second), decided({sent_to_review{step::authorize, "second payment pay-2"}}));
    EXPECT_EQ(decide(then(s, decide(s, second)), second), nothing);
  }
}

TEST(OrderReview, TakesAnEndedOrderWhosePaymentTurnsUp) {
  const auto s = after(with(until_reserved(), {payment_declined{"no"}, stock_released{}, closed{status::declined}}));
  EXPECT_EQ(decide(s, yes), decided({sent_to_review{step::authorize, "unexpected payment pay-1"}}));
}

TEST(OrderReview, TakesAnOrderWhoseMoneyWasTakenAfterItWasGivenBack) {
  const auto s = after(with(until_authorized(false), {cancel_requested{}, payment_voided{}}));
  EXPECT_EQ(decide(s, money_taken{}), decided({sent_to_review{step::capture, "unexpected capture"}}));
}

TEST(OrderReview, TakesAnOrderThatIsToldToBeBothCapturedAndVoided) {
  const auto s = after(with(until_authorized(false), {cancel_requested{}, payment_captured{total}}));
  EXPECT_EQ(decide(s, money_released{}), decided({sent_to_review{step::void_payment, "voided although captured"}}));
}

TEST(OrderReview, HasACauseForEachReasonThatLettersAreGroupedBy) {
  using namespace review_reason;
  EXPECT_EQ(cause_of_review(no_answer), "no_answer");
  EXPECT_EQ(cause_of_review(another_amount), "another_amount");
  for (const auto* reason : {unknown_outcome, old_refund})
    EXPECT_EQ(cause_of_review(reason), "unknown_outcome");
  for (const auto* reason : {capture_refused, void_refused, refund_refused, refund_failed})
    EXPECT_EQ(cause_of_review(reason), "refused");
  for (const auto* reason : {was_voided, was_captured, "second payment pay-2"})
    EXPECT_EQ(cause_of_review(reason), "contradiction");
}

// ---- looking once more ---------------------------------------------------------------------------------------------

TEST(OrderReopened, LooksBeforeItDoesAnythingHoweverYoungItsKeyIs) {
  const auto authorizing = then(reviewed(until_reserved(), step::authorize), decided({reopened{"x"}}));
  EXPECT_EQ(authorizing.status, status::processing);
  EXPECT_EQ(left(authorizing), effects{(effect::authorize{authorize_key, true, noon + 24h})});
  const auto capturing = then(reviewed(until_allocated(), step::capture), decided({reopened{"x"}}));
  EXPECT_EQ(left(capturing), effects{(effect::capture{key_of(some_id, step::capture), true, noon + 24h})});
}

TEST(OrderReopened, HasAKeyAsOldAsItWas) {
  const auto late = noon + 72h;
  for (const auto& [history, where] :
       {std::pair{until_reserved(), step::authorize}, {until_allocated(), step::capture}}) {
    const auto s = then(reviewed(history, where), decided({reopened{"x"}}), late);
    const auto work = left(s, late);
    ASSERT_EQ(work.size(), 1u);
    std::visit(
      [](const auto& x) {
        if constexpr (requires { x.key_dies_at; })
          EXPECT_EQ(x.key_dies_at, noon + 24h) << "else the step would be asked for anew when nothing is found";
        else
          FAIL();
      },
      work.front());
  }
}

TEST(OrderReopened, GoesOnFromWhatItFinds) {
  const auto s = then(reviewed(until_reserved(), step::authorize), decided({reopened{"x"}}), noon + 72h);
  const auto found = then(s, decide(s, yes), noon + 72h);
  EXPECT_EQ(found.status, status::processing);
  EXPECT_EQ(step_in_progress(found), step::allocate);
}

TEST(OrderReopened, ReturnsToReviewWhenNothingIsFoundOut) {
  auto s = then(reviewed(until_reserved(), step::authorize), decided({reopened{"x"}}));
  s = then(s, decide(s, step_impossible{step::authorize, review_reason::unknown_outcome}));
  EXPECT_EQ(s.status, status::review);
  EXPECT_EQ(s.reviews, 2u);
  EXPECT_EQ(decide(s, reopen{some_id, "another"}), decided({reopened{"another"}}));
}

TEST(OrderReopened, KeepsItsWayOutAndTheReasonOfThat) {
  const auto history = with(until_reserved(), {cancel_requested{"changed my mind"}});
  const auto s = then(reviewed(history, step::authorize), decided({reopened{"x"}}));
  EXPECT_EQ(s.closing, status::cancelled);
  EXPECT_EQ(s.reason, "changed my mind");
  const auto found = then(s, decide(s, yes));
  EXPECT_EQ(step_in_progress(found), step::void_payment) << "what is found is undone";
}

TEST(OrderReopened, IsNotTakenToHaveSentNothing) {
  const auto late = noon + 72h;
  const auto s = then(reviewed(until_reserved(), step::authorize), decided({reopened{"x"}}), late);
  EXPECT_EQ(decide(s, time_passed{.seen_all = true}, late, standard), nothing);
}

TEST(OrderReopen, CountsOnceHoweverOftenItIsAskedFor) {
  const auto first = reviewed(until_reserved(), step::authorize);
  auto s = then(first, decide(first, look));
  EXPECT_EQ(decide(s, look), nothing);
  s = then(s, decide(s, step_impossible{step::authorize, review_reason::unknown_outcome}));
  EXPECT_EQ(decide(s, look), nothing) << "a repeated wish is no second one";
}

TEST(OrderReopen, LeavesAnOrderThatIsNotInReview) {
  EXPECT_EQ(decide(state{}, look), decision{rejection::unknown_order});
  for (const auto& history : {until_reserved(), until_allocated(), until_confirmed()})
    EXPECT_EQ(decide(after(history), look), nothing);
}

TEST(OrderReopen, IsRefusedWhereLookingCannotSettleIt) {
  const auto taken = with(until_allocated(), {cancel_requested{}, payment_captured{total}});
  EXPECT_EQ(decide(reviewed(taken, step::refund), look), decision{rejection::needs_people});
  const auto confirmed = after(until_confirmed());
  const payment_answered second{.id = "pay-2", .authorized = true, .captured = false, .reason = {}};
  EXPECT_EQ(decide(then(confirmed, decide(confirmed, second)), look), decision{rejection::needs_people});
  // What came to light while people decided is theirs, too.
  const auto stuck = reviewed(until_reserved(), step::authorize);
  const auto surprised = then(stuck, decided({sent_to_review{step::authorize, "unexpected payment pay-2"}}));
  EXPECT_EQ(decide(surprised, look), decision{rejection::needs_people});
}

TEST(OrderReopen, IsPossibleAfterASnapshot) {
  const auto history = with(until_reserved(), {cancel_requested{"changed my mind"}});
  const auto back = decode_snapshot(encode_snapshot(reviewed(history, step::authorize)), snapshot_schema);
  ASSERT_TRUE(back);
  EXPECT_EQ(decide(*back, look), decided({reopened{"letter-1/1"}}));
  EXPECT_EQ(then(*back, decide(*back, look)).reason, "changed my mind");
  const auto again = decode_snapshot(encode_snapshot(then(*back, decide(*back, look))), snapshot_schema);
  ASSERT_TRUE(again);
  EXPECT_EQ(decide(*again, look), nothing);
  EXPECT_EQ(again->reviews, 1u);
}

} // namespace
} // namespace troupe::order

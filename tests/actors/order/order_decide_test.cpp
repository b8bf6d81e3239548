#include "tests/actors/order/samples.hpp"

#include <gtest/gtest.h>

namespace troupe::order {

void PrintTo(const event& x, std::ostream* out) {
  *out << name_of(x);
}

void PrintTo(const effect_t& x, std::ostream* out) {
  *out << name_of(step_of(x)) << " (" << x.index() << ')';
}

namespace {

using namespace test;

using events = std::vector<event>;
using effects = std::vector<effect_t>;

const decision nothing = events{};

decision decided(std::initializer_list<event> list) {
  return events{list};
}

effects left(const state& s, time_point now = noon) {
  return outstanding(some_id, s, now, standard);
}

state then(state s, const decision& outcome, time_point at = noon) {
  for (const auto& e : std::get<events>(outcome))
    s.apply(e, at);
  return s;
}

attempt_failed failed(step x, ec code, std::uint32_t attempt = 1, time_point next_at = noon + 300ms) {
  return {x, attempt, code, next_at};
}

const effects release_all{effect::release{0}, effect::release{1}};
const effects take_all_back{effect::take_back{0}, effect::take_back{1}};
const effects void_it{effect::void_payment{some_id.value + "/void"}};
const effects refund_it{effect::refund{some_id.value + "/refund", total, noon + 24h}};
const effects authorize_it{effect::authorize{some_id.value + "/authorize", false, noon + 24h}};
const effects capture_it{effect::capture{some_id.value + "/capture", false, noon + 24h}};
const payment_answered yes{.id = "pay-1", .authorized = true, .captured = false, .reason = {}};
const payment_answered no{.id = "pay-1", .authorized = false, .captured = false, .reason = "insufficient_funds"};
const payment_answered taken{.id = "pay-1", .authorized = true, .captured = true, .reason = {}};
const stock_ready ready{prices, hold_end};
const time_passed everything_seen{true};

// ---- placing -------------------------------------------------------------------------------------------------------

TEST(OrderPlace, StoresWhatWasOrdered) {
  EXPECT_EQ(decide(state{}, some_order()), decided({some_placed()}));
}

TEST(OrderPlace, DoesNothingWhenRepeated) {
  EXPECT_EQ(decide(after(until_placed()), some_order()), nothing);
  EXPECT_EQ(decide(after(until_confirmed()), some_order()), nothing);
}

TEST(OrderPlace, DoesNothingWhenRepeatedAfterTheShopChangedWhenItCaptures) {
  auto cmd = some_order();
  cmd.capture_at_once = false;
  EXPECT_EQ(decide(after(until_placed()), cmd), nothing);
}

TEST(OrderPlace, RefusesOtherContentForTheSameId) {
  auto other_units = some_order();
  other_units.items[0].units = 3;
  auto other_email = some_order();
  other_email.email = "other@example.org";
  auto other_address = some_order();
  other_address.shipping->city = "Elsewhere";
  for (const auto& cmd : {other_units, other_email, other_address})
    EXPECT_EQ(decide(after(until_placed()), cmd), decision{rejection::already_placed_otherwise});
}

TEST(OrderPlace, RefusesAnOrderOfNothing) {
  auto cmd = some_order();
  cmd.items.clear();
  EXPECT_EQ(decide(state{}, cmd), decision{rejection::no_items});
}

TEST(OrderPlace, TakesAsManyLinesAsAllowedAndNotOneMore) {
  auto cmd = some_order();
  cmd.items.clear();
  for (std::size_t i = 0; i < lines_max; ++i)
    cmd.items.push_back({sku_id{"sku-" + std::to_string(i)}, 1});
  EXPECT_EQ(std::get<events>(decide(state{}, cmd)).size(), 1u);
  cmd.items.push_back({"one-more", 1});
  EXPECT_EQ(decide(state{}, cmd), decision{rejection::too_many_items});
}

TEST(OrderPlace, RefusesNoUnitsAndTooMany) {
  auto cmd = some_order();
  cmd.items[1].units = 0;
  EXPECT_EQ(decide(state{}, cmd), decision{rejection::bad_units});
  cmd.items[1].units = units_max + 1;
  EXPECT_EQ(decide(state{}, cmd), decision{rejection::bad_units});
  cmd.items[1].units = units_max;
  EXPECT_EQ(decide(state{}, cmd).index(), 0u);
}

TEST(OrderPlace, RefusesASkuOnTwoLines) {
  auto cmd = some_order();
  cmd.items[1].sku = cmd.items[0].sku;
  EXPECT_EQ(decide(state{}, cmd), decision{rejection::duplicate_sku});
}

// ---- the way forward -----------------------------------------------------------------------------------------------

TEST(OrderWay, ReservesEveryLineFirst) {
  EXPECT_EQ(left(after(until_placed())), (effects{effect::price_and_reserve{0}, effect::price_and_reserve{1}}));
}

TEST(OrderWay, PricesWhatItReserved) {
  EXPECT_EQ(decide(after(until_placed()), ready), decided({priced{prices, total}, stock_reserved{hold_end}}));
}

TEST(OrderWay, AuthorizesOnceTheStockIsHeld) {
  EXPECT_EQ(left(after(until_reserved())), authorize_it);
}

TEST(OrderWay, AuthorizesTheTotal) {
  EXPECT_EQ(decide(after(until_reserved()), yes), decided({payment_authorized{"pay-1", total}}));
}

TEST(OrderWay, AllocatesEveryLineOnceAuthorized) {
  EXPECT_EQ(left(after(until_authorized())), (effects{effect::allocate{0}, effect::allocate{1}}));
  EXPECT_EQ(decide(after(until_authorized()), stock_taken{}), decided({stock_allocated{}}));
}

TEST(OrderWay, CapturesAtOnceWhenConfiguredSo) {
  EXPECT_EQ(left(after(until_allocated())), capture_it);
}

TEST(OrderWay, IsConfirmedByTheCapture) {
  const auto s = after(until_allocated());
  EXPECT_EQ(decide(s, money_taken{}), decided({payment_captured{total}, confirmed{}}));
  EXPECT_EQ(then(s, decide(s, money_taken{})).status, status::confirmed);
  EXPECT_EQ(left(after(until_confirmed())), effects{});
  EXPECT_EQ(wake_up(after(until_confirmed()), standard), std::nullopt);
}

TEST(OrderWay, WaitsForItsCaptureToBeAskedFor) {
  const auto s = after(until_allocated(false));
  EXPECT_EQ(left(s), effects{});
  EXPECT_EQ(decide(s, capture{some_id}), decided({capture_requested{}}));
  const auto asked = then(s, decide(s, capture{some_id}), noon + 1h);
  EXPECT_EQ(left(asked, noon + 1h), (effects{effect::capture{some_id.value + "/capture", false, noon + 25h}}));
}

TEST(OrderWay, CanBeCapturedOnlyOnceAllocated) {
  EXPECT_EQ(decide(state{}, capture{some_id}), decision{rejection::unknown_order});
  EXPECT_EQ(decide(after(until_reserved(false)), capture{some_id}), decision{rejection::not_authorized});
  EXPECT_EQ(decide(after(until_authorized(false)), capture{some_id}), decision{rejection::not_authorized});
}

TEST(OrderWay, IsCapturedOnceHoweverOftenItIsAskedFor) {
  const auto asked = with(until_allocated(false), {capture_requested{}});
  EXPECT_EQ(decide(after(asked), capture{some_id}), nothing);
  EXPECT_EQ(decide(after(until_confirmed()), capture{some_id}), nothing);
}

TEST(OrderWay, IsNotCapturedOnceItIsOnItsWayOut) {
  const auto leaving = with(until_allocated(false), {cancel_requested{}});
  EXPECT_EQ(decide(after(leaving), capture{some_id}), decision{rejection::already_ended});
}

TEST(OrderWay, ConfirmsAnOrderWhoseMoneyWasFoundCapturedAlready) {
  auto s = after(until_reserved());
  EXPECT_EQ(decide(s, taken), decided({payment_authorized{"pay-1", total}, payment_captured{total}}));
  s = then(s, decide(s, taken));
  EXPECT_EQ(left(s), (effects{effect::allocate{0}, effect::allocate{1}}));
  EXPECT_EQ(decide(s, stock_taken{}), decided({stock_allocated{}, confirmed{}}));
}

// ---- rejected ------------------------------------------------------------------------------------------------------

TEST(OrderRejection, NamesTheLineThatCannotBeHad) {
  const auto s = after(until_placed());
  EXPECT_EQ(decide(s, line_refused{1, "out_of_stock"}), decided({rejected{1, "sock", "out_of_stock"}}));
  EXPECT_EQ(then(s, decide(s, line_refused{1, "out_of_stock"})).refused_line, 1u);
}

TEST(OrderRejection, ReleasesEveryLineAndThenEnds) {
  const auto s = after(with(until_placed(), {rejected{1, "sock", "out_of_stock"}}));
  EXPECT_EQ(s.status, status::processing);
  EXPECT_EQ(left(s), release_all);
  EXPECT_EQ(decide(s, stock_returned{}), decided({stock_released{}, closed{status::rejected}}));
  EXPECT_EQ(then(s, decide(s, stock_returned{})).status, status::rejected);
}

TEST(OrderRejection, RefusesAPriceInAnotherCurrency) {
  const auto dollars = money{290, *currency::parse("USD")};
  EXPECT_EQ(decide(after(until_placed()), stock_ready{{eur(5'000), dollars}, hold_end}),
            decided({rejected{1, "sock", "other_currency"}}));
}

TEST(OrderRejection, RefusesALineWhoseAmountDoesNotFit) {
  const auto half = std::numeric_limits<std::int64_t>::max() / 2;
  EXPECT_EQ(decide(after(until_placed()), stock_ready{{eur(half + 1), eur(1)}, hold_end}),
            decided({rejected{0, "shoe", "too_much"}}));
}

TEST(OrderRejection, RefusesATotalThatDoesNotFit) {
  const auto half = std::numeric_limits<std::int64_t>::max() / 2;
  EXPECT_EQ(decide(after(until_placed()), stock_ready{{eur(half), eur(2)}, hold_end}),
            decided({rejected{1, "sock", "too_much"}}));
}

// ---- declined ------------------------------------------------------------------------------------------------------

TEST(OrderDecline, ReleasesTheStockAndEnds) {
  auto s = after(until_reserved());
  EXPECT_EQ(decide(s, no), decided({payment_declined{"insufficient_funds"}}));
  s = then(s, decide(s, no));
  EXPECT_EQ(left(s), release_all);
  EXPECT_EQ(decide(s, stock_returned{}), decided({stock_released{}, closed{status::declined}}));
}

TEST(OrderDecline, VoidsAPaymentThatIsFoundAfterAll) {
  auto s = after(with(until_reserved(), {payment_declined{"insufficient_funds"}}));
  s = then(s, decide(s, yes));
  EXPECT_EQ(left(s), void_it);
  s = then(s, decide(s, stock_returned{})); // The answer of what was under way.
  EXPECT_EQ(left(s), void_it);
  EXPECT_EQ(decide(s, money_released{}), decided({payment_voided{}, closed{status::declined}}));
}

// ---- expired -------------------------------------------------------------------------------------------------------

TEST(OrderExpiry, VoidsThePaymentOfAHoldThatWasLost) {
  auto s = after(until_authorized());
  EXPECT_EQ(decide(s, hold_lost{1}), decided({hold_expired{1, false}}));
  s = then(s, decide(s, hold_lost{1}));
  EXPECT_EQ(left(s), void_it);
  EXPECT_EQ(decide(s, money_released{}), decided({payment_voided{}}));
  s = then(s, decide(s, money_released{}));
  EXPECT_EQ(left(s), take_all_back);
  EXPECT_EQ(decide(s, stock_returned{}), decided({stock_released{}, closed{status::expired}}));
}

TEST(OrderExpiry, GivesUpAPaymentThatSurelyWasNotSent) {
  const auto s = after(with(until_reserved(), {failed(step::authorize, ec::unavailable)}));
  EXPECT_EQ(decide(s, everything_seen, hold_end - 1ms, standard), nothing);
  EXPECT_EQ(decide(s, everything_seen, hold_end, standard), decided({hold_expired{0, false}}));
  const auto expired = then(s, decide(s, everything_seen, hold_end, standard));
  EXPECT_EQ(left(expired), release_all);
  EXPECT_EQ(decide(expired, stock_returned{}), decided({stock_released{}, closed{status::expired}}));
}

TEST(OrderExpiry, DoesNotGiveUpAPaymentThatMayHaveBeenSent) {
  const auto uncertain = after(with(until_reserved(), {failed(step::authorize, ec::timed_out)}));
  const auto once_uncertain = after(
    with(until_reserved(), {failed(step::authorize, ec::timed_out), failed(step::authorize, ec::unavailable, 2)}));
  for (const auto& s : {uncertain, once_uncertain})
    EXPECT_EQ(decide(s, everything_seen, hold_end + 1s, standard), nothing);
}

TEST(OrderExpiry, DoesNotGiveUpAPaymentThatACrashMayHide) {
  const auto first_attempt = after(until_reserved());
  const auto after_another = after(with(until_reserved(), {failed(step::authorize, ec::unavailable)}));
  for (const auto& s : {first_attempt, after_another})
    EXPECT_EQ(decide(s, time_passed{}, hold_end + 1s, standard), nothing);
}

TEST(OrderExpiry, EndsAnAuthorizationThatNobodyCaptures) {
  const auto s = after(until_allocated(false));
  EXPECT_EQ(wake_up(s, standard), noon + 7 * 24h);
  EXPECT_EQ(decide(s, time_passed{}, noon + 7 * 24h - 1ms, standard), nothing);
  EXPECT_EQ(decide(s, time_passed{}, noon + 7 * 24h, standard), decided({hold_expired{0, true}}));
  const auto expired = then(s, decide(s, time_passed{}, noon + 7 * 24h, standard));
  EXPECT_EQ(left(expired), void_it);
  EXPECT_EQ(left(then(expired, decide(expired, money_released{}))), take_all_back);
}

TEST(OrderExpiry, LeavesAnOrderAloneWhoseCaptureWasAskedFor) {
  const auto s = after(with(until_allocated(false), {capture_requested{}}));
  EXPECT_EQ(decide(s, everything_seen, noon + 8 * 24h, standard), nothing);
  EXPECT_EQ(decide(after(until_allocated()), everything_seen, noon + 8 * 24h, standard), nothing);
}

// ---- cancelled -----------------------------------------------------------------------------------------------------

state cancelled(events history) {
  history.emplace_back(cancel_requested{"changed my mind"});
  return after(history);
}

TEST(OrderCancel, StoresTheReason) {
  EXPECT_EQ(decide(after(until_placed()), cancel{some_id, "changed my mind"}),
            decided({cancel_requested{"changed my mind"}}));
  EXPECT_EQ(cancelled(until_placed()).reason, "changed my mind");
}

TEST(OrderCancel, ReleasesWhatAReservationMayHold) {
  const auto s = cancelled(until_placed());
  EXPECT_EQ(left(s), release_all);
  EXPECT_EQ(decide(s, ready), nothing); // The reservation's answer comes late.
  EXPECT_EQ(decide(s, line_refused{0, "out_of_stock"}), nothing);
  EXPECT_EQ(decide(s, stock_returned{}), decided({stock_released{}, closed{status::cancelled}}));
}

TEST(OrderCancel, FirstFindsOutWhatBecameOfAnAuthorization) {
  const auto s = cancelled(until_reserved());
  EXPECT_EQ(left(s), authorize_it);
  EXPECT_EQ(left(then(s, decide(s, yes))), void_it);
  EXPECT_EQ(left(then(s, decide(s, no))), release_all);
}

TEST(OrderCancel, EndsAsCancelledAlsoWhenThePaymentWasDeclined) {
  auto s = cancelled(until_reserved());
  s = then(s, decide(s, no));
  EXPECT_EQ(decide(s, stock_returned{}), decided({stock_released{}, closed{status::cancelled}}));
}

TEST(OrderCancel, KeepsTheWaitOfAnAuthorizationThatFailed) {
  const auto s = cancelled(with(until_reserved(), {failed(step::authorize, ec::timed_out, 4, noon + 3s)}));
  EXPECT_EQ(left(s, noon + 2s), effects{});
  EXPECT_EQ(left(s, noon + 3s), (effects{effect::authorize{some_id.value + "/authorize", true, noon + 24h}}));
}

TEST(OrderCancel, NeedNotWaitForAProviderThatSurelyKnowsNothingOnceTheHoldIsOver) {
  auto s = cancelled(with(until_reserved(), {failed(step::authorize, ec::unavailable)}));
  s = then(s, decide(s, everything_seen, hold_end, standard));
  EXPECT_EQ(left(s), release_all);
  EXPECT_EQ(decide(s, stock_returned{}), decided({stock_released{}, closed{status::cancelled}}));
}

TEST(OrderCancel, VoidsBeforeItTakesBack) {
  for (const auto& history : {until_authorized(), until_authorized(false), until_allocated(false)}) {
    auto s = cancelled(history);
    EXPECT_EQ(left(s), void_it);
    EXPECT_EQ(decide(s, money_released{}), decided({payment_voided{}}));
    s = then(s, decide(s, money_released{}));
    EXPECT_EQ(left(s), take_all_back);
    EXPECT_EQ(decide(s, stock_returned{}), decided({stock_released{}, closed{status::cancelled}}));
  }
}

TEST(OrderCancel, CarriesACaptureThatHasBegunToItsEndAndRefundsIt) {
  for (const auto& history : {until_allocated(), with(until_allocated(false), {capture_requested{}})}) {
    auto s = cancelled(history);
    EXPECT_EQ(left(s), capture_it);
    EXPECT_EQ(decide(s, money_taken{}), decided({payment_captured{total}}));
    s = then(s, decide(s, money_taken{}));
    EXPECT_EQ(left(s), refund_it);
  }
}

TEST(OrderCancel, RefundsAConfirmedOrder) {
  auto s = cancelled(until_confirmed());
  EXPECT_EQ(s.status, status::processing);
  EXPECT_EQ(left(s), refund_it);
  EXPECT_EQ(decide(s, money_returned{"refund-1"}), decided({payment_refunded{"refund-1", total}}));
  EXPECT_EQ(decide(s, money_returned{"refund-1", true}), decided({payment_refunded{"refund-1", total, true}}));
  s = then(s, decide(s, money_returned{"refund-1"}));
  EXPECT_EQ(left(s), take_all_back);
  s = then(s, decide(s, stock_returned{}));
  EXPECT_EQ(s.status, status::refunded);
  EXPECT_EQ(s.refunded, s.captured);
}

TEST(OrderCancel, RefundsMoneyThatIsFoundCapturedInsteadOfVoidingIt) {
  auto s = cancelled(until_reserved());
  s = then(s, decide(s, taken));
  EXPECT_EQ(left(s), refund_it);
  EXPECT_EQ(s.closing, status::refunded);

  auto voiding = cancelled(until_authorized(false));
  voiding = then(voiding, decide(voiding, money_taken{}));
  EXPECT_EQ(left(voiding), refund_it);
}

TEST(OrderCancel, IsDoneOnce) {
  EXPECT_EQ(decide(cancelled(until_reserved()), cancel{some_id, "again"}), nothing);
  EXPECT_EQ(decide(cancelled(until_confirmed()), cancel{some_id, "again"}), nothing);
  const auto ended = with(until_placed(), {cancel_requested{}, stock_released{}, closed{status::cancelled}});
  EXPECT_EQ(decide(after(ended), cancel{some_id, "again"}), nothing);
}

TEST(OrderCancel, IsRefusedOnceTheOrderEndsOtherwise) {
  const auto leaving = with(until_reserved(), {payment_declined{"no"}});
  EXPECT_EQ(decide(after(leaving), cancel{some_id, ""}), decision{rejection::already_ended});
  EXPECT_EQ(decide(after(with(leaving, {stock_released{}, closed{status::declined}})), cancel{some_id, ""}),
            decision{rejection::already_ended});
  EXPECT_EQ(decide(state{}, cancel{some_id, ""}), decision{rejection::unknown_order});
}

// ---- attempts ------------------------------------------------------------------------------------------------------

TEST(OrderAttempt, WaitsTwiceAsLongEachTimeUpToTheMost) {
  auto s = after(until_reserved());
  for (const auto expected : {300ms, 600ms, 1200ms, 2400ms, 4800ms, 9600ms, 15000ms, 15000ms, 15000ms}) {
    const auto outcome = decide(s, step_failed{step::authorize, ec::unavailable, {}, 0}, noon, standard);
    EXPECT_EQ(std::get<attempt_failed>(std::get<events>(outcome).at(0)).next_at, noon + expected);
    s = then(s, outcome);
  }
  EXPECT_EQ(s.attempts, 9u);
}

TEST(OrderAttempt, KeepsAReasonShortAndItsCharactersWhole) {
  const auto why = [](const std::string& told) {
    const auto outcome =
      decide(after(until_reserved()), step_failed{step::authorize, ec::circuit_open, {}, 0, told}, noon, standard);
    return std::get<attempt_failed>(std::get<events>(outcome).at(0)).why;
  };
  EXPECT_EQ(why("the breaker is open"), "the breaker is open");
  EXPECT_EQ(why(std::string(1'000, 'x')).size(), 300u);
  EXPECT_EQ(why(std::string(299, 'x') + "\xC3\xA9"), std::string(299, 'x'));
}

TEST(OrderAttempt, WaitsNoLessAfterAnyNumberOfAttempts) {
  const auto s = after(with(until_reserved(), {failed(step::authorize, ec::unavailable, 4'000'000'000u)}));
  EXPECT_EQ(decide(s, step_failed{step::authorize, ec::unavailable, {}, 0}, noon, standard),
            decided({failed(step::authorize, ec::unavailable, 4'000'000'001u, noon + 15s)}));
}

TEST(OrderAttempt, WaitsNoLongerThanTheMostWhateverTheJitter) {
  constexpr auto nearly_one = 0x1.fffffffffffffp-1;
  auto s = after(until_reserved());
  for (const auto expected : {600ms, 1200ms, 2400ms, 4800ms, 9600ms, 19200ms, 30000ms, 30000ms}) {
    const auto outcome = decide(s, step_failed{step::authorize, ec::unavailable, {}, nearly_one}, noon, standard);
    EXPECT_EQ(std::get<attempt_failed>(std::get<events>(outcome).at(0)).next_at, noon + expected);
    s = then(s, outcome);
  }
}

TEST(OrderAttempt, SpreadsTheWaitByTheJitter) {
  const auto s = after(until_reserved());
  EXPECT_EQ(decide(s, step_failed{step::authorize, ec::unavailable, {}, 0.5}, noon, standard),
            decided({failed(step::authorize, ec::unavailable, 1, noon + 450ms)}));
}

TEST(OrderAttempt, WaitsAtLeastAsLongAsItWasAskedTo) {
  const auto s = after(until_reserved());
  EXPECT_EQ(decide(s, step_failed{step::authorize, ec::rate_limited, 7s, 0}, noon, standard),
            decided({failed(step::authorize, ec::rate_limited, 1, noon + 7s)}));
  EXPECT_EQ(decide(s, step_failed{step::authorize, ec::rate_limited, 1ms, 0}, noon, standard),
            decided({failed(step::authorize, ec::rate_limited, 1, noon + 300ms)}));
}

TEST(OrderAttempt, DoesNotWaitForEverBecauseItWasAskedTo) {
  const auto s = after(until_reserved());
  EXPECT_EQ(decide(s, step_failed{step::authorize, ec::rate_limited, duration::max(), 0}, noon, standard),
            decided({failed(step::authorize, ec::rate_limited, 1, noon + 24h)}));
}

TEST(OrderAttempt, IsNotRepeatedBeforeItIsDue) {
  const auto s = after(with(until_placed(), {failed(step::reserve, ec::overloaded)}));
  EXPECT_EQ(left(s, noon + 299ms), effects{});
  EXPECT_EQ(left(s, noon + 300ms).size(), 2u);
  EXPECT_EQ(wake_up(s, standard), noon + 300ms);
}

TEST(OrderAttempt, LooksAPaymentUpBeforeItTriesAgain) {
  const auto s = after(with(until_reserved(), {failed(step::authorize, ec::timed_out)}));
  EXPECT_TRUE(s.authorize_uncertain);
  EXPECT_EQ(left(s, noon + 1s), (effects{effect::authorize{some_id.value + "/authorize", true, noon + 24h}}));
}

TEST(OrderAttempt, LooksAPaymentUpOnceItsKeyIsTooOld) {
  EXPECT_EQ(left(after(until_reserved()), noon + 24h),
            (effects{effect::authorize{some_id.value + "/authorize", true, noon + 24h}}));
  EXPECT_EQ(left(after(until_allocated()), noon + 24h),
            (effects{effect::capture{some_id.value + "/capture", true, noon + 24h}}));
}

TEST(OrderAttempt, StartsCountingAnewWithEachStep) {
  auto s = after(with(until_reserved(), {failed(step::authorize, ec::unavailable, 5)}));
  s = then(s, decide(s, yes));
  EXPECT_EQ(s.attempts, 0u);
  EXPECT_EQ(decide(s, step_failed{step::allocate, ec::overloaded, {}, 0}, noon, standard),
            decided({failed(step::allocate, ec::overloaded)}));
}

TEST(OrderAttempt, KeepsItsIdempotencyKeyAndItsAge) {
  auto s = after(until_reserved());
  const auto first = std::get<effect::authorize>(left(s).at(0));
  s.apply(failed(step::authorize, ec::timed_out), noon + 1h);
  s.apply(cancel_requested{}, noon + 2h);
  const auto later = std::get<effect::authorize>(left(s, noon + 3h).at(0));
  EXPECT_EQ(first.key, later.key);
  EXPECT_EQ(first.key_dies_at, later.key_dies_at);
}

TEST(OrderAttempt, LeavesOneLineInTheTimelineHoweverOftenItFails) {
  auto s = after(until_reserved());
  const auto before = s.timeline.size();
  for (int i = 0; i < 1'000; ++i)
    s = then(s, decide(s, step_failed{step::authorize, ec::unavailable, {}, 0}, noon, standard));
  ASSERT_EQ(s.timeline.size(), before + 1);
  EXPECT_EQ(s.timeline.back().detail, "authorize 1000: unavailable");
}

TEST(OrderAttempt, OfAStepThatIsOverDoesNotCount) {
  EXPECT_EQ(decide(after(until_authorized()), step_failed{step::authorize, ec::timed_out, {}, 0}, noon, standard),
            nothing);
  EXPECT_EQ(decide(after(until_confirmed()), step_failed{step::capture, ec::timed_out, {}, 0}, noon, standard),
            nothing);
}

// ---- late and repeated answers -------------------------------------------------------------------------------------

TEST(OrderAnswer, CountsOnceHoweverOftenItComes) {
  EXPECT_EQ(decide(after(until_reserved()), ready), nothing);
  EXPECT_EQ(decide(after(until_authorized()), yes), nothing);
  EXPECT_EQ(decide(after(until_authorized()), no), nothing);
  EXPECT_EQ(decide(after(until_allocated()), stock_taken{}), nothing);
  EXPECT_EQ(decide(after(until_allocated()), hold_lost{0}), nothing);
  EXPECT_EQ(decide(after(until_confirmed()), money_taken{}), nothing);
  EXPECT_EQ(decide(after(until_confirmed()), taken), nothing);
  EXPECT_EQ(decide(after(until_confirmed()), money_released{}), nothing);
  EXPECT_EQ(decide(after(until_confirmed()), money_returned{"r"}), nothing);
  EXPECT_EQ(decide(after(until_confirmed()), stock_returned{}), nothing);
  EXPECT_EQ(decide(after(until_confirmed()), everything_seen, noon + 9 * 24h, standard), nothing);
  const auto undone = with(until_authorized(false), {cancel_requested{}, payment_voided{}, stock_released{}});
  EXPECT_EQ(decide(after(undone), stock_returned{}), nothing);
  EXPECT_EQ(decide(after(undone), money_released{}), nothing);
}

TEST(OrderAnswer, ToAnOrderThatDoesNotExistIsIgnored) {
  EXPECT_EQ(decide(state{}, yes), nothing);
  EXPECT_EQ(decide(state{}, money_taken{}), nothing);
  EXPECT_EQ(decide(state{}, stock_returned{}), nothing);
  EXPECT_EQ(decide(state{}, step_failed{}, noon, standard), nothing);
  EXPECT_EQ(decide(state{}, time_passed{}, noon, standard), nothing);
}

// ---- what people read ----------------------------------------------------------------------------------------------

TEST(OrderMessage, TellsWhatIsGoingOn) {
  EXPECT_EQ(message_of(after(until_reserved())), "Processing payment...");
  EXPECT_EQ(message_of(after(until_allocated())), "Processing payment...");
  EXPECT_EQ(message_of(after(until_confirmed())), "Order confirmed");
}

TEST(OrderMessage, TellsWhyItTakesLong) {
  const auto after_failure = [](ec code) {
    return message_of(after(with(until_reserved(), {failed(step::authorize, code)})));
  };
  EXPECT_EQ(after_failure(ec::unavailable), "Processing payment...");
  EXPECT_EQ(after_failure(ec::rate_limited), "High volume, please wait");
  EXPECT_EQ(after_failure(ec::timed_out), "Verifying payment...");
  EXPECT_EQ(after_failure(ec::bad_response), "Technical issue");
}

TEST(OrderMessage, HasASentenceForEveryEnd) {
  for (auto x : {status::confirmed, status::rejected, status::declined, status::expired, status::cancelled,
                 status::refunded, status::review}) {
    state s;
    s.status = x;
    EXPECT_FALSE(message_of(s).empty());
  }
}

TEST(OrderTimeline, HoldsNoPersonalData) {
  const auto s = cancelled(until_confirmed());
  for (const auto& m : s.timeline)
    for (const auto* personal : {"ada", "Ada", "Long Street", "changed my mind"})
      EXPECT_EQ(m.detail.find(personal), std::string::npos) << m.what;
}

TEST(OrderTimeline, NamesWhatHappenedAndWhen) {
  auto s = after(until_placed());
  s.apply(rejected{1, "sock", "out_of_stock"}, noon + 1s);
  ASSERT_EQ(s.timeline.size(), 2u);
  EXPECT_EQ(s.timeline[1].at, noon + 1s);
  EXPECT_EQ(s.timeline[1].what, "rejected");
  EXPECT_EQ(s.timeline[1].detail, "line 1: out_of_stock");
}

TEST(OrderKey, IsTheSameForEveryTryAndDiffersByOrderAndStep) {
  EXPECT_EQ(key_of("a", step::capture), "a/capture");
  EXPECT_NE(key_of("a", step::capture), key_of("b", step::capture));
  EXPECT_NE(key_of("a", step::capture), key_of("a", step::refund));
  EXPECT_EQ(reservation_of("a", 3), reservation_id{"a/3"});
}

} // namespace
} // namespace troupe::order

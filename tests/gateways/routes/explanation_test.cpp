#include "gateways/http/routes/explanation.hpp"

#include "actors/catalog/catalog_actor.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/kernel/caf.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/payment/provider.hpp"

#include <caf/sec.hpp>
#include <gtest/gtest.h>


namespace troupe::gateway {
namespace {

using std::chrono::seconds;

TEST(Explanation, GivesEveryRejectionATypeOfItsOwnClass) {
  const auto check = [&](const caf::error& x) {
    const auto told = explain(x);
    EXPECT_GE(told.status, 400) << told.type;
    EXPECT_LT(told.status, 500) << told.type;
    EXPECT_NE(told.type, "internal-error") << static_cast<int>(x.code());
    EXPECT_FALSE(told.title.empty()) << told.type;
    EXPECT_FALSE(told.detail.empty()) << told.type;
  };
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(order::rejection::in_review); ++i)
    check(caf::make_error(static_cast<order::rejection>(i)));
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(inventory::rejection::too_many_units); ++i)
    check(caf::make_error(static_cast<inventory::rejection>(i)));
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(catalog::rejection::price_not_positive); ++i)
    check(caf::make_error(static_cast<catalog::rejection>(i)));
  check(caf::make_error(idempotency::rejection::other_body));
}

TEST(Explanation, TellsConflictsFromUnknownThingsAndWrongBodies) {
  EXPECT_EQ(explain(caf::make_error(order::rejection::unknown_order)).status, 404);
  EXPECT_EQ(explain(caf::make_error(order::rejection::already_ended)).status, 409);
  EXPECT_EQ(explain(caf::make_error(order::rejection::not_authorized)).status, 409);
  EXPECT_EQ(explain(caf::make_error(inventory::rejection::out_of_stock)).status, 409);
  EXPECT_EQ(explain(caf::make_error(inventory::rejection::unknown_sku)).status, 404);
  EXPECT_EQ(explain(caf::make_error(catalog::rejection::unknown_product)).status, 404);
  EXPECT_EQ(explain(caf::make_error(idempotency::rejection::other_body)).status, 422);
  EXPECT_EQ(explain(caf::make_error(catalog::rejection::price_not_positive)).pointer, "/price/amount");
}

TEST(Explanation, SaysWhenToComeBackWhereverItMakesSense) {
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(ec::unknown_type); ++i) {
    const auto told = explain(caf::make_error(static_cast<ec>(i)));
    EXPECT_EQ(told.retry_after.has_value(), told.status == 503 || told.status == 429) << told.type;
    EXPECT_GE(told.status, told.type == "rate-limited" ? 429 : 500) << told.type;
  }
}

TEST(Explanation, PassesOnTheWaitThatWasAskedFor) {
  const auto wait_of = [](duration wait) {
    return *explain(payment::wait_and_retry(ec::rate_limited, wait)).retry_after;
  };
  EXPECT_EQ(wait_of(duration{2'001}), seconds{3});
  EXPECT_EQ(wait_of(duration{0}), seconds{1});
  EXPECT_EQ(wait_of(duration{-5'000}), seconds{1});
  EXPECT_EQ(wait_of(std::chrono::hours{48}), seconds{3600});
}

TEST(Explanation, NamesATimeoutOfAnActorADeadline) {
  EXPECT_EQ(explain(caf::make_error(caf::sec::request_timeout)).status, 504);
  EXPECT_EQ(explain(caf::make_error(ec::deadline)).status, 504);
}

TEST(Explanation, AsksToRepeatWhenAnActorEndedInTheMiddle) {
  EXPECT_EQ(explain(caf::make_error(caf::sec::broken_promise)).status, 503);
  EXPECT_EQ(explain(caf::make_error(caf::sec::request_receiver_down)).status, 503);
}

TEST(Explanation, TellsNothingOfTheInsideOfABug) {
  const auto told = explain(caf::make_error(caf::sec::runtime_error, std::string{"secret"}));
  EXPECT_EQ(told.status, 500);
  EXPECT_EQ(told.detail.find("secret"), std::string::npos);
}

} // namespace
} // namespace troupe::gateway

#include "gateways/http/routes/answer.hpp"

#include "actors/catalog/catalog_actor.hpp"
#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/guard/guard_actor.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/kernel/caf.hpp"
#include "actors/order/order_actor.hpp"

#include <caf/sec.hpp>
#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

TEST(Explanation, KnowsEveryRejectionOfEveryContext) {
  const auto check = [&](const caf::error& x) {
    const auto told = explain(x);
    ASSERT_TRUE(told) << static_cast<int>(x.code());
    EXPECT_GE(told->status, 400) << told->type;
    EXPECT_LT(told->status, 500) << told->type;
    EXPECT_FALSE(told->title.empty()) << told->type;
    EXPECT_FALSE(told->detail.empty()) << told->type;
  };
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(order::rejection::in_review); ++i)
    check(caf::make_error(static_cast<order::rejection>(i)));
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(inventory::rejection::too_many_units); ++i)
    check(caf::make_error(static_cast<inventory::rejection>(i)));
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(catalog::rejection::price_not_positive); ++i)
    check(caf::make_error(static_cast<catalog::rejection>(i)));
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(dead_letter::rejection::too_large); ++i)
    check(caf::make_error(static_cast<dead_letter::rejection>(i)));
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(dead_letter::job::rejection::wrong_rate); ++i)
    check(caf::make_error(static_cast<dead_letter::job::rejection>(i)));
  check(caf::make_error(idempotency::rejection::other_body));
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(guard::rejection::bad_rule); ++i)
    check(caf::make_error(static_cast<guard::rejection>(i)));
}

TEST(Explanation, TellsConflictsFromUnknownThingsAndWrongBodies) {
  EXPECT_EQ(explain(caf::make_error(order::rejection::unknown_order))->status, 404);
  EXPECT_EQ(explain(caf::make_error(order::rejection::already_ended))->status, 409);
  EXPECT_EQ(explain(caf::make_error(order::rejection::not_authorized))->status, 409);
  EXPECT_EQ(explain(caf::make_error(inventory::rejection::out_of_stock))->status, 409);
  EXPECT_EQ(explain(caf::make_error(inventory::rejection::unknown_sku))->status, 404);
  EXPECT_EQ(explain(caf::make_error(catalog::rejection::unknown_product))->status, 404);
  EXPECT_EQ(explain(caf::make_error(idempotency::rejection::other_body))->status, 422);
  EXPECT_EQ(explain(caf::make_error(catalog::rejection::price_not_positive))->pointer, "/price/amount");
}

TEST(Explanation, LeavesFailuresToTheirOwnWords) {
  EXPECT_FALSE(explain(caf::make_error(ec::store_unavailable)));
  EXPECT_FALSE(explain(caf::make_error(caf::sec::broken_promise)));
  EXPECT_FALSE(explain(caf::error{}));
}

TEST(Refusal, IsAProblemWithThePointerOfTheWrongField) {
  const auto response = refusal(caf::make_error(catalog::rejection::no_title));
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(http::find(response.fields, "Content-Type"), "application/problem+json");
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["type"], "/problems/no-title");
  EXPECT_EQ(body["errors"][0]["pointer"], "/title");
}

TEST(Refusal, SaysWhenToComeBackWheneverTheNodeCannotServe) {
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(ec::circuit_open); ++i) {
    const auto response = refusal(caf::make_error(static_cast<ec>(i)));
    EXPECT_GE(response.status, 429) << static_cast<int>(i);
    const bool later = response.status == 503 || response.status == 429;
    EXPECT_EQ(http::find(response.fields, "Retry-After").empty(), !later) << static_cast<int>(i);
  }
  EXPECT_EQ(refusal(caf::make_error(ec::store_unavailable)).status, 503);
  EXPECT_EQ(refusal(caf::make_error(ec::overloaded)).status, 503);
  EXPECT_EQ(refusal(caf::make_error(ec::shutting_down)).status, 503);
  EXPECT_EQ(refusal(caf::make_error(ec::deadline)).status, 504);
  EXPECT_EQ(refusal(caf::make_error(caf::sec::broken_promise)).status, 503);
}

TEST(Refusal, TellsNothingOfTheInsideOfABug) {
  const auto response = refusal(caf::make_error(caf::sec::runtime_error, std::string{"secret"}));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
}

} // namespace
} // namespace troupe::gateway

#include "gateways/http/routes/order_json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace troupe::gateway {
namespace {

using nlohmann::json;

const currency eur = *currency::parse("EUR");
const currency jpy = *currency::parse("JPY");

const order_defaults defaults{"sandbox", {"sandbox", "stripe"}, true};

json body() {
  return json::parse(R"({"customerId": "c-1", "email": "ann@example.com", "currency": "EUR",
    "items": [{"sku": "mug", "quantity": 2}, {"sku": "pen", "quantity": 1}],
    "payment": {"method": "pm_card_visa"}})");
}

order::place placed(const json& x) {
  return std::get<order::place>(to_place(x, "o-1", defaults));
}

std::vector<wrong_field> wrong(const json& x) {
  return std::get<std::vector<wrong_field>>(to_place(x, "o-1", defaults));
}

TEST(OrderBody, BecomesACommand) {
  const auto cmd = placed(body());
  EXPECT_EQ(cmd.id, order_id{"o-1"});
  EXPECT_EQ(cmd.customer, customer_id{"c-1"});
  EXPECT_EQ(cmd.email, "ann@example.com");
  EXPECT_EQ(cmd.currency, eur);
  EXPECT_EQ(cmd.items, (std::vector<order::item>{{"mug", 2}, {"pen", 1}}));
  EXPECT_EQ(cmd.method, "pm_card_visa");
  EXPECT_FALSE(cmd.shipping);
}

TEST(OrderBody, TakesWhatItLeavesOutFromTheConfiguration) {
  EXPECT_EQ(placed(body()).provider, "sandbox");
  EXPECT_TRUE(placed(body()).capture_at_once);
  auto named = body();
  named["payment"]["provider"] = "stripe";
  EXPECT_EQ(placed(named).provider, "stripe");
}

TEST(OrderBody, MayHaveAShippingAddress) {
  auto x = body();
  x["shippingAddress"] = {
    {"name", "Ann"}, {"line1", "1 Road"}, {"city", "Ulm"}, {"postalCode", "89073"}, {"country", "DE"}};
  EXPECT_EQ(placed(x).shipping, (order::address{"Ann", "1 Road", "", "Ulm", "", "89073", "DE"}));
}

TEST(OrderBody, NamesEveryWrongField) {
  auto x = body();
  x["currency"] = "XYZ";
  x["items"][1]["sku"] = "mug";
  x["payment"]["provider"] = "cash";
  std::vector<std::string> pointers;
  for (const auto& field : wrong(x))
    pointers.push_back(field.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/currency", "/items/1/sku", "/payment/provider"}));
}

order::view view() {
  order::view x;
  x.id = "01890a5d-ac96-774b-bcce-b302099a8057";
  x.status = order::status::confirmed;
  x.message = "Confirmed";
  x.customer = "c-1";
  x.email = "ann@example.com";
  x.currency = eur;
  x.lines = {{"mug", 2, money{1290, eur}, money{2580, eur}}, {"pen", 1, std::nullopt, std::nullopt}};
  x.total = money{2580, eur};
  x.captured = money{2580, eur};
  x.provider = "sandbox";
  x.payment = "pi_1";
  x.placed_at = *parse_rfc3339("2026-03-01T12:00:00Z");
  x.updated_at = *parse_rfc3339("2026-03-01T12:00:01.5Z");
  x.version = 9;
  x.timeline = {{x.placed_at, "placed", ""}, {x.updated_at, "confirmed", "at once"}};
  return x;
}

TEST(OrderV2, HoldsAmountsInMinorUnits) {
  const auto x = json::parse(order_v2_json(view(), false).dump());
  EXPECT_EQ(x["orderId"], "01890a5d-ac96-774b-bcce-b302099a8057");
  EXPECT_EQ(x["status"], "confirmed");
  EXPECT_EQ(x["items"][0], json::parse(R"({"sku": "mug", "quantity": 2, "price": {"amount": 1290, "currency": "EUR"},
                                            "amount": {"amount": 2580, "currency": "EUR"}})"));
  EXPECT_EQ(x["items"][1], json::parse(R"({"sku": "pen", "quantity": 1})"));
  EXPECT_EQ(x["amounts"]["total"], json::parse(R"({"amount": 2580, "currency": "EUR"})"));
  EXPECT_EQ(x["amounts"]["refunded"], json::parse(R"({"amount": 0, "currency": "EUR"})"));
  EXPECT_EQ(x["payment"], json::parse(R"({"provider": "sandbox", "id": "pi_1"})"));
  EXPECT_EQ(x["placedAt"], "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(x["version"], 9);
  EXPECT_EQ(x["timeline"][0], json::parse(R"({"at": "2026-03-01T12:00:00.000Z", "what": "placed"})"));
  EXPECT_EQ(x["timeline"][1]["detail"], "at once");
  EXPECT_EQ(x["links"]["self"], "/api/v2/orders/01890a5d-ac96-774b-bcce-b302099a8057");
  EXPECT_FALSE(x.contains("reason"));
}

TEST(OrderV2, NamesTheItemThatCouldNotBeHad) {
  auto x = view();
  x.status = order::status::rejected;
  x.reason = "out_of_stock";
  x.refused_line = 1;
  EXPECT_EQ(order_v2_json(x, false)["reason"], "out_of_stock");
  EXPECT_EQ(order_v2_json(x, false)["refusedItem"], "/items/1");
}

TEST(OrderV2, ShowsPersonalDataOnlyToThoseWhoMaySeeIt) {
  EXPECT_EQ(order_v2_json(view(), true)["email"], "ann@example.com");
  EXPECT_EQ(order_v2_json(view(), false).dump().find("ann@"), std::string::npos);
  EXPECT_EQ(order_v1_text(view(), false).find("ann@"), std::string::npos);
}

TEST(OrderV2, TellsOperatorsAloneWhyAnOrderIsPaused) {
  auto x = view();
  x.status = order::status::processing;
  x.message = "Processing payment...";
  x.paused = order::view_pause{"provider/rest", "they were hacked", x.placed_at};
  x.timeline = {{x.placed_at, "paused", "provider/rest: they were hacked"}};
  const auto told = json::parse(order_v2_json(x, true).dump());
  EXPECT_EQ(told["message"], "Paused: they were hacked");
  EXPECT_EQ(told["paused"]["what"], "provider/rest");
  EXPECT_EQ(told["timeline"][0]["detail"], "provider/rest: they were hacked");
  const auto shown = order_v2_json(x, false).dump();
  EXPECT_EQ(shown.find("hacked"), std::string::npos) << shown;
  EXPECT_EQ(json::parse(shown)["message"], "Processing payment...");
}

TEST(OrderV1, WritesDecimalAmountsInSnakeCase) {
  const auto text = order_v1_text(view(), false);
  const auto x = json::parse(text);
  EXPECT_EQ(x["order_id"], "01890a5d-ac96-774b-bcce-b302099a8057");
  EXPECT_EQ(x["customer_id"], "c-1");
  EXPECT_NE(text.find(R"("total_amount":25.80)"), std::string::npos);
  EXPECT_NE(text.find(R"("unit_price":12.90)"), std::string::npos);
  EXPECT_NE(text.find(R"("refunded_amount":0.00)"), std::string::npos);
  EXPECT_TRUE(x["items"][1]["amount"].is_null());
  EXPECT_TRUE(x["reason"].is_null());
}

TEST(OrderV1, IsExactWhereADoubleIsNot) {
  auto x = view();
  x.total = money{std::numeric_limits<std::int64_t>::max(), eur};
  EXPECT_NE(order_v1_text(x, false).find(R"("total_amount":92233720368547758.07,)"), std::string::npos);
}

TEST(OrderV1, FollowsTheDecimalsOfTheCurrency) {
  auto x = view();
  x.currency = jpy;
  x.total = money{1290, jpy};
  EXPECT_NE(order_v1_text(x, false).find(R"("total_amount":1290,)"), std::string::npos);
}

TEST(OrderV1, EscapesText) {
  auto x = view();
  x.message = "a\"b\n\xFF";
  EXPECT_EQ(json::parse(order_v1_text(x, false))["message"], "a\"b\n\xEF\xBF\xBD");
}

TEST(OrderReceipt, LeadsToTheOrderAndToWhatCanBeAskedOfIt) {
  auto x = view();
  x.status = order::status::processing;
  x.authorized = {2580, *currency::parse("EUR")};
  x.captured = {};
  EXPECT_EQ(receipt_json(x).dump(),
            R"({"orderId":"01890a5d-ac96-774b-bcce-b302099a8057","status":"processing","message":"Confirmed","links":)"
            R"({"self":"/api/v2/orders/01890a5d-ac96-774b-bcce-b302099a8057",)"
            R"("events":"/api/v2/orders/01890a5d-ac96-774b-bcce-b302099a8057/events",)"
            R"("cancel":"/api/v2/orders/01890a5d-ac96-774b-bcce-b302099a8057/cancel",)"
            R"("capture":"/api/v2/orders/01890a5d-ac96-774b-bcce-b302099a8057/capture"}})");
  x.status = order::status::confirmed;
  EXPECT_EQ(receipt_json(x)["links"].size(), 3u);
  EXPECT_FALSE(receipt_json(x)["links"].contains("capture"));
  x.status = order::status::declined;
  EXPECT_EQ(receipt_json(x)["links"].size(), 2u);
}

TEST(MaskedEmail, KeepsOnlyTheFirstCharacterAndTheDomain) {
  EXPECT_EQ(mask_email("ann@example.com"), "a***@example.com");
  EXPECT_EQ(mask_email("a@example.com"), "***@example.com");
  EXPECT_EQ(mask_email("\xC3\xA9"
                       "mile@example.com"),
            "\xC3\xA9***@example.com");
  EXPECT_EQ(mask_email("@example.com"), "***@example.com");
  EXPECT_EQ(mask_email("nobody"), "***");
  EXPECT_EQ(mask_email(""), "");
}

} // namespace
} // namespace troupe::gateway

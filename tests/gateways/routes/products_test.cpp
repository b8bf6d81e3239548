#include "tests/gateways/routes/gateway_fixture.hpp"

namespace troupe::test {
namespace {

using nlohmann::json;

const std::string mug = R"({"title": "Mug", "price": {"amount": 1290, "currency": "EUR"}})";

class ProductRoutes : public gateway_fixture {
protected:
  http::response put(std::string sku, std::string body) {
    return send({"PUT", "/api/v2/products/" + sku, std::move(body), {}, "operator"});
  }
};

TEST_F(ProductRoutes, CreateThenChange) {
  const auto created = put("mug", mug);
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(http::find(created.fields, "Location"), "/api/v2/products/mug");
  const auto changed = put("mug", R"({"title": "Big mug", "price": {"amount": 1490, "currency": "EUR"}})");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(products.at("mug").title, "Big mug");
  EXPECT_EQ(products.at("mug").price, (money{1490, *currency::parse("EUR")}));
}

TEST_F(ProductRoutes, ReadInMinorUnits) {
  put("mug", mug);
  for (const auto* path : {"/api/v2/products/mug", "/api/products/mug", "/products/mug"}) {
    const auto response = send({"GET", path});
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(json_of(response)["title"], "Mug") << path;
    EXPECT_EQ(json_of(response)["price"]["amount"], 1290) << path;
    EXPECT_EQ(json_of(response)["price"]["currency"], "EUR") << path;
  }
}

TEST_F(ProductRoutes, ReadDecimalsInVersionOne) {
  put("mug", mug);
  const auto response = send({"GET", "/api/v1/products/mug"});
  EXPECT_EQ(response.body, R"({"product_id":"mug","title":"Mug","price":12.90,"currency":"EUR","version":1})");
}

TEST_F(ProductRoutes, RefuseAnUnknownOrMalformedSku) {
  EXPECT_EQ(send({"GET", "/products/pen"}).status, 404);
  EXPECT_EQ(send({"GET", "/products/a%2Fb"}).status, 400);
  EXPECT_EQ(send({"GET", "/products/" + std::string(129, 'a')}).status, 400);
  EXPECT_EQ(put("a%20b", mug).status, 400);
  EXPECT_TRUE(products.empty());
}

TEST_F(ProductRoutes, RefuseACurrencyThatDoesNotExist) {
  const auto response = put("mug", R"({"title": "Mug", "price": {"amount": 1290, "currency": "XYZ"}})");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json_of(response)["errors"][0]["pointer"], "/price/currency");
}

TEST_F(ProductRoutes, PointAtTheFieldThatDoesNotFit) {
  const auto wrong = [&](std::string body) { return wrong_fields("PUT", "/api/v2/products/mug", body); };
  EXPECT_EQ(wrong(mug), std::vector<std::string>{});
  EXPECT_EQ(wrong(R"({"title": "", "price": {"amount": 1, "currency": "EUR"}})"), std::vector<std::string>{"/title"});
  EXPECT_EQ(wrong(R"({"title": "M", "price": {"amount": 0, "currency": "EUR"}})"),
            std::vector<std::string>{"/price/amount"});
  EXPECT_EQ(wrong(R"({"title": "M", "price": {"amount": 12.9, "currency": "EUR"}})"),
            std::vector<std::string>{"/price/amount"});
}

TEST_F(ProductRoutes, LetOperatorsWriteAndEverybodyRead) {
  for (const auto* path : {"/api/v2/products/mug", "/api/products/mug"}) {
    EXPECT_EQ(scope_of("PUT", path), gateway::scope::operator_key) << path;
    EXPECT_EQ(scope_of("GET", path), gateway::scope::open) << path;
  }
}

} // namespace
} // namespace troupe::test

#include "tests/gateways/routes/gateway_fixture.hpp"

namespace troupe::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

class InventoryRoutes : public gateway_fixture {
protected:
  void SetUp() override {
    room.stock["mug"] = {"mug", 10, 0, 0, 10};
    room.stock["pen"] = {"pen", 1, 0, 0, 1};
  }

  http::response reserve(std::string order, json items, std::optional<std::chrono::milliseconds> within = {}) {
    const json body{{"orderId", order}, {"items", items}};
    return send({"POST", "/inventory/reserve", body.dump(), {}, "operator", within});
  }

  http::response release(std::string order, json items) {
    const json body{{"orderId", order}, {"items", items}};
    return send({"POST", "/inventory/release", body.dump(), {}, "operator"});
  }

  static json item(std::string product, int quantity) { return {{"productId", product}, {"quantity", quantity}}; }
};

TEST_F(InventoryRoutes, ReadTheStock) {
  room.stock["mug"] = {"mug", 7, 2, 5, 9};
  const auto response = send({"GET", "/api/v2/inventory/mug"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"sku":"mug","onHand":9,"available":7,"held":2,"sold":5})");
}

TEST_F(InventoryRoutes, SetWhatIsAvailable) {
  const auto response = send({"PATCH", "/api/v2/inventory/cup", R"({"available": 3})", {}, "operator"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json_of(response)["available"], 3);
  EXPECT_EQ(json_of(send({"GET", "/api/inventory/cup"}))["onHand"], 3);
}

TEST_F(InventoryRoutes, RefuseAnUnknownOrMalformedSku) {
  EXPECT_EQ(send({"GET", "/api/v2/inventory/cup"}).status, 404);
  EXPECT_EQ(send({"GET", "/api/v2/inventory/-cup"}).status, 400);
  EXPECT_EQ(send({"PATCH", "/api/v2/inventory/a%2Fb", R"({"available": 3})"}).status, 400);
}

TEST_F(InventoryRoutes, ReserveEveryItem) {
  const auto response = reserve("o-1", {item("mug", 4), item("pen", 1)});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"success":true})");
  EXPECT_EQ(room.held["mug"], (std::map<std::string, inventory::units_t>{{"o-1/mug", 4}}));
  EXPECT_EQ(room.held["pen"], (std::map<std::string, inventory::units_t>{{"o-1/pen", 1}}));
}

TEST_F(InventoryRoutes, MayBeAskedTwice) {
  EXPECT_EQ(reserve("o-1", {item("mug", 4)}).status, 200);
  EXPECT_EQ(reserve("o-1", {item("mug", 4)}).status, 200);
  EXPECT_EQ(room.stock["mug"].available, 6u);
}

TEST_F(InventoryRoutes, HoldNothingWhenOneItemCannotBeHad) {
  const auto response = reserve("o-1", {item("mug", 4), item("pen", 2)});
  EXPECT_EQ(response.status, 409);
  const auto problem = json_of(response);
  EXPECT_EQ(problem["success"], false);
  EXPECT_EQ(problem["type"], "/problems/out-of-stock");
  EXPECT_EQ(problem["errors"][0]["pointer"], "/items/1");
  EXPECT_EQ(room.released, std::vector<std::string>{"o-1/mug"});
  EXPECT_EQ(room.stock["mug"].available, 10u);
}

TEST_F(InventoryRoutes, CallAnUnknownProductAConflictWithTheStock) {
  const auto response = reserve("o-1", {item("cup", 1)});
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(json_of(response)["type"], "/problems/unknown-sku");
}

TEST_F(InventoryRoutes, ReleaseWhatMayBeHeldWhenAnActorDoesNotAnswer) {
  room.silent_sku = "pen";
  const auto response = reserve("o-1", {item("mug", 4), item("pen", 1)}, 100ms);
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(room.released, (std::vector<std::string>{"o-1/mug", "o-1/pen"}));
  EXPECT_TRUE(room.held["mug"].empty());
  EXPECT_TRUE(room.held["pen"].empty());
}

TEST_F(InventoryRoutes, KeepWhatAnEarlierRequestOfTheSameOrderHolds) {
  ASSERT_EQ(reserve("o-1", {item("mug", 4)}).status, 200);
  const auto response = reserve("o-1", {item("mug", 4), item("pen", 2)});
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(json_of(response)["type"], "/problems/reserved-otherwise");
  EXPECT_EQ(json_of(response)["success"], false);
  EXPECT_EQ(room.held["mug"].size(), 1u);
}

TEST_F(InventoryRoutes, Release) {
  reserve("o-1", {item("mug", 4)});
  const auto response = release("o-1", {item("mug", 4)});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"success":true})");
  EXPECT_EQ(room.stock["mug"].available, 10u);
}

TEST_F(InventoryRoutes, DoNotCallAReleaseDoneThatIsNot) {
  reserve("o-1", {item("mug", 4)});
  room.release_fails = caf::make_error(ec::store_unavailable);
  const auto response = release("o-1", {item("mug", 4)});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(json_of(response)["success"], false);
  EXPECT_EQ(http::find(response.fields, "Retry-After"), "1");
}

TEST_F(InventoryRoutes, RefuseAProductThatStandsTwice) {
  const auto response = reserve("o-1", {item("mug", 1), item("mug", 2)});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json_of(response)["errors"][0]["pointer"], "/items/1/productId");
  EXPECT_TRUE(room.held["mug"].empty());
}

TEST_F(InventoryRoutes, PointAtTheFieldThatDoesNotFit) {
  const auto wrong = [&](const json& body) { return wrong_fields("POST", "/inventory/reserve", body.dump()); };
  EXPECT_EQ(wrong({{"orderId", "o-1"}, {"items", {item("mug", 0)}}}), std::vector<std::string>{"/items/0/quantity"});
  EXPECT_EQ(wrong({{"orderId", "o/1"}, {"items", {item("mug", 1)}}}), std::vector<std::string>{"/orderId"});
  EXPECT_EQ(wrong({{"orderId", "o-1"}, {"items", json::array()}}), std::vector<std::string>{"/items"});
  EXPECT_EQ(wrong_fields("PATCH", "/api/v2/inventory/mug", R"({"available": -1})"),
            std::vector<std::string>{"/available"});
  EXPECT_EQ(wrong_fields("PATCH", "/api/v2/inventory/mug", R"({"available": 1000000001})"),
            std::vector<std::string>{"/available"});
}

TEST_F(InventoryRoutes, LetOperatorsWriteAndEverybodyRead) {
  EXPECT_EQ(scope_of("GET", "/api/v2/inventory/mug"), gateway::scope::open);
  EXPECT_EQ(scope_of("PATCH", "/api/v2/inventory/mug"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("PATCH", "/api/inventory/mug"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("POST", "/inventory/reserve"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("POST", "/inventory/release"), gateway::scope::operator_key);
}

} // namespace
} // namespace troupe::test

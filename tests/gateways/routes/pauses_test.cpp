#include "tests/gateways/routes/gateway_fixture.hpp"

namespace troupe::test {
namespace {

class PauseRoutes : public gateway_fixture {
protected:
  PauseRoutes() { pausable = {{pause::kind::provider, "rest"}, {pause::kind::saga, "order"}}; }

  http::response post(const std::string& target, const std::string& body) {
    return send({"POST", target, body, {}, "operator"});
  }

  http::response pause_it(const std::string& what) {
    return post("/api/pauses", R"({"what": ")" + what + R"(", "reason": "maintenance"})");
  }
};

TEST_F(PauseRoutes, AreForOperators) {
  EXPECT_EQ(scope_of("GET", "/api/pauses"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("POST", "/api/pauses"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("POST", "/api/pauses/provider/rest/resume"), gateway::scope::operator_key);
}

TEST_F(PauseRoutes, PauseAndShowWhoDidItAndWhy) {
  const auto made = pause_it("provider/rest");
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(made.body, R"({"what":"provider/rest","paused":true,"reason":"maintenance","by":"operator",)"
                       R"("since":"2026-03-01T12:00:00.000Z"})");
  const auto all = json_of(send({"GET", "/api/pauses"}));
  ASSERT_EQ(all["pauses"].size(), 1u);
  EXPECT_EQ(all["pauses"][0], json_of(made));
}

TEST_F(PauseRoutes, LetThingsGoOn) {
  pause_it("saga/order");
  const auto over = post("/api/pauses/saga/order/resume", R"({"reason": "it is over"})");
  EXPECT_EQ(over.status, 200);
  EXPECT_EQ(over.body, R"({"what":"saga/order","paused":false})");
  ASSERT_EQ(pausings.size(), 2u);
  EXPECT_EQ(pausings[1].first, "resume saga/order: it is over");
  EXPECT_EQ(pausings[1].second.principal, "operator");
  EXPECT_EQ(json_of(send({"GET", "/api/pauses"}))["pauses"].size(), 0u);
}

TEST_F(PauseRoutes, PauseAnOrderThatThereIs) {
  order::view x;
  x.id = {"o-1"};
  desk.orders["o-1"] = x;
  EXPECT_EQ(pause_it("order/o-1").status, 200);
  EXPECT_EQ(pause_it("order/o-2").status, 404);
  EXPECT_EQ(pausings.size(), 1u);
}

TEST_F(PauseRoutes, RefuseWhatIsNotThere) {
  EXPECT_EQ(pause_it("provider/paypal").status, 404);
  EXPECT_EQ(pause_it("outlet/webhooks").status, 404);
  EXPECT_EQ(pause_it("shop/1").status, 422);
  EXPECT_EQ(json_of(pause_it("shop/1"))["errors"][0]["pointer"], "/what");
  EXPECT_EQ(post("/api/pauses/shop/1/resume", R"({"reason": "why"})").status, 404);
  EXPECT_TRUE(pausings.empty());
}

TEST_F(PauseRoutes, WantAReason) {
  using fields = std::vector<std::string>;
  EXPECT_EQ(wrong_fields("POST", "/api/pauses", R"({"what": "provider/rest", "reason": ""})"), fields{"/reason"});
  EXPECT_EQ(wrong_fields("POST", "/api/pauses/saga/order/resume", R"({"reason": "a\nb"})"), fields{"/reason"});
}

} // namespace
} // namespace troupe::test

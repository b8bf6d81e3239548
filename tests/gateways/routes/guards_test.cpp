#include "tests/gateways/routes/gateway_fixture.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

class GuardRoutes : public gateway_fixture {
protected:
  GuardRoutes() {
    shield.name = "payment.rest";
    shield.policy = "payment-api";
    shield.source = "troupe.yaml:42";
    shield.state = "open";
    shield.reason = "open after 5 consecutive failures";
    shield.wait = 23s;
    shield.failures = 5;
    shield.retries_left = 8;
    shield.budget_calls = 12;
    shield.rate = guard::allowance{100, 1min, 5};
    shield.calls = 7;
    shield.rules = {{"breaker.open_time", "30s"}};
    shield.recent = {{noon, "refused", "authorize", "order/o-1", "why"}, {noon + 1s, "breaker", "", "", "open"}};
  }

  http::response post(const std::string& target, const std::string& body) {
    return send({"POST", target, body, {}, "operator"});
  }
};

TEST_F(GuardRoutes, AreForOperators) {
  EXPECT_EQ(scope_of("GET", "/api/guards"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("GET", "/api/guards/payment.rest"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("POST", "/api/guards/payment.rest/breaker"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("PUT", "/api/guards/payment.rest/policy"), gateway::scope::operator_key);
}

TEST_F(GuardRoutes, ListEveryGuard) {
  const auto body = json_of(send({"GET", "/api/guards"}));
  ASSERT_EQ(body["guards"].size(), 1u);
  const auto& x = body["guards"][0];
  EXPECT_EQ(x["name"], "payment.rest");
  EXPECT_EQ(x["breaker"]["state"], "open");
  EXPECT_EQ(x["breaker"]["mode"], "auto");
  EXPECT_EQ(x["breaker"]["waitMilliseconds"], 23'000);
  EXPECT_EQ(x["retryBudget"]["left"], 8);
  EXPECT_EQ(x["rate"]["limit"], 100);
  EXPECT_FALSE(x.contains("bulkRate"));
}

TEST_F(GuardRoutes, ShowOneWithItsRulesAndWhatItDecided) {
  const auto body = json_of(send({"GET", "/api/guards/payment.rest"}));
  EXPECT_EQ(body["source"], "troupe.yaml:42");
  EXPECT_EQ(body["rules"]["breaker.open_time"], "30s");
  ASSERT_EQ(body["recent"].size(), 2u);
  EXPECT_EQ(body["recent"][0]["caller"], "order/o-1");
  EXPECT_EQ(body["recent"][0]["reason"], "why");
  EXPECT_FALSE(body["recent"][1].contains("operation"));
  EXPECT_EQ(send({"GET", "/api/guards/other"}).status, 404);
}

TEST_F(GuardRoutes, ShowWhatOperatorsDidUnlessNobodyCanSay) {
  EXPECT_FALSE(json_of(send({"GET", "/api/guards/payment.rest"})).contains("actions"));
  shield.actions.emplace();
  EXPECT_EQ(json_of(send({"GET", "/api/guards/payment.rest"}))["actions"], nlohmann::json::array());
  shield.actions = {{noon, "breaker", "open", "ada", "maintenance"}, {noon + 1s, "policy", "", "bob", "as it was"}};
  const auto actions = json_of(send({"GET", "/api/guards/payment.rest"}))["actions"];
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[0], nlohmann::json::parse(R"({"at": "2026-03-01T12:00:00.000Z", "action": "breaker",
    "detail": "open", "by": "ada", "reason": "maintenance"})"));
  EXPECT_EQ(actions[1]["by"], "bob");
  EXPECT_FALSE(actions[1].contains("detail"));
  EXPECT_FALSE(json_of(send({"GET", "/api/guards"}))["guards"][0].contains("actions"));
}

TEST_F(GuardRoutes, PassOnWhoActsAndWhatTheStoreRefuses) {
  guard_refuses = caf::make_error(ec::store_unavailable);
  EXPECT_EQ(post("/api/guards/payment.rest/breaker", R"({"mode": "open", "reason": "x"})").status, 503);
  EXPECT_EQ(send({"PUT", "/api/guards/payment.rest/policy", R"({"reason": "x"})", {}, "operator"}).status, 503);
  EXPECT_EQ(guards_asked_by, (std::vector<std::string>{"operator", "operator"}));
}

TEST_F(GuardRoutes, TakeNoRuleThatIsTooLong) {
  const auto body = R"({"reason": "x", "rules": {"timeout": ")" + std::string(101, '1') + R"("}})";
  EXPECT_EQ(wrong_fields("PUT", "/api/guards/payment.rest/policy", body), (std::vector<std::string>{"/rules/timeout"}));
}

TEST_F(GuardRoutes, HoldABreakerOnlyWithAReason) {
  const auto path = std::string{"/api/guards/payment.rest/breaker"};
  EXPECT_EQ(post(path, R"({"mode": "open", "reason": "maintenance"})").status, 200);
  ASSERT_EQ(breakers.size(), 1u);
  EXPECT_EQ(breakers[0].mode, guard::breaker_mode::open);
  EXPECT_EQ(breakers[0].reason, "maintenance");
  EXPECT_EQ(wrong_fields("POST", path, R"({"mode": "open"})"), (std::vector<std::string>{"/reason"}));
  EXPECT_EQ(wrong_fields("POST", path, R"({"mode": "open", "reason": ""})"), (std::vector<std::string>{"/reason"}));
  EXPECT_EQ(wrong_fields("POST", path, R"({"mode": "ajar", "reason": "x"})"), (std::vector<std::string>{"/mode"}));
}

TEST_F(GuardRoutes, PutAGuardUnderOtherRules) {
  const auto response =
    send({"PUT", "/api/guards/payment.rest/policy",
          R"({"policy": "email", "rules": {"retry.attempts": 2, "timeout": "5s"}, "reason": "x"})"});
  EXPECT_EQ(response.status, 200);
  ASSERT_EQ(policies.size(), 1u);
  EXPECT_EQ(policies[0].policy, "email");
  EXPECT_EQ(policies[0].rules, (std::map<std::string, std::string>{{"retry.attempts", "2"}, {"timeout", "5s"}}));
}

TEST_F(GuardRoutes, SayWhichRuleIsWrong) {
  guard_refuses = caf::make_error(guard::rejection::bad_rule, std::string{"rate.burst: must be less"});
  const auto response = send({"PUT", "/api/guards/payment.rest/policy", R"({"reason": "x"})"});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json_of(response)["errors"][0]["pointer"], "/rules");
  EXPECT_EQ(json_of(response)["detail"], "rate.burst: must be less");
}

} // namespace
} // namespace troupe::test

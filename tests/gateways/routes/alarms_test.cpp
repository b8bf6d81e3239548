#include "tests/gateways/routes/gateway_fixture.hpp"

namespace troupe::test {
namespace {

class AlarmRoutes : public gateway_fixture {
protected:
  const std::string path = "/api/webhook/test";

  http::response post(const std::string& body) { return send({"POST", path, body, {}, "operator"}); }
};

TEST_F(AlarmRoutes, AreForOperatorsWhoSayWhy) {
  EXPECT_EQ(scope_of("POST", path), gateway::scope::operator_key);
  EXPECT_EQ(wrong_fields("POST", path, "{}"), (std::vector<std::string>{"/reason"}));
  EXPECT_EQ(wrong_fields("POST", path, R"({"reason": ""})"), (std::vector<std::string>{"/reason"}));
}

TEST_F(AlarmRoutes, SayWhatCameOfATest) {
  const auto arrived = post(R"({"reason": "a drill"})");
  EXPECT_EQ(arrived.status, 200);
  EXPECT_EQ(json_of(arrived), nlohmann::json::parse(R"({"id": "0199", "delivered": true})"));
  EXPECT_EQ(webhook_tests, (std::vector<std::string>{"a drill"}));
  webhook_says.failure = ec::denied;
  EXPECT_EQ(json_of(post(R"({"reason": "a drill"})")),
            nlohmann::json::parse(R"({"id": "0199", "delivered": false, "failure": "denied"})"));
}

TEST_F(AlarmRoutes, RefuseATestOfNothing) {
  table = gateway::router{};
  gateway::add_alarm_routes(table, alarm::tester_actor{});
  const auto refused = post(R"({"reason": "a drill"})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(json_of(refused)["type"], "/problems/no-webhook");
  EXPECT_NE(json_of(refused)["detail"].get<std::string>().find("operations.webhook.url"), std::string::npos);
}

} // namespace
} // namespace troupe::test

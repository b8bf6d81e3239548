#include "tests/gateways/routes/gateway_fixture.hpp"

namespace troupe::test {
namespace {

using gateway::dependency;
using gateway::webhook_outcome;
using namespace std::chrono_literals;

class OperationsRoutes : public gateway_fixture {
protected:
  void depend_on(std::string name, dependency::condition is, bool required = true, std::string detail = "") {
    health.dependencies.push_back({std::move(name), is, required, std::move(detail), noon - 1500ms});
  }
};

TEST_F(OperationsRoutes, AreOpen) {
  for (const auto* path : {"/health", "/health/live", "/health/ready", "/metrics"})
    EXPECT_EQ(scope_of("GET", path), gateway::scope::open) << path;
}

TEST_F(OperationsRoutes, CallANodeReadyWhenAllThatItNeedsIsUp) {
  depend_on("store", dependency::condition::up);
  depend_on("payment", dependency::condition::down, false, "no answer");
  const auto response = send({"GET", "/health/ready"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(
    response.body,
    R"({"status":"ready","dependencies":[)"
    R"({"name":"store","status":"up","required":true,"checkedAt":"2026-03-01T11:59:58.500Z","ageMilliseconds":1500},)"
    R"({"name":"payment","status":"down","required":false,"checkedAt":"2026-03-01T11:59:58.500Z",)"
    R"("ageMilliseconds":1500,"detail":"no answer"}]})");
}

TEST_F(OperationsRoutes, CallANodeUnreadyWhenTheStoreIsDown) {
  depend_on("store", dependency::condition::down, true, "store_unavailable");
  const auto response = send({"GET", "/health/ready"});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(http::find(response.fields, "Retry-After"), "1");
  EXPECT_EQ(json_of(response)["status"], "not_ready");
  EXPECT_EQ(json_of(response)["dependencies"][0]["detail"], "store_unavailable");
  EXPECT_EQ(send({"GET", "/health"}).status, 503);
  EXPECT_EQ(send({"GET", "/health/live"}).status, 200);
}

TEST_F(OperationsRoutes, CallANodeUnreadyUntilEverythingWasChecked) {
  depend_on("store", dependency::condition::unknown);
  const auto response = send({"GET", "/health/ready"});
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(json_of(response)["dependencies"][0].contains("checkedAt"));
}

TEST_F(OperationsRoutes, CallANodeUnreadyWhileItDrains) {
  depend_on("store", dependency::condition::up);
  health.draining = true;
  const auto response = send({"GET", "/health/ready"});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(json_of(response)["status"], "draining");
}

TEST_F(OperationsRoutes, TellTheHealthOfTheNode) {
  depend_on("store", dependency::condition::up);
  auto body = json_of(send({"GET", "/health"}));
  EXPECT_EQ(body["status"], "up");
  EXPECT_EQ(body["version"], "1.2.3");
  EXPECT_EQ(body["uptimeSeconds"], 120);
  depend_on("payment", dependency::condition::down, false);
  EXPECT_EQ(json_of(send({"GET", "/health"}))["status"], "degraded");
}

TEST_F(OperationsRoutes, ServeMetricsAsText) {
  const auto response = send({"GET", "/metrics"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "troupe_orders_total 3\n");
  EXPECT_EQ(http::find(response.fields, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(OperationsRoutes, ShowTheSupervisionTreeToOperators) {
  EXPECT_EQ(scope_of("GET", "/api/supervisors"), gateway::scope::operator_key);
  parts.push_back({"node", "one for one", "up", noon - 90s, 0, "", {}, 0, duration{0}, 0, {}});
  parts.push_back({"node/orders", "", "waiting", noon - 20ms, 3, "an invariant broke", noon - 20ms, 7, duration{1'200},
                   5, gateway::part::population{412, 2}});
  const auto body = json_of(send({"GET", "/api/supervisors"}));
  ASSERT_EQ(body["parts"].size(), 2u);
  EXPECT_EQ(body["parts"][0]["strategy"], "one for one");
  EXPECT_EQ(body["parts"][0]["sinceMilliseconds"], 90'000);
  EXPECT_FALSE(body["parts"][0].contains("lastError"));
  const auto& orders = body["parts"][1];
  EXPECT_EQ(orders["path"], "node/orders");
  EXPECT_EQ(orders["state"], "waiting");
  EXPECT_EQ(orders["restarts"], 3);
  EXPECT_EQ(orders["lastError"], "an invariant broke");
  EXPECT_EQ(orders["failedAt"], "2026-03-01T11:59:59.980Z");
  EXPECT_EQ(orders["mailbox"]["messages"], 7);
  EXPECT_EQ(orders["mailbox"]["oldestMilliseconds"], 1'200);
  EXPECT_EQ(orders["mailbox"]["waitForRestart"], 5);
  EXPECT_EQ(orders["entities"]["live"], 412);
  EXPECT_EQ(orders["entities"]["failures"], 2);
  EXPECT_FALSE(orders.contains("strategy"));
  EXPECT_FALSE(body["parts"][0].contains("entities"));
}

using WebhookRoutes = OperationsRoutes;

TEST_F(WebhookRoutes, HandTheRawBodyToTheVerifier) {
  const auto response = send({"POST", "/webhooks/stripe", "{ \"a\" : 1 }", {{"Stripe-Signature", "t=1,v1=x"}}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"received":true})");
  ASSERT_EQ(webhooks.size(), 1u);
  EXPECT_EQ(webhooks[0].body, "{ \"a\" : 1 }");
  EXPECT_EQ(http::find(webhooks[0].fields, "stripe-signature"), "t=1,v1=x");
}

TEST_F(WebhookRoutes, AnswerARepeatedEventLikeTheFirst) {
  webhook = webhook_outcome::repeated;
  EXPECT_EQ(send({"POST", "/webhooks/stripe", "{}"}).status, 200);
}

TEST_F(WebhookRoutes, RefuseWhatIsNotSignedOrNotUnderstood) {
  webhook = webhook_outcome::bad_signature;
  const auto forged = send({"POST", "/webhooks/stripe", "{}"});
  EXPECT_EQ(forged.status, 400);
  EXPECT_EQ(json_of(forged)["type"], "/problems/bad-signature");
  webhook = webhook_outcome::malformed;
  EXPECT_EQ(json_of(send({"POST", "/webhooks/stripe", "{}"}))["type"], "/problems/malformed-webhook");
}

} // namespace
} // namespace troupe::test

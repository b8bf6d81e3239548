// tests/e2e/operation_test.cpp: signals, and what logs and metrics must not tell.
#include "tests/e2e/node.hpp"
#include "tests/gateways/http/raw_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

namespace troupe::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Operation : public ::testing::Test {
protected:
  temporary_folder folder;
  node running{folder.path(), {"orders.retry_base=50ms", "orders.retry_max=200ms"}};
};

TEST_F(Operation, TerminationFinishesWhatIsInFlightAndTakesNothingNew) {
  running.start();
  ASSERT_EQ(running.ctl({"outage", "begin"}).how, (ending{0, 0}));
  const auto port = running.commerce_port();
  // Two requests on their way: one that will end, as its order does, and one that will wait to the end of its time.
  raw_client ending_soon{port};
  const auto body = order_of("hand-grinder", 1).dump();
  const auto request = [&](int wait) {
    return "POST /api/v2/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nPrefer: wait="
           + std::to_string(wait) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  raw_client waiting{port};
  ASSERT_TRUE(ending_soon.send(request(30)));
  ASSERT_TRUE(waiting.send(request(1)));
  auto shop = running.shop();
  ASSERT_TRUE(eventually(seconds{5}, [&] { return shop.get("/api/v2/inventory/hand-grinder").json()["held"] == 2; }));

  running.process().send(SIGTERM);
  ASSERT_TRUE(running.process().logs("Draining"));
  // What connects now is refused at once, or closed without an answer.
  EXPECT_TRUE(eventually(seconds{5}, [&] {
    http_client newcomer{running.commerce(), seconds{2}};
    return newcomer.get("/openapi.json").status == 0;
  }));
  EXPECT_FALSE(running.process().wait(milliseconds{1})) << "it does not wait for the requests in flight";
  EXPECT_EQ(waiting.read().status, 202);
  http_client{running.sandbox()}.call("DELETE", "/_sandbox/faults");
  const auto answer = ending_soon.read();
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(json::parse(answer.body, nullptr, false)["status"], "confirmed") << answer.body;
  EXPECT_EQ(running.process().wait(), (ending{0, 0}));

  running.start();
  auto again = running.shop();
  EXPECT_TRUE(eventually(seconds{20}, [&] { return again.get("/api/v2/inventory/hand-grinder").json()["sold"] == 2; }));
}

TEST_F(Operation, InterruptEndsItLikeTermination) {
  running.start();
  running.process().send(SIGINT);
  EXPECT_EQ(running.process().wait(), (ending{0, 0}));
  EXPECT_TRUE(running.process().logs("Node stopped"));
}

TEST_F(Operation, IdleConnectionsDoNotHoldUpTheEnd) {
  running.start();
  raw_client idle{running.commerce_port()};
  ASSERT_EQ(idle.ask("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  running.process().send(SIGTERM);
  EXPECT_EQ(running.process().wait(seconds{5}), (ending{0, 0}));
}

TEST_F(Operation, HangupTakesOverWhatCanChangeAndNamesWhatCannot) {
  const auto file = folder.path() / "shop.yaml";
  std::ofstream{file} << "log:\n  level: info\n";
  temporary_folder state;
  node configured{state.path(), {}, {"--config", file.string()}};
  configured.start();
  auto shop = configured.shop();
  shop.get("/products/hand-grinder");
  EXPECT_EQ(configured.process().errors().find("API call completed"), std::string::npos);

  std::ofstream{file} << "log:\n  level: debug\nnode:\n  threads: 3\nhttp:\n  body_bytes_max: 1KiB\n"
                         "orders:\n  capture_at_once: false\n";
  configured.process().send(SIGHUP);
  EXPECT_TRUE(configured.process().logs("Option changes at the next start"));
  EXPECT_TRUE(configured.process().logs("\"option\":\"node.threads\""));
  EXPECT_TRUE(configured.process().logs("\"option\":\"log.level\""));
  EXPECT_TRUE(eventually(seconds{5}, [&] {
    shop.get("/products/hand-grinder");
    return configured.process().errors().find("API call completed") != std::string::npos;
  }));

  auto next = configured.shop(); // sizes are those of new connections
  const auto small = next.call("POST", "/api/v2/orders", std::string(1100, ' '));
  EXPECT_EQ(small.status, 413);
  const auto waiting = place(next, order_of("hand-grinder", 1)).json()["orderId"].get<std::string>();
  EXPECT_TRUE(eventually(seconds{10}, [&] { return order_at(next, waiting)["links"].contains("capture"); }));

  std::ofstream{file} << "log:\n  level: louder\n";
  configured.process().send(SIGHUP);
  EXPECT_TRUE(configured.process().logs("the old one stays"));
  std::ofstream{file} << "orders:\n  capture_at_once: true\n";
  configured.process().send(SIGHUP);
  EXPECT_TRUE(eventually(seconds{5}, [&] {
    auto again = configured.shop();
    return again.call("POST", "/api/v2/orders", std::string(1100, ' ')).status == 400;
  }));
  EXPECT_EQ(place(shop, order_of("hand-grinder", 1), 10).json()["status"], "confirmed");
}

TEST_F(Operation, TellsOfAProviderThatCannotBeUsedAndHowOrdersEnd) {
  running.start();
  http_client sandbox{running.sandbox()};
  ASSERT_EQ(sandbox.call("PUT", "/_sandbox/faults", R"({"rules":[{"path":"/rest","fault":"malformed"}]})").status, 200);
  auto shop = running.shop();
  const auto first = place(shop, order_of("hand-grinder", 1)).json()["orderId"].get<std::string>();
  EXPECT_TRUE(running.process().logs("A provider cannot be used"));
  const auto log = running.process().errors();
  EXPECT_NE(log.find(R"("service":"payment.rest","operation":"authorize","caller":"order/)" + first), std::string::npos)
    << log;
  EXPECT_NE(log.find(R"("reason":"bad_response")"), std::string::npos) << log;
  ASSERT_EQ(sandbox.call("DELETE", "/_sandbox/faults").status, 204);
  EXPECT_EQ(end_of(shop, first), "confirmed");

  const auto second =
    place(shop, order_of("hand-grinder", 1, "tok_refund_failed"), 10).json()["orderId"].get<std::string>();
  ASSERT_EQ(running.ctl({"cancel", second}).how, (ending{0, 0}));
  EXPECT_TRUE(running.process().logs("An order needs people"));
  EXPECT_NE(running.process().errors().find("\"order\":\"" + second + "\""), std::string::npos);
  const auto metrics = http_client{running.operations()}.get("/metrics").body;
  EXPECT_NE(metrics.find("troupe_orders_ended_total{status=\"confirmed\"} "), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("troupe_orders_ended_total{status=\"review\"} 1"), std::string::npos) << metrics;
  const std::string calls = "troupe_service_call_seconds_count{operation=\"authorize\",success=";
  EXPECT_NE(metrics.find(calls + "\"false\",target=\"rest\"}"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find(calls + "\"true\",target=\"rest\"}"), std::string::npos) << metrics;
}

TEST_F(Operation, TellsHowMuchWorkIsDue) {
  running.start();
  http_client operations{running.operations()};
  for (const std::string queue : {"payment.process", "email.send"}) {
    const auto row = "troupe_queue_depth{queue=\"" + queue + "\"} 0";
    EXPECT_TRUE(eventually(seconds{10}, [&] { return operations.get("/metrics").body.find(row) != std::string::npos; }))
      << row;
    const auto health = operations.get("/health").json();
    const auto& all = health["dependencies"];
    const auto found =
      std::find_if(all.begin(), all.end(), [&](const json& x) { return x["name"] == "queue/" + queue; });
    ASSERT_NE(found, all.end()) << health;
    EXPECT_EQ((*found)["status"], "up") << health;
    EXPECT_EQ((*found)["required"], false) << health;
  }
}

TEST_F(Operation, CallsAQueueDownByALimitThatHoldsAtOnce) {
  const auto file = folder.path() / "shop.yaml";
  std::ofstream{file} << "operations:\n  queue_depth_max: 1\n";
  temporary_folder state;
  node busy{
    state.path(),
    {"payment.providers.rest.base_url=http://127.0.0.1:" + std::to_string(unused_port()), "orders.retry_max=1s"},
    {"--config", file.string()}};
  busy.start();
  auto shop = busy.shop();
  ASSERT_EQ(place(shop, order_of("hand-grinder", 1)).status, 202);
  ASSERT_TRUE(eventually(seconds{10}, [&] { return shop.get("/api/v2/inventory/hand-grinder").json()["held"] == 1; }));
  ASSERT_EQ(busy.stop(), (ending{0, 0}));
  busy.start(); // which counts at once
  const auto payments = [&] {
    const auto health = http_client{busy.operations()}.get("/health").json();
    for (const auto& x : health["dependencies"])
      if (x["name"] == "queue/payment.process")
        return x;
    return json{};
  };
  EXPECT_TRUE(eventually(seconds{10}, [&] { return payments()["status"] == "down"; })) << payments();
  EXPECT_EQ(payments()["detail"], "1 wait, and operations.queue_depth_max is 1");
  EXPECT_EQ(payments()["required"], false) << "it takes orders all the same";
  std::ofstream{file} << "operations:\n  queue_depth_max: 2\n";
  busy.process().send(SIGHUP);
  EXPECT_TRUE(eventually(seconds{10}, [&] { return payments()["status"] == "up"; })) << payments();
}

TEST_F(Operation, LogsAreJsonLines) {
  running.set("log.level=debug");
  running.start();
  auto shop = running.shop();
  place(shop, order_of("hand-grinder", 1), 10);
  ASSERT_EQ(running.stop(), (ending{0, 0}));
  std::istringstream lines{running.process().errors()};
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    const auto parsed = json::parse(line, nullptr, false);
    EXPECT_TRUE(parsed.is_object() && parsed.contains("time") && parsed.contains("level") && parsed.contains("message"))
      << line;
    ++count;
  }
  EXPECT_GE(count, 3);
}

TEST_F(Operation, NeitherPersonalDataNorSecretsLeaveByLogsMetricsOrEvents) {
  running.set("log.level=debug");
  running.set("payment.providers.rest.token=very-secret-token");
  running.start();
  auto shop = running.shop();
  auto order = order_of("hand-grinder", 1);
  order["email"] = "zaphod.beeblebrox@example.org";
  order["shippingAddress"] = {{"name", "Zaphod Beeblebrox"},
                              {"line1", "1 Betelgeuse Road"},
                              {"city", "Heart of Gold"},
                              {"postalCode", "42424"},
                              {"country", "GB"}};
  const auto placed = place(shop, order, 10);
  ASSERT_EQ(placed.json()["status"], "confirmed") << placed.body;
  const auto id = placed.json()["orderId"].get<std::string>();
  // Refusals tell what is wrong, and could tell too much.
  auto wrong = order;
  wrong["currency"] = "nonsense";
  shop.post("/api/v2/orders", wrong);
  ASSERT_EQ(running.ctl({"order", id}).how, (ending{0, 0}));
  const auto seen_by_a_shop = shop.get("/api/v2/orders/" + id).body + shop.get("/api/v1/orders/" + id).body
                              + shop.get("/api/v2/orders/" + id + "/events").body;
  const auto metrics = http_client{running.operations()}.get("/metrics").body;
  const auto health = http_client{running.operations()}.get("/health").body;
  const auto log = running.ctl({"events", "--limit", "1000", "--json"}).output;
  ASSERT_NE(log.find(id), std::string::npos) << log;
  const auto ledger = http_client{running.sandbox()}.get("/_sandbox/ledger").body;
  const auto key = running.operator_key();
  ASSERT_EQ(running.stop(), (ending{0, 0}));
  const auto printed = running.everything_printed();
  ASSERT_NE(printed.find("API call completed"), std::string::npos);
  for (const auto* personal : {"zaphod", "Zaphod", "Beeblebrox", "beeblebrox", "Betelgeuse", "42424"})
    for (const auto* text : {&printed, &metrics, &health, &ledger, &log, &seen_by_a_shop})
      EXPECT_EQ(text->find(personal), std::string::npos) << personal << " is in\n" << *text;
  for (const auto& secret :
       {key, std::string{"very-secret-token"}, std::string{"sk_test_sandbox"}, std::string{"whsec_sandbox"}})
    for (const auto* text : {&printed, &metrics, &health, &log, &seen_by_a_shop})
      EXPECT_EQ(text->find(secret), std::string::npos) << "a secret is in\n" << *text;
}

} // namespace
} // namespace troupe::test

// tests/e2e/prometheus_test.cpp: the real Prometheus, with the rules that are shipped, watches a node.
#include "tests/e2e/node.hpp"
#include "tests/support/places.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace troupe::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

bool is_installed(const char* name) {
  return std::filesystem::exists(std::string{"/usr/bin/"} + name);
}

class Prometheus : public ::testing::Test {
protected:
  void SetUp() override {
    if (!is_installed("prometheus") || !is_installed("promtool"))
      GTEST_SKIP() << "prometheus is not installed; script/bootstrap --test does it";
    running.start();
  }

  void watch() {
    const auto configuration = folder.path() / "prometheus.yaml";
    const auto rules = source_folder() / "deploy/prometheus";
    std::ofstream{configuration} << "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
                                    "rule_files: ["
                                 << (rules / "recording.yaml").string() << ", " << (rules / "alerts.yaml").string()
                                 << "]\n"
                                    "scrape_configs: [{job_name: troupe, static_configs: [{targets: ['"
                                 << running.operations().substr(running.operations().find("//") + 2) << "']}]}]\n";
    const auto address = "127.0.0.1:" + std::to_string(unused_port());
    server = std::make_unique<program>(std::vector<std::string>{
      "/usr/bin/prometheus", "--config.file=" + configuration.string(),
      "--storage.tsdb.path=" + (folder.path() / "data").string(), "--web.listen-address=" + address});
    ASSERT_TRUE(server->logs("Server is ready")) << server->errors();
    prometheus = std::make_unique<http_client>("http://" + address);
  }

  /// The value of the first row that `expression` gives, as text; empty for none.
  std::string value_of(const std::string& expression) {
    const auto found = prometheus->get("/api/v1/query?query=" + expression).json();
    if (!found.is_object() || found["status"] != "success" || found["data"]["result"].empty())
      return {};
    return found["data"]["result"][0]["value"][1].get<std::string>();
  }

  temporary_folder folder;
  temporary_folder state;
  node running{state.path()};
  std::unique_ptr<program> server;
  std::unique_ptr<http_client> prometheus;
};

TEST_F(Prometheus, ScrapesTheNodeAndRunsTheShippedRulesOverIt) {
  watch();
  auto shop = running.shop();
  EXPECT_TRUE(eventually(seconds{20}, [&] { return value_of("up") == "1"; }));
  const auto targets = prometheus->get("/api/v1/targets").json();
  ASSERT_EQ(targets["data"]["activeTargets"].size(), 1u) << targets;
  EXPECT_EQ(targets["data"]["activeTargets"][0]["health"], "up") << targets;
  EXPECT_EQ(targets["data"]["activeTargets"][0]["lastError"], "") << targets;

  // Business rates want two looks with an order between them.
  EXPECT_TRUE(eventually(seconds{20}, [&] {
    place(shop, order_of("paper-filters-100", 1), 10);
    return value_of("order_completion_rate") == "1" && value_of("payment_success_rate") == "1";
  }));
  for (const auto* expression :
       {"troupe_ready", "troupe_dependency_up{dependency=\"store\"}", "troupe_part_up{part=\"node/entities/orders\"}",
        "circuit_breaker_state{service=\"payment.rest\",state=\"closed\"}"})
    EXPECT_EQ(value_of(expression), "1") << expression;
  EXPECT_TRUE(eventually(seconds{20}, [&] { return value_of("count(troupe_dead_letters_open==0)") == "5"; }));
  EXPECT_TRUE(eventually(seconds{20}, [&] { return value_of("slo:burn_rate:rate5m{slo=\"payment\"}") == "0"; }));
  EXPECT_TRUE(
    eventually(seconds{20}, [&] { return !value_of("integration_latency{service=\"payment.rest\"}").empty(); }));
  EXPECT_EQ(value_of("slo:error_budget:ratio{slo=\"payment\"}"), "0.001");
}

TEST_F(Prometheus, FindsEveryRuleWell) {
  watch();
  std::set<std::string> groups;
  // Availability is reckoned every five minutes; whether it can be is known from its form.
  EXPECT_TRUE(eventually(seconds{20}, [&] {
    const auto found = prometheus->get("/api/v1/rules").json();
    bool whole = found.is_object() && !found["data"]["groups"].empty();
    if (!whole)
      return false;
    for (const auto& group : found["data"]["groups"]) {
      groups.insert(group["name"].get<std::string>());
      for (const auto& rule : group["rules"]) {
        EXPECT_NE(rule["health"], "err") << rule;
        whole = whole && (rule["health"] == "ok" || group["name"] == "troupe-availability");
      }
    }
    return whole;
  }));
  EXPECT_TRUE(groups.contains("troupe-business") && groups.contains("troupe-service-levels")
              && groups.contains("troupe-integrations"));
}

TEST_F(Prometheus, NoticesWithinOneLookThatTheNodeHasGone) {
  watch();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return value_of("troupe_ready") == "1"; }));
  running.kill();
  EXPECT_TRUE(eventually(seconds{20}, [&] { return value_of("up") == "0"; }));
  EXPECT_TRUE(eventually(seconds{5}, [&] { return value_of("troupe_ready").empty(); }))
    << "a node that has gone still calls itself ready";
}

// The one complaint is about a name that the documents of the integrations prescribe.
TEST_F(Prometheus, FindsNothingWrongWithTheMetrics) {
  auto shop = running.shop();
  ASSERT_EQ(place(shop, order_of("paper-filters-100", 1), 10).json()["status"], "confirmed");
  const auto file = folder.path() / "metrics.txt";
  const auto metrics = http_client{running.operations()}.get("/metrics");
  ASSERT_EQ(metrics.status, 200);
  std::ofstream{file} << metrics.body;
  const auto checked = run({"/bin/sh", "-c", "promtool check metrics <\"$0\"", file.string()});
  EXPECT_EQ(checked.output + checked.errors,
            "integration_latency_ms metric names should not contain abbreviated units\n");
}

} // namespace
} // namespace troupe::test

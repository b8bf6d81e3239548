#include "supervisors/observability/metrics.hpp"

#include "tests/support/deterministic_system.hpp"

#include <algorithm>

namespace troupe {
namespace {

using namespace std::chrono_literals;

class Metrics : public test::deterministic_system {
protected:
  std::string text() { return prometheus_text(sys); }

  std::size_t rows_with(const std::string& part) {
    const auto all = text();
    std::size_t count = 0;
    for (auto at = all.find(part); at != std::string::npos; at = all.find(part, at + 1))
      ++count;
    return count;
  }
};

TEST_F(Metrics, GrowByOneRowHoweverManyMethodsClientsMakeUp) {
  request_metrics requests{sys, "commerce"};
  for (int i = 0; i < 100; ++i)
    requests.finished("MADEUP" + std::to_string(i), "", 404, 1ms);
  EXPECT_EQ(rows_with("troupe_request_count_total{"), 1u) << text();
  EXPECT_NE(text().find("method=\"other\""), std::string::npos) << text();
  for (const auto* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    requests.finished(method, "/x", 200, 1ms);
  EXPECT_EQ(rows_with("troupe_request_count_total{"), 8u) << text();
  EXPECT_NE(text().find("method=\"PATCH\""), std::string::npos);
}

TEST_F(Metrics, TellCallsByTargetOperationAndSuccess) {
  service_metrics rest{sys, "rest", "payment/rest", {"authorize", "find"}};
  service_metrics stripe{sys, "stripe", "payment/stripe", {"authorize", "find"}};
  rest.finished(0, {}, 20ms);
  rest.finished(0, {}, 20ms);
  rest.finished(0, ec::timed_out, 20ms);
  stripe.finished(1, {}, 20ms);
  EXPECT_EQ(rows_with("troupe_service_call_seconds_count{"), 3u) << text();
  const auto all = text();
  const auto at =
    all.find("troupe_service_call_seconds_count{operation=\"authorize\",success=\"true\",target=\"rest\"} 2");
  EXPECT_NE(at, std::string::npos) << all;
}

TEST_F(Metrics, TellIntegrationsUnderTheNamesOfTheDocuments) {
  service_metrics rest{sys, "rest", "payment/rest", {"authorize", "find"}};
  rest.finished(0, {}, 20ms);
  rest.finished(1, ec::timed_out, 20ms);
  rest.refused(ec::circuit_open);
  rest.refused(ec::circuit_open);
  rest.breaker("open");
  const auto all = text();
  for (const auto* row :
       {"integration_latency_ms_count{endpoint=\"authorize\",service=\"payment/rest\",status=\"success\"} 1.",
        "integration_latency_ms_count{endpoint=\"find\",service=\"payment/rest\",status=\"timed_out\"} 1.",
        "integration_errors_total{error_type=\"timed_out\",service=\"payment/rest\"} 1 ",
        "integration_errors_total{error_type=\"circuit_open\",service=\"payment/rest\"} 2 ",
        "circuit_breaker_state{service=\"payment/rest\",state=\"open\"} 1 ",
        "circuit_breaker_state{service=\"payment/rest\",state=\"closed\"} 0 "})
    EXPECT_NE(all.find(row), std::string::npos) << row << '\n' << all;
}

TEST_F(Metrics, TellHowOrdersEnd) {
  order_metrics orders{sys};
  orders.ended("review");
  orders.ended("confirmed");
  orders.ended("confirmed");
  EXPECT_NE(text().find("troupe_orders_ended_total{status=\"confirmed\"} 2 "), std::string::npos) << text();
  EXPECT_NE(text().find("troupe_orders_ended_total{status=\"review\"} 1 "), std::string::npos) << text();
}

} // namespace
} // namespace troupe

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

TEST_F(Metrics, TellHowDeepAndHowOldAQueueIs) {
  node_metrics node{sys};
  node.queue("email.send", 12, 1'500ms);
  EXPECT_NE(text().find("troupe_queue_depth{queue=\"email.send\"} 12"), std::string::npos) << text();
  EXPECT_NE(text().find("troupe_queue_age_seconds{queue=\"email.send\"} 1.5"), std::string::npos) << text();
  node.queue("email.send", 0, 0ms);
  EXPECT_NE(text().find("troupe_queue_depth{queue=\"email.send\"} 0"), std::string::npos) << text();
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
        "integration_errors_total{error_type=\"timed_out\",service=\"payment/rest\"} 1\n",
        "integration_errors_total{error_type=\"circuit_open\",service=\"payment/rest\"} 2\n",
        "circuit_breaker_state{service=\"payment/rest\",state=\"open\"} 1\n",
        "circuit_breaker_state{service=\"payment/rest\",state=\"closed\"} 0\n"})
    EXPECT_NE(all.find(row), std::string::npos) << row << '\n' << all;
}

TEST_F(Metrics, TellHowOrdersEnd) {
  order_metrics orders{sys};
  orders.ended("review");
  orders.ended("confirmed");
  orders.ended("confirmed");
  EXPECT_NE(text().find("troupe_orders_ended_total{status=\"confirmed\"} 2\n"), std::string::npos) << text();
  EXPECT_NE(text().find("troupe_orders_ended_total{status=\"review\"} 1\n"), std::string::npos) << text();
}

// Prometheus sees a rise only of what it has seen before.
TEST_F(Metrics, CountFromZeroWhatHasToBeToldAtItsFirstTime) {
  order_metrics orders{sys};
  mail_metrics mails{sys};
  service_metrics rest{sys, "rest", "payment.rest", {"authorize"}};
  const auto all = text();
  for (const auto* row :
       {"troupe_mails_ended_total{status=\"given_up\"} 0\n", "troupe_orders_ended_total{status=\"review\"} 0\n",
        "integration_errors_total{error_type=\"unavailable\",service=\"payment.rest\"} 0\n"})
    EXPECT_NE(all.find(row), std::string::npos) << row << '\n' << all;
  EXPECT_EQ(all.find("status=\"processing\""), std::string::npos) << all;
}

TEST_F(Metrics, ShowThePartsOfANodeAsTheyAreNow) {
  node_metrics node{sys};
  supervision::row part;
  part.path = "node/store";
  part.is = supervision::condition::waiting;
  part.restarts = 2;
  part.mailbox = 3;
  part.buffered = 4;
  part.oldest = 1'500ms;
  node.part(part);
  node.part(part);
  for (const auto* row :
       {"troupe_part_up{part=\"node/store\"} 0\n", "troupe_part_restarts_total{part=\"node/store\"} 2\n",
        "troupe_waiting_messages{part=\"node/store\"} 7\n", "troupe_oldest_message_seconds{part=\"node/store\"} 1.5"})
    EXPECT_NE(text().find(row), std::string::npos) << row << '\n' << text();
  part.is = supervision::condition::up;
  part.restarts = 3;
  node.part(part);
  node.dependency("store", false);
  node.dead_letters("poisoned_event", 2);
  node.ready(true);
  for (const auto* row :
       {"troupe_part_up{part=\"node/store\"} 1\n", "troupe_part_restarts_total{part=\"node/store\"} 3\n",
        "troupe_dependency_up{dependency=\"store\"} 0\n", "troupe_ready 1\n",
        "troupe_dead_letters_open{source=\"poisoned_event\"} 2\n"})
    EXPECT_NE(text().find(row), std::string::npos) << row << '\n' << text();
}

// A sample that names its time is kept for minutes after its node has gone.
TEST_F(Metrics, NameNoTimes) {
  node_metrics node{sys};
  node.dependency("payment/a rest", true);
  std::size_t rows = 0;
  const auto all = text();
  for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) {
    const auto line = all.substr(at, all.find('\n', at) - at);
    if (line.starts_with('#'))
      continue;
    ++rows;
    const auto labels_end = line.rfind('}');
    const auto value = line.substr(labels_end == line.npos ? line.find(' ') : labels_end + 1);
    EXPECT_EQ(std::count(value.begin(), value.end(), ' '), 1) << line;
  }
  EXPECT_GT(rows, 3u) << all;
}

TEST_F(Metrics, CallNoGaugeATotal) {
  const auto all = text();
  EXPECT_EQ(all.find("caf_system_queued_messages_total"), std::string::npos) << all;
  EXPECT_NE(all.find("# TYPE caf_system_queued_messages gauge\ncaf_system_queued_messages "), std::string::npos) << all;
}

} // namespace
} // namespace troupe

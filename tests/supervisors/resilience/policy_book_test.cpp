// The named policies of the documents, row by row.
#include "supervisors/resilience/policy_book.hpp"

#include <gtest/gtest.h>

namespace troupe::resilience {
namespace {

using namespace std::chrono_literals;

policy shipped(const std::string& name) {
  return policy_book{}.find(name);
}

struct breaker_row {
  const char* policy;
  std::uint64_t failures; // in a row; 0: the share decides
  std::uint64_t percent;
  duration open_time;
  std::uint64_t half_open_calls;
};

TEST(ShippedPolicies, HaveTheBreakersOfTheDocuments) {
  const std::vector<breaker_row> rows{
    {"default", 5, 0, 60s, 1},       {"commerce-api", 5, 0, 60s, 1}, {"integration", 5, 0, 30s, 3},
    {"order-client", 0, 50, 30s, 1}, {"users-route", 0, 50, 30s, 1}, {"orders-route", 0, 30, 60s, 1},
    {"payment-api", 5, 0, 30s, 3},   {"email", 5, 0, 30s, 3},
  };
  for (const auto& row : rows) {
    const auto x = shipped(row.policy);
    EXPECT_EQ(x.breaker.failures, row.failures) << row.policy;
    EXPECT_EQ(x.breaker.failure_percent, row.percent) << row.policy;
    EXPECT_EQ(x.breaker.open_time, row.open_time) << row.policy;
    EXPECT_EQ(x.breaker.half_open_calls, row.half_open_calls) << row.policy;
    EXPECT_EQ(x.name, row.policy);
    EXPECT_EQ(x.source, "default") << row.policy;
  }
}

struct retry_row {
  const char* policy;
  std::uint64_t attempts;
  std::uint64_t timeout_attempts;
  backoff growth;
  duration timeout;
};

TEST(ShippedPolicies, HaveTheRetriesAndTimeoutsOfTheDocuments) {
  const std::vector<retry_row> rows{
    {"payment-api", 3, 0, backoff::exponential, 30s},
    {"email", 5, 3, backoff::linear, 10s},
    {"payment-processor", 3, 0, backoff::exponential, 300s},
    {"http-client", 4, 0, backoff::exponential, 5s}, // 3 retries after the first attempt
    {"order-client", 1, 0, backoff::exponential, 3s},
    {"commerce-api", 1, 0, backoff::exponential, 5s},
  };
  for (const auto& row : rows) {
    const auto x = shipped(row.policy);
    EXPECT_EQ(x.retry.attempts, row.attempts) << row.policy;
    EXPECT_EQ(x.retry.timeout_attempts, row.timeout_attempts) << row.policy;
    EXPECT_EQ(x.retry.backoff, row.growth) << row.policy;
    EXPECT_EQ(x.timeout, row.timeout) << row.policy;
    EXPECT_EQ(x.retry.budget_percent, 20u) << row.policy;
  }
  EXPECT_EQ(shipped("http-client").retry.base, 300ms);
}

TEST(ShippedPolicies, HaveTheRatesOfTheDocuments) {
  EXPECT_EQ(shipped("payment-api").rate.limit, 100u);
  EXPECT_EQ(shipped("payment-api").rate.per, 1min);
  EXPECT_EQ(shipped("email").rate.limit, 100u);
  EXPECT_EQ(shipped("email").rate.per, 1s);
  EXPECT_EQ(shipped("email").bulk_rate.limit, 1000u);
  EXPECT_EQ(shipped("email").bulk_rate.per, 1h);
  EXPECT_EQ(shipped("payment-processor").bulkhead.calls_max, 5u);
  EXPECT_EQ(shipped("payment-processor").bulkhead.queue_max, 10u);
  EXPECT_EQ(shipped("sandbox").rate.limit, 0u) << "the default run is not to be throttled";
  EXPECT_EQ(shipped("sandbox").bulkhead.calls_max, 0u);
}

TEST(PolicyBook, SaysWhereAPolicyIsConfigured) {
  const policy_book book{config::shipped_policies(), {{"email", "troupe.yaml:42"}}};
  EXPECT_EQ(name_in_full(book.find("email")), "policy \"email\" (troupe.yaml:42)");
}

TEST(PolicyBook, ChangesRulesByTheirNamesInTheConfiguration) {
  auto to = changed(shipped("email"), {{"breaker.open_time", "5s"}, {"retry.backoff", "constant"}});
  ASSERT_TRUE(std::holds_alternative<policy>(to)) << std::get<std::string>(to);
  EXPECT_EQ(std::get<policy>(to).breaker.open_time, 5s);
  EXPECT_EQ(std::get<policy>(to).retry.backoff, backoff::constant);
  EXPECT_EQ(std::get<policy>(to).rate, shipped("email").rate);
}

TEST(PolicyBook, SaysWhatIsWrongWithAChange) {
  const auto why = [](const std::map<std::string, std::string>& rules) {
    const auto to = changed(shipped("email"), rules);
    return std::holds_alternative<policy>(to) ? std::string{} : std::get<std::string>(to);
  };
  EXPECT_EQ(why({{"breaker.opentime", "5s"}}), "breaker.opentime: there is no such rule");
  EXPECT_EQ(why({{"breaker.open_time", "5"}}).find("breaker.open_time: must be a time"), 0u);
  EXPECT_EQ(why({{"rate.burst", "500"}}), "rate.burst: must not be more than rate.limit");
  EXPECT_EQ(why({{"timeout", "2m"}}), "deadline: must not be less than timeout");
}

TEST(PolicyBook, ShowsEveryRuleAsItWouldStandInAFile) {
  const auto rules = rules_of(shipped("payment-api"));
  EXPECT_EQ(rules.at("rate.limit"), "100");
  EXPECT_EQ(rules.at("breaker.open_time"), "30s");
  EXPECT_EQ(rules.at("retry.backoff"), "exponential");
  EXPECT_TRUE(std::holds_alternative<policy>(changed(shipped("default"), rules)));
  EXPECT_EQ(rules_of(std::get<policy>(changed(shipped("default"), rules))), rules);
}

} // namespace
} // namespace troupe::resilience

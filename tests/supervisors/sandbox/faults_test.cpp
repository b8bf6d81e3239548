#include "supervisors/sandbox/faults.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr time_point noon{std::chrono::milliseconds{1'772'366'400'000}};

fault_plan plan_of(const std::string& text) {
  auto result = parse_plan(text);
  if (const auto* errors = std::get_if<std::vector<plan_error>>(&result))
    for (const auto& x : *errors)
      ADD_FAILURE() << x.pointer << ' ' << x.detail;
  return std::get<fault_plan>(std::move(result));
}

faults at_work(const std::string& text) {
  faults result;
  result.set(plan_of(text), noon);
  return result;
}

std::vector<bool> hits(faults x, int calls) {
  std::vector<bool> result;
  for (int i = 0; i < calls; ++i)
    result.push_back(x.next("POST", "/rest/payments", noon).rule != nullptr);
  return result;
}

TEST(Faults, AreTheSameForTheSameSeedAndOthersForAnother) {
  const auto plan = [](int seed) {
    return R"({"seed":)" + std::to_string(seed) + R"(,"rules":[{"fault":"error","probability":0.3}]})";
  };
  EXPECT_EQ(hits(at_work(plan(7)), 200), hits(at_work(plan(7)), 200));
  EXPECT_NE(hits(at_work(plan(7)), 200), hits(at_work(plan(8)), 200));
}

TEST(Faults, StrikeAsOftenAsTheirProbabilitySays) {
  const auto x = hits(at_work(R"({"rules":[{"fault":"error","probability":0.3}]})"), 10'000);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(x, true)), 3000, 200);
}

TEST(Faults, StrikeTheirRouteOnly) {
  auto x = at_work(R"({"rules":[{"fault":"error","method":"POST","path":"/rest/payments/*/capture"}]})");
  EXPECT_TRUE(x.next("POST", "/rest/payments/p-1/capture", noon).rule);
  EXPECT_FALSE(x.next("GET", "/rest/payments/p-1/capture", noon).rule);
  EXPECT_FALSE(x.next("POST", "/rest/payments/p-1/void", noon).rule);
  EXPECT_FALSE(x.next("POST", "/rest/payments", noon).rule);
}

TEST(Faults, EndAfterTheirNumberAndAfterTheirTime) {
  auto counted = at_work(R"({"rules":[{"fault":"error","times":2}]})");
  EXPECT_TRUE(counted.next("GET", "/a", noon).rule);
  EXPECT_TRUE(counted.next("GET", "/a", noon).rule);
  EXPECT_FALSE(counted.next("GET", "/a", noon).rule);
  auto timed = at_work(R"({"rules":[{"fault":"error","for_ms":1000}]})");
  EXPECT_TRUE(timed.next("GET", "/a", noon + 999ms).rule);
  EXPECT_FALSE(timed.next("GET", "/a", noon + 1000ms).rule);
}

TEST(Faults, DelayAsTheirDistributionSays) {
  const auto waits = [](const std::string& delay) {
    auto x = at_work(R"({"rules":[{"delay_ms":)" + delay + "}]}");
    std::vector<std::int64_t> result;
    for (int i = 0; i < 10'000; ++i)
      result.push_back(x.next("GET", "/a", noon).wait.count());
    std::ranges::sort(result);
    return result;
  };
  const auto fixed = waits("20");
  EXPECT_EQ(fixed.front(), 20);
  EXPECT_EQ(fixed.back(), 20);
  const auto uniform = waits(R"({"uniform":[100,200]})");
  EXPECT_GE(uniform.front(), 100);
  EXPECT_LE(uniform.back(), 200);
  EXPECT_NEAR(static_cast<double>(uniform[5000]), 150, 5);
  const auto exponential = waits(R"({"exponential":1000,"max":3000})");
  EXPECT_NEAR(static_cast<double>(exponential[5000]), 693, 40);
  EXPECT_EQ(exponential.back(), 3000);
  const auto percentiles = waits(R"({"percentiles":{"50":10,"99":800}})");
  EXPECT_NEAR(static_cast<double>(percentiles[5000]), 10, 10);
  EXPECT_NEAR(static_cast<double>(percentiles[9900]), 800, 30);
}

TEST(Faults, LeaveTheDiceOfOtherRulesAlone) {
  const auto alone = hits(at_work(R"({"rules":[{"fault":"error","probability":0.5}]})"), 100);
  const auto beside =
    hits(at_work(R"({"rules":[{"fault":"error","probability":0.5},{"delay_ms":{"uniform":[1,9]}}]})"), 100);
  EXPECT_EQ(alone, beside);
}

TEST(FaultPlan, NamesEveryMistakeWithItsPlace) {
  const auto result =
    parse_plan(R"({"rules":[{"fault":"explode","probability":2},{"fault":"error","status":404,"x":1},{}]})");
  const auto* errors = std::get_if<std::vector<plan_error>>(&result);
  ASSERT_TRUE(errors);
  std::vector<std::string> places;
  for (const auto& x : *errors)
    places.push_back(x.pointer);
  std::ranges::sort(places);
  EXPECT_EQ(places, (std::vector<std::string>{"/rules/0/fault", "/rules/0/probability", "/rules/1/status", "/rules/1/x",
                                              "/rules/2"}));
}

TEST(FaultPlan, CanBePutAsItIsShown) {
  auto x = at_work(R"({"seed":3,"rules":[{"fault":"late_answer","method":"GET","hold_ms":5,"times":4,"for_ms":9,
    "delay_ms":{"percentiles":{"50":1,"99.5":2}}},{"fault":"duplicate_webhook","copies":3}]})");
  const auto shown = x.to_json(noon);
  EXPECT_EQ(at_work(shown).to_json(noon), shown);
}

} // namespace
} // namespace troupe::sandbox

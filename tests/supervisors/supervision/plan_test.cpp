#include "supervisors/supervision/plan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::supervision {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const instant noon{std::chrono::hours{12}};

limits patient() {
  limits x;
  x.restarts_max = 100;
  x.backoff_min = milliseconds{100};
  x.backoff_max = seconds{10};
  return x;
}

/// Drives a plan whose children start and stop at once. What happened since the last look: "+0" started, "-0" stopped,
/// "x0" closed, "end" or "escalated".
class Driver {
public:
  Driver(strategy how, std::size_t children, limits within = patient(), restart kind = restart::permanent)
    : plan_(how, within, std::vector<restart>(children, kind)) {
    plan_.begin(now);
  }

  std::string log() {
    std::string out;
    while (auto step = plan_.next(now)) {
      out += out.empty() ? "" : " ";
      if (const auto* x = std::get_if<plan::start>(&*step)) {
        out += '+' + std::to_string(x->child);
        if (fails_to_start == x->child)
          plan_.ended(x->child, ending::failure, now, 0);
        else
          plan_.started(x->child);
      } else if (const auto* x = std::get_if<plan::stop>(&*step)) {
        out += '-' + std::to_string(x->child);
        plan_.ended(x->child, ending::normal, now, 0);
      } else if (const auto* x = std::get_if<plan::close>(&*step)) {
        out += 'x' + std::to_string(x->child);
      } else {
        out += std::get<plan::finish>(*step).escalated ? "escalated" : "end";
      }
    }
    return out;
  }

  void fail(std::size_t child) { plan_.ended(child, ending::failure, now, 0); }
  void end(std::size_t child) { plan_.ended(child, ending::normal, now, 0); }

  plan plan_;
  instant now = noon;
  std::optional<std::size_t> fails_to_start;
};

struct group_row {
  strategy how;
  std::size_t fails;
  const char* at_once;
  const char* after_the_wait;
};

class SupervisionStrategy : public ::testing::TestWithParam<group_row> {};

TEST_P(SupervisionStrategy, StopsAndStartsThoseWhomTheFailureConcerns) {
  const auto& x = GetParam();
  Driver driver{x.how, 4};
  ASSERT_EQ(driver.log(), "+0 +1 +2 +3");
  driver.fail(x.fails);
  EXPECT_EQ(driver.log(), x.at_once);
  driver.now += milliseconds{99};
  EXPECT_EQ(driver.log(), "");
  driver.now += milliseconds{1};
  EXPECT_EQ(driver.log(), x.after_the_wait);
}

INSTANTIATE_TEST_SUITE_P(Table, SupervisionStrategy,
                         ::testing::Values(group_row{strategy::one_for_one, 1, "", "+1"},
                                           group_row{strategy::one_for_one, 3, "", "+3"},
                                           group_row{strategy::one_for_all, 1, "-3 -2 -0", "+0 +1 +2 +3"},
                                           group_row{strategy::one_for_all, 3, "-2 -1 -0", "+0 +1 +2 +3"},
                                           group_row{strategy::rest_for_one, 0, "-3 -2 -1", "+0 +1 +2 +3"},
                                           group_row{strategy::rest_for_one, 2, "-3", "+2 +3"},
                                           group_row{strategy::rest_for_one, 3, "", "+3"}));

struct kind_row {
  restart kind;
  ending how;
  const char* then;
};

class SupervisionRestart : public ::testing::TestWithParam<kind_row> {};

TEST_P(SupervisionRestart, IsAsTheChildsKindSays) {
  const auto& x = GetParam();
  Driver driver{strategy::one_for_one, 2, patient(), x.kind};
  driver.log();
  driver.plan_.ended(0, x.how, driver.now, 0);
  driver.now += seconds{60};
  EXPECT_EQ(driver.log(), x.then);
}

INSTANTIATE_TEST_SUITE_P(Table, SupervisionRestart,
                         ::testing::Values(kind_row{restart::permanent, ending::failure, "+0"},
                                           kind_row{restart::permanent, ending::normal, "+0"},
                                           kind_row{restart::transient, ending::failure, "+0"},
                                           kind_row{restart::transient, ending::normal, "x0"},
                                           kind_row{restart::temporary, ending::failure, "x0"},
                                           kind_row{restart::temporary, ending::normal, "x0"}));

TEST(SupervisionBackoff, DoublesUpToItsMaximumAndJitterTakesOffHalfAtMost) {
  const auto rules = patient();
  EXPECT_EQ(backoff_of(rules, 1, 0), milliseconds{100});
  EXPECT_EQ(backoff_of(rules, 2, 0), milliseconds{200});
  EXPECT_EQ(backoff_of(rules, 5, 0), milliseconds{1'600});
  EXPECT_EQ(backoff_of(rules, 8, 0), seconds{10});
  EXPECT_EQ(backoff_of(rules, 4'000'000'000, 0), seconds{10});
  EXPECT_EQ(backoff_of(rules, 2, 0.5), milliseconds{150});
  EXPECT_GE(backoff_of(rules, 2, 0.999'999), milliseconds{100});
}

TEST(SupervisionPlan, WaitsLongerForEachRestartInARowAndForgetsThemAfterAWhile) {
  Driver driver{strategy::one_for_one, 1};
  driver.log();
  for (const auto wait : {100, 200, 400, 800}) {
    driver.fail(0);
    EXPECT_EQ(driver.log(), "");
    EXPECT_EQ(driver.plan_.wake_at(), driver.now + milliseconds{wait});
    driver.now += milliseconds{wait};
    EXPECT_EQ(driver.log(), "+0");
  }
  driver.now += patient().within + seconds{2};
  driver.fail(0);
  EXPECT_EQ(driver.plan_.wake_at(), driver.now + milliseconds{100});
}

TEST(SupervisionPlan, EscalatesWhenChildrenFailTooOftenWithinTheTimeAndStopsTheOthersFirst) {
  auto within = patient();
  within.restarts_max = 2;
  Driver driver{strategy::one_for_one, 3, within};
  driver.log();
  for (int i = 0; i < 2; ++i) {
    driver.fail(1);
    driver.now += seconds{1};
    EXPECT_EQ(driver.log(), "+1");
  }
  driver.fail(2);
  EXPECT_EQ(driver.log(), "-1 -0 escalated");
  EXPECT_EQ(driver.log(), "");
}

TEST(SupervisionPlan, DoesNotEscalateWhenAsManyFailuresAreFarApart) {
  auto within = patient();
  within.restarts_max = 2;
  Driver driver{strategy::one_for_one, 1, within};
  driver.log();
  for (int i = 0; i < 50; ++i) {
    driver.fail(0);
    driver.now += within.within / 2 + seconds{1};
    EXPECT_EQ(driver.log(), "+0") << i;
  }
}

TEST(SupervisionPlan, CountsAStartThatFailsLikeAnEnd) {
  auto within = patient();
  within.restarts_max = 3;
  Driver driver{strategy::one_for_one, 2, within};
  driver.fails_to_start = 1;
  std::string all = driver.log();
  for (int i = 0; i < 3; ++i) {
    driver.now += seconds{5};
    all += ' ' + driver.log();
  }
  EXPECT_EQ(all, "+0 +1 +1 +1 +1 -0 escalated");
}

TEST(SupervisionPlan, StartsNobodyWhoStandsOnAChildThatIsDown) {
  Driver driver{strategy::rest_for_one, 3};
  driver.fails_to_start = 1;
  EXPECT_EQ(driver.log(), "+0 +1");
  driver.fails_to_start.reset();
  driver.now += milliseconds{100};
  EXPECT_EQ(driver.log(), "+1 +2");
}

TEST(SupervisionPlan, ShutsDownInTheReverseOrderOneAfterTheOther) {
  plan x{strategy::one_for_one, patient(), std::vector<restart>(3, restart::permanent)};
  x.begin(noon);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(x.next(noon));
    x.started(i);
  }
  x.shut_down();
  EXPECT_EQ(x.next(noon), plan::step{plan::stop{2}});
  EXPECT_EQ(x.next(noon), std::nullopt);
  x.ended(2, ending::failure, noon, 0);
  EXPECT_EQ(x.next(noon), plan::step{plan::stop{1}});
  x.ended(0, ending::failure, noon, 0); // by itself, meanwhile
  x.ended(1, ending::normal, noon, 0);
  EXPECT_EQ(x.next(noon), plan::step{plan::finish{false}});
}

TEST(SupervisionPlan, GoesOnWithAGroupWhenOneOfItEndsBeforeItIsAsked) {
  plan x{strategy::one_for_all, patient(), std::vector<restart>(3, restart::permanent)};
  x.begin(noon);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(x.next(noon));
    x.started(i);
  }
  x.ended(0, ending::failure, noon, 0);
  x.ended(1, ending::failure, noon, 0);
  EXPECT_EQ(x.next(noon), plan::step{plan::stop{2}});
  x.ended(2, ending::normal, noon, 0);
  EXPECT_EQ(x.wake_at(), noon + milliseconds{100}) << "the second end belongs to the first one's restart";
  EXPECT_EQ(x.next(noon + milliseconds{100}), plan::step{plan::start{0}});
}

} // namespace
} // namespace troupe::supervision

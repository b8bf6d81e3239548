#include "tests/repository/files.hpp"
#include "tests/repository/promtool.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

namespace troupe::repository {
namespace {

const std::string& alerts() {
  return named("deploy/prometheus/alerts.yaml").text;
}

const std::string& recording() {
  return named("deploy/prometheus/recording.yaml").text;
}

/// The headings below the one named `part`, of the level beneath it.
std::set<std::string> sections_of(std::string_view part) {
  std::set<std::string> found;
  bool inside = false;
  for (const auto line : lines_of(named("docs/runbooks.md").text)) {
    if (line.starts_with("## "))
      inside = line.substr(3) == part;
    else if (inside && line.starts_with("### "))
      found.emplace(line.substr(4));
  }
  return found;
}

class Promtool : public testing::Test {
protected:
  void SetUp() override {
    if (promtool("--version").status != 0)
      GTEST_SKIP() << "promtool is not installed; script/bootstrap --test does it";
  }
};

TEST_F(Promtool, TakesTheRules) {
  const auto found = promtool("check rules recording.yaml alerts.yaml");
  EXPECT_EQ(found.status, 0) << found.text;
}

TEST_F(Promtool, TakesTheConfiguration) {
  const auto found = promtool("check config prometheus.yaml.example");
  EXPECT_EQ(found.status, 0) << found.text;
}

TEST_F(Promtool, SeesEachAlertRaisedWhereItHasToBe) {
  const auto found = promtool("test rules alerts_test.yaml");
  EXPECT_EQ(found.status, 0) << found.text;
}

TEST(Alerts, AreTested) {
  const auto tested = named("deploy/prometheus/alerts_test.yaml").text;
  const auto names = all(alerts(), "- alert: ([A-Za-z]+)\n");
  EXPECT_GT(names.size(), 15u);
  for (const auto& name : names)
    EXPECT_TRUE(std::regex_search(tested, std::regex{"alertname(: |=\"|=\\\\\")" + name + "\\b"})) << name;
}

TEST(Alerts, HaveASectionOfTheRunbooksEachAndNoSectionIsLeftOver) {
  EXPECT_EQ(all(alerts(), "- alert: ([A-Za-z]+)\n"), sections_of("Alerts"));
}

TEST(Alerts, LinkToTheirSection) {
  const std::regex rule{"- alert: ([A-Za-z]+)\n(?:(?!\\s+- alert)[^\n]*\n)*?\\s+runbook_url: ([^\n]+)\n"};
  std::map<std::string, std::string> links;
  for (std::sregex_iterator it{alerts().begin(), alerts().end(), rule}, end; it != end; ++it)
    links[(*it)[1]] = (*it)[2];
  for (const auto& name : all(alerts(), "- alert: ([A-Za-z]+)\n")) {
    std::string anchor;
    for (const char c : name)
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    EXPECT_EQ(links[name], "docs/runbooks.md#" + anchor) << name;
  }
}

// A rule over a metric that nobody counts is never raised, and nobody notices.
TEST(Rules, LookAtMetricsThatAreDocumented) {
  const auto looked_at = metrics_in(alerts() + recording());
  EXPECT_GT(looked_at.size(), 10u);
  for (const auto& name : looked_at)
    EXPECT_TRUE(is_documented(name)) << name << " stands in no row of docs/operations.md";
}

TEST(Runbooks, HaveNoSectionThatNothingLeadsTo) {
  std::set<std::string> parts;
  for (const auto line : lines_of(named("docs/runbooks.md").text))
    if (line.starts_with("## "))
      parts.emplace(line.substr(3));
  EXPECT_EQ(parts, (std::set<std::string>{"Alerts", "Dead letters", "Disasters", "Pauses"}));
  EXPECT_EQ(sections_of("Pauses"), (std::set<std::string>{"A breaker that is held open",
                                                          "New orders are answered with 503", "What the label names"}));
}

TEST(Runbooks, TellOfEachCauseOfADeadLetter) {
  EXPECT_EQ(sections_of("Dead letters"), (std::set<std::string>{"exhausted_effect", "outlet_gave_up", "poisoned_event",
                                                                "refused_webhook", "undeliverable_message"}));
}

} // namespace
} // namespace troupe::repository

// The dashboard shows what there is: an expression over a metric that nobody counts leaves a panel empty for ever.
#include "tests/repository/files.hpp"
#include "tests/repository/promtool.hpp"
#include "tests/support/folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace troupe::repository {
namespace {

using nlohmann::json;

const json& dashboard() {
  static const auto read = [] {
    std::ifstream in{TROUPE_SOURCE_DIR "/deploy/grafana/troupe.json"};
    return json::parse(in);
  }();
  return read;
}

std::vector<std::string> expressions() {
  std::vector<std::string> found;
  for (const auto& panel : dashboard().at("panels"))
    for (const auto& target : panel.value("targets", json::array()))
      found.push_back(target.at("expr"));
  for (const auto& x : dashboard().at("annotations").at("list"))
    found.push_back(x.at("expr"));
  return found;
}

TEST(Dashboard, HasPanelsThatSayWhatTheyShowAndDoNotOverlap) {
  std::set<int> ids;
  std::set<std::pair<int, int>> covered;
  std::size_t panels = 0;
  for (const auto& panel : dashboard().at("panels")) {
    EXPECT_TRUE(ids.insert(panel.at("id").get<int>()).second) << panel.at("title");
    const auto& place = panel.at("gridPos");
    for (int x = place.at("x"); x < place.at("x").get<int>() + place.at("w").get<int>(); ++x)
      for (int y = place.at("y"); y < place.at("y").get<int>() + place.at("h").get<int>(); ++y)
        EXPECT_TRUE(covered.emplace(x, y).second) << panel.at("title") << " lies over another";
    if (panel.at("type") == "row")
      continue;
    ++panels;
    EXPECT_FALSE(panel.at("description").get<std::string>().empty()) << panel.at("title");
    EXPECT_FALSE(panel.at("targets").empty()) << panel.at("title");
  }
  EXPECT_GT(panels, 20u);
}

TEST(Dashboard, AsksWhatPrometheusUnderstands) {
  if (promtool("--version").status != 0)
    GTEST_SKIP() << "promtool is not installed; script/bootstrap --test does it";
  const test::scratch_folder folder;
  const auto rules = folder / "dashboard.yaml";
  json group{{"name", "dashboard"}, {"rules", json::array()}};
  for (const auto& x : expressions())
    group["rules"].push_back({{"record", "panel:" + std::to_string(group["rules"].size())}, {"expr", x}});
  std::ofstream{rules} << json{{"groups", {group}}}.dump(); // JSON is YAML.
  const auto found = promtool("check rules " + rules);
  EXPECT_EQ(found.status, 0) << found.text;
}

TEST(Dashboard, LooksAtMetricsThatThereAre) {
  const auto& recorded = named("deploy/prometheus/recording.yaml").text;
  for (const auto& x : expressions()) {
    for (const auto& name : metrics_in(x))
      EXPECT_TRUE(is_documented(name)) << name << " stands in no row of docs/operations.md";
    for (const auto& name : all(x, "\\b([a-z_]+:[a-z0-9_:]+)"))
      EXPECT_TRUE(recorded.find("record: " + name + '\n') != recorded.npos
                  || recorded.find("record: \"" + name + '"') != recorded.npos)
        << name << " is recorded by no rule";
  }
}

} // namespace
} // namespace troupe::repository

#include "tests/repository/files.hpp"

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <regex>
#include <set>

namespace troupe::repository {
namespace {

/// No line of some files is like this.
struct rule {
  const char* name;
  const char* where;      // paths, as a regular expression
  const char* not_where;  // exceptions among them; empty for none
  const char* forbidden;  // in a line without its comment
  const char* broken_by;  // a path and
  const char* broken_how; // a line of it that the rule finds
};

std::ostream& operator<<(std::ostream& out, const rule& x) {
  return out << x.name;
}

constexpr const char* sources = R"(\.(cpp|hpp)$)";
constexpr const char* everything = "";
constexpr const char* this_file = "^tests/repository/tree_test\\.cpp$";

// Lines are put together so that no rule finds its own sample.
const rule rules[] = {
  // Includes point one way: kernel <- actors <- {gateways, adapters, config} <- supervisors.
  {"KernelIncludesOnlyItself", R"(^actors/kernel/)", "", R"re(^#include "(?!actors/kernel/))re",
   "actors/kernel/money.cpp", R"(#include "actors/order/order.hpp")"},
  {"ActorsIncludeOnlyActors", R"(^actors/)", "", R"re(^#include "(?!actors/))re", "actors/order/order_entity.cpp",
   R"(#include "adapters/sqlite/store.hpp")"},
  {"GatewaysIncludeNoAdapters", R"(^gateways/)", "", R"re(^#include "(?!(actors|gateways)/))re",
   "gateways/http/routes/webhooks.cpp", R"(#include "adapters/payment/stripe/webhook.hpp")"},
  {"AdaptersIncludeNoGateways", R"(^adapters/)", "", R"re(^#include "(?!(actors|adapters)/))re",
   "adapters/payment/rest/rest.cpp", R"(#include "gateways/http/uri.hpp")"},
  {"ConfigIncludesNeither", R"(^config/)", "", R"re(^#include "(?!(actors|config)/))re", "config/loader.cpp",
   R"(#include "adapters/payment/registry.hpp")"},
  {"ProductIncludesNoTests", R"(^(supervisors|bench)/)", "", R"re(^#include "tests/)re", "supervisors/node.cpp",
   R"(#include "tests/support/folder.hpp")"},

  // Each library at one edge.
  {"PureFilesKnowNoCaf",
   R"(^actors/(kernel/(hash|id|money|time|uuid|http|json_writer)|cluster/membership)\.|^supervisors/cluster/(?:plan|duties|own_lease|routing)\.)"
   R"(|^actors/([a-z]+)/(\3|order_(apply|decide|outstanding|text))\.)",
   "", R"(^#include <caf/)", "actors/inventory/inventory.cpp", "#include <caf/event_based_actor.hpp>"},
  {"ActorsReadNoJsonButStoredForms", R"(^actors/)", R"(/upcast\.hpp$|/stored\.cpp$)", R"(^#include <nlohmann/)",
   "actors/order/order_decide.cpp", "#include <nlohmann/json.hpp>"},
  {"SqliteStaysInItsAdapter", sources, R"(^(adapters/sqlite|tests|bench)/)", R"(^#include <sqlite3)",
   "supervisors/serve.cpp", "#include <sqlite3.h>"},
  {"CurlStaysInItsClients", sources, R"(^(adapters/(http|smtp)_client|tests|bench)/)", R"(^#include <curl/)",
   "adapters/payment/rest/rest.cpp", "#include <curl/curl.h>"},
  {"CtemplateStaysInTheRenderer", sources, R"(^adapters/email/renderer\.)", R"(^#include <ctemplate/)",
   "adapters/email/message.cpp", "#include <ctemplate/template.h>"},
  {"CaresStaysInDiscovery", sources, R"(^(adapters/discovery|tests)/)", R"(^#include <ares)",
   "adapters/http_client/curl_client.cpp", "#include <ares.h>"},
  {"BeastStaysInTheGateways", sources, R"(^(gateways|supervisors|tests|bench)/)", R"(^#include <boost/(beast|asio))",
   "adapters/http_client/curl_client.cpp", "#include <boost/beast/http.hpp>"},
  {"YamlStaysInConfig", sources, R"(^(config|tests)/)", R"(^#include <yaml-cpp/)", "supervisors/serve.cpp",
   "#include <yaml-cpp/yaml.h>"},

  // Time, chance and surroundings come from outside.
  {"NobodyBelowTheSupervisorsReadsTheClock", R"(^(actors|adapters|gateways|config)/)", "",
   R"(system_clock::now|high_resolution_clock|clock_gettime|gettimeofday|std::time\(|\btime\((0|nullptr|NULL)\))",
   "adapters/payment/rest/token.cpp", "const auto now = std::chrono::system_clock::now();"},
  {"ActorsHaveNoClockAtAll", R"(^actors/)", "", R"(steady_clock|system_clock)", "actors/order/order_decide.cpp",
   "std::chrono::steady_clock::time_point at;"},
  {"NobodyBelowTheSupervisorsDrawsRandomBits", R"(^(actors|adapters|gateways|config)/)", "",
   R"(random_device|mt19937|minstd_rand|\brand\(|RAND_bytes|getrandom)", "actors/kernel/uuid.cpp",
   "std::random_device device;"},
  {"OnlyTheMainProgramReadsTheEnvironment", R"(^(actors|adapters|gateways|config|supervisors)/)",
   R"(^supervisors/main\.cpp$)", R"(getenv\(|\benviron\b)", "config/loader.cpp", R"(std::getenv("HOME"))"},
  {"TheSimulationHasItsOwnTimeAndChance", R"(^tests/simulation/)", R"(/program/|_test\.cpp$)",
   R"(system_clock::now|steady_clock::now|random_device|unordered_(map|set)<)", "tests/simulation/world.cpp",
   "std::unordered_map<caf::actor_id, wire> wires;"},

  // Tests wait for what they need, not for time.
  {"TestsDoNotSleep", R"(^tests/)", this_file, R"(sleep_for|sleep_until|\busleep\(|\bnanosleep\()",
   "tests/e2e/node.cpp", "std::this_thread::sleep_for(1s);"},

  {"NothingIsLeftForLater", everything, this_file, R"(\b(TODO|FIXME|HACK)\b|(//|#).*\bXXX\b)", "script/test",
   "# TODO: the rest"},
  {"NoPathOfOneMachine", everything, R"(^tests/(config|repository)/)", R"((^|[\s"'=(])/(work|root|home/[a-z]+)/)",
   "docs/operations.md", "cp /home/ada/journal.db ."},
};

/// Where the rule is broken: "path:line: text".
std::vector<std::string> breaches(const rule& x, const file& in) {
  std::vector<std::string> found;
  const std::string excepted = *x.not_where ? x.not_where : "^$";
  if (!std::regex_search(in.path, std::regex{x.where}) || std::regex_search(in.path, std::regex{excepted}))
    return found;
  const std::regex forbidden{x.forbidden};
  const bool code = std::regex_search(in.path, std::regex{sources});
  std::size_t number = 0;
  for (auto line : lines_of(in.text)) {
    ++number;
    const bool whole = std::string_view{x.name} == "NothingIsLeftForLater";
    if (code && !whole)
      line = line.substr(0, line.find("//"));
    if (std::regex_search(line.begin(), line.end(), forbidden))
      found.push_back(in.path + ':' + std::to_string(number) + ": " + std::string{line});
  }
  return found;
}

class Tree : public testing::TestWithParam<rule> {};

TEST_P(Tree, KeepsTheRule) {
  for (const auto& x : files())
    for (const auto& breach : breaches(GetParam(), x))
      ADD_FAILURE() << breach;
}

TEST_P(Tree, WouldShowABreach) {
  const auto& x = GetParam();
  EXPECT_EQ(breaches(x, {x.broken_by, std::string{"\n"} + x.broken_how + '\n'}).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Repository, Tree, testing::ValuesIn(rules),
                         [](const auto& info) { return std::string{info.param.name}; });

// ---- files and folders ---------------------------------------------------------------------------------------------

bool ends_with(const file& x, std::string_view kind) {
  return x.path.ends_with(kind);
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

TEST(Headers, BeginWithTheirPathAndPurposeAndAreReadOnce) {
  for (const auto& x : files()) {
    if (!ends_with(x, ".hpp"))
      continue;
    const auto head = "// " + x.path + ": ";
    EXPECT_TRUE(x.text.starts_with(head) && x.text.size() > head.size() + 1 && x.text[head.size()] != '\n')
      << x.path << " does not begin with \"" << head << "what it is for\"";
    EXPECT_NE(x.text.find("\n#pragma once\n"), x.text.npos) << x.path;
  }
}

// A folder of tests that mirrors a folder of the tree says nothing that its original does not.
TEST(Folders, WithSourcesSayWhatBelongsThere) {
  const std::regex mirror{"^tests/(actors|adapters|bench|config|gateways|supervisors)(/|$)|^tests/simulation/program$"};
  std::set<std::string> folders;
  for (const auto& x : files())
    if (ends_with(x, ".cpp") || ends_with(x, ".hpp"))
      folders.insert(folder_of(x.path));
  EXPECT_GT(folders.size(), 20u);
  for (const auto& folder : folders)
    EXPECT_TRUE(std::regex_search(folder, mirror) || exists(folder + "/README.md")) << folder;
}

TEST(Files, ArePiecesThatCanBeReadAtOnce) {
  constexpr std::size_t lines_max = 700;
  // The whole of a provider's interface; every piece of it is short.
  const std::map<std::string, std::size_t> longer{{"adapters/payment/stripe/twin.cpp", 900}};
  for (const auto& x : files()) {
    if (!ends_with(x, ".cpp") && !ends_with(x, ".hpp"))
      continue;
    const auto lines = lines_of(x.text).size();
    const auto exception = longer.find(x.path);
    EXPECT_LE(lines, exception == longer.end() ? lines_max : exception->second) << x.path;
    EXPECT_TRUE(exception == longer.end() || lines > lines_max) << x.path << " needs no exception any more";
  }
  for (const auto& [path, lines] : longer)
    EXPECT_TRUE(exists(path)) << path;
}

} // namespace
} // namespace troupe::repository

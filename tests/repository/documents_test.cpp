#include "tests/repository/files.hpp"
#include "tests/repository/served_routes.hpp"

#include "config/loader.hpp"
#include "config/table.hpp"
#include "supervisors/serve.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <regex>
#include <set>

namespace troupe::repository {
namespace {

using matches = std::vector<std::vector<std::string>>;

/// Each match of `pattern` in a line of `text`, with its groups.
matches all(std::string_view text, const char* pattern) {
  matches found;
  const std::regex expression{pattern};
  for (const auto line : lines_of(text))
    for (std::cregex_iterator it{line.data(), line.data() + line.size(), expression}, end; it != end; ++it) {
      auto& groups = found.emplace_back();
      for (const auto& group : *it)
        groups.push_back(group.str());
    }
  return found;
}

std::vector<file> documents() {
  std::vector<file> found;
  for (const auto& x : files())
    if (x.path.ends_with(".md"))
      found.push_back(x);
  return found;
}

/// The text of `x` without the worked example's own names, which are meant not to exist.
std::string without_example(const file& x) {
  std::string kept;
  for (const auto line : lines_of(x.text))
    if (x.path != "CONTRIBUTING.md" || line.find("acme") == line.npos)
      kept.append(line).append(1, '\n');
  return kept;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash + 1);
}

TEST(Documents, LinkToWhatIsThere) {
  std::size_t links = 0;
  for (const auto& x : documents())
    for (const auto& link : all(x.text, R"(\]\(([^)#\s]+)(#[^)]*)?\))")) {
      if (link[1].starts_with("http"))
        continue;
      ++links;
      EXPECT_TRUE(exists(folder_of(x.path) + link[1])) << x.path << " links to " << link[1];
    }
  EXPECT_GT(links, 5u);
}

/// As GitHub and others make it of a heading.
std::string anchor_of(std::string_view heading) {
  std::string out;
  for (const char c : heading.substr(std::min(heading.find(' ') + 1, heading.size())))
    if (c == ' ')
      out += '-';
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-')
      out += c;
    else if (c >= 'A' && c <= 'Z')
      out += static_cast<char>(c + 32);
  return out;
}

TEST(Documents, LinkToHeadingsThatAreThere) {
  std::size_t links = 0;
  for (const auto& x : documents())
    for (const auto& link : all(x.text, R"(\]\(([^)#\s:]*)#([^)]+)\))")) {
      ++links;
      std::set<std::string> anchors;
      const auto target = link[1].empty() ? x.path : folder_of(x.path) + link[1];
      for (const auto line : lines_of(named(std::filesystem::path{target}.lexically_normal().generic_string()).text))
        if (line.starts_with('#'))
          anchors.insert(anchor_of(line));
      EXPECT_TRUE(anchors.contains(link[2])) << x.path << " links to #" << link[2];
    }
  EXPECT_GT(links, 10u);
}

// `actors/kernel/money.hpp`, `script/test`: a path in code type is one of ours.
TEST(Documents, NameFilesThatAreThere) {
  std::size_t paths = 0;
  for (const auto& x : documents())
    for (const auto& name : all(
           without_example(x),
           R"(`((actors|adapters|bench|config|deploy|docs|gateways|script|supervisors|tests)/[a-zA-Z0-9_./-]*)[` ])")) {
      ++paths;
      EXPECT_TRUE(exists(name[1])) << x.path << " names " << name[1];
    }
  EXPECT_GT(paths, 20u);
}

// ---- commands ------------------------------------------------------------------------------------------------------

std::string output_of(const std::string& arguments) {
  std::string out;
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen((TROUPE_PROGRAM " " + arguments + " 2>&1").c_str(), "r"),
                                             ::pclose};
  std::array<char, 4096> buffer;
  for (std::size_t n = 0; pipe && (n = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
    out.append(buffer.data(), n);
  return out;
}

struct command {
  std::set<std::string> below;         // subcommands
  std::map<std::string, bool> options; // and whether a value follows them
};

/// What `troupe <words> --help` says.
const command& command_at(const std::string& words) {
  static std::map<std::string, command> known;
  const auto [it, is_new] = known.try_emplace(words);
  if (!is_new)
    return it->second;
  const auto help = output_of(words + " --help");
  bool subcommands = false;
  for (const auto line : lines_of(help)) {
    const std::string text{line};
    std::smatch found;
    if (!text.starts_with(' '))
      subcommands = text.starts_with("Subcommands:");
    else if (subcommands && std::regex_search(text, found, std::regex{R"(^  ([a-z-]+))"}))
      it->second.below.insert(found[1]);
    for (const auto& option : all(line, R"(^ +(-[a-z],)?(--[a-z-]+)( [A-Z]+)?)"))
      it->second.options[option[2]] = !option[3].empty();
  }
  return it->second;
}

/// What is wrong with a command line as documents write it; empty when nothing is.
std::string problem_with(const std::string& line) {
  std::istringstream in{line};
  std::string words;
  std::string word;
  auto options = command_at("").options;
  for (bool path = true; in >> word;) {
    if (word == "#" || word == "|" || word == "&" || word == ">" || word == "&&")
      break;
    if (word.starts_with('-')) {
      const auto name = word.substr(0, word.find('='));
      if (!options.contains(name))
        return "troupe" + words + " has no " + name;
      if (options[name] && name == word)
        in >> word;
      continue;
    }
    path = path && !command_at(words).below.empty();
    if (!path)
      continue;
    if (word == "…" || word == "...")
      break;
    if (!command_at(words).below.contains(word))
      return "troupe" + words + " has no " + word;
    words += ' ' + word;
    options.insert(command_at(words).options.begin(), command_at(words).options.end());
  }
  return {};
}

TEST(Documents, NameCommandsThatTheProgramHas) {
  ASSERT_TRUE(command_at("").below.contains("serve")) << output_of("--help");
  std::size_t commands = 0;
  for (const auto& x : documents())
    for (const auto& found :
         all(x.text, R"((^|`|build/release/)troupe ((ctl|serve|sandbox|store|config|version|-)[^`]*))")) {
      ++commands;
      EXPECT_EQ(problem_with(found[2]), "") << x.path << ": troupe " << found[2];
    }
  EXPECT_GT(commands, 5u);
}

TEST(Documents, WouldShowACommandThatTheProgramDoesNotHave) {
  EXPECT_NE(problem_with("ctl ordr 019f"), "");
  EXPECT_NE(problem_with("ctl order 019f --jsn"), "");
  EXPECT_NE(problem_with("restore"), "");
  EXPECT_EQ(problem_with("ctl order 019f --json"), "");
}

// ---- options -------------------------------------------------------------------------------------------------------

std::set<std::string> option_keys() {
  std::set<std::string> keys;
  for (const auto& row : config::option_rows())
    keys.emplace(row.key);
  for (const auto& row : config::provider_rows())
    keys.insert("payment.providers.<name>." + std::string{row.key});
  for (const auto& row : config::email_provider_rows())
    keys.insert("email.providers.<name>." + std::string{row.key});
  return keys;
}

/// Keys of options in a text: in code type, in `--set`, in YAML they would be nested.
std::set<std::string> keys_in(std::string_view text) {
  std::string sections;
  for (const auto& key : option_keys()) {
    const auto section = key.substr(0, key.find('.'));
    if (sections.find(section) == sections.npos)
      sections.append(sections.empty() ? "" : "|").append(section);
  }
  std::set<std::string> found;
  const auto pattern = "(`|--set )((" + sections + R"()\.[a-z_.<>]*[a-z_>]))";
  for (const auto& x : all(text, pattern.c_str()))
    if (!x[2].ends_with(".hpp") && !x[2].ends_with(".cpp") && !x[2].ends_with(".yaml") && !x[2].ends_with(".json")
        && !x[2].ends_with(".db") && !x[2].ends_with(".log"))
      found.insert(x[2]);
  return found;
}

TEST(Documents, NameOptionsThatTheTableHas) {
  const auto known = option_keys();
  for (const auto& x : documents())
    for (const auto& key : x.path == "docs/api.md" ? std::set<std::string>{} : keys_in(x.text)) // has fields like these
      EXPECT_TRUE(known.contains(key)) << x.path << " names the option " << key;
  EXPECT_FALSE(keys_in(named("docs/operations.md").text).empty());
}

TEST(Documents, WouldShowAnOptionThatTheTableDoesNotHave) {
  EXPECT_EQ(keys_in("`store.pth`, `--set http.drian=1s` and `node.hpp`"),
            (std::set<std::string>{"http.drian", "store.pth"}));
}

TEST(Documents, NameVariablesThatSomethingReads) {
  std::set<std::string> known;
  for (const auto& row : config::option_rows())
    known.insert(config::environment_name(row.key));
  for (const auto& x : files())
    if (!x.path.ends_with(".md") && !x.path.ends_with(".example") && !x.path.starts_with("tests/repository/"))
      for (const auto& name : all(x.text, "TROUPE_[A-Z_]*[A-Z]"))
        known.insert(name[0]);
  for (const auto& x : documents())
    for (const auto& name : all(x.text, "TROUPE_[A-Z_]*[A-Z]"))
      EXPECT_TRUE(known.contains(name[0])) << x.path << " names " << name[0];
  EXPECT_FALSE(known.contains("TROUPE_HTTP_DRIAN"));
}

// ---- routes --------------------------------------------------------------------------------------------------------

struct request_line {
  std::string method; // empty: any
  std::string path;
};

/// Requests to the gateways that a text shows: `POST /api/v2/orders`, `GET :7777/health`, localhost:9001/api/v2/orders.
std::vector<request_line> requests_in(std::string_view text) {
  std::vector<request_line> found;
  for (const auto& x : all(text, R"(`(GET|HEAD|POST|PUT|PATCH|DELETE) (:[0-9]+)?(/[^`? ]*))"))
    found.push_back({x[1], x[3]});
  for (const auto& x : all(text, R"((localhost|127\.0\.0\.1):(9001|7777)(/[A-Za-z0-9_./-]+))"))
    found.push_back({"", x[3]});
  return found;
}

bool is_served(const request_line& x) {
  if (x.path.starts_with("/_sandbox/"))
    return named("supervisors/sandbox/sandbox.cpp").text.find('"' + x.path.substr(10) + '"') != std::string::npos;
  gateway::router::parameters ignored;
  for (const auto* table : {&commerce_routes(), &operations_routes()})
    if (x.method.empty() ? !table->allowed(x.path).empty() : table->find(x.method, x.path, ignored) != nullptr)
      return true;
  return false;
}

TEST(Documents, NameRoutesThatAreServed) {
  std::size_t routes = 0;
  for (const auto* path : {"README.md", "docs/architecture.md", "docs/operations.md", "deploy/README.md"})
    for (const auto& x : requests_in(named(path).text)) {
      ++routes;
      EXPECT_TRUE(is_served(x)) << path << " names " << x.method << ' ' << x.path;
    }
  EXPECT_GT(routes, 5u);
}

TEST(Documents, WouldShowARouteThatIsNotServed) {
  const auto shown = requests_in("`POST /api/v3/orders`, `DELETE :9001/api/v2/orders`, localhost:7777/helth");
  ASSERT_EQ(shown.size(), 3u);
  for (const auto& x : shown)
    EXPECT_FALSE(is_served(x)) << x.path;
}

// ---- deployment
// -------------------------------------------------------------------------------------------------------

// The unit has to outlive what the node gives requests in flight, or systemd kills what it should wait for.
TEST(SystemdUnit, WaitsLongerThanTheNodeDrains) {
  const auto found = all(named("deploy/troupe.service").text, R"(^TimeoutStopSec=([0-9]+)$)");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_GT(std::chrono::seconds{std::stoi(found[0][1])}, config::options{}.http.drain + std::chrono::seconds{10});
}

TEST(SystemdUnit, HasFilesForAsManyConnectionsAsTheNodeTakes) {
  const auto found = all(named("deploy/troupe.service").text, R"(^LimitNOFILE=([0-9]+)$)");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_GT(std::stoull(found[0][1]), 2 * config::options{}.http.connections_max);
}

TEST(ShippedConfiguration, ForRealOrdersHasNoProblems) {
  config::sources from;
  from.file = TROUPE_SOURCE_DIR "/deploy/troupe.yaml.example";
  from.problem_with_provider = problem_with_provider;
  from.problem_with_email_provider = problem_with_email_provider;
  from.problem_with_email = problem_with_email;
  from.environment["TROUPE_STATE"] = "/var/lib/troupe"; // of the unit
  for (const auto& x : all(named("deploy/troupe.env.example").text, "^([A-Z_]+)=(.+)$"))
    from.environment[x[1]] = x[2];
  const auto loaded = config::load(from);
  for (const auto& x : loaded.problems)
    ADD_FAILURE() << to_string(x);
  EXPECT_FALSE(loaded.values.sandbox.enabled);
  EXPECT_FALSE(loaded.values.demo.catalog);
}

} // namespace
} // namespace troupe::repository

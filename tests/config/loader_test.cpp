#include "config/loader.hpp"

#include "config/table.hpp"
#include "tests/support/places.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace troupe::config {
namespace {

using namespace std::chrono_literals;

/// A folder of its own for each test, with the configuration in it.
class ConfigLoad : public ::testing::Test {
protected:
  ConfigLoad() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = troupe::test::binary_folder() / "config-test" / test->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    from.environment["HOME"] = "/home/tea";
  }
  ~ConfigLoad() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream{path, std::ios::binary} << text;
    return path.string();
  }

  loaded load_text(const std::string& yaml) {
    from.file = write("troupe.yaml", yaml);
    return load(from);
  }

  /// What is wrong with `yaml`, with the folder cut off.
  std::vector<std::string> problems_of(const std::string& yaml) {
    std::vector<std::string> result;
    for (const auto& x : load_text(yaml).problems)
      result.push_back(short_of(to_string(x)));
    return result;
  }

  std::string short_of(std::string text) const {
    const auto prefix = folder_.string() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
      text.erase(at, prefix.size());
    return text;
  }

  using texts = std::vector<std::string>;
  sources from;
  std::filesystem::path folder_;
};

TEST_F(ConfigLoad, HasDefaultsForEverything) {
  const auto all = load(from);
  EXPECT_TRUE(all.problems.empty());
  EXPECT_TRUE(all.origins.empty());
  EXPECT_EQ(all.values.node.state_directory, "/home/tea/.local/state/troupe");
  EXPECT_EQ(all.values.store.path, "/home/tea/.local/state/troupe/journal.db");
  EXPECT_EQ(all.values.commerce.port, 9001);
  EXPECT_EQ(all.values.operations.port, 7777);
  EXPECT_EQ(all.values.payment.default_provider, "rest");
  EXPECT_EQ(all.values.payment.providers.at("rest").base_url, "http://127.0.0.1:7778/rest");
  EXPECT_EQ(all.values.payment.providers.at("stripe").base_url, "http://127.0.0.1:7778/stripe");
  EXPECT_EQ(all.values.orders.hold_time, 15min);
}

TEST_F(ConfigLoad, TakesTheLastWord) {
  const std::string yaml = "http:\n  head_bytes_max: 1KiB\n  body_bytes_max: 2KiB\n  json_depth_max: 3\n";
  from.environment["TROUPE_HTTP_BODY_BYTES_MAX"] = "4KiB";
  from.environment["TROUPE_HTTP_JSON_DEPTH_MAX"] = "5";
  from.settings = {"http.json_depth_max=6", "http.json_depth_max=7"};
  const auto all = load_text(yaml);
  ASSERT_TRUE(all.problems.empty());
  EXPECT_EQ(all.values.http.connections_max, 10'000u);
  EXPECT_EQ(all.values.http.head_bytes_max.bytes, 1024u);
  EXPECT_EQ(all.values.http.body_bytes_max.bytes, 4096u);
  EXPECT_EQ(all.values.http.json_depth_max, 7u);
  EXPECT_EQ(short_of(all.origins.at("http.head_bytes_max")), "troupe.yaml:2");
  EXPECT_EQ(all.origins.at("http.body_bytes_max"), "TROUPE_HTTP_BODY_BYTES_MAX");
  EXPECT_EQ(all.origins.at("http.json_depth_max"), "--set http.json_depth_max");
}

TEST_F(ConfigLoad, EveryOptionCanBeSetInEachWay) {
  const options defaults;
  auto changed = defaults;
  std::string yaml_provider = "payment:\n  providers:\n    mine:\n      kind: rest\n";
  for (const auto& x : options_of(changed)) {
    SCOPED_TRACE(x.key);
    struct other_value {
      std::string operator()(const std::string* s) const {
        return *s == "auto"        ? "text"
               : *s == "127.0.0.1" ? "::1"
               : *s == "info"      ? "debug"
               : *s == "sqlite"    ? "sqlite"
               : *s == "store"     ? "dns"
                                   : "rest";
      }
      std::string operator()(const bool* b) const { return *b ? "false" : "true"; }
      std::string operator()(const std::uint64_t* n) const { return std::to_string(*n + 1); }
      std::string operator()(const std::uint16_t* n) const { return std::to_string(*n + 100); }
      std::string operator()(const duration*) const { return "17s"; }
      std::string operator()(const byte_size*) const { return "3KiB"; }
      std::string operator()(const secret*) const { return "hidden"; }
    };
    // Some are held against others of their section, or against a list.
    const std::map<std::string, std::string> fitting{
      {"ca_file", "/dev/null"}, {"policy", "email"}, {"timeout", "2s"}, {"deadline", "45m"},
      {"backoff", "constant"},  {"base", "7s"},      {"order", "smtp"}, {"start_tls", "offered"}};
    const auto own = fitting.find(x.key.substr(x.key.rfind('.') + 1));
    const auto wanted = own == fitting.end() ? std::visit(other_value{}, x.value) : own->second;
    for (int way = 0; way < 2; ++way) {
      sources by;
      by.environment["HOME"] = "/home/tea";
      if (way == 0)
        by.environment[environment_name(x.key)] = wanted;
      else
        by.settings = {x.key + "=" + wanted};
      if (x.key == "cluster.enabled") // What a cluster cannot do without.
        for (const auto* needed :
             {"store.kind=postgres", "store.postgres.url=host=db", "cluster.tls.certificate=/dev/null",
              "cluster.tls.key=/dev/null", "cluster.tls.ca=/dev/null", "cluster.advertise=10.0.0.5:9100"})
          by.settings.emplace_back(needed);
      auto all = load(by);
      for (const auto& problem : all.problems)
        ADD_FAILURE() << to_string(problem);
      for (const auto& y : options_of(all.values))
        if (y.key == x.key) {
          EXPECT_EQ(to_text(y.value), std::holds_alternative<secret*>(y.value) ? "***" : wanted);
        }
    }
  }
}

TEST_F(ConfigLoad, RefusesUnknownKeysWithLineAndNearest) {
  EXPECT_EQ(problems_of("node:\n  name: a\nhttp:\n  body_byte_max: 1MiB\n"),
            texts{"troupe.yaml:4: http.body_byte_max: there is no such option; did you mean http.body_bytes_max?"});
  EXPECT_EQ(problems_of("htpp:\n  body_bytes_max: 1MiB\n"),
            texts{"troupe.yaml:1: htpp: there is no such option; did you mean http?"});
  EXPECT_EQ(problems_of("hold_time: 1m\n"),
            texts{"troupe.yaml:1: hold_time: there is no such option; did you mean orders.hold_time?"});
  EXPECT_EQ(problems_of("frobnicate: 1\n"), texts{"troupe.yaml:1: frobnicate: there is no such option"});
}

TEST_F(ConfigLoad, RefusesAStoreOrAClusterThatLacksWhatItNeeds) {
  EXPECT_EQ(problems_of("store:\n  kind: postgres\n"),
            texts{"troupe.yaml:2: store.kind: postgres needs store.postgres.url"});
  const std::string tls = "  tls:\n    certificate: /dev/null\n    key: /dev/null\n    ca: /dev/null\n";
  const std::string store = "store:\n  kind: postgres\n  postgres:\n    url: host=db\n";
  EXPECT_EQ(problems_of("cluster:\n  enabled: true\n  address: 127.0.0.1\n" + tls),
            texts{"troupe.yaml:2: cluster.enabled: a cluster needs store.kind=postgres"});
  const std::string all = "cluster:\n  enabled: true\n" + tls;
  EXPECT_EQ(problems_of(all + store),
            texts{"default: cluster.advertise: other nodes cannot reach 0.0.0.0: say where they do, as "
                  "in 10.0.0.5:9100"});
  EXPECT_EQ(problems_of(all + "  discovery:\n    kind: dns\n    server: here\n" + store),
            (texts{"default: cluster.discovery.service: dns needs it",
                   "troupe.yaml:9: cluster.discovery.server: must be an address with a port, such as 10.0.0.2:53"}));
  EXPECT_EQ(problems_of(all + "  discovery:\n    kind: consul\n    url: here\n    service: troupe\n" + store),
            texts{"troupe.yaml:9: cluster.discovery.url: must begin with http:// or https://"});
  EXPECT_EQ(problems_of(all + "  discovery:\n    kind: static\n    nodes: node-1=here\n" + store),
            texts{"troupe.yaml:9: cluster.discovery.nodes: node-1=here is not as in node-1=10.0.0.5:9100"});
  EXPECT_EQ(problems_of(all + "  discovery:\n    kind: static\n" + store),
            texts{"default: cluster.discovery.nodes: static needs it"});
  EXPECT_EQ(problems_of("cluster:\n  enabled: true\n  advertise: a:1\n  renewal: 1s\n" + tls + store),
            texts{"troupe.yaml:4: cluster.renewal: must be at most a third of cluster.lease"});
  EXPECT_EQ(problems_of("cluster:\n  enabled: true\n  address: here\n" + tls + store),
            texts{"troupe.yaml:3: cluster.address: must be an IP address of this machine, such as 127.0.0.1, ::1 or "
                  "0.0.0.0 for all; names are not looked up"});
  EXPECT_EQ(problems_of("cluster:\n  enabled: true\n  advertise: a:1\n  roles: waiter\n" + tls + store),
            texts{"troupe.yaml:4: cluster.roles: must be worker, gateway or both with a comma between"});
}

TEST_F(ConfigLoad, RefusesAddressesThatAreNone) {
  const std::string why =
    ": must be an IP address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0 for all; names are not looked up";
  for (const auto* bad : {"localhost", "not-an-ip", "127.0.0.1:80", "\"[::1]\"", "1.2.3"})
    EXPECT_EQ(problems_of(std::string{"commerce:\n  address: "} + bad + "\n"),
              texts{"troupe.yaml:2: commerce.address" + why})
      << bad;
  EXPECT_EQ(problems_of("operations:\n  address: ops\nsandbox:\n  address: box\n"),
            (texts{"troupe.yaml:2: operations.address" + why, "troupe.yaml:4: sandbox.address" + why}));
  for (const auto* good : {"0.0.0.0", "\"::\"", "\"::1\"", "\"fe80::1%lo\"", "192.0.2.1"})
    EXPECT_EQ(problems_of(std::string{"commerce:\n  address: "} + good + "\n"), texts{}) << good;
}

TEST_F(ConfigLoad, RefusesCertificateAuthoritiesThatCannotBeRead) {
  const auto file = write("ca.pem", std::string(3 << 20, 'x'));
  EXPECT_EQ(problems_of("client:\n  ca_file: " + file + "\n"), texts{});
  EXPECT_EQ(problems_of("client:\n  ca_file: " + file + "x\n"),
            texts{"troupe.yaml:2: client.ca_file: ca.pemx: No such file or directory"});
  EXPECT_EQ(problems_of("client:\n  ca_file: " + folder_.string() + "\n"),
            texts{"troupe.yaml:2: client.ca_file: " + folder_.string() + ": is a folder"});
}

TEST_F(ConfigLoad, TellsAMissingVariableOnce) {
  from.problem_with_provider = [](const std::string&, const provider_options& x) {
    return x.api_key.empty() ? "api_key: needed" : "";
  };
  EXPECT_EQ(problems_of("payment:\n  default: s\n  providers:\n    s:\n      kind: stripe\n      api_key: ${NONE}\n"),
            texts{"troupe.yaml:6: payment.providers.s.api_key: the environment has no variable NONE"});
  EXPECT_EQ(
    problems_of("payment:\n  default: s\n  providers:\n    s:\n      kind: stripe\n    s-2:\n      kind: stripe\n"
                "      api_key: ${NONE}\n"),
    (texts{"troupe.yaml:8: payment.providers.s-2.api_key: the environment has no variable NONE",
           "troupe.yaml:4: payment.providers.s.api_key: needed"}));
}

TEST(ConfigUrl, PutsAnIpV6AddressInBrackets) {
  EXPECT_EQ(url_of("127.0.0.1", 9001), "http://127.0.0.1:9001");
  EXPECT_EQ(url_of("::1", 80), "http://[::1]:80");
}

TEST_F(ConfigLoad, RefusesWrongTypesWithLine) {
  EXPECT_EQ(problems_of("commerce:\n  port: many\n"), texts{"troupe.yaml:2: commerce.port: must be a whole number"});
  EXPECT_EQ(problems_of("commerce: 9001\n"), texts{"troupe.yaml:1: commerce: must be a section of keys, one a line"});
  EXPECT_EQ(problems_of("commerce:\n  port: [1, 2]\n"),
            texts{"troupe.yaml:2: commerce.port: must be one value, not a list"});
  EXPECT_EQ(problems_of("commerce:\n  port:\n    x: 1\n"),
            texts{"troupe.yaml:2: commerce.port: must be one value, not a section"});
  EXPECT_EQ(problems_of("commerce:\n  port:\n"),
            texts{"troupe.yaml:2: commerce.port: has no value; write \"\" for an empty one"});
  EXPECT_EQ(problems_of("sandbox:\n  enabled: yes\n"), texts{"troupe.yaml:2: sandbox.enabled: must be true or false"});
  EXPECT_EQ(problems_of("orders:\n  hold_time: 15\n"),
            texts{"troupe.yaml:2: orders.hold_time: must be a time with its unit, such as 300ms, 90s, 15m, 24h or 7d"});
  EXPECT_EQ(problems_of("- a\n"), texts{"troupe.yaml:1: the file: must be a section of keys, one a line"});
}

TEST_F(ConfigLoad, FindsAllProblemsAtOnce) {
  from.settings = {"log.level=loud", "nonsense"};
  from.environment["TROUPE_HTTP_DRAIN"] = "soon";
  EXPECT_EQ(problems_of("http:\n  drain: x\n  drian: 1s\n").size(), 5u);
}

TEST_F(ConfigLoad, RefusesAKeyThatStandsTwice) {
  EXPECT_EQ(problems_of("node:\n  name: a\n  name: b\n"),
            texts{"troupe.yaml:3: node.name: stands twice in its section"});
}

TEST_F(ConfigLoad, RefusesWhatIsNoYaml) {
  for (const auto* yaml : {"node:\n  name: [a\n", "node:\n name: a\n  threads: 1\n", "node:\n  name: a: b\n"}) {
    const auto problems = problems_of(yaml);
    ASSERT_EQ(problems.size(), 1u) << yaml;
    EXPECT_TRUE(problems.front().starts_with("troupe.yaml:")) << problems.front();
    EXPECT_NE(problems.front().find("not valid YAML"), std::string::npos) << problems.front();
  }
  EXPECT_EQ(problems_of("node:\n  name: a\n---\nnode:\n  name: b\n").size(), 1u);
}

TEST_F(ConfigLoad, RefusesAQuotationMarkThatIsNeverClosed) {
  EXPECT_EQ(problems_of("node:\n  name: \"a\nlog:\n  level: warn\n"),
            texts{"troupe.yaml:2: node.name: its quotation mark is never closed"});
  EXPECT_EQ(problems_of("node:\n  name: 'a\n"), texts{"troupe.yaml:2: node.name: its quotation mark is never closed"});
  EXPECT_EQ(load_text("node:\n  name: |-\n    a").values.node.name, "a");
}

TEST_F(ConfigLoad, RefusesAFileThatIsNotThere) {
  from.file = (folder_ / "none.yaml").string();
  const auto all = load(from);
  ASSERT_EQ(all.problems.size(), 1u);
  EXPECT_EQ(short_of(to_string(all.problems.front())), "none.yaml: the configuration file: No such file or directory");
  from.file = folder_.string();
  EXPECT_EQ(load(from).problems.size(), 1u);
}

TEST_F(ConfigLoad, AcceptsAnEmptyFileAndEmptySections) {
  EXPECT_EQ(problems_of(""), texts{});
  EXPECT_EQ(problems_of("# nothing\n"), texts{});
  EXPECT_EQ(problems_of("http:\n  # drain: 1s\nlog:\n  level: warn\n"), texts{});
}

TEST_F(ConfigLoad, RefusesSettingsWithoutAKeyOrAValue) {
  from.settings = {"log.level", "=x", "log=x", "log.levle=info"};
  EXPECT_EQ(problems_of(""),
            (texts{"--set log.level: must be key=value, such as log.level=debug",
                   "--set : must be key=value, such as log.level=debug", "--set log: log: is a section, not an option",
                   "--set log.levle: log.levle: there is no such option; did you mean log.level?"}));
}

TEST_F(ConfigLoad, WarnsOfAVariableThatLooksLikeAMistake) {
  from.environment["TROUPE_LOG_LEVL"] = "debug";
  from.environment["TROUPE_SERVICE_HOST"] = "10.0.0.1"; // Kubernetes sets it beside a service called troupe.
  from.environment["TROUPE_PORT_9001_TCP_ADDR"] = "10.0.0.1";
  const auto all = load(from);
  EXPECT_TRUE(all.problems.empty());
  ASSERT_EQ(all.warnings.size(), 1u);
  EXPECT_EQ(to_string(all.warnings[0]), "TROUPE_LOG_LEVL: is no option's variable; did you mean TROUPE_LOG_LEVEL?");
}

TEST_F(ConfigLoad, FindsTheStateDirectory) {
  from.environment["TROUPE_STATE"] = "/var/lib/troupe";
  EXPECT_EQ(load(from).values.node.state_directory, "/var/lib/troupe");
  EXPECT_EQ(load(from).values.store.path, "/var/lib/troupe/journal.db");
  from.environment.clear();
  const auto all = load(from);
  ASSERT_EQ(all.problems.size(), 1u);
  EXPECT_TRUE(all.problems[0].text.starts_with("node.state_directory: ")) << all.problems[0].text;
}

TEST_F(ConfigLoad, PutsVariablesInTheirPlace) {
  from.environment["CITY"] = "hamburg";
  from.environment["ODD"] = "${CITY}";
  EXPECT_EQ(load_text("node:\n  name: shop-${CITY}-1\n").values.node.name, "shop-hamburg-1");
  EXPECT_EQ(load_text("node:\n  name: ${ODD}\n").values.node.name, "${CITY}") << "once only";
  EXPECT_EQ(problems_of("node:\n  name: ${TOWN}\n"),
            texts{"troupe.yaml:2: node.name: the environment has no variable TOWN"});
  EXPECT_EQ(problems_of("node:\n  name: \"${CITY\"\n"), texts{"troupe.yaml:2: node.name: ${ without }"});
}

TEST_F(ConfigLoad, ReadsSecretsFromFilesBesideIt) {
  write("token.txt", "s3cret\n");
  const auto all =
    load_text("payment:\n  default: a\n  providers:\n    a:\n      kind: rest\n      token: file:token.txt\n");
  EXPECT_TRUE(all.problems.empty());
  EXPECT_EQ(all.values.payment.providers.at("a").token.reveal(), "s3cret");
  EXPECT_EQ(problems_of("payment:\n  default: a\n  providers:\n    a:\n      kind: rest\n      token: file:none.txt\n"),
            texts{"troupe.yaml:6: payment.providers.a.token: none.txt: No such file or directory"});
  EXPECT_EQ(load_text("node:\n  name: file:x\n").values.node.name, "file:x") << "no secret";
}

// A shop that names its real provider "stripe" must not pay into the sandbox.
TEST_F(ConfigLoad, ReplacesTheSandboxProvidersByConfiguredOnes) {
  from.environment["KEY"] = "sk_live_1";
  const auto all =
    load_text("payment:\n  default: stripe\n  providers:\n    stripe:\n      kind: stripe\n      api_key: ${KEY}\n");
  EXPECT_TRUE(all.problems.empty());
  ASSERT_EQ(all.values.payment.providers.size(), 1u);
  const auto& stripe = all.values.payment.providers.at("stripe");
  EXPECT_EQ(stripe.base_url, "");
  EXPECT_EQ(stripe.api_key.reveal(), "sk_live_1");
  EXPECT_TRUE(stripe.webhook_secret.empty());
}

TEST_F(ConfigLoad, SetsSingleOptionsOfAProvider) {
  from.environment["TROUPE_PAYMENT_PROVIDERS_STRIPE_TIMEOUT"] = "7s";
  from.settings = {"payment.providers.rest.oauth.client_id=me", "payment.providers.third.kind=simulated"};
  const auto all = load(from);
  for (const auto& problem : all.problems)
    ADD_FAILURE() << to_string(problem);
  EXPECT_EQ(all.values.payment.providers.at("stripe").timeout, 7s);
  EXPECT_EQ(all.values.payment.providers.at("rest").oauth.client_id, "me");
  EXPECT_EQ(all.values.payment.providers.at("rest").base_url, "http://127.0.0.1:7778/rest");
  EXPECT_EQ(all.values.payment.providers.at("third").kind, "simulated");
}

TEST_F(ConfigLoad, LooksForTheSandboxWhereItIs) {
  from.settings = {"sandbox.port=8888", "sandbox.address=::1"};
  EXPECT_EQ(load(from).values.payment.providers.at("rest").base_url, "http://[::1]:8888/rest");
  from.settings.push_back("payment.providers.rest.base_url=http://127.0.0.2:1/x");
  EXPECT_EQ(load(from).values.payment.providers.at("rest").base_url, "http://127.0.0.2:1/x");
  EXPECT_EQ(load(from).values.payment.providers.at("stripe").base_url, "http://[::1]:8888/stripe");
}

TEST_F(ConfigLoad, RefusesProvidersThatDoNotFit) {
  EXPECT_EQ(problems_of("payment:\n  default: other\n"),
            texts{"troupe.yaml:2: payment.default: there is no provider \"other\", only rest, stripe"});
  EXPECT_EQ(problems_of("payment:\n  default: a\n  providers:\n    a:\n"),
            texts{"troupe.yaml:4: payment.providers.a.kind: is needed"});
  EXPECT_EQ(problems_of("payment:\n  providers:\n    Big Pay:\n      kind: rest\n    rest:\n      kind: rest\n"),
            texts{"troupe.yaml:3: payment.providers.Big Pay: a provider's name has at most 64 small letters, digits, - "
                  "and _"});
  EXPECT_EQ(problems_of("payment:\n  providers:\n    rest:\n      kind: rest\n      tokn: x\n"),
            texts{"troupe.yaml:5: payment.providers.rest.tokn: there is no such option; did you mean "
                  "payment.providers.rest.token?"});
  from.problem_with_provider = [](const std::string&, const provider_options& x) {
    return x.kind == "rest" ? std::string{} : "kind: there is no \"" + x.kind + "\"";
  };
  EXPECT_EQ(problems_of("payment:\n  default: a\n  providers:\n    a:\n      timeout: 1s\n      kind: cash\n"),
            texts{"troupe.yaml:6: payment.providers.a.kind: there is no \"cash\""});
}

TEST_F(ConfigLoad, ReadsMailProvidersLikeThoseOfPayments) {
  from.settings = {"sandbox.port=8888", "sandbox.smtp_port=8889", "email.providers.second.kind=simulated"};
  const auto all = load(from);
  for (const auto& problem : all.problems)
    ADD_FAILURE() << to_string(problem);
  EXPECT_EQ(all.values.email.providers.at("sendgrid").base_url, "http://127.0.0.1:8888/sendgrid");
  EXPECT_EQ(all.values.email.providers.at("smtp").url, "smtp://127.0.0.1:8889");
  EXPECT_EQ(all.values.email.providers.at("second").kind, "simulated");
  from.settings.clear();
  EXPECT_EQ(problems_of("email:\n  order: mine, theirs\n  providers:\n    mine:\n      kind: smtp\n"),
            texts{"troupe.yaml:2: email.order: there is no provider \"theirs\""});
  EXPECT_EQ(problems_of("email:\n  providers:\n    mine:\n      start_tls: perhaps\n").size(), 1u);
  EXPECT_EQ(problems_of("email:\n  providers:\n    mine:\n"),
            texts{"troupe.yaml:3: email.providers.mine.kind: is needed"});
  from.problem_with_email_provider = [](const std::string&, const email_provider_options&) {
    return std::string{"url: needed"};
  };
  from.problem_with_email = [](const email_options&) { return std::string{"from: no address"}; };
  EXPECT_EQ(problems_of("email:\n  from: me\n  providers:\n    mine:\n      kind: smtp\n"),
            (texts{"troupe.yaml:4: email.providers.mine.url: needed", "troupe.yaml:2: email.from: no address"}));
}

TEST_F(ConfigLoad, ReplacesOneFamilyOfProvidersOnly) {
  const auto all = load_text("email:\n  providers:\n    mine:\n      kind: simulated\n");
  EXPECT_EQ(all.values.email.providers.size(), 1u);
  EXPECT_EQ(all.values.payment.providers.size(), 2u);
}

TEST_F(ConfigLoad, RefusesOptionsThatContradictEachOther) {
  EXPECT_EQ(problems_of("operations:\n  port: 9001\n"), texts{"troupe.yaml:2: operations.port: is commerce.port, too"});
  EXPECT_EQ(problems_of("sandbox:\n  port: 9001\n"), texts{"troupe.yaml:2: sandbox.port: is commerce.port, too"});
  EXPECT_EQ(problems_of("sandbox:\n  port: 9001\n  enabled: false\n"), texts{});
  EXPECT_EQ(problems_of("sandbox:\n  smtp_port: 7778\n"),
            texts{"troupe.yaml:2: sandbox.smtp_port: is sandbox.port, too"});
  EXPECT_EQ(problems_of("commerce:\n  port: 0\noperations:\n  port: 0\n"), texts{});
  EXPECT_EQ(problems_of("orders:\n  retry_base: 1m\n"),
            texts{"troupe.yaml:2: orders.retry_base: must not be more than orders.retry_max"});
}

TEST_F(ConfigLoad, NeverTellsASecret) {
  from.settings = {"payment.providers.rest.token=hunter2", "payment.providers.rest.oauth.client_secret=hunter2"};
  from.environment["TROUPE_PAYMENT_PROVIDERS_STRIPE_API_KEY"] = "hunter2";
  const auto result = check(from);
  EXPECT_TRUE(result.good);
  EXPECT_EQ(result.text.find("hunter2"), std::string::npos);
  EXPECT_NE(result.text.find("payment.providers.rest.token = ***  # --set payment.providers.rest.token\n"),
            std::string::npos)
    << result.text;
}

TEST_F(ConfigLoad, ChecksWithEveryValueAndWhereItComesFrom) {
  from.file = write("troupe.yaml", "log:\n  level: warn\n");
  const auto good = check(from);
  EXPECT_TRUE(good.good);
  EXPECT_NE(short_of(good.text).find("log.level = warn  # troupe.yaml:2\n"), std::string::npos) << good.text;
  EXPECT_NE(good.text.find("log.format = auto  # default\n"), std::string::npos);
  from.settings = {"log.level=loud"};
  const auto bad = check(from);
  EXPECT_FALSE(bad.good);
  EXPECT_EQ(bad.text, "--set log.level: log.level: must be one of debug, info, warn, error\n");
}

TEST(ConfigTable, HasEachKeyAndEachVariableOnce) {
  options defaults;
  std::set<std::string> keys{"TROUPE_STATE"};
  std::set<const void*> members;
  for (const auto& x : options_of(defaults)) {
    EXPECT_TRUE(keys.insert(environment_name(x.key)).second) << x.key;
    EXPECT_TRUE(members.insert(std::visit([](auto* p) -> const void* { return p; }, x.value)).second) << x.key;
    EXPECT_TRUE(x.meaning.ends_with('.')) << x.key;
    auto copy = to_text(x.value);
    if (!std::holds_alternative<secret*>(x.value)) {
      EXPECT_EQ(assign(x.value, copy, x.limits), std::nullopt) << x.key << ": its default keeps to its limits";
    }
  }
}

TEST(ConfigProfile, IsTheOneThatIsShipped) {
  std::ifstream in{troupe::test::source_folder() / "config/troupe.yaml"};
  std::ostringstream shipped;
  shipped << in.rdbuf();
  if (shipped.str() == default_profile())
    return;
  const auto wanted = troupe::test::binary_folder() / "troupe.yaml";
  std::ofstream{wanted} << default_profile();
  EXPECT_EQ(shipped.str(), default_profile()) << "copy " << wanted << " to config/troupe.yaml";
}

TEST(ConfigProfile, SaysNothingButTheDefaults) {
  sources from;
  from.environment["HOME"] = "/home/tea";
  const auto defaults = load(from);
  from.file = troupe::test::source_folder() / "config/troupe.yaml";
  auto shipped = load(from);
  for (const auto& problem : shipped.problems)
    ADD_FAILURE() << to_string(problem);
  EXPECT_TRUE(shipped.values == defaults.values);
  const auto is_of_further_policy = [](const std::string& key) {
    return key.starts_with("policies.") && !key.starts_with("policies.default.");
  };
  for (const auto& x : options_of(shipped.values))
    // Further policies show only what they have otherwise; the values are compared above.
    EXPECT_TRUE(is_of_further_policy(x.key) || shipped.origins.contains(x.key)) << x.key << " is not in the profile";
}

TEST_F(ConfigLoad, ChangesOnlyTheRulesOfAPolicyThatItNames) {
  const auto all = load_text("policies:\n  payment-api:\n    rate:\n      limit: 50\n  mine:\n    timeout: 2s\n");
  ASSERT_TRUE(all.problems.empty()) << to_string(all.problems.front());
  auto expected = shipped_policies().at("payment-api");
  expected.rate.limit = 50;
  EXPECT_EQ(all.values.policies.at("payment-api"), expected);
  policy_options mine;
  mine.timeout = std::chrono::seconds{2};
  EXPECT_EQ(all.values.policies.at("mine"), mine);
  EXPECT_EQ(all.values.policies.at("email"), shipped_policies().at("email"));
  EXPECT_EQ(short_of(all.origins.at("policies.payment-api")), "troupe.yaml:2");
  EXPECT_EQ(short_of(all.origins.at("policies.mine")), "troupe.yaml:5");
  EXPECT_FALSE(all.origins.contains("policies.email"));
}

TEST_F(ConfigLoad, RefusesPoliciesThatCannotHold) {
  EXPECT_EQ(problems_of("policies:\n  default:\n    timeout: 2m\n"),
            texts{"default: policies.default.deadline: must not be less than timeout"});
  EXPECT_EQ(problems_of("policies:\n  x:\n    rate:\n      limit: 2\n      burst: 3\n"),
            texts{"troupe.yaml:5: policies.x.rate.burst: must not be more than rate.limit"});
  EXPECT_EQ(problems_of("policies:\n  x:\n    retry:\n      backoff: fibonacci\n").size(), 1u);
  EXPECT_EQ(problems_of("policies:\n  X Y:\n    timeout: 2s\n"),
            texts{"troupe.yaml:2: policies.X Y: a policy's name has at most 64 small letters, digits, - and _"});
  EXPECT_EQ(problems_of("policies:\n  x:\n    tiemout: 2s\n"),
            texts{"troupe.yaml:3: policies.x.tiemout: there is no such option; did you mean policies.x.timeout?"});
  from.settings = {"payment.providers.rest.policy=none"};
  EXPECT_EQ(problems_of("log:\n  level: info\n"),
            texts{"--set payment.providers.rest.policy: payment.providers.rest.policy: there is no policy \"none\""});
}

TEST(ConfigDiff, TakesOverPoliciesAtOnce) {
  options old;
  old.policies.try_emplace("gone");
  auto wanted = options{};
  wanted.policies.at("default").breaker.failures = 7;
  wanted.policies["new"].timeout = std::chrono::seconds{2};
  wanted.payment.providers.at("rest").policy = "new";
  const auto changes = diff(old, wanted);
  EXPECT_TRUE(changes.needs_restart.empty());
  EXPECT_EQ(changes.values.policies, wanted.policies);
  EXPECT_EQ(changes.values.payment.providers.at("rest").policy, "new");
}

TEST(ConfigDiff, TellsWhatNeedsARestart) {
  options old;
  auto wanted = old;
  wanted.log.level = "debug";
  wanted.node.threads = 7;
  wanted.payment.providers.at("rest").token = secret{"other"};
  const auto changes = diff(old, wanted);
  ASSERT_EQ(changes.applied.size(), 1u);
  EXPECT_EQ(changes.applied[0].key, "log.level");
  EXPECT_EQ(changes.applied[0].from, "info");
  EXPECT_EQ(changes.applied[0].to, "debug");
  ASSERT_EQ(changes.needs_restart.size(), 2u);
  EXPECT_EQ(changes.needs_restart[0].key, "node.threads");
  EXPECT_EQ(changes.needs_restart[0].to, "7");
  EXPECT_EQ(changes.needs_restart[1].key, "payment.providers.rest.token");
  EXPECT_EQ(changes.needs_restart[1].to, "***");
  auto expected = old;
  expected.log.level = "debug";
  EXPECT_TRUE(changes.values == expected);
  EXPECT_EQ(diff(changes.values, wanted).applied.size(), 0u);
}

TEST(ConfigDiff, MakesAProviderTheDefaultAtOnceOnlyWhenItRuns) {
  options old;
  auto wanted = old;
  wanted.payment.default_provider = "stripe";
  EXPECT_EQ(diff(old, wanted).values.payment.default_provider, "stripe");
  wanted.payment.providers["cash"].kind = "simulated";
  wanted.payment.default_provider = "cash";
  const auto changes = diff(old, wanted);
  EXPECT_TRUE(changes.applied.empty());
  EXPECT_EQ(changes.values.payment.default_provider, old.payment.default_provider);
}

TEST(ConfigDiff, TellsOfProvidersThatCameOrWent) {
  options old;
  auto wanted = old;
  wanted.payment.providers.erase("stripe");
  wanted.payment.providers["cash"].kind = "simulated";
  const auto changes = diff(old, wanted);
  EXPECT_TRUE(changes.applied.empty());
  ASSERT_EQ(changes.needs_restart.size(), 2u);
  EXPECT_EQ(changes.needs_restart[0].key, "payment.providers.stripe");
  EXPECT_EQ(changes.needs_restart[0].to, "");
  EXPECT_EQ(changes.needs_restart[1].key, "payment.providers.cash");
  EXPECT_EQ(changes.needs_restart[1].to, "simulated");
  EXPECT_TRUE(changes.values == old);
  EXPECT_TRUE(diff(old, old).needs_restart.empty());
}

} // namespace
} // namespace troupe::config

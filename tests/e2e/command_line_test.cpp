// tests/e2e/command_line_test.cpp: what the README, the welcome text and the commands promise to people.
#include "tests/e2e/node.hpp"
#include "tests/support/places.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <regex>
#include <sstream>

namespace troupe::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::string read(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The fenced blocks of a Markdown text, `language` empty for those without one.
std::vector<std::string> blocks(const std::string& text, const std::string& language) {
  std::vector<std::string> out;
  std::istringstream lines{text};
  std::string line;
  std::string block;
  bool inside = false;
  bool wanted = false;
  while (std::getline(lines, line)) {
    if (!line.starts_with("```")) {
      block += inside ? line + "\n" : "";
      continue;
    }
    if (inside && wanted)
      out.push_back(block);
    wanted = !inside && line.substr(3) == language;
    inside = !inside;
    block.clear();
  }
  return out;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

bool shell_has(const std::string& command) {
  return run({"/bin/sh", "-c", "command -v " + command}).how == ending{0, 0};
}

class CommandLine : public ::testing::Test {
protected:
  finished_program shell(const std::string& command) { return run({"/bin/sh", "-c", command}, running.environment()); }

  /// A command of the README, with the addresses of this node and the path of this build.
  std::string here(std::string command) {
    const auto without_scheme = [](const std::string& url) { return url.substr(7); };
    command = replaced(std::move(command), "localhost:9001", without_scheme(running.commerce()));
    command = replaced(std::move(command), "localhost:7778", without_scheme(running.sandbox()));
    return replaced(std::move(command), "build/release/troupe", troupe_binary());
  }

  std::string place_one() {
    auto shop = running.shop();
    const auto answer = place(shop, order_of("hand-grinder", 1), 10);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.json().value("orderId", "");
  }

  finished_program troupe(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
    arguments.insert(arguments.begin(), troupe_binary());
    return run(std::move(arguments), std::move(environment));
  }

  temporary_folder folder;
  node running{folder.path()};
};

TEST_F(CommandLine, ReadmeTellsTheTruth) {
  if (!shell_has("curl"))
    GTEST_SKIP() << "the README uses curl";
  const auto readme = read(source_folder() / "README.md");
  const auto commands = blocks(readme, "");
  const auto find = [&](const std::string& part) {
    for (const auto& x : commands)
      if (x.find(part) != std::string::npos)
        return here(x);
    ADD_FAILURE() << "the README has no command with " << part;
    return std::string{"false"};
  };
  running.start();

  // A first order, and the answer that stands below it.
  const auto first = shell(find("curl -s localhost:9001/api/v2/orders"));
  ASSERT_EQ(first.how, (ending{0, 0})) << first.errors;
  const auto answer = json::parse(first.output, nullptr, false);
  const auto promised = json::parse(blocks(readme, "json").at(0), nullptr, false);
  ASSERT_TRUE(promised.is_object()) << "the README's answer is no JSON";
  EXPECT_EQ(answer["status"], promised["status"]) << first.output;
  EXPECT_EQ(answer["message"], promised["message"]);
  for (const auto& [name, value] : promised.items())
    EXPECT_TRUE(answer.contains(name)) << name;
  for (const auto& [name, value] : promised["links"].items())
    EXPECT_TRUE(answer["links"].contains(name)) << name;

  // What became of it.
  const auto id = answer["orderId"].get<std::string>();
  const auto shown = shell(std::regex_replace(find("ctl order 019f"), std::regex{"019f\\S*"}, id));
  EXPECT_EQ(shown.how, (ending{0, 0})) << shown.errors;
  EXPECT_NE(shown.output.find("confirmed"), std::string::npos) << shown.output;

  // The outage: begun, an order waits, the process is killed, the outage ends.
  EXPECT_EQ(shell(find("ctl outage begin")).how, (ending{0, 0}));
  auto shop = running.shop();
  const auto waiting = place(shop, order_of("hand-grinder", 1)).json()["orderId"].get<std::string>();
  EXPECT_TRUE(eventually(seconds{5}, [&] { return order_at(shop, waiting)["message"] == "Processing payment..."; }));
  const auto ended = shell(find("ctl outage end"));
  EXPECT_EQ(ended.how, (ending{0, 0})) << ended.errors;
  EXPECT_EQ(end_of(shop, waiting), "confirmed");
  const std::string ledger_command = "curl -s localhost:7778/_sandbox/ledger";
  EXPECT_NE(readme.find(ledger_command), std::string::npos);
  const auto ledger = json::parse(shell(here(ledger_command)).output, nullptr, false);
  EXPECT_TRUE(ledger.contains("references"));
}

TEST_F(CommandLine, WelcomeTextTellsTheTruth) {
  if (!shell_has("curl"))
    GTEST_SKIP() << "the welcome text uses curl";
  running.start();
  const auto text = running.process().output();
  const auto begin = text.find("  curl");
  const auto end = text.find("'\n", begin);
  ASSERT_NE(end, std::string::npos) << text;
  const auto result = shell(text.substr(begin, end + 1 - begin));
  EXPECT_EQ(json::parse(result.output, nullptr, false)["status"], "confirmed") << result.output;
  auto shop = running.shop();
  for (const auto* sku : {"espresso-beans-1kg", "paper-filters-100", "hand-grinder", "last-one"}) {
    EXPECT_NE(text.find(sku), std::string::npos) << sku;
    EXPECT_EQ(shop.get(std::string{"/products/"} + sku).status, 200) << sku;
  }
  EXPECT_NE(text.find((folder.path() / "operator.key").string()), std::string::npos);
  EXPECT_NE(text.find("made just now"), std::string::npos);
  EXPECT_EQ(text.find(running.operator_key()), std::string::npos) << "the key itself is printed";
}

TEST_F(CommandLine, CtlShowsOrdersEventsStockAndHealthAsJson) {
  running.start();
  const auto id = place_one();
  const auto asked = [&](std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const auto result = running.ctl(std::move(arguments));
    EXPECT_EQ(result.how, (ending{0, 0})) << result.errors;
    return json::parse(result.output, nullptr, false);
  };
  const auto order = asked({"order", id});
  EXPECT_EQ(order["orderId"], id);
  EXPECT_EQ(order["email"], "ada@example.com") << "the operator sees it whole";
  EXPECT_EQ(asked({"events", id})["events"][0]["eventType"], "OrderCreated");
  EXPECT_EQ(asked({"stock", "hand-grinder"})["sold"], 1);
  EXPECT_EQ(asked({"health"})["status"], "ready") << "though it has said that it is up";
}

TEST_F(CommandLine, CtlShowsTheEventLogWithoutPersonalData) {
  running.start();
  const auto id = place_one(); // of ada@example.com
  const auto by_order = running.ctl({"events", "--key", id, "--json"});
  ASSERT_EQ(by_order.how, (ending{0, 0})) << by_order.errors;
  std::vector<std::string> types;
  std::uint64_t last = 0;
  auto list = json::parse(by_order.output, nullptr, false)["events"];
  for (auto event = list.rbegin(); event != list.rend(); ++event) { // It begins with the newest.
    EXPECT_GT((*event)["position"], last);
    last = (*event)["position"];
    types.push_back((*event)["type"]);
    EXPECT_EQ((*event)["key"], id);
    EXPECT_EQ((*event)["version"], types.size());
  }
  const auto place_of = [&](const char* type) { return std::find(types.begin(), types.end(), type) - types.begin(); };
  ASSERT_FALSE(types.empty());
  EXPECT_EQ(types.front(), "order.placed");
  EXPECT_LT(place_of("order.stock_reserved"), place_of("order.payment_authorized"));
  EXPECT_LT(place_of("order.payment_authorized"), place_of("order.payment_captured"));
  EXPECT_LT(place_of("order.payment_captured"), static_cast<std::ptrdiff_t>(types.size()));
  ASSERT_TRUE(
    eventually(seconds{20},
               [&] {
                 return running.ctl({"events", "--type", "notification.sent"}).output.find(id) != std::string::npos;
               }))
    << "the confirmation was not sent";
  auto shop = running.shop();
  ASSERT_EQ(place(shop, order_of("hand-grinder", 1), 10, {{"Idempotency-Key", "of ada@example.com"}}).status, 201);
  const auto everything = running.ctl({"events", "--limit", "1000"});
  ASSERT_EQ(everything.how, (ending{0, 0})) << everything.errors;
  for (const auto* text :
       {"order.confirmed", "notification.requested", "idempotency.claimed", "inventory.reserved", "hand-grinder"})
    EXPECT_NE(everything.output.find(text), std::string::npos) << text << " is not in\n" << everything.output;
  const auto as_json = running.ctl({"events", "--limit", "1000", "--json"});
  for (const auto* text : {&by_order.output, &everything.output, &as_json.output})
    for (const auto* personal : {"@", "example.com"})
      EXPECT_EQ(text->find(personal), std::string::npos) << personal << " is in\n" << *text;
  EXPECT_EQ(running.ctl({"events", "--limit", "0"}).how, (ending{1, 0}));
  EXPECT_EQ(running.ctl({"events", id, "--type", "order.placed"}).how, (ending{2, 0}));
}

TEST_F(CommandLine, CtlFollowsTheEventLog) {
  running.start();
  std::vector<std::string> command{troupe_binary(),
                                   "ctl",
                                   "--operations-url",
                                   running.operations(),
                                   "--key-file",
                                   (running.state() / "operator.key").string(),
                                   "events",
                                   "--context",
                                   "order",
                                   "--follow"};
  program following{command, running.environment()};
  ASSERT_TRUE(following.prints("POSITION"));
  const auto id = place_one();
  EXPECT_TRUE(following.prints("order.payment_captured")) << following.output() << following.errors();
  const auto shown = following.output();
  EXPECT_LT(shown.find("order.placed"), shown.find("order.payment_captured")) << shown;
  EXPECT_NE(shown.find(id), std::string::npos) << shown;
  following.send(SIGINT);
  EXPECT_EQ(following.wait(), (ending{-1, SIGINT}));
}

TEST_F(CommandLine, CtlShowsPeopleTables) {
  running.start();
  const auto id = place_one();
  const auto order = running.ctl({"order", id});
  for (const auto* text : {"89.00 EUR", "payment_captured", "hand-grinder", "confirmed"})
    EXPECT_NE(order.output.find(text), std::string::npos) << text << " is not in\n" << order.output;
  EXPECT_EQ(order.output.find('\x1b'), std::string::npos) << "colours where no terminal is";
  EXPECT_NE(running.ctl({"--color", "always", "order", id}).output.find('\x1b'), std::string::npos);
  EXPECT_NE(running.ctl({"health"}).output.find("store"), std::string::npos);
}

TEST_F(CommandLine, CtlCancelsAndCaptures) {
  running.set("orders.capture_at_once=false");
  running.start();
  auto shop = running.shop();
  const auto awaits_capture = [&](const std::string& id) {
    return eventually(seconds{10}, [&] { return order_at(shop, id)["links"].contains("capture"); });
  };
  const auto one = place(shop, order_of("hand-grinder", 1)).json()["orderId"].get<std::string>();
  ASSERT_TRUE(awaits_capture(one));
  EXPECT_EQ(running.ctl({"capture", one}).how, (ending{0, 0}));
  EXPECT_EQ(end_of(shop, one), "confirmed");
  const auto other = place(shop, order_of("hand-grinder", 1)).json()["orderId"].get<std::string>();
  ASSERT_TRUE(awaits_capture(other));
  EXPECT_EQ(running.ctl({"cancel", other, "--reason", "too expensive"}).how, (ending{0, 0}));
  EXPECT_EQ(end_of(shop, other), "cancelled");
}

TEST_F(CommandLine, CtlPrintsJsonAsItCame) {
  running.start();
  const auto answer = running.shop().get("/api/v2/inventory/hand-grinder").body;
  const auto printed = running.ctl({"stock", "hand-grinder", "--json"}).output;
  EXPECT_EQ(printed, answer.ends_with('\n') ? answer : answer + "\n");
}

TEST_F(CommandLine, CtlKeepsWhatIsAskedForInOneSegmentOfThePath) {
  running.start();
  const auto result = running.ctl({"stock", "hand-grinder?x=1"});
  EXPECT_EQ(result.how, (ending{1, 0})) << "the rest was taken for a query: " << result.output;
}

TEST_F(CommandLine, CtlHealthPaintsReadyGreen) {
  running.start();
  const auto good = running.ctl({"--color", "always", "health"});
  EXPECT_EQ(good.how, (ending{0, 0}));
  EXPECT_NE(good.output.find("\x1b[32mready"), std::string::npos) << good.output;
}

TEST_F(CommandLine, CtlRefusesAKeyFileThatIsNotThereAndAWrongConfiguration) {
  running.start();
  const auto no_key = running.ctl({"--key-file", (folder.path() / "none").string(), "health"});
  EXPECT_EQ(no_key.how, (ending{2, 0}));
  EXPECT_NE(no_key.errors.find("none"), std::string::npos) << no_key.errors;
  for (const auto& command : std::vector<std::vector<std::string>>{{"ctl", "--set", "log.levle=debug", "health"},
                                                                   {"store", "check", "--set", "log.levle=debug"}}) {
    auto all = command;
    all.insert(all.begin(), troupe_binary());
    const auto refused = run(all, running.environment());
    EXPECT_EQ(refused.how, (ending{2, 0})) << command.front();
    EXPECT_NE(refused.errors.find("did you mean log.level?"), std::string::npos) << refused.errors;
  }
}

TEST_F(CommandLine, CtlTellsRefusalsFromSilenceByItsExitCode) {
  running.start();
  const auto unknown = running.ctl({"order", "01890a5d-ac96-774b-bcce-b302099a8057"});
  EXPECT_EQ(unknown.how, (ending{1, 0}));
  EXPECT_NE(unknown.errors.find("404"), std::string::npos) << unknown.errors;
  EXPECT_EQ(unknown.output, "");
  EXPECT_EQ(running.ctl({"order", "no-uuid"}).how, (ending{1, 0}));
  ASSERT_EQ(running.stop(), (ending{0, 0}));
  for (const auto& command : std::vector<std::vector<std::string>>{{"order", "01890a5d-ac96-774b-bcce-b302099a8057"},
                                                                   {"events", "01890a5d-ac96-774b-bcce-b302099a8057"},
                                                                   {"stock", "hand-grinder"},
                                                                   {"health"},
                                                                   {"outage", "begin"},
                                                                   {"outage", "end"}}) {
    const auto silent = running.ctl(command);
    EXPECT_EQ(silent.how, (ending{2, 0})) << command.front();
    EXPECT_NE(silent.errors.find("nobody answers"), std::string::npos) << silent.errors;
    EXPECT_EQ(silent.output, "");
  }
}

TEST_F(CommandLine, WrongUseIsToldAndFails) {
  for (const auto& wrong :
       std::vector<std::vector<std::string>>{{}, {"sell"}, {"ctl"}, {"ctl", "order"}, {"serve", "--fast"}}) {
    const auto result = troupe(wrong);
    EXPECT_EQ(result.how, (ending{2, 0})) << result.errors;
    EXPECT_NE(result.errors, "");
  }
  EXPECT_NE(troupe({"sell"}).errors.find("\"sell\""), std::string::npos);
  EXPECT_NE(troupe({"ctl", "sell"}).errors.find("\"sell\""), std::string::npos);
  const auto maybe = troupe({"ctl", "outage", "maybe"});
  EXPECT_EQ(maybe.how, (ending{2, 0}));
  EXPECT_NE(maybe.errors.find("begin"), std::string::npos) << maybe.errors;
  EXPECT_NE(troupe({"ctl", "outage", "--help"}).output.find("every call answers 503"), std::string::npos);
  const auto help = troupe({"--help"});
  EXPECT_EQ(help.how, (ending{0, 0}));
  for (const auto* command : {"serve", "sandbox", "store", "config", "ctl", "version"})
    EXPECT_NE(help.output.find(command), std::string::npos) << command;
  EXPECT_EQ(troupe({"version"}).output, "troupe " TROUPE_VERSION "\n");
  const auto version = troupe({"--version"});
  EXPECT_EQ(version.how, (ending{0, 0}));
  EXPECT_EQ(version.output, "troupe " TROUPE_VERSION "\n");
}

TEST_F(CommandLine, ConfigCheckNamesFileLineAndTheNearestKey) {
  const auto file = folder.path() / "shop.yaml";
  std::ofstream{file} << "log:\n  levle: debug\nhttp:\n  body_bytes_max: lots\n";
  const auto bad = troupe({"config", "check", "-c", file.string()});
  EXPECT_EQ(bad.how, (ending{2, 0}));
  EXPECT_NE(bad.errors.find("shop.yaml:2"), std::string::npos) << bad.errors;
  EXPECT_NE(bad.errors.find("did you mean log.level?"), std::string::npos) << bad.errors;
  EXPECT_NE(bad.errors.find("shop.yaml:4"), std::string::npos) << "only the first mistake is named: " << bad.errors;
  EXPECT_EQ(bad.output, "");
  const auto refused =
    troupe({"serve", "-c", file.string(), "--set", "node.state_directory=" + folder.path().string()});
  EXPECT_EQ(refused.how, (ending{2, 0})) << "serve starts on a configuration that check refuses";
  EXPECT_NE(refused.errors.find("did you mean log.level?"), std::string::npos) << refused.errors;

  std::ofstream{file} << "log:\n  level: debug\n";
  const auto good = troupe({"config", "check", "-c", file.string()}, {{"TROUPE_COMMERCE_PORT", "9999"}});
  EXPECT_EQ(good.how, (ending{0, 0})) << good.errors;
  EXPECT_NE(good.output.find("log.level = debug"), std::string::npos) << good.output;
  EXPECT_NE(good.output.find("commerce.port = 9999"), std::string::npos) << good.output;
}

TEST_F(CommandLine, ShippedProfileIsGoodAndComplete) {
  const auto shipped = troupe({"config", "check", "-c", source_folder() / "config/troupe.yaml"});
  EXPECT_EQ(shipped.how, (ending{0, 0})) << shipped.errors;
  EXPECT_EQ(troupe({"config", "default"}).output, read(source_folder() / "config/troupe.yaml"));
}

TEST_F(CommandLine, NewStateDirectoryIsForItsOwnerAloneAndAnExistingOneIsLeftAsItIs) {
  namespace fs = std::filesystem;
  const auto made = folder.path() / "made" / "here";
  node fresh{made};
  fresh.start();
  EXPECT_EQ(fs::status(made).permissions(), fs::perms::owner_all);
  ASSERT_EQ(fresh.stop(), (ending{0, 0}));

  const auto shared = folder.path() / "shared";
  fs::create_directory(shared);
  const auto open = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec;
  fs::permissions(shared, open);
  node guest{shared};
  guest.start();
  EXPECT_EQ(fs::status(shared).permissions(), open) << "the folder of others was closed to them";
  EXPECT_TRUE(guest.process().logs("open to other users"));
  EXPECT_EQ(fresh.process().errors().find("open to other users"), std::string::npos);
}

TEST_F(CommandLine, StateDirectoryThatCannotBeMadeIsTold) {
  const auto file = folder.path() / "file";
  std::ofstream{file} << "x";
  for (const auto* command : {"serve", "sandbox"})
    for (const auto& state : {file, file / "below"}) {
      const auto result = troupe({command, "--set", "node.state_directory=" + state.string()});
      EXPECT_EQ(result.how, (ending{1, 0})) << command << " in " << state << ": " << result.errors;
      EXPECT_NE(result.errors.find(file.string()), std::string::npos) << result.errors;
    }
}

TEST_F(CommandLine, SecondNodeIsToldWhichProcessHasTheStore) {
  running.start();
  auto command = running.command();
  const auto second = troupe(command);
  EXPECT_EQ(second.how, (ending{1, 0}));
  const auto pid = std::to_string(running.process().pid());
  EXPECT_NE(second.errors.find("by process " + pid), std::string::npos) << second.errors;
  const auto path = (folder.path() / "journal.db").string();
  const auto first = second.errors.find(path);
  ASSERT_NE(first, std::string::npos) << second.errors;
  EXPECT_EQ(second.errors.find(path, first + 1), std::string::npos) << "named twice: " << second.errors;
}

TEST_F(CommandLine, TakenPortIsToldAndNothingIsLeftRunning) {
  running.start();
  temporary_folder other;
  const auto port = std::to_string(running.commerce_port());
  const auto result =
    troupe({"serve", "--set", "node.state_directory=" + other.path().string(), "--set", "commerce.port=" + port,
            "--set", "operations.port=0", "--set", "sandbox.port=0", "--set", "sandbox.smtp_port=0"});
  EXPECT_GT(result.how.exit_code, 0);
  EXPECT_NE(result.errors.find(port), std::string::npos) << "does not name the port: " << result.errors;
}

} // namespace
} // namespace troupe::test

// tests/e2e/store_test.cpp: which stores the program starts on, and what it does to those that it refuses.
#include "tests/e2e/node.hpp"
#include "tests/support/places.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace troupe::test {
namespace {

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream{file, std::ios::binary} << bytes;
}

class Store : public ::testing::Test {
protected:
  /// A stopped node's store with a few orders.
  void make_store() {
    running.start();
    auto shop = running.shop();
    for (int i = 0; i < 3; ++i)
      ASSERT_EQ(place(shop, order_of("paper-filters-100", 1), 10).status, 201);
    stop();
  }

  /// Afterwards all bytes are in one place, where the tests change them.
  void stop() {
    ASSERT_EQ(running.stop(), (ending{0, 0}));
    for (const auto* rest : {"-wal", "-shm"})
      EXPECT_FALSE(std::filesystem::exists(file().string() + rest)) << rest << " lies beside a store that was closed";
  }

  finished_program serve() {
    auto command = running.command();
    command.insert(command.begin(), troupe_binary());
    return run(std::move(command));
  }

  finished_program check() { return run({troupe_binary(), "store", "check", file().string()}); }

  std::filesystem::path file() const { return folder.path() / "journal.db"; }

  /// The node refuses the file, saying all of `texts`, and leaves every byte as it was.
  void expect_refused(std::initializer_list<const char*> texts) {
    const auto before = bytes_of(file());
    const auto result = serve();
    EXPECT_NE(result.how.exit_code, 0);
    EXPECT_EQ(result.how.signal, 0);
    for (const auto* text : texts)
      EXPECT_NE(result.errors.find(text), std::string::npos) << text << " is not in: " << result.errors;
    EXPECT_EQ(result.output, "");
    EXPECT_TRUE(bytes_of(file()) == before) << "the file was changed";
  }

  temporary_folder folder;
  node running{folder.path()};
};

TEST_F(Store, SecondProcessIsRefusedAndTheFirstIsUnharmed) {
  running.start();
  const auto same = serve();
  EXPECT_GT(same.how.exit_code, 0);
  EXPECT_NE(same.errors.find("in use by"), std::string::npos) << same.errors;
  running.set("sandbox.enabled=false"); // Nothing but the store is shared.
  const auto second = serve();
  EXPECT_GT(second.how.exit_code, 0);
  EXPECT_NE(second.errors.find("journal.db is in use"), std::string::npos) << second.errors;
  EXPECT_NE(second.errors.find(std::to_string(running.process().pid())), std::string::npos)
    << "does not say by whom: " << second.errors;
  auto shop = running.shop();
  EXPECT_EQ(place(shop, order_of("hand-grinder", 1), 10).json()["status"], "confirmed");
  EXPECT_EQ(running.stop(), (ending{0, 0}));
}

TEST_F(Store, CheckIsRefusedWhileANodeRuns) {
  running.start();
  const auto result = check();
  EXPECT_GT(result.how.exit_code, 0);
  EXPECT_NE(result.errors.find("in use"), std::string::npos) << result.errors;
}

TEST_F(Store, CheckCountsWhatASoundStoreHas) {
  make_store();
  const auto result = check();
  EXPECT_EQ(result.how, (ending{0, 0})) << result.errors;
  EXPECT_NE(result.output.find(" 0 problems"), std::string::npos) << result.output;
}

TEST_F(Store, CheckOfNothingFails) {
  EXPECT_GT(check().how.exit_code, 0);
}

TEST_F(Store, ForeignFileIsRefusedAndLeftAlone) {
  write(file(), "Dear diary, today I have sold a hand grinder.\n" + std::string(5000, '.'));
  expect_refused({"not a store of troupe", "journal.db"});
}

TEST_F(Store, ForeignDatabaseIsRefusedAndLeftAlone) {
  make_store();
  auto bytes = bytes_of(file());
  bytes.replace(68, 4, "gpkg"); // application_id
  write(file(), bytes);
  expect_refused({"a database of another program"});
}

TEST_F(Store, NewerStoreIsRefusedAndLeftAlone) {
  make_store();
  auto bytes = bytes_of(file());
  bytes[63] = 99; // user_version, big-endian at 60
  write(file(), bytes);
  expect_refused({"newer"});
}

TEST_F(Store, TruncatedStoreIsRefusedAndLeftAlone) {
  make_store();
  const auto bytes = bytes_of(file());
  write(file(), bytes.substr(0, bytes.size() / 2));
  expect_refused({"store check"});
  EXPECT_GT(check().how.exit_code, 0);
}

TEST_F(Store, OneChangedLetterInAnEventIsFoundByCheck) {
  make_store();
  auto bytes = bytes_of(file());
  const auto at = bytes.find("paper-filters-100");
  ASSERT_NE(at, std::string::npos);
  for (auto i = at; i != std::string::npos; i = bytes.find("paper-filters-100", i + 1))
    bytes[i] = 'P';
  write(file(), bytes);
  const auto result = check();
  EXPECT_EQ(result.how.exit_code, 1) << result.errors;
  EXPECT_EQ(result.output.find(" 0 problems"), std::string::npos) << result.output;
  EXPECT_TRUE(bytes_of(file()) == bytes) << "the check has changed the file";
}

TEST_F(Store, DamagedOrderIsNotServedAndTheOthersAre) {
  running.start();
  std::vector<std::string> ids;
  auto shop = running.shop();
  for (const auto* customer : {"well-behaved", "about-to-be-damaged"}) {
    auto order = order_of("paper-filters-100", 1);
    order["customerId"] = customer;
    ids.push_back(place(shop, order, 10).json()["orderId"].get<std::string>());
  }
  stop();
  auto bytes = bytes_of(file());
  const auto at = bytes.find("about-to-be-damaged");
  ASSERT_NE(at, std::string::npos);
  for (auto i = at; i != std::string::npos; i = bytes.find("about-to-be-damaged", i))
    bytes.replace(i, 5, "ABOUT");
  write(file(), bytes);
  EXPECT_EQ(check().how.exit_code, 1);
  running.start();
  auto again = running.shop();
  EXPECT_EQ(order_at(again, ids[0])["status"], "confirmed");
  const auto damaged = again.get("/api/v2/orders/" + ids[1]);
  EXPECT_GE(damaged.status, 500) << damaged.body;
  EXPECT_EQ(place(again, order_of("hand-grinder", 1), 10).json()["status"], "confirmed");
}

/// The commands of docs/operations.md that take a backup, with `folder` for where it goes.
std::string documented_backup(const std::string& folder) {
  const auto text = bytes_of(source_folder() / "docs/operations.md");
  const auto begin = text.find("umask 077\nsqlite3 ");
  const auto end = text.find("```", begin);
  if (begin == std::string::npos || end == std::string::npos)
    return "false";
  auto commands = "set -e\n" + text.substr(begin, end - begin);
  for (std::size_t at = 0; (at = commands.find("/backup/", at)) != std::string::npos; at += folder.size())
    commands.replace(at, 7, folder);
  return commands;
}

TEST_F(Store, BackupOfARunningNodeIsWholeAndCostsItNothing) {
  running.start();
  std::vector<std::string> acknowledged;
  const auto place_some = [&] {
    auto shop = running.shop();
    for (int i = 0; i < 5; ++i) {
      const auto answer = place(shop, order_of("paper-filters-100", 1), i == 0 ? 10 : 0);
      ASSERT_TRUE(answer.status == 201 || answer.status == 202) << answer.body;
      acknowledged.push_back(answer.json()["orderId"].get<std::string>());
    }
  };
  const auto expect_all = [&] {
    running.start();
    auto shop = running.shop();
    for (const auto& id : acknowledged)
      EXPECT_EQ(end_of(shop, id), "confirmed") << id;
  };
  const temporary_folder backup;
  auto environment = running.environment();
  environment["PATH"] = std::filesystem::path{troupe_binary()}.parent_path().string() + ":/usr/bin:/bin";
  const auto take_backup = [&] {
    const auto taken = run({"/bin/sh", "-c", documented_backup(backup.path())}, environment);
    EXPECT_EQ(taken.how, (ending{0, 0})) << taken.output << taken.errors;
    EXPECT_NE(taken.output.find(" 0 problems"), std::string::npos) << taken.output;
    EXPECT_TRUE(std::filesystem::exists(file().string() + "-wal")) << "the tool has removed the log";
  };
  place_some();
  take_backup();
  place_some();
  running.kill();
  expect_all();
  const auto settled = acknowledged.size();
  place_some();
  take_backup();
  place_some();
  EXPECT_EQ(running.stop(), (ending{0, 0}));
  expect_all();
  EXPECT_EQ(running.stop(), (ending{0, 0}));

  // And the backup is one.
  node restored{backup.path()};
  restored.start();
  auto shop = restored.shop();
  for (std::size_t i = 0; i < settled; ++i)
    EXPECT_EQ(end_of(shop, acknowledged[i]), "confirmed");
}

TEST_F(Store, RestoredBackupGoesOn) {
  make_store();
  const auto backup = bytes_of(file());
  running.start();
  auto shop = running.shop();
  ASSERT_EQ(place(shop, order_of("hand-grinder", 1), 10).status, 201);
  stop();
  write(file(), backup);
  running.start();
  auto again = running.shop();
  EXPECT_EQ(again.get("/api/v2/inventory/paper-filters-100").json()["sold"], 3);
  EXPECT_EQ(again.get("/api/v2/inventory/hand-grinder").json()["sold"], 0);
  EXPECT_EQ(place(again, order_of("hand-grinder", 1), 10).json()["status"], "confirmed");
}

} // namespace
} // namespace troupe::test

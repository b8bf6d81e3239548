#include "supervisors/node.hpp"

#include "supervisors/observability/log.hpp"
#include "supervisors/serve.hpp"
#include "tests/support/folder.hpp"

#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace troupe {
namespace {

using std::chrono::seconds;

class Node : public ::testing::Test {
protected:
  node_settings settings() {
    node_settings x;
    x.threads = 1;
    x.store_file = folder / "journal.db";
    x.operator_key_file = folder / "operator.key";
    x.commerce_port = 0;
    x.operations_port = 0;
    payment::provider_options provider;
    provider.name = "main";
    provider.kind = "simulated";
    x.providers = {provider};
    x.tuning.default_provider = "main";
    x.demo_catalog = false;
    x.failed = [this](const std::string& part, const std::string&) {
      const std::lock_guard guard{mutex};
      failed.push_back(part);
      told.notify_all();
    };
    return x;
  }

  std::vector<std::string> failed_parts() {
    std::unique_lock lock{mutex};
    told.wait_for(lock, seconds{20}, [this] { return !failed.empty(); });
    return failed;
  }

  test::scratch_folder folder;
  std::mutex mutex;
  std::condition_variable told;
  std::vector<std::string> failed;
};

TEST_F(Node, TellsWhenAPartEndsThatShouldNot) {
  for (const auto* part : {"journal", "orders", "payment/main", "store writer"}) {
    failed.clear();
    node running{settings()};
    ASSERT_TRUE(running.parts().contains(part)) << part;
    caf::anon_send_exit(running.parts().at(part), caf::exit_reason::kill);
    const auto parts = failed_parts();
    ASSERT_FALSE(parts.empty()) << part;
    EXPECT_EQ(parts.front(), part);
    running.stop();
  }
}

TEST(NodeDeathTest, PartThatEndedEndsTheProcessWithAStatusThatHasItStartedAgain) {
  EXPECT_EXIT(
    (log::set_up(log::level::info, log::format::json, "node-1"), end_at_once("journal", "an invariant broke")),
    ::testing::ExitedWithCode(1), "ended by itself.*journal.*an invariant broke");
}

TEST_F(Node, EndsWithoutCallingThatAFailure) {
  {
    node running{settings()};
    EXPECT_TRUE(running.stop());
  }
  EXPECT_TRUE(failed.empty()) << failed.front();
}

TEST_F(Node, NamesAStoreInUseOnce) {
  node running{settings()};
  try {
    refuse_unusable_store(settings().store_file);
    ADD_FAILURE() << "two nodes share a store";
  } catch (const std::runtime_error& e) {
    const std::string text = e.what();
    const auto path = settings().store_file.string();
    const auto first = text.find(path);
    ASSERT_NE(first, std::string::npos) << text;
    EXPECT_EQ(text.find(path, first + 1), std::string::npos) << text;
  }
}

} // namespace
} // namespace troupe

#include "supervisors/node.hpp"

#include "supervisors/observability/log.hpp"
#include "supervisors/serve.hpp"
#include "tests/support/folder.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/after.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include <condition_variable>
#include <map>
#include <mutex>

namespace troupe {
namespace {

using std::chrono::seconds;

class Node : public ::testing::Test {
protected:
  node_settings settings() {
    node_settings x;
    x.threads = 1;
    x.store.file = folder / "journal.db";
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

  std::vector<std::string> failed_parts(std::chrono::milliseconds wait) {
    std::unique_lock lock{mutex};
    told.wait_for(lock, wait, [this] { return !failed.empty(); });
    return failed;
  }

  static caf::actor_system& parts_system(const node& x) {
    return caf::actor_cast<caf::strong_actor_ptr>(x.parts().journal)->get()->home_system();
  }

  /// The first line of the answer to a GET; empty when nobody listens.
  static std::string status_line(std::uint16_t port, const std::string& path) {
    using boost::asio::ip::tcp;
    boost::asio::io_context context;
    tcp::socket to{context};
    boost::system::error_code error;
    to.connect({boost::asio::ip::make_address("127.0.0.1"), port}, error);
    if (error)
      return {};
    boost::asio::write(to, boost::asio::buffer("GET " + path + " HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"),
                       error);
    std::string text;
    boost::asio::read(to, boost::asio::dynamic_buffer(text), error);
    return text.substr(0, text.find('\r'));
  }

  /// Ends what listens at `port` in this process, as a fault of the machine would.
  static bool end_listener(std::uint16_t port) {
    for (int file = 3; file < 4'096; ++file) {
      int listens = 0;
      socklen_t size = sizeof listens;
      sockaddr_in at{};
      socklen_t at_size = sizeof at;
      if (::getsockopt(file, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens == 1
          && ::getsockname(file, reinterpret_cast<sockaddr*>(&at), &at_size) == 0 && ntohs(at.sin_port) == port)
        return ::shutdown(file, SHUT_RDWR) == 0;
    }
    return false;
  }

  test::scratch_folder folder;
  std::mutex mutex;
  std::condition_variable told;
  std::vector<std::string> failed;
};

TEST_F(Node, GoesOnWhenAPartOfItIsKilled) {
  node running{settings()};
  const auto& parts = running.parts();
  const auto parts_by_name = std::map<std::string, caf::actor>{
    {"journal", caf::actor_cast<caf::actor>(parts.journal)},
    {"orders", caf::actor_cast<caf::actor>(parts.orders)},
    {"inventory", caf::actor_cast<caf::actor>(parts.inventory)},
    {"payment", caf::actor_cast<caf::actor>(parts.providers.at("main").actor)},
  };
  for (const auto& [name, part] : parts_by_name) {
    caf::anon_send_exit(part, caf::exit_reason::kill);
    // Asked for behind the kill: it waits for whoever is up next.
    std::optional<caf::error> failure;
    caf::scoped_actor self{parts_system(running)};
    self->request(parts.orders, seconds{20}, request_context{}, order::get_order{{"o-1"}})
      .receive([](const order::view&) { ADD_FAILURE() << "an order that nobody placed"; },
               [&](const caf::error& x) { failure = x; });
    EXPECT_EQ(failure, caf::make_error(order::rejection::unknown_order)) << name << ": " << to_string(*failure);
  }
  EXPECT_TRUE(running.stop());
  EXPECT_TRUE(failed.empty()) << failed.front();
}

TEST_F(Node, OpensAGatewayAgainWhoseSocketFailsAtTheSamePort) {
  node running{settings()};
  const auto commerce = running.commerce_port();
  ASSERT_EQ(status_line(commerce, "/openapi.json"), "HTTP/1.1 200 OK");
  ASSERT_TRUE(end_listener(commerce));
  std::string answer;
  for (int looks = 0; looks < 1'000 && answer.empty(); ++looks) {
    answer = status_line(commerce, "/openapi.json");
    if (answer.empty()) {
      caf::scoped_actor self{parts_system(running)};
      self->receive([](caf::unit_t) {}, caf::after(std::chrono::milliseconds{10}) >> [] {});
    }
  }
  EXPECT_EQ(answer, "HTTP/1.1 200 OK");
  EXPECT_EQ(status_line(running.operations_port(), "/health/live"), "HTTP/1.1 200 OK");
  EXPECT_TRUE(running.stop());
  EXPECT_EQ(status_line(commerce, "/openapi.json"), "") << "closed for good";
  EXPECT_TRUE(failed.empty());
}

TEST_F(Node, SaysWhatToDoWhenAnAddressIsTaken) {
  node running{settings()};
  auto second = settings();
  second.store.file = folder / "other.db";
  second.commerce_port = running.commerce_port();
  try {
    node refused{second};
    ADD_FAILURE() << "two nodes listen at one port";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string{e.what()}.find("cannot listen on 127.0.0.1:" + std::to_string(running.commerce_port())),
              std::string::npos)
      << e.what();
  }
  EXPECT_TRUE(failed.empty());
}

TEST_F(Node, TellsWhenRestartsDoNotHelp) {
  auto hasty = settings();
  hasty.restarts.restarts_max = 1;
  hasty.restarts.backoff_min = hasty.restarts.backoff_max = duration{1};
  node running{hasty};
  const auto part = running.parts().orders;
  caf::scoped_actor self{parts_system(running)};
  while (failed_parts(std::chrono::milliseconds{1}).empty()) {
    caf::anon_send_exit(part, caf::exit_reason::kill);
    self->request(part, seconds{20}, request_context{}, order::get_order{{"o-1"}})
      .receive([](const order::view&) {}, [](const caf::error&) {});
  }
  EXPECT_EQ(failed.front(), "node/entities");
}

TEST(NodeDeathTest, PartThatEndedEndsTheProcessWithAStatusThatHasItStartedAgain) {
  EXPECT_EXIT(
    (log::set_up(log::level::info, log::format::json, "node-1"), end_at_once("journal", "an invariant broke")),
    ::testing::ExitedWithCode(1), "Restarts do not help.*journal.*an invariant broke");
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
    refuse_unusable_store(settings().store);
    ADD_FAILURE() << "two nodes share a store";
  } catch (const std::runtime_error& e) {
    const std::string text = e.what();
    const auto path = settings().store.file.string();
    const auto first = text.find(path);
    ASSERT_NE(first, std::string::npos) << text;
    EXPECT_EQ(text.find(path, first + 1), std::string::npos) << text;
  }
}

} // namespace
} // namespace troupe

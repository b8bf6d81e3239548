#include "supervisors/cluster/links.hpp"
#include "supervisors/cluster_node.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/program.hpp"
#include "tests/support/relay.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;

time_point now() {
  return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
}

/// Of all tests here: making them takes time.
const test::certificates& own() {
  static const test::temporary_folder folder;
  static const test::certificates made{folder.path().string()};
  return made;
}

struct config : caf::actor_system_config {
  config() {
    cluster_settings with;
    with.enabled = true;
    load_cluster(*this, with);
  }
};

/// What a node has of this, and a door that answers.
class party {
public:
  party() {
    const auto opened = links_.open(door_, 0, "127.0.0.1");
    if (!opened)
      throw std::runtime_error{to_string(opened.error())};
    port_ = *opened;
  }

  ~party() {
    links_.close(door_, port_);
    caf::anon_send_exit(door_, caf::exit_reason::user_shutdown);
  }

  party(const party&) = delete;
  party& operator=(const party&) = delete;

  caf::actor_system& system() { return system_; }
  const links& way() const { return links_; }
  std::uint16_t port() const { return port_; }
  int turned_away() const { return turned_away_; }

private:
  const test::certificates& files_ = own(); // Before the time at which they have to be good.
  config config_;
  caf::actor_system system_{config_};
  std::atomic<int> turned_away_{0};
  links links_{system_,
               std::make_shared<credentials>(credential_files{files_.certificate, files_.key, files_.ca}, now()),
               [this](const std::string&, const std::string&) { ++turned_away_; }};
  caf::actor door_ = system_.spawn([]() -> caf::behavior {
    return {
      [](int x) { return x + 1; },
    };
  });
  std::uint16_t port_ = 0;
};

/// What was told, in the order in which it was.
class heard {
public:
  std::function<void(contact)> by(std::string name) {
    return [this, name = std::move(name)](contact x) {
      const std::lock_guard lock{mutex_};
      all_.emplace_back(name, std::move(x));
      more_.notify_all();
    };
  }

  std::vector<std::pair<std::string, contact>> await(std::size_t count) {
    std::unique_lock lock{mutex_};
    more_.wait_for(lock, test::patience(20s), [&] { return all_.size() >= count; });
    return all_;
  }

private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::pair<std::string, contact>> all_;
};

places_fn at(std::vector<std::uint16_t> ports) {
  return [ports = std::move(ports)](std::size_t index) -> std::optional<discovery::address> {
    if (index >= ports.size())
      return std::nullopt;
    return discovery::address{"127.0.0.1", ports[index]};
  };
}

/// A port at which the kernel lets everybody in, and nobody ever says a word; or, when it is full, lets nobody in and
/// does not say so either.
class silence {
public:
  explicit silence(bool full) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&where), size);
    ::listen(fd_, full ? 0 : 64);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &size);
    port_ = ntohs(where.sin_port);
    while (full) {
      waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(waiting_.back(), reinterpret_cast<sockaddr*>(&where), sizeof where);
      pollfd is_in{waiting_.back(), POLLOUT, 0};
      full = ::poll(&is_in, 1, 100) > 0;
    }
  }
  ~silence() {
    for (const int x : waiting_)
      ::close(x);
    ::close(fd_);
  }
  silence(const silence&) = delete;
  silence& operator=(const silence&) = delete;

  std::uint16_t port() const { return port_; }

private:
  int fd_;
  std::uint16_t port_ = 0;
  std::vector<int> waiting_;
};

/// Nobody listens there.
std::uint16_t dead_port() {
  std::uint16_t port = 0;
  {
    const silence there{false};
    port = there.port();
  }
  return port;
}

TEST(ClusterLinks, ReachADoorThatAnswersWhateverOthersDo) {
  party us;
  party them;
  const silence mute{false};
  const silence full{true};
  heard told;
  for (int i = 0; i < 8; ++i) {
    us.way().connect(at({mute.port()}), told.by("mute"));
    us.way().connect(at({full.port()}), told.by("full"));
  }
  us.way().connect(at({them.port()}), told.by("them"));
  const auto all = told.await(17);
  ASSERT_EQ(all.size(), 17u);
  EXPECT_EQ(all.front().first, "them");
  ASSERT_TRUE(all.front().second.door) << all.front().second.why;
  caf::scoped_actor self{us.system()};
  self->request(all.front().second.door, 5s, 41)
    .receive([](int x) { EXPECT_EQ(x, 42); }, [](const caf::error& why) { ADD_FAILURE() << to_string(why); });
  for (const auto& [who, what] : all) {
    if (who == "them")
      continue;
    EXPECT_FALSE(what.door);
    EXPECT_FALSE(what.refused) << who;
    EXPECT_NE(what.why, "");
  }
}

TEST(ClusterLinks, TryOneAddressAfterTheOther) {
  party us;
  party them;
  heard told;
  us.way().connect(at({dead_port(), them.port()}), told.by("second"));
  const auto all = told.await(1);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all.front().second.door) << all.front().second.why;
}

TEST(ClusterLinks, SayThatAProcessIsGoneOnlyWhenNothingListensAnywhere) {
  party us;
  const silence mute{false};
  heard told;
  us.way().connect(at({dead_port()}), told.by("dead"));
  EXPECT_TRUE(told.await(1).at(0).second.refused);
  us.way().connect(at({dead_port(), mute.port()}), told.by("mute"));
  EXPECT_FALSE(told.await(2).at(1).second.refused);
  us.way().connect(at({}), told.by("nowhere"));
  EXPECT_FALSE(told.await(3).at(2).second.refused);
}

TEST(ClusterLinks, EndSoonAfterNothingIsHeardAnyMore) {
  party us;
  party them;
  test::relay between;
  between.lead_to(them.port());
  heard told;
  us.way().connect(at({between.port()}), told.by("them"));
  const auto door = told.await(1).at(0).second.door;
  ASSERT_TRUE(door);
  caf::scoped_actor self{us.system()};
  self->monitor(door);
  between.cut();
  const auto begun = std::chrono::steady_clock::now();
  bool lost = false;
  self->receive([&](const caf::down_msg&) { lost = true; }, caf::after(test::patience(10s)) >> [] {});
  EXPECT_TRUE(lost);
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_LT(took, test::patience(links::silent_max + 1s));
  RecordProperty("milliseconds", static_cast<int>(took / 1ms));
}

TEST(ClusterLinks, KeepNoCrowdOfStrangersWhoSayNothing) {
  party us;
  party them;
  std::vector<int> strangers;
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(them.port());
  for (std::size_t i = 0; i < links::strangers_max + 10; ++i) {
    strangers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(strangers.back(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  }
  const auto is_ended = [](int fd) {
    pollfd waits{fd, POLLIN, 0};
    char x;
    return ::poll(&waits, 1, static_cast<int>(test::patience(5s).count())) > 0 && ::recv(fd, &x, 1, 0) == 0;
  };
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_TRUE(is_ended(strangers[i])) << i;
  heard told;
  us.way().connect(at({them.port()}), told.by("them"));
  EXPECT_TRUE(told.await(1).at(0).second.door);
  for (const int x : strangers)
    ::close(x);
}

} // namespace
} // namespace troupe::cluster

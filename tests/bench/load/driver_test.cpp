#include "bench/load/driver.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::load {

namespace {

using namespace std::chrono_literals;

/// Serves connections with one thread each; `answer` says what goes back, an empty text closes the connection.
class small_server {
public:
  using answer_fn = std::function<std::string(int request)>;

  explicit small_server(answer_fn answer) : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&any), size), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&any), &size);
    port_ = ntohs(any.sin_port);
    acceptor_ = std::thread{[this] { accept_all(); }};
  }

  ~small_server() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (auto& x : threads_)
      x.join();
    close(listener_);
  }

  endpoint where() const { return {"127.0.0.1", std::to_string(port_)}; }
  int requests() const { return requests_; }

private:
  void accept_all() {
    for (int peer = accept(listener_, nullptr, nullptr); peer >= 0; peer = accept(listener_, nullptr, nullptr))
      threads_.emplace_back([this, peer] {
        serve(peer);
        close(peer);
      });
  }

  void serve(int peer) {
    std::string in;
    char bytes[4096];
    for (;;) {
      while (in.find("\r\n\r\n") == std::string::npos) {
        const auto n = recv(peer, bytes, sizeof bytes, 0);
        if (n <= 0)
          return;
        in.append(bytes, static_cast<std::size_t>(n));
      }
      in.erase(0, in.find("\r\n\r\n") + 4);
      const auto out = answer_(requests_++);
      if (out.empty() || send(peer, out.data(), out.size(), MSG_NOSIGNAL) < 0)
        return;
    }
  }

  answer_fn answer_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> requests_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> threads_;
};

std::string answer(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 2\r\n\r\n{}";
}

plan of(std::size_t in_flight, std::uint64_t requests) {
  plan out;
  out.in_flight = in_flight;
  out.requests = requests;
  return out;
}

TEST(LoadDriver, SendsExactlyWhatWasAskedFor) {
  small_server server{[](int) { return answer(200); }};
  get_scenario asks{"x", "/", 200};
  const auto x = run({server.where()}, asks, of(4, 100));
  EXPECT_EQ(server.requests(), 100);
  EXPECT_EQ(x.right, 100u);
  EXPECT_EQ(x.latency.count(), 100u);
  EXPECT_EQ(x.connections, 4u);
  EXPECT_TRUE(x.reasons.empty());
  EXPECT_GT(x.throughput(), 0);
}

TEST(LoadDriver, TellsRefusalsFromWrongAnswersAndFromNone) {
  small_server server{[](int i) { return i == 0 ? answer(503) : i == 1 ? answer(500) : i == 2 ? "" : answer(200); }};
  get_scenario asks{"x", "/", 200};
  const auto x = run({server.where()}, asks, of(1, 10));
  EXPECT_EQ(x.busy, 1u);
  EXPECT_EQ(x.wrong, 1u);
  EXPECT_EQ(x.failed, 1u);
  EXPECT_EQ(x.right, 7u);
  EXPECT_EQ(x.reasons.at("answered 503"), 1u);
  EXPECT_EQ(x.reasons.at("answered 500"), 1u);
  EXPECT_EQ(x.reasons.at("connection closed without an answer"), 1u);
}

TEST(LoadDriver, GivesUpOnAnAnswerThatDoesNotCome) {
  small_server server{[](int i) { return i == 0 ? std::string{"HTTP/1.1 200 OK\r\n"} : answer(200); }};
  get_scenario asks{"x", "/", 200};
  auto what = of(1, 2);
  what.timeout = 50ms;
  const auto x = run({server.where()}, asks, what);
  EXPECT_EQ(x.reasons.at("no answer within the timeout"), 1u);
  EXPECT_EQ(x.right, 1u);
}

// One answer is held back until others wait for it. A loop that counted from the sending would tell one slow request.
TEST(LoadDriver, CountsAnOpenLoopsLatencyFromWhenTheRequestWasDue) {
  std::promise<void> many_wait;
  auto released = many_wait.get_future().share();
  small_server server{[&](int i) {
    if (i == 10)
      released.wait_for(10s);
    return answer(200);
  }};
  get_scenario asks{"x", "/", 200};
  plan what;
  what.rate = 200; // one every 5 ms
  what.connections_max = 1;
  what.requests = 100;
  bool told = false;
  const auto x = run({server.where()}, asks, what, [&](const state_now& now) {
    if (now.waiting >= 40 && !std::exchange(told, true))
      many_wait.set_value();
  });
  ASSERT_EQ(x.right, 100u);
  EXPECT_GE(x.latency.max(), 195ms);  // the oldest of the 40
  EXPECT_GE(x.latency.at(0.8), 75ms); // 25 of the 40 were due 75 ms ago or more
}

TEST(LoadDriver, SaysThatNobodyAnswers) {
  endpoint gone;
  {
    small_server server{[](int) { return ""; }};
    gone = server.where();
  }
  get_scenario asks{"x", "/", 200};
  EXPECT_THROW(run({gone, gone}, asks, of(1, 1)), nobody_answers);
}

TEST(LoadDriver, AsksTheNodesInTurn) {
  small_server one{[](int) { return answer(200); }};
  small_server other{[](int) { return answer(200); }};
  get_scenario asks{"x", "/", 200};
  const auto x = run({one.where(), other.where()}, asks, of(4, 100));
  EXPECT_EQ(x.right, 100u);
  EXPECT_EQ(one.requests(), 50);
  EXPECT_EQ(other.requests(), 50);
}

TEST(LoadDriver, AsksTheNextNodeWhenOneRefusesOrFailsAndCountsTheRequestOnce) {
  small_server refuses{[](int i) { return i == 0 ? answer(503) : i == 1 ? answer(500) : std::string{}; }};
  small_server works{[](int) { return answer(200); }};
  get_scenario asks{"x", "/", 200};
  auto what = of(1, 6);
  what.patience = 30s;
  std::vector<attempt> seen;
  const auto x =
    run({refuses.where(), works.where()}, asks, what, {}, nullptr, [&](const attempt& each) { seen.push_back(each); });
  EXPECT_EQ(x.right, 6u);
  EXPECT_EQ(x.busy + x.wrong + x.failed, 0u);
  EXPECT_TRUE(x.reasons.empty());
  EXPECT_EQ(x.repeated, 3u);
  EXPECT_EQ(x.repeated_for.at("answered 503"), 1u);
  EXPECT_EQ(x.repeated_for.at("answered 500"), 1u);
  EXPECT_EQ(x.repeated_for.at("connection closed without an answer"), 1u);
  ASSERT_EQ(seen.size(), 9u);
  EXPECT_EQ(seen[0].node, 0u);
  EXPECT_EQ(seen[0].status, 503);
  EXPECT_TRUE(seen[0].again);
  EXPECT_TRUE(seen[0].connected);
  for (const auto& each : seen)
    EXPECT_EQ(each.again, each.status != 200);
}

TEST(LoadDriver, LeavesANodeAloneThatTakesNoConnections) {
  endpoint gone;
  {
    small_server server{[](int) { return ""; }};
    gone = server.where();
  }
  small_server works{[](int) { return answer(200); }};
  get_scenario asks{"x", "/", 200};
  auto what = of(1, 100);
  what.patience = 30s;
  bool ever_connected = false;
  const auto x = run({gone, works.where()}, asks, what, {}, nullptr,
                     [&](const attempt& each) { ever_connected |= each.node == 0 && each.connected; });
  EXPECT_EQ(x.right, 100u);
  EXPECT_GE(x.repeated, 1u);
  EXPECT_LT(x.repeated, 50u);
  EXPECT_FALSE(ever_connected);
}

TEST(LoadDriver, CountsWhatStaysRefusedWhenItsPatienceIsOver) {
  small_server server{[](int) { return answer(503); }};
  get_scenario asks{"x", "/", 200};
  auto what = of(1, 1);
  what.patience = 1s;
  const auto x = run({server.where()}, asks, what);
  EXPECT_EQ(x.busy, 1u);
  EXPECT_GE(x.repeated, 1u);
  EXPECT_EQ(x.repeated + 1, static_cast<std::uint64_t>(server.requests()));
  EXPECT_EQ(x.reasons.at("answered 503"), 1u);
}

TEST(LoadEndpoint, IsAPlainHttpUrl) {
  const auto x = endpoint::parse("http://localhost:9001/");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->host_field(), "localhost:9001");
  EXPECT_EQ(endpoint::parse("http://h")->port, "80");
  for (const auto* text : {"https://h", "h:1", "http://", "http://h:1/path", "http://h:", "http://h:a", "http://u@h"})
    EXPECT_FALSE(endpoint::parse(text)) << text;
}

} // namespace

} // namespace troupe::load

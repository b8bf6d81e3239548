// tests/e2e/balancer_test.cpp: three nodes behind HAProxy and nginx, with the configurations that are shipped.
#include "tests/e2e/balancer.hpp"

#include "tests/e2e/node.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <ostream>
#include <thread>

namespace troupe::test {

void PrintTo(balancer::kind x, std::ostream* out) {
  *out << (x == balancer::kind::haproxy ? "haproxy" : "nginx");
}

namespace {

constexpr const char* not_installed = "it is not installed; script/bootstrap --test does it";

class Balancer : public ::testing::TestWithParam<balancer::kind> {
protected:
  void SetUp() override {
    if (!balancer::is_installed(GetParam()))
      GTEST_SKIP() << not_installed;
  }

  void start_cluster() {
    const certificates own{folder.path().string()};
    const auto database = postgres_server::shared().new_database();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto name = "node-" + std::to_string(i + 1);
      const auto state = folder.path() / name;
      std::filesystem::create_directory(state);
      addresses[i] = {unused_port(), unused_port()};
      nodes[i] = std::make_unique<node>(
        state, std::vector<std::string>{"node.name=" + name, "commerce.port=" + std::to_string(addresses[i].commerce),
                                        "operations.port=" + std::to_string(addresses[i].operations),
                                        "store.kind=postgres", "store.postgres.url=" + database, "cluster.enabled=true",
                                        "cluster.address=127.0.0.1", "cluster.port=0", "cluster.moves_at_once=512",
                                        "http.notice=2s", "sandbox.enabled=false",
                                        "payment.providers.rest.base_url=" + providers.url() + "/rest",
                                        "email.enabled=false", "cluster.tls.certificate=" + own.certificate,
                                        "cluster.tls.key=" + own.key, "cluster.tls.ca=" + own.ca});
      nodes[i]->start();
    }
    const auto stocked = nodes[0]->shop().call("PATCH", "/api/v2/inventory/espresso-beans-1kg",
                                               R"({"available":1000000})", nodes[0]->as_operator());
    ASSERT_EQ(stocked.status, 200) << stocked.body;
  }

  temporary_folder folder;
  temporary_folder sandbox_folder;
  sandbox providers{sandbox_folder.path()};
  std::array<balanced, 3> addresses;
  std::array<std::unique_ptr<node>, 3> nodes;
};

/// Shops that order without a pause until they are told to end: every other order has a key.
class shops {
public:
  explicit shops(std::string url) : url_(std::move(url)) {
    for (int i = 0; i < 4; ++i)
      threads_.emplace_back([this, i] { order(i); });
  }
  ~shops() { end(); }
  shops(const shops&) = delete;
  shops& operator=(const shops&) = delete;

  void end() {
    ended_ = true;
    for (auto& x : threads_)
      if (x.joinable())
        x.join();
  }

  bool place_more(int count) {
    const auto wanted = placed_ + count;
    return eventually(std::chrono::seconds{20}, [&] { return placed_ >= wanted; });
  }

  std::vector<std::string> failures() const {
    const std::lock_guard lock{mutex_};
    return failures_;
  }

private:
  void order(int shop) {
    http_client client{url_};
    for (int i = 0; !ended_; ++i) {
      http_client::fields with;
      if (i % 2 == 0)
        with.emplace_back("Idempotency-Key", "shop-" + std::to_string(shop) + '-' + std::to_string(i));
      const auto answer = place(client, order_of("espresso-beans-1kg", 1), 20, with);
      if (answer.json().is_object() && answer.json().value("status", "") == "confirmed") {
        ++placed_;
        continue;
      }
      const std::lock_guard lock{mutex_};
      failures_.push_back((with.empty() ? "without a key: " : "with a key: ") + std::to_string(answer.status) + ' '
                          + answer.failure + ' ' + answer.body);
    }
  }

  std::string url_;
  std::atomic<bool> ended_ = false;
  std::atomic<int> placed_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> threads_;
};

/// How many orders this node has taken since it started.
int orders_taken_by(const node& x) {
  const auto text = http_client{x.operations()}.get("/metrics").body;
  const auto at = text.find(R"(troupe_request_count_total{gateway="commerce",method="POST")");
  return at == std::string::npos ? 0 : std::stoi(text.substr(text.find("} ", at) + 2));
}

TEST_P(Balancer, FailsNoRequestWhileNodesAreStoppedAndOneComesBack) {
  start_cluster();
  const balancer in_front{GetParam(), folder.path(), addresses};
  shops all{in_front.url()};
  EXPECT_TRUE(all.place_more(30));
  for (auto& x : nodes)
    EXPECT_TRUE(eventually(std::chrono::seconds{10}, [&] { return orders_taken_by(*x) > 0; }))
      << x->operations() << " gets nothing";

  EXPECT_TRUE(eventually(std::chrono::seconds{20},
                         [&] {
                           const auto metrics = http_client{nodes[1]->operations()}.get("/metrics").body;
                           return metrics.find("\ntroupe_cluster_nodes{state=\"up\"} 3\n") != std::string::npos
                                  && metrics.find("\ntroupe_cluster_peers{state=\"reachable\"} 2\n")
                                       != std::string::npos
                                  && metrics.find("\ntroupe_cluster_unowned_shards 0\n") != std::string::npos
                                  && metrics.find("\ntroupe_cluster_lease_age_seconds ") != std::string::npos;
                         }))
    << "a node does not tell of its cluster";

  EXPECT_EQ(nodes[0]->stop(), (ending{0, 0}));
  EXPECT_TRUE(all.place_more(20));
  nodes[0]->start();
  EXPECT_TRUE(eventually(std::chrono::seconds{30}, [&] { return orders_taken_by(*nodes[0]) > 0; }))
    << "it gets nothing since it is back";
  EXPECT_EQ(nodes[2]->stop(), (ending{0, 0}));
  EXPECT_TRUE(all.place_more(20));
  all.end();
  auto failures = all.failures();
  // nginx asks no node how it is: it may connect just when a node stops to listen, and an order without a key is not
  // sent twice. The shop is told so.
  if (GetParam() == balancer::kind::nginx)
    std::erase_if(failures, [](const auto& x) { return x.starts_with("without a key: 502 "); });
  EXPECT_EQ(failures, std::vector<std::string>{});
}

/// Takes a request and closes the connection without an answer; says of itself that it is ready.
class rude_server {
public:
  rude_server() {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    if (::bind(listening_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 || ::listen(listening_, 16) != 0
        || ::getsockname(listening_, reinterpret_cast<sockaddr*>(&where), &size) != 0)
      throw std::runtime_error{"no port"};
    port_ = ntohs(where.sin_port);
    answers_ = std::thread{[this] { run(); }};
  }
  ~rude_server() {
    ended_ = true;
    answers_.join();
    ::close(listening_);
  }
  rude_server(const rude_server&) = delete;
  rude_server& operator=(const rude_server&) = delete;

  std::uint16_t port() const { return port_; }
  int orders() const { return orders_; }

private:
  void run() {
    while (!ended_) {
      pollfd waits{listening_, POLLIN, 0};
      if (::poll(&waits, 1, 20) != 1)
        continue;
      const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      std::string head;
      char buffer[4096];
      for (ssize_t n = 1; n > 0 && head.find("\r\n\r\n") == std::string::npos;)
        if (n = ::recv(fd, buffer, sizeof buffer, 0); n > 0)
          head.append(buffer, static_cast<std::size_t>(n));
      if (head.starts_with("POST")) {
        ++orders_;
      } else if (head.starts_with("GET /health/ready") || head.starts_with("GET / ")) {
        const std::string ready = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        (void)!::send(fd, ready.data(), ready.size(), MSG_NOSIGNAL);
      }
      ::close(fd);
    }
  }

  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ended_ = false;
  std::atomic<int> orders_ = 0;
  std::thread answers_;
};

// Nobody can know whether a node that took a request and was gone has carried it out.
TEST_P(Balancer, RepeatsAnOrderOnlyWhenItHasAKey) {
  std::array<rude_server, 3> servers;
  for (std::size_t i = 0; i < servers.size(); ++i)
    addresses[i] = {servers[i].port(), servers[i].port()};
  const balancer in_front{GetParam(), folder.path(), addresses};
  const auto orders = [&] { return servers[0].orders() + servers[1].orders() + servers[2].orders(); };
  // Each has a connection of its own: on one that was used before, the client itself would try again.
  const auto order_once = [&](http_client::fields with) {
    http_client shop{in_front.url()};
    return place(shop, order_of("espresso-beans-1kg", 1), 0, std::move(with)).status;
  };

  EXPECT_EQ(order_once({}), 502);
  EXPECT_EQ(orders(), 1);

  EXPECT_EQ(order_once({{"Idempotency-Key", "one"}}), 502);
  EXPECT_GE(orders(), 3) << "an order with a key was not tried at another node";
}

INSTANTIATE_TEST_SUITE_P(WithIts, Balancer, testing::Values(balancer::kind::haproxy, balancer::kind::nginx),
                         testing::PrintToStringParamName());

} // namespace
} // namespace troupe::test

#include "tests/gateways/http/running_server.hpp"

#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>

#include <boost/system/system_error.hpp>

#include <future>

using namespace std::chrono_literals;

namespace troupe::gateway {
namespace {

using test::comes_true;
using test::problem_type;

const std::string ask_it = "GET /ask HTTP/1.1\r\nHost: x\r\n\r\n";

// Owes its answers until it is told to give them.
struct debtor {
  std::vector<caf::response_promise> owed;
};

class HttpServer : public test::running_server {
protected:
  void SetUp() override {
    actor = sys.spawn([this](caf::stateful_actor<debtor>* self) -> caf::behavior {
      return {[self, this](int) {
                self->state.owed.push_back(self->make_response_promise());
                ++asked;
                return self->state.owed.back();
              },
              [self](const std::string& answer) {
                for (auto& x : self->state.owed)
                  x.deliver(answer);
                self->state.owed.clear();
              }};
    });
    route row;
    row.method = "GET";
    row.path = "/ask";
    row.deadline = deadline;
    row.handle = [this](incoming& in) -> boost::asio::awaitable<http::response> {
      auto answer = co_await gateway::ask<std::string>(in, actor, 1);
      co_return answer ? http::response{200, {}, *answer} : failure(answer.error());
    };
    table.add(std::move(row));
  }

  void TearDown() override {
    server.reset();
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  }

  caf::actor actor;
  std::atomic<int> asked = 0;
  duration deadline{10'000};
};

TEST_F(HttpServer, AnswersWithWhatAnActorAnswers) {
  serve();
  auto it = client();
  it.send(ask_it);
  ASSERT_TRUE(comes_true([this] { return asked == 1; }));
  caf::anon_send(actor, std::string{"hello"});
  EXPECT_EQ(it.read().body, "hello");
}

class HttpServerWithLittleTime : public HttpServer {
protected:
  HttpServerWithLittleTime() { deadline = duration{50}; }
};

TEST_F(HttpServerWithLittleTime, Answers504WhenAnActorDoesNot) {
  serve();
  auto it = client();
  const auto answer = it.ask(ask_it);
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(problem_type(answer), "/problems/deadline");
  // The late answer must not be taken for another's.
  caf::anon_send(actor, std::string{"late"});
  it.send(ask_it);
  EXPECT_EQ(it.read().status, 504);
}

TEST_F(HttpServer, Answers503WhenAnActorHasEnded) {
  serve();
  auto it = client();
  it.send(ask_it);
  ASSERT_TRUE(comes_true([this] { return asked == 1; }));
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  EXPECT_EQ(it.read().status, 503);
  EXPECT_EQ(it.ask(ask_it).status, 503);
}

TEST_F(HttpServer, AnswersWhatIsInFlightWhileItDrains) {
  serve(2);
  auto idle = client();
  idle.send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(idle.read().status, 404);
  auto busy = client();
  busy.send(ask_it);
  ASSERT_TRUE(comes_true([this] { return asked == 1; }));
  auto drained = std::async(std::launch::async, [this] { return server->stop(); });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(comes_true([this] {
    try {
      client();
      return false;
    } catch (const std::runtime_error&) {
      return true; // nobody listens any more
    }
  }));
  caf::anon_send(actor, std::string{"hello"});
  const auto answer = busy.read();
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_TRUE(busy.is_closed());
  EXPECT_TRUE(drained.get());
}

TEST_F(HttpServer, FinishesARequestThatIsBeingSentWhileItDrains) {
  add("POST", "/echo", [](incoming& in) { return http::response{200, {}, in.message.body}; });
  serve();
  auto it = client();
  it.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(it.read(true).status, 100);
  auto drained = std::async(std::launch::async, [this] { return server->stop(); });
  EXPECT_TRUE(comes_true([this] {
    try {
      client();
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }));
  it.send("hello");
  EXPECT_EQ(it.read().body, "hello");
  EXPECT_TRUE(drained.get());
}

TEST_F(HttpServer, CutsOffWhatTakesLongerThanTheDrainTime) {
  limits.drain_time = 50ms;
  serve();
  auto it = client();
  it.send(ask_it);
  ASSERT_TRUE(comes_true([this] { return asked == 1; }));
  EXPECT_FALSE(server->stop());
  EXPECT_TRUE(it.is_closed());
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(HttpServer, MayEndWithRequestsInFlight) {
  for (int round = 0; round < 10; ++round) {
    server.reset();
    asked = 0;
    io.emplace(2);
    std::optional<router> routes{std::in_place};
    route row;
    row.method = "GET";
    row.path = "/ask";
    row.handle = [this](incoming& in) -> boost::asio::awaitable<http::response> {
      auto answer = co_await gateway::ask<std::string>(in, actor, 1);
      co_return answer ? http::response{200, {}, *answer} : failure(answer.error());
    };
    routes->add(std::move(row));
    server.emplace(options(), io->all(), sys, std::move(*routes));
    auto a = client();
    auto b = client();
    a.send(ask_it);
    b.send(ask_it);
    ASSERT_TRUE(comes_true([this] { return asked == 2; }));
    caf::anon_send(actor, std::string{"perhaps too late"});
    server.reset();
  }
}

TEST_F(HttpServer, SaysThatAPortIsTaken) {
  serve();
  auto other = options();
  other.port = server->port();
  try {
    gateway::server second{other, io->all(), sys, router{}};
    FAIL() << "two servers listen on one port";
  } catch (const boost::system::system_error& e) {
    EXPECT_EQ(e.code(), boost::system::errc::address_in_use);
    EXPECT_NE(std::string{e.what()}.find(std::to_string(other.port)), std::string::npos) << e.what();
  }
}

TEST_F(HttpServer, CountsItsConnections) {
  serve();
  EXPECT_EQ(server->connections(), 0u);
  {
    auto a = client();
    auto b = client();
    EXPECT_TRUE(comes_true([this] { return server->connections() == 2; }));
  }
  EXPECT_TRUE(comes_true([this] { return server->connections() == 0; }));
}

} // namespace
} // namespace troupe::gateway

#include "adapters/http_client/curl_engine.hpp"

#include "tests/adapters/http_client/loopback_server.hpp"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace troupe::http {
namespace {

using namespace std::chrono_literals;
using test::connection;
using test::loopback_server;

engine_call post(const loopback_server& to, std::string body = "x=1") {
  return {to.url(), {"POST", "/payments", {{"Content-Type", "text/plain"}}, std::move(body)}, 5s};
}

engine_call get(const loopback_server& from) {
  return {from.url(), {"GET", "/payments?reference=o-1", {}, ""}, 5s};
}

std::future<engine_result> start(curl_engine& engine, engine_call call) {
  auto promise = std::make_shared<std::promise<engine_result>>();
  engine.submit(std::move(call), [promise](engine_result x) { promise->set_value(std::move(x)); });
  return promise->get_future();
}

engine_result outcome(std::future<engine_result> x) {
  if (x.wait_for(20s) != std::future_status::ready)
    return engine_failure{ec::unknown_type, "the engine does not answer"};
  return x.get();
}

engine_result run(curl_engine& engine, engine_call call) {
  return outcome(start(engine, std::move(call)));
}

ec code(const engine_result& x) {
  const auto* failure = std::get_if<engine_failure>(&x);
  return failure ? failure->code : ec{};
}

std::string body(const engine_result& x) {
  const auto* answer = std::get_if<response>(&x);
  return answer ? answer->body : "failed: " + std::get<engine_failure>(x).text;
}

TEST(CurlEngine, SendsMethodTargetFieldsAndBody) {
  std::promise<std::string> seen;
  loopback_server server{[&](connection& c) {
    seen.set_value(c.read_request());
    c.answer("ok");
  }};
  curl_engine engine{{}};
  auto call = post(server, "amount=1290");
  call.message.fields.emplace_back("Idempotency-Key", "k-1");
  call.message.fields.emplace_back("X-Empty", "");
  EXPECT_EQ(body(run(engine, call)), "ok");
  const auto request = seen.get_future().get();
  EXPECT_TRUE(request.starts_with("POST /payments HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("\r\nIdempotency-Key: k-1\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\nX-Empty:"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\nContent-Type: text/plain\r\n"), std::string::npos) << request;
  EXPECT_EQ(request.find("Expect"), std::string::npos) << request;
  EXPECT_TRUE(request.ends_with("\r\n\r\namount=1290")) << request;
}

TEST(CurlEngine, SendsEveryMethodAsItIs) {
  loopback_server server{[](connection& c) {
    for (auto request = c.read_request(); !request.empty(); request = c.read_request())
      if (request.starts_with("HEAD "))
        c.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
      else
        c.answer(request.substr(0, request.find(' ')) + request.substr(request.find("\r\n\r\n") + 4));
  }};
  curl_engine engine{{}};
  const auto answer = [&](std::string method, std::string content) {
    return body(run(engine, {server.url(), {std::move(method), "/", {}, std::move(content)}, 5s}));
  };
  EXPECT_EQ(answer("GET", ""), "GET");
  EXPECT_EQ(answer("PUT", "a"), "PUTa");
  EXPECT_EQ(answer("HEAD", ""), "");
  EXPECT_EQ(answer("DELETE", ""), "DELETE");
  EXPECT_EQ(answer("POST", ""), "POST");
  EXPECT_EQ(answer("PATCH", "b"), "PATCHb");
  EXPECT_EQ(answer("GET", ""), "GET");
  EXPECT_EQ(server.accepted(), 1);
}

TEST(CurlEngine, ReturnsStatusFieldsAndBodyOfAnyStatus) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.write("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 429 Slow Down\r\nRetry-After:  7 \r\n"
            "Content-Length: 4\r\n\r\nbusy");
  }};
  curl_engine engine{{}};
  const auto result = run(engine, post(server));
  const auto& answer = std::get<response>(result);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.body, "busy");
  EXPECT_EQ(find(answer.fields, "retry-after"), "7");
  EXPECT_EQ(find(answer.fields, "x-early"), "");
}

TEST(CurlEngine, KeepsConnections) {
  loopback_server server{[](connection& c) {
    while (!c.read_request().empty())
      c.answer("ok");
  }};
  curl_engine engine{{}};
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(body(run(engine, post(server))), "ok");
  EXPECT_EQ(server.accepted(), 1);
}

TEST(CurlEngine, FollowsNoRedirect) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.write("HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    c.wait_for_close();
  }};
  curl_engine engine{{}};
  const auto result = run(engine, get(server));
  EXPECT_EQ(std::get<response>(result).status, 307);
}

TEST(CurlEngine, SaysUnavailableWhenNobodyListens) {
  std::string url;
  {
    loopback_server gone{[](connection&) {}};
    url = gone.url();
  }
  curl_engine engine{{}};
  EXPECT_EQ(code(run(engine, {url, {"POST", "/", {}, "x"}, 5s})), ec::unavailable);
}

TEST(CurlEngine, SaysUnavailableWhenTlsFailsBeforeSending) {
  loopback_server server{[](connection& c) {
    c.write("this is not TLS\r\n\r\n");
    c.wait_for_close();
  }};
  curl_engine engine{{}};
  const auto result = run(engine, {"https" + server.url().substr(4), {"POST", "/", {}, "x"}, 5s});
  EXPECT_EQ(code(result), ec::unavailable) << body(result);
}

TEST(CurlEngine, SaysUnavailableWhenTlsNeverAnswers) {
  loopback_server server{[](connection& c) { c.wait_for_close(); }};
  curl_engine engine{{}};
  const auto result = run(engine, {"https" + server.url().substr(4), {"POST", "/", {}, "x"}, 50ms});
  EXPECT_EQ(code(result), ec::unavailable) << body(result);
}

TEST(CurlEngine, SaysTimedOutWhenTheAnswerIsLate) {
  loopback_server server{[](connection& c) { c.wait_for_close(); }};
  curl_engine engine{{}};
  auto call = post(server);
  call.timeout = 50ms;
  EXPECT_EQ(code(run(engine, call)), ec::timed_out);
}

TEST(CurlEngine, SaysTimedOutWhenTheAnswerStops) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    c.wait_for_close();
  }};
  curl_engine engine{{}};
  auto call = post(server);
  call.timeout = 50ms;
  EXPECT_EQ(code(run(engine, call)), ec::timed_out);
}

TEST(CurlEngine, SaysInterruptedWhenTheConnectionEndsWithoutAnAnswer) {
  loopback_server server{[](connection& c) { c.read_request(); }};
  curl_engine engine{{}};
  EXPECT_EQ(code(run(engine, post(server))), ec::interrupted);
}

TEST(CurlEngine, SaysInterruptedWhenTheConnectionIsReset) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.reset();
  }};
  curl_engine engine{{}};
  EXPECT_EQ(code(run(engine, post(server))), ec::interrupted);
}

TEST(CurlEngine, SaysInterruptedWhenTheAnswerIsCutShort) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  }};
  curl_engine engine{{}};
  EXPECT_EQ(code(run(engine, post(server))), ec::interrupted);
}

TEST(CurlEngine, SaysBadResponseToGarbage) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.write("220 smtp.example ESMTP\r\n");
  }};
  curl_engine engine{{}};
  EXPECT_EQ(code(run(engine, post(server))), ec::bad_response);
}

TEST(CurlEngine, SaysBadResponseToABodyThatIsTooLarge) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.answer(std::string(2000, 'x'));
    c.wait_for_close();
  }};
  curl_engine engine{{}};
  auto call = post(server);
  call.body_bytes_max = 1999;
  EXPECT_EQ(code(run(engine, call)), ec::bad_response);
  call.body_bytes_max = 2000;
  EXPECT_EQ(body(run(engine, call)).size(), 2000u);
}

TEST(CurlEngine, SaysBadResponseToAHeadThatIsTooLarge) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100; ++i)
      c.write("X-Field: " + std::string(1000, 'x') + "\r\n");
    c.write("Content-Length: 0\r\n\r\n");
    c.wait_for_close();
  }};
  curl_engine engine{{}};
  EXPECT_EQ(code(run(engine, post(server))), ec::bad_response);
}

/// Answers the first request of its first connection, reads the second and closes; then serves well.
void die_on_second_request(connection& c) {
  c.read_request();
  c.answer("first");
  if (c.number() > 0)
    return c.wait_for_close();
  c.read_request();
  c.reset();
}

TEST(CurlEngine, DoesNotSendAWriteTwice) {
  loopback_server server{die_on_second_request};
  curl_engine engine{{}};
  ASSERT_EQ(body(run(engine, post(server))), "first");
  EXPECT_EQ(code(run(engine, post(server))), ec::interrupted);
}

TEST(CurlEngine, SendsAWriteWithAKeyAgainWhenAKeptConnectionWasDead) {
  loopback_server server{die_on_second_request};
  curl_engine engine{{}};
  auto call = post(server);
  call.message.fields.emplace_back("Idempotency-Key", "k-1");
  ASSERT_EQ(body(run(engine, call)), "first");
  EXPECT_EQ(body(run(engine, call)), "first");
  EXPECT_EQ(server.accepted(), 2);
}

// The second attempt finds nobody, but the first may have been received.
TEST(CurlEngine, SaysInterruptedWhenOnlyTheSecondAttemptCannotConnect) {
  std::optional<loopback_server> server;
  std::promise<void> dead;
  server.emplace([&](connection& c) {
    c.read_request();
    c.answer("first");
    c.read_request();
    dead.get_future().wait(); // until nobody listens any more
    c.reset();
  });
  curl_engine engine{{}};
  auto call = post(*server);
  call.message.fields.emplace_back("Idempotency-Key", "k-1");
  ASSERT_EQ(body(run(engine, call)), "first");
  server->stop_listening();
  auto second = start(engine, call);
  dead.set_value();
  EXPECT_EQ(code(outcome(std::move(second))), ec::interrupted);
}

TEST(CurlEngine, NoticesAConnectionThatWasClosedWhileIdle) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.answer("ok");
  }};
  curl_engine engine{{}};
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(body(run(engine, get(server))), "ok") << i;
}

TEST(CurlEngine, RefusesWhatWouldSmuggleALine) {
  loopback_server server{[](connection& c) { c.wait_for_close(); }};
  curl_engine engine{{}};
  const auto refused = [&](auto change) {
    auto call = post(server);
    change(call);
    return code(run(engine, call)) == ec::refused;
  };
  EXPECT_TRUE(refused([](auto& x) { x.message.fields.emplace_back("X", "a\r\nY: b"); }));
  EXPECT_TRUE(refused([](auto& x) { x.message.fields.emplace_back("X: a\r\nY", "b"); }));
  EXPECT_TRUE(refused([](auto& x) { x.message.target = "/a HTTP/1.1\r\nX: y"; }));
  EXPECT_TRUE(refused([](auto& x) { x.message.target = "a"; }));
  EXPECT_TRUE(refused([](auto& x) { x.message.method = "GET /"; }));
  EXPECT_TRUE(refused([](auto& x) { x.base_url = "file:///etc/passwd"; }));
  EXPECT_EQ(server.accepted(), 0);
}

TEST(CurlEngine, BoundsCallsInFlightAndWaiting) {
  std::promise<void> open;
  const auto gate = open.get_future().share();
  std::atomic<int> received = 0;
  loopback_server server{[&](connection& c) {
    while (!c.read_request().empty()) {
      ++received;
      gate.wait();
      c.answer("ok");
    }
  }};
  curl_engine engine{{.calls_in_flight_max = 2, .calls_waiting_max = 3}};
  std::vector<std::future<engine_result>> calls;
  for (int i = 0; i < 6; ++i)
    calls.push_back(start(engine, get(server)));
  EXPECT_EQ(code(outcome(std::move(calls.back()))), ec::overloaded);
  calls.pop_back();
  EXPECT_LE(received, 2);
  open.set_value();
  for (auto& x : calls)
    EXPECT_EQ(body(outcome(std::move(x))), "ok");
  EXPECT_LE(server.accepted(), 2);
}

TEST(CurlEngine, GivesUpACallWhoseTimeIsOverBeforeItBegins) {
  loopback_server server{[](connection& c) { c.wait_for_close(); }};
  curl_engine engine{{.calls_in_flight_max = 1}};
  auto first = start(engine, get(server));
  auto call = post(server);
  call.timeout = 20ms;
  EXPECT_EQ(code(run(engine, call)), ec::overloaded);
  EXPECT_EQ(first.wait_for(0s), std::future_status::timeout);
  call.timeout = 0ms;
  EXPECT_EQ(code(run(engine, call)), ec::deadline);
}

TEST(CurlEngine, OneStuckServerDoesNotHoldUpAnother) {
  loopback_server stuck{[](connection& c) { c.wait_for_close(); }};
  loopback_server well{[](connection& c) {
    c.read_request();
    c.answer("ok");
  }};
  curl_engine engine{{.calls_in_flight_max = 1}};
  auto first = start(engine, get(stuck));
  auto second = start(engine, get(stuck));
  EXPECT_EQ(body(run(engine, get(well))), "ok");
}

TEST(CurlEngine, AnswersEveryCallWhenItEnds) {
  std::promise<void> received;
  loopback_server server{[&](connection& c) {
    if (!c.read_request().empty())
      received.set_value();
    c.wait_for_close();
  }};
  std::future<engine_result> sent, waiting;
  {
    curl_engine engine{{.calls_in_flight_max = 1}};
    sent = start(engine, get(server));
    received.get_future().wait();
    waiting = start(engine, get(server));
  }
  EXPECT_EQ(code(outcome(std::move(sent))), ec::interrupted);
  EXPECT_EQ(code(outcome(std::move(waiting))), ec::shutting_down);
}

TEST(CurlEngine, MayEndInsideAnAnswer) {
  loopback_server server{[](connection& c) {
    c.read_request();
    c.answer("ok");
  }};
  auto engine = std::make_unique<curl_engine>(client_options{});
  std::promise<std::string> ended;
  engine->submit(get(server), [&](engine_result x) {
    engine.reset();
    ended.set_value(body(x));
  });
  EXPECT_EQ(ended.get_future().get(), "ok");
}

} // namespace
} // namespace troupe::http

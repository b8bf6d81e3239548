#include "tests/gateways/http/running_server.hpp"

#include <boost/asio/steady_timer.hpp>

using namespace std::chrono_literals;

namespace troupe::gateway {
namespace {

using test::comes_true;
using test::problem_type;
using test::raw_answer;
using test::raw_client;

const std::string get_it = "GET /it HTTP/1.1\r\nHost: x\r\n\r\n";

std::string post(std::string_view path, std::string_view body, std::string_view type = "application/json") {
  return "POST " + std::string{path} + " HTTP/1.1\r\nHost: x\r\nContent-Type: " + std::string{type}
         + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

class HttpSession : public test::running_server {
protected:
  void SetUp() override {
    add("GET", "/it", [](incoming&) { return json_response(200, {{"it", 1}}); });
    add("POST", "/echo", [](incoming& in) { return http::response{200, {}, in.message.body}; });
    add("POST", "/json", [](incoming& in) { return json_response(200, in.body); }, {{"type", "object"}});
  }
};

TEST_F(HttpSession, AnswersAndKeepsTheConnection) {
  serve();
  auto it = client();
  for (int i = 0; i < 3; ++i) {
    const auto answer = it.ask(get_it);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"it":1})");
    EXPECT_EQ(answer.field("Content-Type"), "application/json");
    EXPECT_EQ(answer.field("Date"), "Sun, 01 Mar 2026 00:00:00 GMT");
    EXPECT_EQ(answer.field("Connection"), "");
  }
}

TEST_F(HttpSession, ServesConnectionsOnEveryThread) {
  serve(2);
  auto a = client();
  auto b = client();
  auto c = client();
  for (auto* it : {&a, &b, &c, &a})
    EXPECT_EQ(it->ask(get_it).status, 200);
  EXPECT_EQ(server->connections(), 3u);
}

TEST_F(HttpSession, ClosesWhenTheClientAsksForIt) {
  serve();
  auto it = client();
  const auto answer = it.ask("GET /it HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_TRUE(it.is_closed());
}

TEST_F(HttpSession, ClosesAfterHttp10) {
  serve();
  auto it = client();
  const auto answer = it.ask("GET /it HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_TRUE(it.is_closed());
}

TEST_F(HttpSession, KeepsHttp10WhenAskedTo) {
  serve();
  auto it = client();
  for (int i = 0; i < 2; ++i) {
    const auto answer = it.ask("GET /it HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("Connection"), "keep-alive");
  }
}

TEST_F(HttpSession, AnswersHeadWithTheFieldsOfGetAndNoBody) {
  serve();
  auto it = client();
  it.send("HEAD /it HTTP/1.1\r\nHost: x\r\n\r\n" + get_it);
  const auto head = it.read(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), "8");
  EXPECT_EQ(it.read().body, R"({"it":1})");
}

TEST_F(HttpSession, AnswersPipelinedRequestsInOrder) {
  serve();
  auto it = client();
  std::string all;
  for (int i = 0; i < 500; ++i)
    all += post("/echo", std::to_string(i));
  it.send(all);
  for (int i = 0; i < 500; ++i)
    ASSERT_EQ(it.read().body, std::to_string(i));
}

// A client that sends without reading is not read from either, beyond what the buffers hold.
TEST_F(HttpSession, StopsReadingFromAClientThatDoesNotReadItsAnswers) {
  limits.write_time = 200ms;
  add("GET", "/big", [](incoming&) { return http::response{200, {}, std::string(1 << 20, 'x')}; });
  serve();
  auto it = client();
  std::string all;
  for (int i = 0; i < 64; ++i)
    all += "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
  it.send(all);
  EXPECT_TRUE(comes_true([this] { return server->connections() == 0; }));
}

TEST_F(HttpSession, TakesARequestByteByByte) {
  serve();
  auto it = client();
  for (const char c : post("/echo", "hello"))
    it.send({&c, 1});
  EXPECT_EQ(it.read().body, "hello");
}

TEST_F(HttpSession, TakesAChunkedBody) {
  serve();
  auto it = client();
  it.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  it.send("5\r\nhello\r\n1;ext=1\r\n \r\n");
  it.send("A\r\n0123456789\r\n0\r\nTrailer: ignored\r\n\r\n");
  EXPECT_EQ(it.read().body, "hello 0123456789");
  EXPECT_EQ(it.ask(get_it).status, 200);
}

TEST_F(HttpSession, SaysContinueBeforeTheBodyWhenAsked) {
  serve();
  auto it = client();
  it.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(it.read(true).status, 100);
  it.send("hello");
  EXPECT_EQ(it.read().body, "hello");
}

TEST_F(HttpSession, RefusesABodyThatIsTooLargeInsteadOfSayingContinue) {
  serve();
  auto it = client();
  it.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_EQ(it.read().status, 413);
  EXPECT_TRUE(it.is_closed());
}

TEST_F(HttpSession, RefusesOtherExpectations) {
  serve();
  EXPECT_EQ(ask("GET /it HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n").status, 417);
}

TEST_F(HttpSession, IgnoresAnEmptyLineBeforeARequest) {
  serve();
  EXPECT_EQ(ask("\r\n" + get_it).status, 200);
}

TEST_F(HttpSession, TakesAnAbsoluteTarget) {
  serve();
  EXPECT_EQ(ask("GET http://x/it?a=1 HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
}

// Limits.

TEST_F(HttpSession, TakesAHeadOfExactlyTheLimit) {
  serve();
  std::string head = "GET /it HTTP/1.1\r\nHost: x\r\nLong: ";
  head += std::string(limits.head_bytes_max - head.size() - 4, 'a') + "\r\n\r\n";
  ASSERT_EQ(head.size(), limits.head_bytes_max);
  EXPECT_EQ(ask(head).status, 200);
}

TEST_F(HttpSession, RefusesAHeadBeyondTheLimit) {
  serve();
  auto it = client();
  std::string head = "GET /it HTTP/1.1\r\nHost: x\r\nLong: ";
  head += std::string(limits.head_bytes_max - head.size() - 3, 'a') + "\r\n\r\n";
  const auto answer = it.ask(head);
  EXPECT_EQ(answer.status, 431);
  EXPECT_EQ(problem_type(answer), "/problems/head-too-large");
  EXPECT_TRUE(it.is_closed());
}

TEST_F(HttpSession, RefusesAHeadOfEndlessSmallFields) {
  serve();
  std::string head = "GET /it HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 3'000; ++i)
    head += "A: b\r\n";
  EXPECT_EQ(ask(head).status, 431);
}

TEST_F(HttpSession, RefusesATargetBeyondTheLimit) {
  serve();
  EXPECT_EQ(ask("GET /" + std::string(20'000, 'a')).status, 431);
}

TEST_F(HttpSession, TakesABodyOfExactlyTheLimit) {
  serve();
  EXPECT_EQ(ask(post("/echo", std::string(limits.body_bytes_max, 'x'))).body.size(), limits.body_bytes_max);
}

TEST_F(HttpSession, RefusesABodyBeyondTheLimit) {
  serve();
  auto it = client();
  it.send(post("/echo", std::string(limits.body_bytes_max + 1, 'x')));
  const auto answer = it.read();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(problem_type(answer), "/problems/body-too-large");
  EXPECT_TRUE(it.is_closed());
}

TEST_F(HttpSession, RefusesAChunkedBodyBeyondTheLimit) {
  limits.body_bytes_max = 1000;
  serve();
  std::string chunk = "190\r\n" + std::string(400, 'x') + "\r\n";
  EXPECT_EQ(ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk).status,
            413);
}

TEST_F(HttpSession, RefusesAChunkLineWithoutEnd) {
  serve();
  EXPECT_EQ(
    ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(8'000, 'a')).status,
    400);
}

TEST_F(HttpSession, RefusesATrailerWithoutEnd) {
  serve();
  std::string body = "0\r\n";
  for (int i = 0; i < 2'000; ++i)
    body += "A: b\r\n";
  EXPECT_EQ(ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body).status, 400);
}

TEST_F(HttpSession, RefusesMoreConnectionsThanTheLimit) {
  limits.connections_max = 2;
  serve();
  auto a = client();
  auto b = client();
  EXPECT_EQ(a.ask(get_it).status, 200);
  EXPECT_EQ(b.ask(get_it).status, 200);
  auto c = client();
  const auto refused = c.read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_TRUE(refused.whole);
  EXPECT_EQ(problem_type(refused), "/problems/overloaded");
  EXPECT_TRUE(c.is_closed());
  EXPECT_EQ(a.ask(get_it).status, 200);
}

TEST_F(HttpSession, TakesAConnectionAgainWhenAnotherHasClosed) {
  limits.connections_max = 1;
  serve();
  EXPECT_EQ(ask("GET /it HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status, 200);
  EXPECT_TRUE(comes_true([this] { return server->connections() == 0; }));
  EXPECT_EQ(ask(get_it).status, 200);
}

TEST_F(HttpSession, RefusesAHeadThatTakesTooLong) {
  limits.head_time = 50ms;
  serve();
  auto it = client();
  const auto answer = it.ask("GET /it HT");
  EXPECT_EQ(answer.status, 408);
  EXPECT_TRUE(it.is_closed());
}

TEST_F(HttpSession, RefusesABodyThatTakesTooLong) {
  limits.body_time = 50ms;
  serve();
  auto it = client();
  const auto answer = it.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_EQ(answer.status, 408);
  EXPECT_TRUE(it.is_closed());
}

// Sending one more byte must not buy more time.
TEST_F(HttpSession, DoesNotExtendTheTimeOfAHeadThatDripsIn) {
  limits.head_time = 100ms;
  serve();
  auto it = client();
  it.send("GET /");
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<bool> answered = false;
  std::thread drip{[&] {
    while (!answered && it.send("a"))
      ::poll(nullptr, 0, 5);
  }};
  const auto answer = it.read();
  answered = true;
  drip.join();
  EXPECT_EQ(answer.status, 408);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(HttpSession, ClosesAnIdleConnectionWithoutAWord) {
  limits.idle_time = 50ms;
  serve();
  auto fresh = client();
  EXPECT_TRUE(fresh.is_closed());
  auto used = client();
  EXPECT_EQ(used.ask(get_it).status, 200);
  EXPECT_TRUE(used.is_closed());
}

// The limit of a handler's time is its route's deadline, not the idle time of its connection.
TEST_F(HttpSession, DoesNotTakeAWorkingConnectionForAnIdleOne) {
  limits.idle_time = 30ms;
  limits.head_time = 30ms;
  route row;
  row.method = "GET";
  row.path = "/slow";
  row.handle = [](incoming& in) -> boost::asio::awaitable<http::response> {
    boost::asio::steady_timer timer{in.actors.context(), 150ms};
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return http::response{200, {}, "done"};
  };
  table.add(std::move(row));
  serve();
  EXPECT_EQ(ask("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").body, "done");
}

// Ambiguous framing.

struct bad_request {
  const char* name;
  std::string bytes;
  int status = 400;
};

class HttpFraming : public HttpSession, public ::testing::WithParamInterface<bad_request> {};

TEST_P(HttpFraming, IsRefusedAndTheConnectionClosed) {
  serve();
  auto it = client();
  // What follows would be a second request, were the first understood in another way.
  it.send(GetParam().bytes + get_it);
  const auto answer = it.read();
  EXPECT_EQ(answer.status, GetParam().status) << answer.head << answer.body;
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_EQ(answer.field("Content-Type"), "application/problem+json");
  EXPECT_TRUE(it.is_closed());
}

std::string with(std::string_view fields, std::string_view body = "") {
  return "POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string{fields} + "\r\n" + std::string{body};
}

INSTANTIATE_TEST_SUITE_P(
  Refused, HttpFraming,
  ::testing::Values(
    bad_request{"BothLengths", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
    bad_request{"BothLengthsTheOtherWay", with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
    bad_request{"RepeatedLengths", with("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
    bad_request{"DifferentLengths", with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")},
    bad_request{"LengthList", with("Content-Length: 5, 5\r\n", "hello")},
    bad_request{"PositiveSign", with("Content-Length: +5\r\n", "hello")},
    bad_request{"NegativeLength", with("Content-Length: -5\r\n", "hello")},
    bad_request{"HexLength", with("Content-Length: 0x5\r\n", "hello")},
    bad_request{"EmptyLength", with("Content-Length: \r\n", "hello")},
    bad_request{"HugeLength", with("Content-Length: 99999999999999999999999\r\n")},
    bad_request{"LengthBeyond64Bits", with("Content-Length: 18446744073709551617\r\n", "h")},
    bad_request{"UnknownCoding", with("Transfer-Encoding: gzip\r\n")},
    bad_request{"CodingBeforeChunked", with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
    bad_request{"CodingAfterChunked", with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
    bad_request{"RepeatedCoding", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
    bad_request{"QuotedCoding", with("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
    bad_request{"CodingWithVerticalTab", with("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n")},
    bad_request{"CodingInHttp10", "POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    bad_request{"ChunkSizeNotHex", with("Transfer-Encoding: chunked\r\n", "xyz\r\n")},
    bad_request{"ChunkSizeSigned", with("Transfer-Encoding: chunked\r\n", "+5\r\nhello\r\n0\r\n\r\n")},
    bad_request{"ChunkSizeWith0x", with("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n")},
    bad_request{"ChunkSizeBeyond64Bits", with("Transfer-Encoding: chunked\r\n", "10000000000000005\r\nhello\r\n")},
    bad_request{"ChunkLongerThanItsSize", with("Transfer-Encoding: chunked\r\n", "3\r\nhello\r\n0\r\n\r\n")},
    bad_request{"ChunkLineWithBareLineFeed", with("Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n")},
    bad_request{"LengthInTrailer", with("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 5\r\n\r\n")},
    bad_request{"FoldedField", with("A: b\r\n c\r\n")},
    bad_request{"FoldedLength", with("Content-Length:\r\n 5\r\n", "hello")},
    bad_request{"FoldedWithTab", with("A: b\r\n\tc\r\n")},
    bad_request{"FoldedFirstField", "GET /it HTTP/1.1\r\n Host: x\r\n\r\n"},
    bad_request{"SpaceBeforeColon", with("Content-Length : 5\r\n", "hello")},
    bad_request{"FieldWithoutColon", with("Content-Length\r\n")}, bad_request{"EmptyFieldName", with(": 5\r\n")},
    bad_request{"ControlInValue", with(std::string{"A: b\0c\r\n", 8})},
    bad_request{"BareLineFeed", "GET /it HTTP/1.1\nHost: x\n\n"},
    bad_request{"BareCarriageReturn", "GET /it HTTP/1.1\rHost: x\r\n\r\n"},
    bad_request{"NoHost", "GET /it HTTP/1.1\r\n\r\n"},
    bad_request{"TwoHosts", "GET /it HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"},
    bad_request{"HostWithPath", "GET /it HTTP/1.1\r\nHost: x/y\r\n\r\n"},
    bad_request{"HostWithUser", "GET /it HTTP/1.1\r\nHost: u@x\r\n\r\n"},
    bad_request{"TargetWithoutSlash", "GET it HTTP/1.1\r\nHost: x\r\n\r\n"},
    bad_request{"TargetWithSpace", "GET /i t HTTP/1.1\r\nHost: x\r\n\r\n"},
    bad_request{"TargetWithFragment", "GET /it#a HTTP/1.1\r\nHost: x\r\n\r\n"},
    bad_request{"TargetWithBrokenEscape", "GET /i%t HTTP/1.1\r\nHost: x\r\n\r\n"},
    bad_request{"TargetWithEscapedNul", "GET /i%00t HTTP/1.1\r\nHost: x\r\n\r\n"},
    bad_request{"TargetWithBackslash", "GET /i\\t HTTP/1.1\r\nHost: x\r\n\r\n"},
    bad_request{"TargetOfHighBytes", "GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n"},
    bad_request{"AsteriskForGet", "GET * HTTP/1.1\r\nHost: x\r\n\r\n"},
    bad_request{"ConnectAuthority", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"},
    bad_request{"NotHttp", "\x16\x03\x01\x02\r\n\r\n"}, bad_request{"NoVersion", "GET /it\r\n\r\n"},
    bad_request{"OtherVersion", "GET /it HTTP/2.0\r\nHost: x\r\n\r\n", 505}),
  [](const auto& x) { return std::string{x.param.name}; });

// Bodies.

TEST_F(HttpSession, RefusesABodyThatIsNotJson) {
  serve();
  const auto answer = ask(post("/json", R"({"a":})"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(problem_type(answer), "/problems/malformed-json");
}

TEST_F(HttpSession, RefusesAnEmptyBodyWhereOneIsExpected) {
  serve();
  EXPECT_EQ(ask(post("/json", "")).status, 400);
}

TEST_F(HttpSession, TakesNoBodyAndNoTypeWhereTheSchemaTakesNull) {
  add("POST", "/optional", [](incoming& in) { return json_response(200, in.body.is_null()); },
      {{"type", {"object", "null"}}});
  serve();
  EXPECT_EQ(ask("POST /optional HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").body, "true");
  EXPECT_EQ(ask("POST /optional HTTP/1.1\r\nHost: x\r\n\r\n").body, "true");
}

TEST_F(HttpSession, RefusesOtherContentTypesAndNamesTheExpectedOne) {
  serve();
  const auto answer = ask(post("/json", "{}", "text/plain"));
  EXPECT_EQ(answer.status, 415);
  EXPECT_NE(answer.body.find("application/json"), answer.body.npos);
}

TEST_F(HttpSession, TakesJsonUnderItsOtherNames) {
  serve();
  for (const auto* type : {"application/json; charset=utf-8", "APPLICATION/JSON", "application/problem+json"})
    EXPECT_EQ(ask(post("/json", R"({"a":1})", type)).body, R"({"a":1})") << type;
}

TEST_F(HttpSession, RefusesJsonThatNestsTooDeep) {
  serve();
  const auto nested = [](int depth) {
    return R"({"a":)" + std::string(static_cast<std::size_t>(depth - 1), '[')
           + std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
  };
  EXPECT_EQ(ask(post("/json", nested(64))).status, 200);
  EXPECT_EQ(ask(post("/json", nested(65))).status, 400);
}

TEST_F(HttpSession, ListsAPointerForEachWrongField) {
  add(
    "POST", "/orders",
    [](incoming&) {
      return http::response{204, {}, ""};
    },
    nlohmann::json::parse(R"({"type":"object","required":["customerId","items"],"additionalProperties":false,
        "properties":{"customerId":{"type":"string"},
          "items":{"type":"array","items":{"type":"object","required":["sku"],
            "properties":{"sku":{"type":"string"},"quantity":{"type":"integer","minimum":1}}}}}})"));
  serve();
  const auto answer = ask(post("/orders", R"({"items":[{"sku":1,"quantity":0},{}],"a/b":1})"));
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(problem_type(answer), "/problems/validation");
  std::vector<std::string> pointers;
  const auto errors = nlohmann::json::parse(answer.body)["errors"];
  for (const auto& e : errors)
    pointers.push_back(e["pointer"]);
  std::sort(pointers.begin(), pointers.end());
  EXPECT_EQ(pointers,
            (std::vector<std::string>{"/a~1b", "/customerId", "/items/0/quantity", "/items/0/sku", "/items/1/sku"}))
    << errors;
}

// Routing.

TEST_F(HttpSession, Answers404WhereThereIsNothing) {
  serve();
  auto it = client();
  const auto answer = it.ask("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(problem_type(answer), "/problems/not-found");
  EXPECT_EQ(it.ask(get_it).status, 200);
}

TEST_F(HttpSession, Answers405WithTheMethodsThatThereAre) {
  serve();
  const auto answer = ask("DELETE /it HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.field("Allow"), "GET, HEAD");
}

TEST_F(HttpSession, Answers500WhenAHandlerThrows) {
  add("GET", "/throws", [](incoming&) -> http::response { throw std::runtime_error("secret"); });
  serve();
  auto it = client();
  const auto answer = it.ask("GET /throws HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("secret"), answer.body.npos);
  EXPECT_EQ(it.ask(get_it).status, 200);
}

TEST_F(HttpSession, DoesNotLetAHandlersFieldsBreakTheHead) {
  add("GET", "/fields", [](incoming&) {
    return http::response{200, {{"Location", "/a\r\nSet-Cookie: b"}, {"Content-Length", "99"}}, "x"};
  });
  serve();
  const auto answer = ask("GET /fields HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.field("Set-Cookie"), "");
  EXPECT_EQ(answer.field("Location"), "/a  Set-Cookie: b");
  EXPECT_EQ(answer.body, "x");
}

// Who asks.

class HttpContext : public test::running_server {
protected:
  void SetUp() override {
    add("GET", "/who", [](incoming& in) {
      return json_response(200, {{"principal", in.context.principal},
                                 {"trace", in.context.trace.trace_id()},
                                 {"sampled", in.context.trace.sampled},
                                 {"left", (in.context.deadline - options().now()).count()}});
    });
    route row;
    row.method = "GET";
    row.path = "/admin";
    row.scope = scope::operator_key;
    row.handle = [](incoming&) -> boost::asio::awaitable<http::response> { co_return http::response{204, {}, ""}; };
    table.add(std::move(row));
    serve();
  }

  static gateway::options options() {
    gateway::options out;
    out.now = [] { return time_point{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}}; };
    return out;
  }

  raw_answer get(std::string_view path, std::string_view fields) {
    return ask("GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n" + std::string{fields} + "\r\n");
  }

  nlohmann::json who(std::string_view fields) { return nlohmann::json::parse(get("/who", fields).body); }
};

TEST_F(HttpContext, IsAnonymousWithoutTheKey) {
  EXPECT_EQ(who("")["principal"], "anonymous");
  EXPECT_EQ(who("Authorization: Bearer the-operator-kez\r\n")["principal"], "anonymous");
  EXPECT_EQ(who("Authorization: Bearer the-operator-ke\r\n")["principal"], "anonymous");
  EXPECT_EQ(who("Authorization: Bearer the-operator-keythe-operator-key\r\n")["principal"], "anonymous");
  EXPECT_EQ(who("Authorization: Basic the-operator-key\r\n")["principal"], "anonymous");
}

TEST_F(HttpContext, IsTheOperatorWithTheKey) {
  EXPECT_EQ(who("Authorization: Bearer the-operator-key\r\n")["principal"], "operator");
  EXPECT_EQ(who("authorization: bearer the-operator-key\r\n")["principal"], "operator");
}

TEST_F(HttpContext, AsksForTheKeyWhereItIsNeeded) {
  const auto answer = get("/admin", "");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.field("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(get("/admin", "Authorization: Bearer the-operator-key\r\n").status, 204);
}

TEST_F(HttpContext, HasTheDeadlineOfItsRoute) {
  EXPECT_EQ(who("")["left"], 10'000);
}

TEST_F(HttpContext, ContinuesTheTraceOfTheClient) {
  const auto answer = get("/who", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
                                  "x-correlation-id: mine\r\n");
  const auto body = nlohmann::json::parse(answer.body);
  EXPECT_EQ(body["trace"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(body["sampled"], true);
  EXPECT_EQ(answer.field("x-correlation-id"), "mine");
  const auto back = answer.field("traceparent");
  EXPECT_TRUE(back.starts_with("00-0af7651916cd43dd8448eb211c80319c-")) << back;
  EXPECT_TRUE(back.ends_with("-01")) << back;
  EXPECT_EQ(back.find("b7ad6b7169203331"), back.npos) << "the span is ours";
}

TEST_F(HttpContext, TakesATraceIdFromTheOtherHeaders) {
  for (const auto* name : {"x-correlation-id", "x-trace-id"}) {
    const auto answer = get("/who", std::string{name} + ": 0AF7651916cd43dd8448eb211c80319c\r\n");
    EXPECT_EQ(nlohmann::json::parse(answer.body)["trace"], "0af7651916cd43dd8448eb211c80319c");
    EXPECT_EQ(answer.field("x-correlation-id"), "0AF7651916cd43dd8448eb211c80319c");
  }
}

TEST_F(HttpContext, MakesOneTraceOfOneCorrelationId) {
  const auto once = who("x-correlation-id: order 7\r\n"); // not visible: replaced
  const auto a = who("x-correlation-id: order-7\r\n");
  EXPECT_EQ(who("x-correlation-id: order-7\r\n")["trace"], a["trace"]);
  EXPECT_NE(who("x-correlation-id: order-8\r\n")["trace"], a["trace"]);
  EXPECT_NE(once["trace"], a["trace"]);
  EXPECT_EQ(get("/who", "x-correlation-id: order-7\r\n").field("x-correlation-id"), "order-7");
}

TEST_F(HttpContext, MakesATraceOfItsOwnOtherwise) {
  const auto a = get("/who", "");
  const auto b = get("/who", "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\r\n");
  EXPECT_EQ(a.field("x-correlation-id").size(), 32u);
  EXPECT_NE(a.field("x-correlation-id"), b.field("x-correlation-id"));
  EXPECT_TRUE(trace_context::parse(a.field("traceparent"))) << a.head;
}

TEST_F(HttpSession, TellsTheObserverOfEachAnswer) {
  serve();
  ask("GET /it?a=b HTTP/1.1\r\nHost: x\r\n\r\n");
  auto x = observed(0);
  EXPECT_EQ(x.method, "GET");
  EXPECT_EQ(x.route, "/it");
  EXPECT_EQ(x.path, "/it");
  EXPECT_EQ(x.status, 200);
  ask("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  x = observed(1);
  EXPECT_EQ(x.route, "");
  EXPECT_EQ(x.path, "/nothing");
  EXPECT_EQ(x.status, 404);
  ask("GET /it HTTP/1.1\r\n\r\n");
  x = observed(2);
  EXPECT_EQ(x.method, "");
  EXPECT_EQ(x.status, 400);
}

// The plain mode.

TEST_F(HttpSession, GivesAPlainHandlerTheRequestAsItIs) {
  serve_plainly([](http::request x) -> boost::asio::awaitable<exchange_result> {
    co_return exchange_result{.answer = {201, {{"A", "b"}}, x.method + " " + x.target + " " + x.body}};
  });
  auto it = client();
  const auto answer = it.ask("PATCH /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.field("A"), "b");
  EXPECT_EQ(answer.body, "PATCH /a?b=c hi");
  EXPECT_EQ(answer.field("traceparent"), "");
  EXPECT_EQ(it.ask(get_it).status, 201);
}

TEST_F(HttpSession, DelaysAPlainAnswer) {
  serve_plainly([](http::request) -> boost::asio::awaitable<exchange_result> {
    co_return exchange_result{.answer = {200, {}, "x"}, .delay = 50ms};
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(get_it).status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
}

TEST_F(HttpSession, TruncatesAPlainAnswer) {
  serve_plainly([](http::request) -> boost::asio::awaitable<exchange_result> {
    co_return exchange_result{.answer = {200, {}, "0123456789"}, .ending = exchange_result::ending::truncated};
  });
  auto it = client();
  const auto answer = it.ask(get_it);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("Content-Length"), "10");
  EXPECT_EQ(answer.body, "01234");
  EXPECT_FALSE(answer.whole);
}

TEST_F(HttpSession, DropsAConnectionWithoutAnAnswer) {
  serve_plainly([](http::request) -> boost::asio::awaitable<exchange_result> {
    co_return exchange_result{.ending = exchange_result::ending::dropped};
  });
  auto it = client();
  it.send(get_it);
  EXPECT_TRUE(it.is_closed());
}

} // namespace
} // namespace troupe::gateway

// tests/e2e/wire_test.cpp: what the program answers to requests that are wrong, too large or not allowed.
#include "tests/e2e/node.hpp"
#include "tests/gateways/http/raw_client.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <regex>
#include <set>
#include <sstream>

namespace troupe::test {
namespace {

using nlohmann::json;

/// A path of the document, with parameters that look right and name nothing.
std::string replace_parameters(std::string path) {
  path = std::regex_replace(path, std::regex{R"(\{id\})"}, "01890a5d-ac96-774b-bcce-b302099a8057");
  return std::regex_replace(path, std::regex{R"(\{[a-z]+\})"}, "no-such-thing");
}

class Wire : public ::testing::Test {
protected:
  Wire() { running.start(); }

  raw_answer raw(const std::string& bytes) { return raw_client{running.commerce_port()}.ask(bytes); }

  static std::set<std::string> pointers(const json& problem) {
    std::set<std::string> out;
    for (const auto& x : problem["errors"])
      out.insert(x["pointer"].get<std::string>());
    return out;
  }

  temporary_folder folder;
  node running{folder.path()};
};

TEST_F(Wire, BodyThatIsNoJsonIs400) {
  auto shop = running.shop();
  const auto answer = shop.call("POST", "/api/v2/orders", "{\"customerId\":");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.field("content-type"), "application/problem+json");
  EXPECT_EQ(answer.json()["type"], "/problems/malformed-json");
}

TEST_F(Wire, EveryWrongFieldHasItsPointer) {
  auto shop = running.shop();
  const json body = {{"customerId", "c-1"},
                     {"email", "nobody"},
                     {"items", json::array({{{"sku", "hand-grinder"}, {"quantity", 0}}})},
                     {"payment", {{"method", "tok_ok"}}},
                     {"discount", 100}};
  const auto answer = shop.post("/api/v2/orders", body);
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(pointers(answer.json()), (std::set<std::string>{"/email", "/items/0/quantity", "/currency", "/discount"}));
}

TEST_F(Wire, SkuTwiceAndUnknownCurrencyAreWrongFields) {
  auto shop = running.shop();
  auto order = order_of("hand-grinder", 1);
  order["items"].push_back(order["items"][0]);
  EXPECT_EQ(shop.post("/api/v2/orders", order).status, 422);
  auto other = order_of("hand-grinder", 1);
  other["currency"] = "XXZ";
  EXPECT_EQ(pointers(shop.post("/api/v2/orders", other).json()), std::set<std::string>{"/currency"});
}

TEST_F(Wire, UnknownRoutesOrdersAndProductsAre404) {
  auto shop = running.shop();
  for (const auto* target : {"/nowhere", "/api/v2/orders/01890a5d-ac96-774b-bcce-b302099a8057",
                             "/products/no-such-thing", "/api/v2/inventory/no-such-thing"}) {
    const auto answer = shop.get(target);
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_EQ(answer.field("content-type"), "application/problem+json") << target;
    EXPECT_EQ(answer.json()["status"], 404) << target;
  }
}

TEST_F(Wire, OtherMethodIs405AndNamesThoseThatAre) {
  auto shop = running.shop();
  const auto answer = shop.call("DELETE", "/api/v2/products/hand-grinder");
  EXPECT_EQ(answer.status, 405);
  const auto allow = answer.field("allow");
  EXPECT_NE(allow.find("GET"), std::string::npos) << allow;
  EXPECT_NE(allow.find("PUT"), std::string::npos) << allow;
}

TEST_F(Wire, HeadAndBodyThatAreTooLargeAreRefused) {
  auto shop = running.shop();
  EXPECT_EQ(shop.get("/openapi.json", {{"X-Long", std::string(17 * 1024, 'x')}}).status, 431);
  auto order = order_of("hand-grinder", 1);
  order["customerId"] = std::string(1'100'000, 'x');
  EXPECT_EQ(shop.post("/api/v2/orders", order).status, 413);
  EXPECT_EQ(shop.call("POST", "/api/v2/orders", std::string(200, '[') + std::string(200, ']')).status, 400);
}

TEST_F(Wire, AmbiguousFramingIs400AndCloses) {
  for (const auto* fields :
       {"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: +2\r\n", "Content-Length: 2\r\n X: folded\r\n"}) {
    raw_client client{running.commerce_port()};
    const auto answer = client.ask(
      std::string{"POST /api/v2/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"} + fields + "\r\n{}");
    EXPECT_EQ(answer.status, 400) << fields;
    EXPECT_TRUE(client.is_closed()) << fields;
  }
}

TEST_F(Wire, AdministrationNeedsTheOperatorKey) {
  auto shop = running.shop();
  const json price = {{"title", "Cheap"}, {"price", {{"amount", 1}, {"currency", "EUR"}}}};
  const std::vector<std::tuple<std::string, std::string, std::string>> administrative = {
    {"PUT", "/api/v2/products/hand-grinder", price.dump()},
    {"PATCH", "/api/v2/inventory/hand-grinder", R"({"available":1000})"},
    {"POST", "/inventory/reserve", R"({"orderId":"o","items":[{"productId":"hand-grinder","quantity":1}]})"},
    {"POST", "/inventory/release", R"({"orderId":"o","items":[{"productId":"hand-grinder","quantity":1}]})"},
    {"POST", "/api/v2/orders/01890a5d-ac96-774b-bcce-b302099a8057/capture", ""}};
  for (const auto& [method, target, body] : administrative)
    for (const auto& fields : {http_client::fields{}, http_client::fields{{"Authorization", "Bearer guessed"}},
                               http_client::fields{{"Authorization", "Basic " + running.operator_key()}}}) {
      const auto answer = shop.call(method, target, body, fields);
      EXPECT_EQ(answer.status, 401) << method << ' ' << target;
      EXPECT_NE(answer.field("www-authenticate").find("Bearer"), std::string::npos) << target;
    }
  EXPECT_EQ(shop.get("/products/hand-grinder").json()["price"]["amount"], 8900);
  EXPECT_EQ(shop.get("/api/v2/inventory/hand-grinder").json()["available"], 25);
  EXPECT_EQ(shop.call("PATCH", "/api/v2/inventory/hand-grinder", R"({"available":30})", running.as_operator()).status,
            200);
}

TEST_F(Wire, OperatorKeyIsReadableByItsOwnerOnlyAndStays) {
  struct stat about {};
  ASSERT_EQ(::stat((folder.path() / "operator.key").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  const auto key = running.operator_key();
  EXPECT_GE(key.size(), 32u);
  ASSERT_EQ(running.stop(), (ending{0, 0}));
  running.start();
  EXPECT_EQ(running.operator_key(), key);
  EXPECT_EQ(running.process().output().find("made just now"), std::string::npos);
}

TEST_F(Wire, MetricsAreInThePrometheusTextFormat) {
  auto shop = running.shop();
  ASSERT_EQ(place(shop, order_of("hand-grinder", 1), 10).status, 201);
  const auto answer = http_client{running.operations()}.get("/metrics");
  ASSERT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.field("content-type").starts_with("text/plain; version=0.0.4"));
  const std::regex comment{
    R"(# (HELP [a-zA-Z_:][a-zA-Z0-9_:]* .*|TYPE [a-zA-Z_:][a-zA-Z0-9_:]* (counter|gauge|histogram|summary|untyped)))"};
  const std::regex sample{
    R"re([a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*",?)*\})? (NaN|[+-]?(Inf|[0-9.]+(e[+-]?[0-9]+)?))( [0-9]+)?)re"};
  std::istringstream lines{answer.body};
  std::string line;
  std::set<std::string> typed;
  std::set<std::string> samples;
  while (std::getline(lines, line)) {
    if (line.empty())
      continue;
    if (line[0] == '#') {
      EXPECT_TRUE(std::regex_match(line, comment)) << line;
      if (line.starts_with("# TYPE ")) {
        const auto name = line.substr(7, line.find(' ', 7) - 7);
        EXPECT_TRUE(typed.insert(name).second) << "typed twice: " << name;
      }
      continue;
    }
    EXPECT_TRUE(std::regex_match(line, sample)) << line;
    EXPECT_TRUE(samples.insert(line.substr(0, line.find_last_of(' '))).second) << "twice: " << line;
  }
  EXPECT_TRUE(typed.contains("troupe_request_count_total"));
  EXPECT_NE(answer.body.find(
              R"(troupe_request_count_total{gateway="commerce",method="POST",route="/api/v2/orders",status="201"} 1)"),
            std::string::npos)
    << answer.body;
}

TEST_F(Wire, DocumentOfTheInterfaceNamesEveryRoute) {
  auto shop = running.shop();
  const auto document = shop.get("/openapi.json").json();
  EXPECT_TRUE(document["openapi"].get<std::string>().starts_with("3.1"));
  const std::vector<std::pair<const char*, const char*>> promised = {{"post", "/api/v2/orders"},
                                                                     {"post", "/api/orders"},
                                                                     {"post", "/orders"},
                                                                     {"get", "/api/v2/orders/{id}"},
                                                                     {"get", "/api/v2/orders/{id}/events"},
                                                                     {"get", "/api/v1/orders/{id}"},
                                                                     {"post", "/api/v2/orders/{id}/cancel"},
                                                                     {"post", "/api/v2/orders/{id}/capture"},
                                                                     {"put", "/api/v2/products/{sku}"},
                                                                     {"get", "/api/v2/products/{sku}"},
                                                                     {"get", "/api/v1/products/{sku}"},
                                                                     {"get", "/products/{sku}"},
                                                                     {"patch", "/api/v2/inventory/{sku}"},
                                                                     {"get", "/api/v2/inventory/{sku}"},
                                                                     {"post", "/inventory/reserve"},
                                                                     {"post", "/inventory/release"},
                                                                     {"post", "/webhooks/stripe"}};
  for (const auto& [method, path] : promised) {
    ASSERT_TRUE(document["paths"].contains(path)) << path;
    EXPECT_TRUE(document["paths"][path].contains(method)) << method << ' ' << path;
  }
  // And every route that it names is there.
  for (const auto& [path, methods] : document["paths"].items()) {
    auto target = replace_parameters(path);
    for (const auto& [method, about] : methods.items()) {
      std::string verb = method;
      for (auto& c : verb)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      const auto answer = shop.call(verb, target, verb == "GET" ? "" : "{}");
      EXPECT_NE(answer.status, 405) << verb << ' ' << path;
      EXPECT_TRUE(answer.status != 404 || answer.json()["type"] != "/problems/not-found") << verb << ' ' << path;
      EXPECT_LT(answer.status, 500) << verb << ' ' << path;
    }
  }
}

TEST_F(Wire, HealthTellsEveryDependencyAndNeedsNoKey) {
  http_client operations{running.operations()};
  ASSERT_TRUE(eventually(std::chrono::seconds{10}, [&] {
    const auto report = operations.get("/health/ready").json();
    for (const auto& x : report["dependencies"])
      if (x["status"] != "up")
        return false;
    return report["dependencies"].size() == 6; // parts, store, two providers, two queues
  }));
  EXPECT_EQ(operations.get("/health").json()["status"], "up");
  EXPECT_EQ(operations.get("/health/live").status, 200);
  const auto ready = operations.get("/health/ready").json();
  for (const auto& x : ready["dependencies"]) {
    EXPECT_TRUE(x.contains("checkedAt")) << x;
    EXPECT_TRUE(x.contains("ageMilliseconds")) << x;
  }
}

} // namespace
} // namespace troupe::test

#include "gateways/http/json_schema.hpp"
#include "gateways/http/openapi.hpp"
#include "gateways/http/uri.hpp"

#include <caf/actor_system_config.hpp>
#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

using nlohmann::json;

route row(std::string method, std::string path, std::string operation = "") {
  route out;
  out.method = std::move(method);
  out.path = std::move(path);
  out.operation_id = std::move(operation);
  out.handle = [](incoming&) -> boost::asio::awaitable<http::response> { co_return http::response{200, {}, ""}; };
  return out;
}

class Router : public ::testing::Test {
protected:
  // The operation that a request leads to; empty when there is none.
  std::string find(std::string_view method, std::string_view path) {
    const auto* found = table.find(method, path, params);
    return found ? found->operation_id : "";
  }

  router table;
  router::parameters params;
};

TEST_F(Router, FindsARowByMethodAndPath) {
  table.add(row("GET", "/a", "get a"));
  table.add(row("PUT", "/a", "put a"));
  table.add(row("GET", "/a/b", "get b"));
  EXPECT_EQ(find("GET", "/a"), "get a");
  EXPECT_EQ(find("PUT", "/a"), "put a");
  EXPECT_EQ(find("GET", "/a/b"), "get b");
  EXPECT_EQ(find("POST", "/a"), "");
  EXPECT_EQ(find("GET", "/a/"), "");
  EXPECT_EQ(find("GET", "/"), "");
  EXPECT_EQ(find("GET", "/a/b/c"), "");
}

TEST_F(Router, DecodesWhatANameStandsFor) {
  table.add(row("GET", "/orders/{id}/lines/{line}", "line"));
  EXPECT_EQ(find("GET", "/orders/a%2Fb%20c/lines/7"), "line");
  EXPECT_EQ(params, (router::parameters{{"id", "a/b c"}, {"line", "7"}}));
}

TEST_F(Router, GivesANameNoEmptySegment) {
  table.add(row("GET", "/orders/{id}", "order"));
  EXPECT_EQ(find("GET", "/orders/"), "");
}

TEST_F(Router, PrefersLettersToAName) {
  table.add(row("GET", "/orders/{id}", "order"));
  table.add(row("GET", "/orders/open", "open"));
  table.add(row("GET", "/orders/{id}/lines", "lines"));
  EXPECT_EQ(find("GET", "/orders/open"), "open");
  EXPECT_EQ(find("GET", "/orders/7"), "order");
  EXPECT_EQ(find("GET", "/orders/open/lines"), "lines");
}

TEST_F(Router, FindsTheRowOfGetForHead) {
  table.add(row("GET", "/a", "get a"));
  table.add(row("GET", "/b", "get b"));
  table.add(row("HEAD", "/b", "head b"));
  EXPECT_EQ(find("HEAD", "/a"), "get a");
  EXPECT_EQ(find("HEAD", "/b"), "head b");
}

TEST_F(Router, ListsTheMethodsOfAPath) {
  table.add(row("PUT", "/a/{x}"));
  table.add(row("GET", "/a/{y}"));
  EXPECT_EQ(table.allowed("/a/1"), "GET, HEAD, PUT");
  EXPECT_EQ(table.allowed("/b"), "");
}

TEST_F(Router, RefusesRowsThatCannotBeMeant) {
  table.add(row("GET", "/a/{x}", "op"));
  EXPECT_THROW(table.add(row("GET", "/a/{y}", "other")), std::invalid_argument);
  EXPECT_THROW(table.add(row("GET", "/b", "op")), std::invalid_argument);
  EXPECT_THROW(table.add(row("GET", "b")), std::invalid_argument);
  EXPECT_THROW(table.add(row("GET", "/a{x}")), std::invalid_argument);
  auto silent = row("GET", "/c");
  silent.handle = nullptr;
  EXPECT_THROW(table.add(std::move(silent)), std::invalid_argument);
  auto wrong = row("POST", "/c");
  wrong.request_schema = {{"type", 7}};
  EXPECT_THROW(table.add(std::move(wrong)), std::invalid_argument);
}

TEST_F(Router, KeepsSchemasWithTheirRows) {
  for (int i = 0; i < 100; ++i) {
    auto x = row("POST", "/" + std::to_string(i));
    if (i % 2)
      x.request_schema = {{"const", i}};
    table.add(std::move(x));
  }
  for (int i = 0; i < 100; ++i) {
    const auto* found = table.find("POST", "/" + std::to_string(i), params);
    ASSERT_TRUE(found);
    const auto* schema = table.schema(*found);
    ASSERT_EQ(schema != nullptr, i % 2 == 1);
    if (schema) {
      EXPECT_TRUE(schema->check(i).empty());
    }
  }
}

TEST(IncomingQuery, DecodesTheFirstValueOfAName) {
  // Neither a context nor an asker is needed to read a target.
  const http::request message{"GET", "/a?b=1&b=2&c=x%2By+z&d&e=&f%20g=h", {}, ""};
  boost::asio::io_context context;
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  asker actors{sys, context};
  incoming in{message, "/a", {{"id", "7"}}, nullptr, {}, actors};
  EXPECT_EQ(in.query("b"), "1");
  EXPECT_EQ(in.query("c"), "x+y z");
  EXPECT_EQ(in.query("d"), "");
  EXPECT_EQ(in.query("e"), "");
  EXPECT_EQ(in.query("f g"), "h");
  EXPECT_EQ(in.query("x"), std::nullopt);
  EXPECT_EQ(in.param("id"), "7");
  EXPECT_EQ(in.param("other"), "");
}

TEST(Problem, HasTheFieldsOfRfc9457) {
  const auto x = problem(422, "/problems/validation", "Not valid", "", {{"/a", "is required"}});
  EXPECT_EQ(x.status, 422);
  EXPECT_EQ(http::find(x.fields, "content-type"), "application/problem+json");
  EXPECT_EQ(x.body, R"({"type":"/problems/validation","title":"Not valid","status":422,)"
                    R"("errors":[{"pointer":"/a","detail":"is required"}]})");
}

TEST(Problem, IsJsonWhateverTheDetailHolds) {
  EXPECT_TRUE(json::accept(problem(400, "/p", "t", "\xff\"\n").body));
}

TEST(Failure, SaysWhetherToTryAgain) {
  EXPECT_EQ(failure(caf::make_error(ec::deadline)).status, 504);
  const auto sick = failure(caf::make_error(ec::store_unavailable));
  EXPECT_EQ(sick.status, 503);
  EXPECT_EQ(http::find(sick.fields, "Retry-After"), "1");
  EXPECT_EQ(failure(caf::make_error(ec::store_damaged)).status, 500);
  EXPECT_EQ(failure(caf::make_error(caf::sec::request_receiver_down)).status, 503);
}

TEST(Json, KeepsWhatWasWritten) {
  const auto read = read_json(R"( {"a":[1,-2,3.5,true,null,"ü",{}],"b":9223372036854775807} )", 64);
  EXPECT_EQ(read.refusal, "");
  EXPECT_EQ(read.value.dump(), R"({"a":[1,-2,3.5,true,null,"ü",{}],"b":9223372036854775807})");
  EXPECT_EQ(read_json("-9223372036854775808", 64).value, std::numeric_limits<std::int64_t>::min());
}

TEST(Json, RefusesNumbersThatWouldChange) {
  EXPECT_NE(read_json("9223372036854775808", 64).refusal, "");
  EXPECT_NE(read_json("-9223372036854775809", 64).refusal, "");
  EXPECT_NE(read_json("[100000000000000000000]", 64).refusal, "");
  EXPECT_NE(read_json("1e400", 64).refusal, "");
  EXPECT_EQ(read_json("1e300", 64).refusal, "");
}

TEST(Json, RefusesWhatTwoReadersCouldTakeDifferently) {
  EXPECT_NE(read_json(R"({"a":1,"a":2})", 64).refusal, "");
  EXPECT_NE(read_json("\"\xff\"", 64).refusal, "");
  EXPECT_NE(read_json("{} {}", 64).refusal, "");
  EXPECT_NE(read_json("{'a':1}", 64).refusal, "");
  EXPECT_NE(read_json("[1,]", 64).refusal, "");
  EXPECT_NE(read_json("NaN", 64).refusal, "");
  EXPECT_NE(read_json("01", 64).refusal, "");
}

TEST(Json, CountsLevelsOfNesting) {
  EXPECT_EQ(read_json("[[1]]", 2).refusal, "");
  EXPECT_NE(read_json("[[[1]]]", 2).refusal, "");
  EXPECT_NE(read_json(std::string(1'000'000, '['), 64).refusal, "");
}

TEST(Json, SaysWhereItBreaks) {
  EXPECT_NE(read_json("{\"a\":}", 64).refusal.find("byte 6"), std::string::npos) << read_json("{\"a\":}", 64).refusal;
}

TEST(JsonSchema, PointsIntoArraysAndOddNames) {
  const json_schema schema{json{{"properties", {{"a~/b", {{"items", {{"type", "integer"}}}}}}}}};
  const auto errors = schema.check({{"a~/b", {1, "x", 3}}});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].pointer, "/a~0~1b/1");
}

TEST(JsonSchema, PointsAtTheRootAsAWhole) {
  const json_schema schema{json{{"type", "object"}}};
  const auto errors = schema.check(7);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].pointer, "");
}

TEST(Target, IsAPathInTheCharactersOfUris) {
  for (const auto* good : {"/", "/a/b?c=d&e=%20", "/a%2Fb", "/:@!$&'()*+,;="})
    EXPECT_TRUE(is_origin_form(good)) << good;
  for (const auto* bad : {"", "a", "/a b", "/a#b", "/%", "/%2", "/%zz", "/%00", "/\"", "/<", "/\x7f"})
    EXPECT_FALSE(is_origin_form(bad)) << bad;
}

TEST(OpenApi, TellsWhatTheTableSays) {
  router table;
  auto order = row("POST", "/orders/{id}/cancel", "cancelOrder");
  order.summary = "Cancels an order.";
  order.scope = scope::operator_key;
  order.request_schema = {{"type", "object"}};
  order.responses = {{200, "Cancelled.", {{"type", "object"}}}, {409, "Too late.", nullptr}};
  table.add(std::move(order));
  table.add(row("GET", "/orders/{id}/cancel", "getCancel"));
  const auto x = openapi(table, {"troupe", "0.1.0", "Orders."});
  EXPECT_EQ(x["openapi"], "3.1.0");
  EXPECT_EQ(x["info"], json({{"title", "troupe"}, {"version", "0.1.0"}, {"description", "Orders."}}));
  const auto& path = x["paths"]["/orders/{id}/cancel"];
  ASSERT_TRUE(path.contains("get"));
  const auto& post = path["post"];
  EXPECT_EQ(post["operationId"], "cancelOrder");
  EXPECT_EQ(post["summary"], "Cancels an order.");
  EXPECT_EQ(post["parameters"][0]["name"], "id");
  EXPECT_EQ(post["requestBody"]["content"]["application/json"]["schema"], json({{"type", "object"}}));
  EXPECT_EQ(post["responses"]["200"]["content"]["application/json"]["schema"], json({{"type", "object"}}));
  EXPECT_TRUE(post["responses"]["409"]["content"].contains("application/problem+json"));
  EXPECT_EQ(post["security"], json::parse(R"([{"operatorKey":[]}])"));
  EXPECT_FALSE(path["get"].contains("security"));
}

} // namespace
} // namespace troupe::gateway

#include "adapters/discovery/consul.hpp"

#include "tests/adapters/http_client/loopback_server.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace troupe::discovery {
namespace {

using namespace std::chrono_literals;
using test::connection;
using test::loopback_server;

/// As an agent of Consul answers for two instances, one of which has an address of its own; shortened where nothing
/// is read.
constexpr const char* two_instances = R"([
  {"Node": {"ID": "40e4a748-2192-161a-0510-9bf59fe950b5", "Node": "t2.320", "Address": "10.1.10.12",
            "Datacenter": "dc1", "TaggedAddresses": {"lan": "10.1.10.12", "wan": "10.1.10.12"},
            "Meta": {"instance_type": "t2.medium"}},
   "Service": {"ID": "user-2", "Service": "user", "Tags": ["prod"], "Address": "", "Meta": {"version": "1"},
               "Port": 9400, "Weights": {"Passing": 10, "Warning": 1}, "Namespace": "default"},
   "Checks": [{"Node": "t2.320", "CheckID": "serfHealth", "Name": "Serf Health Status", "Status": "passing",
               "Notes": "", "Output": "", "ServiceID": "", "ServiceName": "", "ServiceTags": []}]},
  {"Node": {"ID": "a0b1", "Node": "t2.321", "Address": "10.1.10.13", "Datacenter": "dc1"},
   "Service": {"ID": "user-1", "Service": "user", "Tags": ["prod"], "Address": "10.1.10.1", "Port": 9401},
   "Checks": []}
])";

const consul::query user{"user", "prod", ""};

std::string decoded(std::string body, int status = 200) {
  const auto found = consul::decode(user, {status, {}, std::move(body)});
  if (!found)
    return to_string(found.error());
  std::string result;
  for (const auto& x : *found)
    result += (result.empty() ? "" : " ") + to_string(x);
  return result;
}

ec code(std::string body, int status = 200) {
  return code_of(consul::decode(user, {status, {}, std::move(body)}).error(), ec::unknown_type);
}

TEST(ConsulCodec, ReadsNamesOfServices) {
  const auto tagged = consul::parse_name("prod/services/user");
  ASSERT_TRUE(tagged);
  EXPECT_EQ(tagged->service, "user");
  EXPECT_EQ(tagged->tag, "prod");
  const auto plain = consul::parse_name("user-service");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->service, "user-service");
  EXPECT_EQ(plain->tag, "");
  for (const auto* text : {"", "/", "prod/user", "prod/services/", "/services/user", "prod/services/user/1", "a b",
                           "prod/service/user", "us?er", "eu/prod/services/user"})
    EXPECT_FALSE(consul::parse_name(text)) << text;
}

TEST(ConsulCodec, AsksForHealthyInstances) {
  EXPECT_EQ(consul::encode({"user", "", ""}, "").target, "/v1/health/service/user?passing=1");
  const auto asked = consul::encode({"user", "prod", "dc 1"}, "secret");
  EXPECT_EQ(asked.method, "GET");
  EXPECT_EQ(asked.target, "/v1/health/service/user?passing=1&tag=prod&dc=dc%201");
  EXPECT_EQ(http::find(asked.fields, "X-Consul-Token"), "secret");
  EXPECT_EQ(http::find(consul::encode(user, "").fields, "X-Consul-Token"), "");
}

TEST(ConsulCodec, TakesTheAddressOfTheInstanceOrElseOfItsNode) {
  EXPECT_EQ(decoded(two_instances), "10.1.10.1:9401 10.1.10.12:9400");
}

TEST(ConsulCodec, LeavesOutInstancesWithoutPort) {
  constexpr const char* with = R"({"Node":{"Address":"a"},"Service":{"Address":"","Port":1}})";
  constexpr const char* without = R"({"Node":{"Address":"b"},"Service":{"Address":"","Port":0}})";
  EXPECT_EQ(decoded(std::string{"["} + with + "," + without + "," + with + "]"), "a:1");
  EXPECT_EQ(decoded(std::string{"["} + without + "]"),
            "unavailable(\"Consul, service user with tag prod: no instance has a port\")");
}

TEST(ConsulCodec, SaysThatThereIsNoSuchService) {
  EXPECT_EQ(decoded("[]"), "unavailable(\"Consul, service user with tag prod: there is no such service, or no instance "
                           "of it is healthy\")");
}

TEST(ConsulCodec, TakesNothingElseForAnAnswer) {
  for (const auto* body :
       {"", "{}", "null", "[1]", "[{}]", "[{\"Node\":[],\"Service\":{\"Address\":\"\",\"Port\":1}}]",
        R"([{"Service":{"Address":"a"}}])", R"([{"Service":{"Address":"a","Port":"1"}}])",
        R"([{"Service":{"Address":"a","Port":-1}}])", R"([{"Service":{"Address":"a","Port":65536}}])",
        R"([{"Service":{"Address":"a b","Port":1}}])", R"([{"Service":{"Address":"","Port":1}}])",
        R"([{"Node":{"Address":"a"},"Service":[]}])", R"([{"Service":{"Address":"a","Port":1}})"})
    EXPECT_EQ(code(body), ec::bad_response) << body;
}

TEST(ConsulCodec, KnowsWhatOtherStatusesMean) {
  EXPECT_EQ(code("ACL not found", 403), ec::denied);
  EXPECT_EQ(code("No cluster leader", 500), ec::unavailable);
  EXPECT_EQ(code("No path to datacenter", 400), ec::refused);
  EXPECT_EQ(code("slow down", 429), ec::rate_limited);
  EXPECT_EQ(decoded("rpc error: No cluster leader", 500),
            "unavailable(\"Consul, service user with tag prod: it answers 500 rpc error: No cluster leader\")");
}

TEST(Consul, IsAskedOverHttp) {
  std::string asked;
  {
    loopback_server agent{[&](connection& c) {
      asked = c.read_request();
      c.answer(two_instances);
    }};
    consul_options options{agent.url(), user, "secret"};
    const auto found = make_consul(options, std::make_shared<http::curl_engine>(http::client_options{}))->find();
    ASSERT_TRUE(found) << to_string(found.error());
    EXPECT_EQ(*found, (std::vector<address>{{"10.1.10.1", 9401}, {"10.1.10.12", 9400}}));
  }
  EXPECT_TRUE(asked.starts_with("GET /v1/health/service/user?passing=1&tag=prod HTTP/1.1\r\n")) << asked;
  EXPECT_NE(asked.find("\r\nX-Consul-Token: secret\r\n"), asked.npos) << asked;
}

TEST(Consul, IsUnavailableWhereNobodyListens) {
  loopback_server agent{[](connection&) {}};
  agent.stop_listening();
  consul_options options{agent.url(), user};
  const auto found = make_consul(options, std::make_shared<http::curl_engine>(http::client_options{}))->find();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), ec::unavailable);
  EXPECT_NE(to_string(found.error()).find(agent.url()), std::string::npos) << to_string(found.error());
}

TEST(Consul, IsTimedOutWhenItSaysNothing) {
  loopback_server agent{[](connection& c) { c.wait_for_close(); }};
  consul_options options{agent.url(), user, "", 50ms};
  const auto start = std::chrono::steady_clock::now();
  const auto found = make_consul(options, std::make_shared<http::curl_engine>(http::client_options{}))->find();
  EXPECT_EQ(found.error(), ec::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s); // Less than the engine's own timeout.
}

} // namespace
} // namespace troupe::discovery

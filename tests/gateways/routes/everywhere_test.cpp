// What is put together from all nodes of a cluster.
#include "tests/gateways/routes/gateway_fixture.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace troupe::test {
namespace {

using nlohmann::json;

class EverywhereRoutes : public gateway_fixture {
protected:
  EverywhereRoutes() {
    gateway::operations behind;
    behind.now = [this] { return noon; };
    behind.parts = [] { return std::vector<gateway::part>{}; };
    behind.guards = sys.spawn([]() -> guard::guards_actor::behavior_type {
      return {[](const guard::get_guards&) { return guard::reports{}; },
              [](const guard::get_guard& x) { return report_of(x.name); },
              [](const request_context&, const guard::set_breaker&) { return guard::report{}; },
              [](const request_context&, const guard::set_policy&) { return guard::report{}; }};
    });
    behind.survey = sys.spawn([this]() -> cluster::survey_actor::behavior_type {
      return {[this](const cluster::survey_guards& x) -> caf::result<cluster::guards_seen> {
                if (x.node == "n9")
                  return caf::make_error(ec::refused, "there is no node n9");
                return cluster::guards_seen{
                  {{"n1", {{report_of("payment.main")}}}, {"n2", {{report_of("payment.main")}}}}, missing};
              },
              [](const cluster::survey_guard& x) -> caf::result<cluster::guard_seen> {
                if (x.name != "payment.main")
                  return caf::make_error(guard::rejection::unknown_guard);
                return cluster::guard_seen{{{x.node, report_of(x.name)}}, {}};
              },
              [this](const cluster::survey_parts& x) {
                cluster::part orders;
                orders.path = "node/entities/orders";
                orders.state = "up";
                orders.since = duration{90'000};
                return cluster::parts_seen{{{x.node.empty() ? "n1" : x.node, {{orders}}}}, missing};
              }};
    });
    table = gateway::router{};
    gateway::add_guard_routes(table, behind.guards, behind.survey);
    gateway::add_supervisor_routes(table, behind);
  }

  static guard::report report_of(const std::string& name) {
    guard::report x;
    x.name = name;
    x.state = "closed";
    return x;
  }

  json get(const std::string& target) { return json_of(send({"GET", target, {}, {}, "operator"})); }

  std::vector<cluster::missing> missing;
};

TEST_F(EverywhereRoutes, SayOfWhichNodeEachThingIs) {
  const auto guards = get("/api/guards");
  ASSERT_EQ(guards["guards"].size(), 2u) << guards;
  EXPECT_EQ(guards["guards"][0]["node"], "n1");
  EXPECT_EQ(guards["guards"][1]["node"], "n2");
  EXPECT_FALSE(guards.contains("missing"));
  const auto tree = get("/api/supervisors");
  EXPECT_EQ(tree["parts"][0]["node"], "n1");
  EXPECT_EQ(tree["parts"][0]["sinceMilliseconds"], 90'000) << "by this node's clock";
}

TEST_F(EverywhereRoutes, SayWhoIsMissingAndWhy) {
  missing = {{"n3", "it cannot be reached"}};
  for (const auto* path : {"/api/guards", "/api/supervisors"})
    EXPECT_EQ(get(path)["missing"], json::parse(R"([{"node": "n3", "reason": "it cannot be reached"}])"));
}

TEST_F(EverywhereRoutes, TellOfTheNodeThatIsAskedFor) {
  EXPECT_EQ(get("/api/supervisors?node=n2")["parts"][0]["node"], "n2");
  EXPECT_EQ(get("/api/guards/payment.main?node=n2")["node"], "n2");
  EXPECT_FALSE(get("/api/guards/payment.main").contains("node"));
  EXPECT_EQ(send({"GET", "/api/guards/payment.other?node=n2", {}, {}, "operator"}).status, 404);
  EXPECT_EQ(send({"GET", "/api/guards?node=n9", {}, {}, "operator"}).status, 404);
}

} // namespace
} // namespace troupe::test

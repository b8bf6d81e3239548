#include "tests/gateways/routes/gateway_fixture.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

class EventLog : public gateway_fixture {
protected:
  void SetUp() override {
    order::placed placed;
    placed.customer = "c-1";
    placed.email = "ann@example.com";
    placed.currency = *currency::parse("EUR");
    placed.items = {{"mug", 2}};
    placed.provider = "sandbox";
    placed.method = "pm_card_visa";
    record(id, placed, noon);
    record(id, order::attempt_failed{order::step::authorize, 1, ec::timed_out, noon + 3s}, noon + 1s);
  }

  void store(std::string context, std::string key, std::string type) {
    auto x = events.front();
    x.stream = {std::move(context), std::move(key)};
    x.type = std::move(type);
    events.push_back(std::move(x));
  }

  std::vector<std::uint64_t> positions(const nlohmann::json& body) {
    std::vector<std::uint64_t> out;
    for (const auto& x : body["events"])
      out.push_back(x["position"]);
    return out;
  }

  const order_id id{"01890a5d-ac96-774b-bcce-b302099a8057"};
};

TEST_F(EventLog, IsForOperators) {
  EXPECT_EQ(scope_of("GET", "/api/events"), gateway::scope::operator_key);
}

TEST_F(EventLog, TellsWhoDidWhatWhenAndWhatTheOutsideSeesOfIt) {
  const auto response = send({"GET", "/api/events"});
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(http::find(response.fields, "Cache-Control"), "no-store");
  const auto body = json_of(response);
  EXPECT_EQ(body["newest"], 2);
  EXPECT_FALSE(body.contains("next"));
  ASSERT_EQ(positions(body), (std::vector<std::uint64_t>{2, 1}));
  const auto& placed = body["events"][1];
  EXPECT_EQ(placed["context"], "order");
  EXPECT_EQ(placed["key"], id.value);
  EXPECT_EQ(placed["version"], 1);
  EXPECT_EQ(placed["type"], "order.placed");
  EXPECT_EQ(placed["recordedAt"], "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(placed["principal"], "anonymous");
  EXPECT_EQ(placed["trace"], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(placed["event"]["eventType"], "OrderCreated");
  EXPECT_EQ(body["events"][0]["type"], "order.attempt_failed");
  EXPECT_TRUE(body["events"][0]["event"].is_null()) << "it concerns nobody outside";
}

TEST_F(EventLog, TellsNeitherPersonalDataNorPayloads) {
  store("notification", "o-1/confirmation", "notification.requested");
  events.back().data = R"({"to":"ann@example.com"})";
  const auto response = send({"GET", "/api/events"});
  ASSERT_EQ(response.status, 200);
  for (const auto* hidden : {"ann@", "\"to\"", "personal", "pm_card_visa"})
    EXPECT_EQ(response.body.find(hidden), std::string::npos) << hidden << " is in " << response.body;
  EXPECT_TRUE(json_of(response)["events"][0]["event"].is_null());
}

TEST_F(EventLog, DoesNotShowKeysThatClientsChose) {
  store("idempotency", "anonymous POST /orders ann@example.com", "idempotency.claimed");
  const auto response = send({"GET", "/api/events"});
  EXPECT_EQ(json_of(response)["events"][0]["key"], "-");
  EXPECT_EQ(response.body.find("ann@"), std::string::npos) << response.body;
}

TEST_F(EventLog, SaysSoWhenAnEventCannotBeRead) {
  store("order", id.value, "order.newer");
  const auto event = json_of(send({"GET", "/api/events"}))["events"][0];
  EXPECT_TRUE(event["event"].is_null());
  EXPECT_EQ(event["problem"], "it cannot be read: unknown_type");
}

TEST_F(EventLog, AsksForWhatIsWantedAlone) {
  EXPECT_EQ(send({"GET", "/api/events?context=order&type=order.placed&key=a%2Fb&limit=1000&before=77"}).status, 200);
  ASSERT_EQ(log_questions.size(), 1u);
  const auto& asked = log_questions[0];
  EXPECT_EQ(asked.filter.context, "order");
  EXPECT_EQ(asked.filter.type, "order.placed");
  EXPECT_EQ(asked.filter.key, "a/b");
  EXPECT_EQ(asked.before, 77u);
  EXPECT_EQ(asked.limit, 1'001u) << "one more shows whether there are more";
  send({"GET", "/api/events"});
  EXPECT_EQ(log_questions[1].limit, 101u);
  EXPECT_FALSE(log_questions[1].before);
}

TEST_F(EventLog, GoesOnWhereAnAnswerEnded) {
  for (int i = 0; i < 5; ++i)
    store("order", id.value, "order.placed");
  const auto first = json_of(send({"GET", "/api/events?limit=3"}));
  EXPECT_EQ(positions(first), (std::vector<std::uint64_t>{7, 6, 5}));
  const auto second = json_of(send({"GET", "/api/events?limit=3&before=" + first["next"].get<std::string>()}));
  EXPECT_EQ(positions(second), (std::vector<std::uint64_t>{4, 3, 2}));
  const auto last = json_of(send({"GET", "/api/events?limit=3&before=" + second["next"].get<std::string>()}));
  EXPECT_EQ(positions(last), (std::vector<std::uint64_t>{1}));
  EXPECT_FALSE(last.contains("next"));
  EXPECT_FALSE(json_of(send({"GET", "/api/events?limit=7"})).contains("next")) << "all of them, exactly";
}

TEST_F(EventLog, NamesTheParameterThatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> wrong{{"limit", "0"},
                                                               {"limit", "1001"},
                                                               {"limit", "-1"},
                                                               {"limit", "ten"},
                                                               {"limit", ""},
                                                               {"before", "0"},
                                                               {"before", "yesterday"},
                                                               {"before", ""},
                                                               {"context", "nobody"},
                                                               {"context", ""},
                                                               {"type", "placed"},
                                                               {"type", "order.Placed%00"},
                                                               {"type", ""},
                                                               {"key", ""},
                                                               {"key", std::string(1'025, 'k')}};
  for (const auto& [name, value] : wrong) {
    const auto response = send({"GET", "/api/events?" + name + '=' + value});
    EXPECT_EQ(response.status, 400) << name << '=' << value;
    EXPECT_NE(response.body.find("query parameter " + name), std::string::npos) << response.body;
  }
  EXPECT_TRUE(log_questions.empty());
}

} // namespace
} // namespace troupe::test

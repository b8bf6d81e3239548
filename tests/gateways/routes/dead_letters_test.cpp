#include "tests/gateways/routes/gateway_fixture.hpp"

#include "actors/kernel/request_context.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace troupe::test {
namespace {

using namespace dead_letter;
using namespace std::chrono_literals;

const std::string id = "fab73b4d-ed83-84d8-9bb1-671ce153f215";
const std::string job_name = "0190a6b0-0000-7000-8000-000000000001";

/// What the actors behind the routes answer, and what they were asked.
struct letter_desk {
  group_list groups;
  letter_list letters;
  view letter;
  job::view job;
  std::vector<list_letters> listed;
  std::vector<replay> replayed;
  std::vector<discard> discarded;
  std::vector<job::begin> begun;
  std::vector<job::stop_job> stopped;
  std::vector<rehearse> rehearsals;
  rehearsed foreseen;
  std::vector<std::string> principals;
  std::optional<caf::error> failing;

  caf::result<view> tell(const request_context& context) {
    principals.push_back(context.principal);
    if (failing)
      return *failing;
    return letter;
  }
  caf::result<job::view> tell_job() const {
    if (failing)
      return *failing;
    return job;
  }
};

directory_actor::behavior_type make_directory(letter_desk& at) {
  return {
    [&at](list_groups) { return at.groups; },
    [&at](const list_letters& x) {
      at.listed.push_back(x);
      return at.letters;
    },
    [](const changed&) {},
    [](const elsewhere&) {},
    [](read_again) {},
  };
}

dead_letter_actor::behavior_type make_letters(letter_desk& at) {
  return {
    [&at](const request_context& c, const record&) { return at.tell(c); },
    [&at](const request_context& c, const replay& x) {
      at.replayed.push_back(x);
      return at.tell(c);
    },
    [&at](const request_context& c, const discard& x) {
      at.discarded.push_back(x);
      return at.tell(c);
    },
    [&at](const request_context& c, const get_letter&) { return at.tell(c); },
    [&at](const request_context& c, const await_replay&) { return at.tell(c); },
  };
}

job::job_actor::behavior_type make_jobs(letter_desk& at) {
  return {
    [&at](const request_context&, const job::begin& x) {
      at.begun.push_back(x);
      at.job.id = x.id;
      return at.tell_job();
    },
    [&at](const request_context&, const job::stop_job& x) {
      at.stopped.push_back(x);
      return at.tell_job();
    },
    [&at](const request_context&, const job::get_job&) { return at.tell_job(); },
  };
}

rehearsal_actor::behavior_type make_rehearsals(letter_desk& at) {
  return {[&at](const request_context&, const rehearse& x) -> caf::result<rehearsed> {
    at.rehearsals.push_back(x);
    if (at.failing)
      return *at.failing;
    return at.foreseen;
  }};
}

class DeadLetterRoutes : public gateway_fixture {
protected:
  DeadLetterRoutes() {
    gateway::dead_letter_desk desk;
    desk.directory = sys.spawn([this]() { return make_directory(at); });
    desk.letters = sys.spawn([this]() { return make_letters(at); });
    desk.jobs = sys.spawn([this]() { return make_jobs(at); });
    desk.rehearsals = sys.spawn([this]() { return make_rehearsals(at); });
    desk.now = [this] { return noon; };
    desk.random = [] { return std::uint64_t{7}; };
    table = gateway::router{};
    gateway::add_dead_letter_routes(table, desk);
    at.letter.id = {id};
    at.letter.replayable = true;
    at.letter.of.status = status::open;
    at.letter.of.recorded_at = noon;
    at.letter.of.letter = {source::outlet_gave_up,
                           "refused",
                           "outlet/bus/order",
                           "order.placed was not taken",
                           {"order", "o-1", 7, ""},
                           "secret bytes",
                           5,
                           "anonymous",
                           ""};
    at.letter.of.actions = {{"replay_requested", noon, "operator", "try it"}};
    at.job.of.status = job::status::running;
    at.job.of.group = "9ae1f0c6d2b34788";
    at.job.of.begun_at = at.job.of.last_at = noon;
  }

  call post(const std::string& path, const std::string& body) { return {"POST", path, body, {}, "operator"}; }

  letter_desk at;
};

TEST_F(DeadLetterRoutes, AreForOperatorsOnly) {
  for (const auto& row : table.routes())
    EXPECT_EQ(row.scope, gateway::scope::operator_key) << row.path;
  EXPECT_EQ(table.routes().size(), 7u);
}

TEST_F(DeadLetterRoutes, ListGroupsByCause) {
  const cause why{source::outlet_gave_up, "refused", "outlet/bus/order"};
  at.groups = {{{group_of(why), why, 3, noon, noon + 1s, {id}}}, 3, true};
  const auto response = send({"GET", "/api/dead-letters"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"open":3,"complete":true,"groups":[{"group":")" + group_of(why)
                             + R"(","source":"outlet_gave_up","code":"refused","place":"outlet/bus/order","count":3,)"
                               R"("first":"2026-03-01T12:00:00.000Z","last":"2026-03-01T12:00:01.000Z","sample":")"
                             + id + R"("}]})");
}

TEST_F(DeadLetterRoutes, PageThroughTheLettersOfAGroup) {
  const cause why{source::outlet_gave_up, "refused", "outlet/bus/order"};
  at.letters.letters = {{{id}, why, status::open, noon, 5, "order.placed was not taken"}};
  at.letters.more = true;
  const auto first = json_of(send({"GET", "/api/dead-letters?group=" + group_of(why) + "&limit=1"}));
  EXPECT_EQ(first["letters"][0]["id"], id);
  EXPECT_EQ(at.listed[0].group, group_of(why));
  EXPECT_EQ(at.listed[0].limit, 1u);
  const auto next = first["next"].get<std::string>();
  EXPECT_EQ(send({"GET", "/api/dead-letters?group=all&after=" + next}).status, 200);
  EXPECT_EQ(at.listed[1].group, "");
  EXPECT_EQ(at.listed[1].after, (cursor{noon, {id}}));
}

TEST_F(DeadLetterRoutes, RefuseParametersThatAreWrong) {
  for (const auto* query : {"limit=0", "limit=1001", "limit=x", "after=yesterday", "after=1_2"})
    EXPECT_EQ(send({"GET", std::string{"/api/dead-letters?group=all&"} + query}).status, 400) << query;
  EXPECT_EQ(send({"GET", "/api/dead-letters/7"}).status, 400);
  EXPECT_EQ(send(post("/api/dead-letters/7/discard", R"({"reason":"x"})")).status, 400);
}

TEST_F(DeadLetterRoutes, ShowALetterWithoutItsPayload) {
  const auto response = send({"GET", "/api/dead-letters/" + id});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
  const auto body = json_of(response);
  EXPECT_EQ(body["hasPayload"], true);
  EXPECT_EQ(body["about"], (nlohmann::json{{"context", "order"}, {"key", "o-1"}, {"version", 7}}));
  EXPECT_EQ(body["actions"][0]["by"], "operator");
  at.failing = caf::make_error(rejection::unknown_letter);
  EXPECT_EQ(send({"GET", "/api/dead-letters/" + id}).status, 404);
}

TEST_F(DeadLetterRoutes, ReplayALetterInTheNameOfWhoAsks) {
  at.letter.of.status = status::replaying;
  const auto response = send(post("/api/dead-letters/" + id + "/replay", R"({"reason":"the sink is repaired"})"));
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(json_of(response)["status"], "replaying");
  ASSERT_EQ(at.replayed.size(), 1u);
  EXPECT_EQ(at.replayed[0].id.value, id);
  EXPECT_EQ(at.replayed[0].reason, "the sink is repaired");
  EXPECT_EQ(at.principals, std::vector<std::string>{"operator"});
}

TEST_F(DeadLetterRoutes, DiscardALetter) {
  EXPECT_EQ(send(post("/api/dead-letters/" + id + "/discard", R"({"reason":"a test order"})")).status, 200);
  ASSERT_EQ(at.discarded.size(), 1u);
  EXPECT_EQ(at.discarded[0].reason, "a test order");
  at.failing = caf::make_error(rejection::not_open);
  const auto again = send(post("/api/dead-letters/" + id + "/discard", R"({"reason":"a test order"})"));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(json_of(again)["type"], "/problems/not-open");
}

TEST_F(DeadLetterRoutes, WantAReason) {
  for (const auto& path : {"/api/dead-letters/" + id + "/replay", "/api/dead-letters/" + id + "/discard"}) {
    EXPECT_FALSE(wrong_fields("POST", path, "{}").empty()) << path;
    EXPECT_EQ(wrong_fields("POST", path, R"({"reason":""})"), std::vector<std::string>{"/reason"}) << path;
  }
  EXPECT_EQ(wrong_fields("POST", "/api/dead-letters/replay", R"({"group":"x","reason":"y","ratePerSecond":0})").size(),
            2u);
  for (const auto* dry : {"\"yes\"", "1", "null"}) // Nobody may believe that nothing happens.
    EXPECT_EQ(wrong_fields("POST", "/api/dead-letters/replay",
                           std::string{R"({"group":"all","reason":"y","dryRun":)"} + dry + "}"),
              std::vector<std::string>{"/dryRun"});
}

foreseen some_foreseen() {
  foreseen x;
  x.id = {id};
  x.letter.status = status::replayed;
  x.ended = true;
  x.events = {{"notification", "o-1/confirmation", "notification.sent"}};
  x.calls = {{"email.resend", "send", "o-1/confirmation", {{"to", "redacted"}}}};
  return x;
}

TEST_F(DeadLetterRoutes, RehearseALetterAndReplayNothing) {
  at.foreseen.letters = {some_foreseen()};
  const auto response = send(post("/api/dead-letters/" + id + "/replay", R"({"reason":"to see","dryRun":true})"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"dryRun":true,"more":false,"letters":[{"id":")" + id
              + R"(","outcome":"replayed","ended":true,"events":[{"context":"notification",)"
                R"("key":"o-1/confirmation","type":"notification.sent"}],"calls":[{"port":"email.resend",)"
                R"("operation":"send","key":"o-1/confirmation","arguments":{"to":"redacted"}}]}]})");
  EXPECT_TRUE(at.replayed.empty());
  ASSERT_EQ(at.rehearsals.size(), 1u);
  EXPECT_EQ(at.rehearsals[0].letters, std::vector<letter_id>{{id}});
  EXPECT_EQ(send(post("/api/dead-letters/7/replay", R"({"reason":"x","dryRun":true})")).status, 400);
}

TEST_F(DeadLetterRoutes, RefuseADryRunAsTheReplay) {
  at.foreseen.letters.resize(1);
  at.foreseen.letters[0].refused = caf::make_error(rejection::not_open);
  EXPECT_EQ(send(post("/api/dead-letters/" + id + "/replay", R"({"reason":"x","dryRun":true})")).status, 409);
  at.failing = caf::make_error(ec::overloaded);
  const auto busy = send(post("/api/dead-letters/" + id + "/replay", R"({"reason":"x","dryRun":true})"));
  EXPECT_EQ(busy.status, 503);
  EXPECT_FALSE(http::find(busy.fields, "Retry-After").empty());
}

TEST_F(DeadLetterRoutes, RehearseTheFirstLettersOfAGroup) {
  const cause why{source::outlet_gave_up, "refused", "outlet/bus/order"};
  at.letters.letters = {{{id}, why, status::open, noon, 5, "a"}, {{job_name}, why, status::open, noon, 5, "b"}};
  at.foreseen.letters = {some_foreseen()};
  const auto dry = R"({"group":"9ae1f0c6d2b34788","reason":"to see","dryRun":true})";
  const auto response = send(post("/api/dead-letters/replay", dry));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json_of(response)["more"], true) << "there was no time for the second";
  EXPECT_TRUE(at.begun.empty());
  EXPECT_EQ(at.listed.at(0).group, "9ae1f0c6d2b34788");
  EXPECT_EQ(at.listed.at(0).limit, rehearsed_max);
  EXPECT_EQ(at.rehearsals.at(0).letters, (std::vector<letter_id>{{id}, {job_name}}));
  at.foreseen.letters.resize(2);
  EXPECT_EQ(json_of(send(post("/api/dead-letters/replay", dry)))["more"], false);
  at.letters.more = true;
  EXPECT_EQ(json_of(send(post("/api/dead-letters/replay", dry)))["more"], true);
}

TEST_F(DeadLetterRoutes, ReplayAGroupByAJob) {
  const auto response =
    send(post("/api/dead-letters/replay", R"({"group":"9ae1f0c6d2b34788","ratePerSecond":50,"reason":"repaired"})"));
  EXPECT_EQ(response.status, 202);
  ASSERT_EQ(at.begun.size(), 1u);
  EXPECT_EQ(at.begun[0].group, "9ae1f0c6d2b34788");
  EXPECT_EQ(at.begun[0].rate_per_second, 50u);
  EXPECT_EQ(http::find(response.fields, "Location"), "/api/dead-letters/jobs/" + at.begun[0].id.value);
  send(post("/api/dead-letters/replay", R"({"group":"all","reason":"repaired"})"));
  EXPECT_EQ(at.begun[1].group, "");
  EXPECT_EQ(at.begun[1].rate_per_second, 10u);
}

TEST_F(DeadLetterRoutes, ShowAndStopAJob) {
  at.job.id = {job_name};
  at.job.of.replayed = 12;
  const auto shown = json_of(send({"GET", "/api/dead-letters/jobs/" + job_name}));
  EXPECT_EQ(shown["status"], "running");
  EXPECT_EQ(shown["replayed"], 12);
  EXPECT_EQ(send(post("/api/dead-letters/jobs/" + job_name + "/stop", R"({"reason":"enough"})")).status, 200);
  EXPECT_EQ(at.stopped.at(0).reason, "enough");
  at.failing = caf::make_error(job::rejection::unknown_job);
  EXPECT_EQ(send({"GET", "/api/dead-letters/jobs/" + job_name}).status, 404);
}

} // namespace
} // namespace troupe::test

#include "supervisors/ctl/ctl.hpp"

#include "tests/adapters/http_client/loopback_server.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <vector>

namespace troupe::ctl {
namespace {

class Ctl : public ::testing::Test {
protected:
  std::string url() const { return server.url(); }

  /// What the command prints on standard output.
  template <class Command> std::string output_of(Command command) {
    ::testing::internal::CaptureStdout();
    exit = command();
    return ::testing::internal::GetCapturedStdout();
  }

  std::string last_request() {
    const std::lock_guard guard{mutex};
    return requests.empty() ? "" : requests.back();
  }

  std::mutex mutex; // for the next three
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  std::vector<std::string> requests;
  std::vector<std::string> script; // answers that come before `answer`, and then stay
  int exit = -1;
  test::loopback_server server{[this](test::connection& c) {
    for (auto request = c.read_request(); !request.empty(); request = c.read_request()) {
      const std::lock_guard guard{mutex};
      requests.push_back(request);
      if (!script.empty()) {
        answer = script.front();
        script.erase(script.begin());
      }
      c.write(answer);
    }
  }};

  void answers(const std::string& status, const std::string& body) {
    const std::lock_guard guard{mutex};
    answer = "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
};

TEST_F(Ctl, FailsWhileTheNodeIsNotReady) {
  const std::string body = R"({"status":"not_ready","dependencies":[]})";
  answers("503 Service Unavailable", body);
  target where{"", url(), "", "", false, true};
  EXPECT_NE(output_of([&] { return show_health(where); }).find("\x1b[31mnot_ready"), std::string::npos);
  EXPECT_EQ(exit, 1);
  where.json = true;
  EXPECT_EQ(output_of([&] { return show_health(where); }), body + "\n");
  EXPECT_EQ(exit, 1);
  answers("200 OK", R"({"status":"ready","dependencies":[]})");
  where.json = false;
  EXPECT_NE(output_of([&] { return show_health(where); }).find("\x1b[32mready"), std::string::npos);
  EXPECT_EQ(exit, 0);
}

TEST_F(Ctl, ListsDeadLettersByCause) {
  answers("200 OK", R"({"open":3,"complete":false,"groups":[{"group":"9ae1f0c6d2b34788","source":"outlet_gave_up",
    "code":"refused","place":"outlet/bus/order","count":3,"first":"t1","last":"t2","sample":"x"}]})");
  const target where{"", url(), "", "key", false, false};
  const auto shown = output_of([&] { return list_dead_letters(where, ""); });
  EXPECT_EQ(exit, 0);
  EXPECT_NE(shown.find("9ae1f0c6d2b34788  3      outlet_gave_up"), std::string::npos) << shown;
  EXPECT_NE(shown.find("This is not all"), std::string::npos) << shown;
  EXPECT_NE(last_request().find("Authorization: Bearer key"), std::string::npos);
  output_of([&] { return list_dead_letters(where, "all"); });
  EXPECT_TRUE(last_request().starts_with("GET /api/dead-letters?group=all ")) << last_request();
}

TEST_F(Ctl, ReplaysAndDiscardsDeadLettersWithAReason) {
  answers("202 Accepted", R"({"id":"x","status":"replaying","summary":"\u001b[2J","actions":[
    {"what":"replay_requested","at":"t","by":"operator","reason":"repaired"}]})");
  const target where{"", url(), "", "", false, false};
  const auto shown = output_of([&] { return replay_dead_letter(where, "x", "repaired"); });
  EXPECT_NE(shown.find("replay_requested  operator  repaired"), std::string::npos) << shown;
  EXPECT_EQ(shown.find('\x1b'), std::string::npos) << shown;
  EXPECT_TRUE(last_request().starts_with("POST /api/dead-letters/x/replay ")) << last_request();
  EXPECT_NE(last_request().find(R"({"reason":"repaired"})"), std::string::npos) << last_request();
  output_of([&] { return discard_dead_letter(where, "x", "old"); });
  EXPECT_TRUE(last_request().starts_with("POST /api/dead-letters/x/discard ")) << last_request();
  output_of([&] { return replay_dead_letters(where, "all", "repaired", 50); });
  EXPECT_NE(last_request().find(R"("ratePerSecond":50)"), std::string::npos) << last_request();
}

TEST_F(Ctl, ShowsWhatAReplayWouldDo) {
  answers("200 OK", R"({"dryRun":true,"more":true,"letters":[{"id":"x","outcome":"replayed","ended":true,"events":[
    {"context":"notification","key":"o-1/confirmation","type":"notification.sent"}],"calls":[{"port":"email.resend",
    "operation":"send","key":"o-1/confirmation","arguments":{"to":"redacted"}}]}]})");
  const target where{"", url(), "", "", false, false};
  const auto shown = output_of([&] { return rehearse_dead_letter(where, "x", "to see"); });
  EXPECT_EQ(exit, 0);
  for (const auto* part : {"would be replayed", "notification.sent", "email.resend send", "Nothing was done"})
    EXPECT_NE(shown.find(part), std::string::npos) << shown;
  EXPECT_TRUE(last_request().starts_with("POST /api/dead-letters/x/replay ")) << last_request();
  EXPECT_NE(last_request().find(R"("dryRun":true)"), std::string::npos) << last_request();
  const auto group = output_of([&] { return rehearse_dead_letters(where, "all", "to see"); });
  EXPECT_TRUE(last_request().starts_with("POST /api/dead-letters/replay ")) << last_request();
  EXPECT_NE(group.find("more letters"), std::string::npos) << group;
}

std::string event_of(int position, const std::string& rest) {
  return R"({"position":)" + std::to_string(position)
         + R"(,"context":"order","key":"o-1","version":1,"type":"order.placed","recordedAt":"t","principal":"p",)"
         + rest + '}';
}

TEST_F(Ctl, ShowsTheEventLogWithWhatTheOutsideSees) {
  answers("200 OK", R"({"newest":9,"next":"8","events":[)" + event_of(9, R"("event":{"data":{"orderId":"o-1"}})") + ','
                      + event_of(8, R"("event":null)") + "]}");
  target where{"", url(), "", "key", false, false};
  const auto shown = output_of([&] { return show_event_log(where, {"order", "order.placed", "a b", 2}); });
  EXPECT_EQ(exit, 0);
  EXPECT_TRUE(last_request().starts_with("GET /api/events?limit=2&context=order&type=order.placed&key=a%20b "))
    << last_request();
  EXPECT_NE(last_request().find("Authorization: Bearer key"), std::string::npos);
  EXPECT_NE(shown.find(R"(9         t     order.placed  o-1  1        p   {"orderId":"o-1"})"), std::string::npos)
    << shown;
  EXPECT_NE(shown.find("8         t     order.placed  o-1  1        p   -\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("There are more"), std::string::npos) << shown;
}

TEST_F(Ctl, FollowsTheEventLogOldestFirstAndShowsEachEventOnce) {
  const auto answer_of = [](const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  const auto event = [](int position) { return event_of(position, R"("event":null)"); };
  script = {
    answer_of(R"({"newest":2,"events":[)" + event(2) + ',' + event(1) + "]}"),
    answer_of(R"({"newest":2,"events":[)" + event(2) + ',' + event(1) + "]}"), // nothing new
    // Two pages of news; while the second is read something comes that is on none of them.
    answer_of(R"({"newest":5,"next":"4","events":[)" + event(5) + ',' + event(4) + "]}"),
    answer_of(R"({"newest":6,"next":"2","events":[)" + event(3) + ',' + event(2) + "]}"),
    answer_of(R"({"newest":6,"events":[)" + event(6) + ',' + event(5) + "]}"),
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}",
  };
  const target where{"", url(), "", "", true, false};
  const auto shown = output_of([&] { return follow_event_log(where, {"order", "", "", 2}, duration{1}); });
  EXPECT_EQ(exit, 1) << "the node refuses";
  std::string positions;
  for (auto at = shown.find("\"position\":"); at != std::string::npos; at = shown.find("\"position\":", at + 1))
    positions += shown.substr(at + 11, 1);
  EXPECT_EQ(positions, "123456") << shown;
  EXPECT_TRUE(script.empty());
  EXPECT_NE(requests.at(3).find("&before=4 "), std::string::npos) << requests.at(3);
  EXPECT_NE(requests.at(3).find("context=order"), std::string::npos) << requests.at(3);
}

TEST_F(Ctl, SaysWhenMoreCameThanItCanLookBackAt) {
  const auto answer_of = [](int newest) {
    const auto body = R"({"newest":)" + std::to_string(newest) + R"(,"events":[]})";
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  const target where{"", url(), "", "", false, false};
  const auto warned = [&](int then) {
    script = {answer_of(1), answer_of(then), "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}"};
    ::testing::internal::CaptureStderr();
    output_of([&] { return follow_event_log(where, {}, duration{1}); });
    return ::testing::internal::GetCapturedStderr().find("left out") != std::string::npos;
  };
  EXPECT_FALSE(warned(10'001));
  EXPECT_TRUE(warned(10'002));
}

TEST_F(Ctl, PrintsJsonAsItCame) {
  const std::string body = "{\"sku\":\"x\",   \"onHand\": 1.50 , \"zebra\":1,\"ant\":2}\n";
  answers("200 OK", body);
  const target where{url(), "", "", "", true, false};
  EXPECT_EQ(output_of([&] { return show_stock(where, "x"); }), body);
}

TEST_F(Ctl, PrintsNothingThatSteersTheTerminal) {
  answers("200 OK",
          R"({"orderId":"o","status":"confirmed","message":"\u001b[2J","customerId":"\u009b31m\nreason","timeline":
    [{"at":"t","what":"placed","detail":"\u0007"}],"items":[{"sku":"\u001b]0;"}]})");
  const target where{url(), "", "", "", false, false};
  const auto shown = output_of([&] { return show_order(where, "o"); });
  EXPECT_EQ(shown.find_first_of("\x1b\x07"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("\xC2\x9B"), std::string::npos) << shown;
  EXPECT_NE(shown.find("customer  ?31m?reason\n"), std::string::npos) << shown;
}

TEST_F(Ctl, KeepsAnArgumentInOneSegmentOfThePath) {
  const target where{url(), "", "", "", true, false};
  output_of([&] { return show_stock(where, "a/b?c d"); });
  EXPECT_TRUE(last_request().starts_with("GET /api/v2/inventory/a%2Fb%3Fc%20d HTTP")) << last_request();
  output_of([&] { return show_order(where, "#1"); });
  EXPECT_TRUE(last_request().starts_with("GET /api/v2/orders/%231 HTTP")) << last_request();
}

TEST_F(Ctl, ShowsTheKeyToTheGatewaysAlone) {
  const target gateways{url(), url(), "http://127.0.0.1:1", "the-operators-own-key", true, false};
  output_of([&] { return show_order(gateways, "o"); });
  EXPECT_NE(last_request().find("Bearer the-operators-own-key"), std::string::npos);
  output_of([&] { return show_health(gateways); });
  EXPECT_NE(last_request().find("Bearer the-operators-own-key"), std::string::npos);
  const target sandbox{"http://127.0.0.1:1", "http://127.0.0.1:1", url(), "the-operators-own-key", true, false};
  output_of([&] { return set_outage(sandbox, true); });
  EXPECT_TRUE(last_request().starts_with("PUT /_sandbox/faults")) << last_request();
  EXPECT_EQ(last_request().find("the-operators-own-key"), std::string::npos);
}

} // namespace
} // namespace troupe::ctl

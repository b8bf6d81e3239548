#include "supervisors/sandbox/sandbox.hpp"

#include "supervisors/sandbox/state_log.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr time_point noon{std::chrono::milliseconds{1'772'366'400'000}};

options with_webhooks() {
  options result;
  result.stripe.webhook_secret = "whsec";
  return result;
}

// A sandbox on a log, as it is after a start.
struct running {
  explicit running(const std::string& path) : log(path, [this](std::string_view line) { return box.replay(line); }) {
    box.keep_in({[this](std::string_view line) { return log.append(line); }, [this] { return log.clear(); }});
  }

  std::uint64_t dice = 0;
  sandbox box{{}, [this] { return ++dice; }, noon};
  state_log log;
};

http::response pay_rest(sandbox& box, const std::string& key, const std::string& reference = "o-1",
                        const std::string& method = "tok_ok") {
  return box
    .handle({"POST",
             "/rest/payments",
             {{"Authorization", "Bearer t"}, {"Idempotency-Key", key}},
             json{{"reference", reference}, {"amount", 1000}, {"currency", "EUR"}, {"method", method}}.dump()},
            noon)
    .response;
}

outcome pay_stripe(sandbox& box, const std::string& key) {
  return box.handle({"POST",
                     "/stripe/v1/payment_intents",
                     {{"Authorization", "Bearer t"}, {"Idempotency-Key", key}},
                     "amount=1000&currency=eur&capture_method=manual&confirm=true&payment_method=pm_card_visa"
                     "&metadata[reference]=a%09b%0Ac%5C"},
                    noon);
}

json get(sandbox& box, const std::string& target) {
  return json::parse(box.handle({"GET", target, {}, {}}, noon).response.body);
}

// Without the calls, which are not stored.
json ledger_of(sandbox& box) {
  auto result = get(box, "/_sandbox/ledger");
  result.erase("calls");
  return result;
}

class Sandbox : public ::testing::Test {
protected:
  void plan(const std::string& rule) {
    const auto x = box_.handle({"PUT", "/_sandbox/faults", {}, R"({"rules":[)" + rule + "]}"}, noon).response;
    ASSERT_EQ(x.status, 200) << x.body;
  }

  std::uint64_t dice_ = 0;
  sandbox box_{with_webhooks(), [this] { return ++dice_; }, noon};
};

TEST_F(Sandbox, KeepsTheBooksOfBothProviders) {
  pay_rest(box_, "k1");
  pay_stripe(box_, "k1");
  const auto x = get(box_, "/_sandbox/ledger");
  EXPECT_EQ(x.at("totals").at("EUR").at("authorized"), 2000);
  EXPECT_EQ(x.at("references").size(), 2u);
  EXPECT_EQ(x.at("calls").at("count"), 2);
}

TEST_F(Sandbox, SaysThatItKeepsTheLatestCallsOnly) {
  for (int i = 0; i < 1005; ++i)
    box_.handle({"GET", "/rest/payments?reference=o-" + std::to_string(i), {{"Authorization", "Bearer t"}}, {}}, noon);
  const auto calls = get(box_, "/_sandbox/ledger").at("calls");
  EXPECT_EQ(calls.at("count"), 1005);
  EXPECT_EQ(calls.at("keptAtMost"), 1000);
  EXPECT_EQ(calls.at("latest").size(), 1000u);
  EXPECT_EQ(calls.at("latest").at(0).at("target"), "/payments?reference=o-5");
}

TEST_F(Sandbox, SaysOfARefundWhatBecameOfItAndNotOfTheCharge) {
  for (const auto& [method, status] : {std::pair{"tok_ok", "succeeded"}, std::pair{"tok_refund_failed", "failed"}}) {
    const auto post = [&](const std::string& target, const std::string& key, const json& body) {
      return box_
        .handle({"POST", target, {{"Authorization", "Bearer t"}, {"Idempotency-Key", key + method}}, body.dump()}, noon)
        .response;
    };
    const std::string id = json::parse(pay_rest(box_, std::string{"k"} + method, method, method).body).at("id");
    ASSERT_EQ(post("/rest/payments/" + id + "/capture", "c", {{"amount", 1000}}).status, 200);
    post("/rest/refunds", "r", {{"paymentId", id}, {"amount", 400}});
    const auto charge =
      get(box_, std::string{"/_sandbox/ledger?reference="} + method).at("references").at(0).at("charges").at(0);
    EXPECT_EQ(charge.at("status"), "captured");
    EXPECT_EQ(charge.at("entries").back().at("status"), status);
    EXPECT_EQ(charge.at("entries").at(1).at("status"), "captured");
  }
}

TEST_F(Sandbox, ShowsTheLedgerInPagesThatSplitNoReference) {
  for (const auto* key : {"k1", "k2", "k3", "k4"})
    pay_rest(box_, key, std::string{key} < "k3" ? "o-1" : std::string{"o-"} + key);
  std::size_t seen = 0;
  std::string next = "0";
  for (int pages = 0; next != "null" && pages < 10; ++pages) {
    const auto x = get(box_, "/_sandbox/ledger?limit=1&after=" + next);
    for (const auto& reference : x.at("references")) {
      ++seen;
      EXPECT_EQ(reference.at("charges").size(), reference.at("reference") == "o-1" ? 2u : 1u);
    }
    next = x.at("next").dump();
  }
  EXPECT_EQ(next, "null");
  EXPECT_EQ(seen, 3u);
}

TEST_F(Sandbox, DoesNotActWhenItRefusesOrDropsBefore) {
  plan(R"({"fault":"rate_limit","times":1,"retry_after_s":7},{"fault":"error","times":1,"status":502},
          {"fault":"drop_before","times":1})");
  const auto limited = pay_rest(box_, "k1");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(http::find(limited.fields, "Retry-After"), "7");
  EXPECT_EQ(pay_rest(box_, "k1").status, 502);
  EXPECT_EQ(pay_stripe(box_, "k1").ending, sandbox_ending::dropped);
  EXPECT_EQ(box_.books().charge_count(), 0u);
  EXPECT_EQ(pay_rest(box_, "k1").status, 201);
}

TEST_F(Sandbox, ActsBeforeItFallsSilent) {
  plan(R"({"fault":"drop_after","times":1},{"fault":"timeout_after","times":1,"hold_ms":900},
          {"fault":"late_answer","times":1,"hold_ms":800})");
  EXPECT_EQ(pay_stripe(box_, "k1").ending, sandbox_ending::dropped);
  const auto silent = pay_stripe(box_, "k2");
  EXPECT_EQ(silent.ending, sandbox_ending::dropped);
  EXPECT_EQ(silent.delay, 900ms);
  const auto late = pay_stripe(box_, "k3");
  EXPECT_EQ(late.ending, sandbox_ending::answered);
  EXPECT_EQ(late.delay, 800ms);
  EXPECT_EQ(box_.books().charge_count(), 3u);
}

TEST_F(Sandbox, SpoilsBodiesOfWhatItDid) {
  plan(R"({"fault":"malformed","times":1},{"fault":"truncate","times":1})");
  EXPECT_TRUE(json::parse(pay_stripe(box_, "k1").response.body, nullptr, false).is_discarded());
  EXPECT_EQ(pay_stripe(box_, "k2").ending, sandbox_ending::truncated);
  EXPECT_EQ(box_.books().charge_count(), 2u);
}

TEST_F(Sandbox, SendsWebhooksTwiceOrLateWithTheSameId) {
  plan(R"({"fault":"duplicate_webhook","times":1},{"fault":"late_webhook","times":1,"webhook_delay_ms":5000})");
  pay_stripe(box_, "k1");
  const auto now = box_.take_webhooks(noon);
  ASSERT_EQ(now.size(), 4u);
  EXPECT_EQ(now[0].id, now[1].id);
  pay_stripe(box_, "k2");
  EXPECT_TRUE(box_.take_webhooks(noon).empty());
  EXPECT_EQ(box_.next_due(), noon + 5s);
  EXPECT_EQ(box_.take_webhooks(noon + 5s).size(), 2u);
}

TEST_F(Sandbox, LeavesThePlanAsItWasWhenANewOneIsWrong) {
  plan(R"({"fault":"error"})");
  const auto x = box_.handle({"PUT", "/_sandbox/faults", {}, R"({"rules":[{"fault":"no"}]})"}, noon).response;
  EXPECT_EQ(x.status, 400);
  EXPECT_EQ(json::parse(x.body).at("errors")[0].at("pointer"), "/rules/0/fault");
  EXPECT_EQ(pay_rest(box_, "k1").status, 503);
  box_.handle({"DELETE", "/_sandbox/faults", {}, {}}, noon);
  EXPECT_EQ(pay_rest(box_, "k1").status, 201);
}

class SandboxLog : public ::testing::Test {
protected:
  SandboxLog() {
    std::string folder = std::filesystem::temp_directory_path() / "troupe-sandbox-XXXXXX";
    if (!::mkdtemp(folder.data()))
      throw std::runtime_error("no folder for the test");
    folder_ = folder;
    path_ = folder_ / "sandbox.log";
  }
  ~SandboxLog() override { std::filesystem::remove_all(folder_); }

  void append(const std::string& text) { std::ofstream{path_, std::ios::app | std::ios::binary} << text; }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(SandboxLog, GivesTheSameLedgerAfterATornWrite) {
  json before;
  std::string answered;
  {
    running x{path_};
    answered = pay_rest(x.box, "k1").body;
    pay_rest(x.box, "k2", "o-2", "tok_declined");
    pay_stripe(x.box, "k1");
    const std::string id = json::parse(answered).at("id");
    x.box.handle({"POST",
                  "/rest/payments/" + id + "/capture",
                  {{"Authorization", "Bearer t"}, {"Idempotency-Key", "c"}},
                  R"({"amount":900})"},
                 noon);
    before = ledger_of(x.box);
  }
  append("C\tr\ta\t0\t17");
  for (int starts = 0; starts < 2; ++starts) {
    running x{path_};
    EXPECT_EQ(ledger_of(x.box), before);
    EXPECT_EQ(pay_rest(x.box, "k1").body, answered);
    EXPECT_EQ(x.box.books().charge_count(), 3u);
  }
}

TEST_F(SandboxLog, DecidesAPendingPaymentAfterARestart) {
  {
    running x{path_};
    pay_rest(x.box, "k1", "o-1", "tok_pending");
  }
  running x{path_};
  EXPECT_EQ(x.box.next_due(), noon + 5s);
  x.box.take_webhooks(noon + 5s);
  EXPECT_EQ(get(x.box, "/_sandbox/ledger").at("totals").at("EUR").at("authorized"), 1000);
}

TEST_F(SandboxLog, RefusesADamagedFileAndLeavesItAlone) {
  {
    running x{path_};
    pay_rest(x.box, "k1");
  }
  append("nonsense\n");
  const auto size = std::filesystem::file_size(path_);
  EXPECT_THROW(running{path_}, std::runtime_error);
  EXPECT_EQ(std::filesystem::file_size(path_), size);
}

TEST_F(SandboxLog, RefusesAForeignFile) {
  append("hello");
  EXPECT_THROW(running{path_}, std::runtime_error);
  EXPECT_EQ(std::filesystem::file_size(path_), 5u);
}

TEST_F(SandboxLog, RefusesASecondOwner) {
  running x{path_};
  EXPECT_THROW(running{path_}, std::runtime_error);
}

TEST_F(SandboxLog, IsEmptyAfterAReset) {
  {
    running x{path_};
    pay_rest(x.box, "k1");
    EXPECT_EQ(x.box.handle({"POST", "/_sandbox/reset", {}, {}}, noon).response.status, 204);
    pay_rest(x.box, "k2", "o-2");
  }
  running x{path_};
  EXPECT_EQ(ledger_of(x.box).at("references").size(), 1u);
}

} // namespace
} // namespace troupe::sandbox

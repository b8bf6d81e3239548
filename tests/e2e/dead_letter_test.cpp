// tests/e2e/dead_letter_test.cpp: a mail that was given up, from the outage to the inbox; an order that people decide
// about, until it is confirmed.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class DeadLetter : public ::testing::Test {
protected:
  json letters() {
    http_client operators{running.operations()};
    const auto answer = operators.get("/api/dead-letters?group=all", running.as_operator()).json();
    return answer.is_object() ? answer.value("letters", json::array()) : json::array();
  }

  /// `troupe ctl dead-letters replay`, from a place that knows of no sandbox.
  finished_program replay(const std::string& id, std::vector<std::string> more = {}) {
    std::vector<std::string> command{troupe_binary(), "ctl", "dead-letters", "replay", id, "--reason", "it is back"};
    command.insert(command.end(), more.begin(), more.end());
    auto around = running.environment();
    around.erase("TROUPE_SANDBOX_PORT");
    return run(std::move(command), std::move(around));
  }

  int mails_taken() {
    http_client to{providers.url()};
    return to.get("/_sandbox/inbox.json").json().value("taken", -1);
  }

  temporary_folder folder;
  temporary_folder sandbox_folder;
  sandbox providers{sandbox_folder.path()};
  node running{folder.path(),
               {"sandbox.enabled=false", "payment.providers.rest.base_url=" + providers.url() + "/rest",
                "payment.providers.stripe.base_url=" + providers.url() + "/stripe", "email.order=resend",
                "email.providers.resend.base_url=" + providers.url() + "/resend", "email.attempts_max=1"}};
};

TEST_F(DeadLetter, OfAMailIsRehearsedAndReplayed) {
  providers.set_faults({{"rules", {{{"name", "no mail"}, {"path", "/resend"}, {"fault", "error"}, {"status", 503}}}}});
  running.start();
  auto shop = running.shop();
  const auto order = place(shop, order_of("paper-filters-100", 1), 10).json();
  ASSERT_EQ(order["status"], "confirmed") << "mails do not keep orders waiting";
  ASSERT_TRUE(eventually(seconds{30}, [&] { return !letters().empty(); }));
  const auto letter = letters()[0];
  const auto id = letter["id"].get<std::string>();
  EXPECT_EQ(letter["source"], "exhausted_effect");
  providers.clear_faults();

  const auto dry = replay(id, {"--dry-run"});
  EXPECT_EQ(dry.how, (ending{0, 0})) << dry.errors;
  for (const auto* part : {"would be replayed", "notification.put_back", "notification.sent", "email.resend send",
                           "redacted", "Nothing was done"})
    EXPECT_NE(dry.output.find(part), std::string::npos) << part << " in\n" << dry.output;
  EXPECT_EQ(mails_taken(), 0);
  ASSERT_EQ(letters().size(), 1u);
  EXPECT_EQ(letters()[0]["status"], "open");

  running.kill();
  running.start();
  ASSERT_TRUE(eventually(seconds{10}, [&] { return letters().size() == 1; })) << "it is on disk";
  const auto asked = replay(id);
  EXPECT_EQ(asked.how, (ending{0, 0})) << asked.errors;
  EXPECT_TRUE(eventually(seconds{30}, [&] { return mails_taken() == 1; }));
  EXPECT_TRUE(eventually(seconds{10}, [&] { return letters().empty(); }));
  EXPECT_EQ(replay(id).how.exit_code, 1);
  EXPECT_EQ(mails_taken(), 1);
  EXPECT_EQ(running.stop(), (ending{0, 0}));
}

TEST_F(DeadLetter, OfAnOrderInReviewHasItLookAgain) {
  providers.set_faults(
    {{"rules", {{{"name", "lost"}, {"method", "POST"}, {"path", "/rest/payments"}, {"fault", "drop_before"}}}}});
  running.set("payment.providers.rest.key_lifetime=1s");
  running.start();
  auto shop = running.shop();
  const auto id = place(shop, order_of("paper-filters-100", 1)).json()["orderId"].get<std::string>();
  ASSERT_EQ(end_of(shop, id), "review") << "what became of it cannot be known, and its key is dead";
  ASSERT_TRUE(eventually(seconds{30}, [&] { return !letters().empty(); }));
  const auto letter = letters()[0];
  const auto of_letter = letter["id"].get<std::string>();
  EXPECT_EQ(letter["code"], "authorize_unknown_outcome");
  EXPECT_EQ(letter["place"], "saga/order");

  providers.clear_faults();
  ASSERT_EQ(replay(of_letter).how, (ending{0, 0}));
  ASSERT_TRUE(eventually(seconds{30}, [&] { return letters().size() == 1 && letters()[0]["attempts"] == 2; }))
    << "nothing was found, and so it is open again";
  EXPECT_EQ(end_of(shop, id), "review");

  // The request that was thought lost arrives after all.
  http_client provider{providers.url()};
  const auto amount = order_at(shop, id)["amounts"]["total"]["amount"].get<std::int64_t>();
  const json late{
    {"amount", amount}, {"reference", id}, {"currency", "EUR"}, {"method", "tok_visa"}, {"capture", false}};
  ASSERT_EQ(provider
              .call("POST", "/rest/payments", late.dump(),
                    {{"Authorization", "Bearer sandbox"}, {"Idempotency-Key", id + "/authorize"}})
              .status,
            201);
  running.kill();
  running.start();
  ASSERT_EQ(replay(of_letter).how, (ending{0, 0}));
  auto again = running.shop();
  EXPECT_EQ(end_of(again, id), "confirmed");
  EXPECT_TRUE(eventually(seconds{10}, [&] { return letters().empty(); }));
}

} // namespace
} // namespace troupe::test

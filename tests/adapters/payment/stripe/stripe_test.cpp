#include "adapters/payment/stripe/stripe.hpp"

#include "tests/adapters/payment/scripted_client.hpp"
#include "tests/support/deterministic_system.hpp"

#include <algorithm>

namespace troupe::payment::stripe {
namespace {

using namespace std::chrono_literals;
using test::json;

std::string intent(std::string_view id, std::string_view status, std::string_view reference) {
  std::string text = R"({"id":")";
  text.append(id).append(R"(","amount":1290,"currency":"eur","status":")").append(status);
  return text.append(R"(","metadata":{"reference":")").append(reference).append("\"}}");
}

http::response page(std::string items, bool more = false) {
  return json(200, R"({"data":[)" + items + R"(],"has_more":)" + (more ? "true}" : "false}"));
}

bool is_search(const http::call& x) {
  return x.message.target.starts_with("/v1/payment_intents/search?");
}

bool is_list(const http::call& x) {
  return x.message.target.starts_with("/v1/payment_intents?");
}

class StripeActor : public test::deterministic_system {
protected:
  provider_actor spawn(test::scripted_client::answer_fn answer) {
    client.emplace(sys, std::move(answer));
    options configured;
    configured.base_url = "https://stripe.example";
    configured.api_key = "sk_test";
    return spawn_stripe(
      sys, configured, client->actor(), [this] { return now(); }, [] { return 1u; });
  }

  template <class Answer, class Command> caf::expected<Answer> ask(const provider_actor& whom, Command x) {
    auto response = self->request(whom, caf::infinite, request_context{}, std::move(x));
    run();
    caf::expected<Answer> result{caf::sec::none};
    response.receive([&](Answer& p) { result = std::move(p); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  std::size_t lists() const {
    return static_cast<std::size_t>(std::count_if(client->calls().begin(), client->calls().end(), is_list));
  }

  std::optional<test::scripted_client> client;
};

TEST_F(StripeActor, SendsCredentialsAndThePinnedVersion) {
  auto stripe = spawn([](const http::call&) { return json(200, intent("pi_1", "requires_capture", "o-1")); });
  const auto x = ask<payment>(stripe, authorize{"o-1", "k", {1290, *currency::parse("EUR")}, "pm_card_visa"});
  ASSERT_TRUE(x) << to_string(x.error());
  EXPECT_EQ(x->status, payment_status::authorized);
  const auto& sent = client->calls().at(0);
  EXPECT_EQ(sent.base_url, "https://stripe.example");
  EXPECT_EQ(http::find(sent.message.fields, "Authorization"), "Bearer sk_test");
  EXPECT_EQ(http::find(sent.message.fields, "Stripe-Version"), "2024-06-20");
}

TEST_F(StripeActor, MakesOneTry) {
  auto stripe = spawn([](const http::call&) { return json(500, ""); });
  EXPECT_EQ(ask<payment>(stripe, void_payment{"pi_1", "k"}).error(), ec::interrupted);
  EXPECT_EQ(client->calls().size(), 1u);
}

TEST_F(StripeActor, RefusesAnAmountThatStripeCannotSay) {
  auto stripe = spawn([](const http::call&) { return json(200, "{}"); });
  EXPECT_EQ(ask<refunded>(stripe, refund{"pi_1", "k", {1250, *currency::parse("MGA")}}).error(), ec::refused);
  EXPECT_TRUE(client->calls().empty());
}

// The search may still have the payment as it was a minute ago.
TEST_F(StripeActor, BelievesTheIntentRatherThanTheSearch) {
  auto stripe = spawn([](const http::call& x) {
    return is_search(x) ? page(intent("pi_1", "requires_capture", "o-1"))
                        : json(200, intent("pi_1", "succeeded", "o-1"));
  });
  const auto found = ask<payments>(stripe, find_payments{"o-1"});
  ASSERT_TRUE(found) << to_string(found.error());
  ASSERT_EQ(found->items.size(), 1u);
  EXPECT_EQ(found->items[0].status, payment_status::captured);
}

TEST_F(StripeActor, FindsWhatTheSearchDoesNotKnowYet) {
  auto stripe = spawn([](const http::call& x) {
    if (is_search(x))
      return page("");
    if (x.message.target.find("starting_after") == std::string::npos)
      return page(intent("pi_9", "succeeded", "o-9"), true);
    return page(intent("pi_1", "requires_capture", "o-1"));
  });
  const auto found = ask<payments>(stripe, find_payments{"o-1"});
  ASSERT_TRUE(found) << to_string(found.error());
  ASSERT_EQ(found->items.size(), 1u);
  EXPECT_EQ(found->items[0].id, "pi_1");
}

TEST_F(StripeActor, SaysNoneWhenTheRecentOnesWereReadThrough) {
  auto stripe =
    spawn([](const http::call& x) { return is_search(x) ? page("") : page(intent("pi_9", "canceled", "o-9")); });
  const auto found = ask<payments>(stripe, find_payments{"o-1"});
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_TRUE(found->items.empty());
}

http::response busy(const http::call& x) {
  return is_search(x) ? page("") : page(intent("pi_9", "succeeded", "o-9"), true);
}

TEST_F(StripeActor, DoesNotBelieveAnEmptySearchAmongTooManyRecentOnes) {
  auto stripe = spawn(busy);
  const auto found = ask<payments>(stripe, find_payments{"o-1"});
  EXPECT_EQ(code_of(found.error()), ec::unavailable);
  EXPECT_EQ(retry_after(found.error()), 60s);
  EXPECT_EQ(lists(), 5u);
}

// Otherwise a busy account would look as if it were down.
TEST_F(StripeActor, AnswersAProbeByOneSearchHoweverBusyTheAccountIs) {
  auto stripe = spawn(busy);
  const auto found = ask<payments>(stripe, find_payments{probe_reference});
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(client->calls().size(), 1u);
  EXPECT_EQ(
    ask<payments>(spawn([](const http::call&) { return json(401, ""); }), find_payments{probe_reference}).error(),
    ec::denied);
}

TEST_F(StripeActor, BelievesASearchThatIsStillEmptyAfterTheLag) {
  auto stripe = spawn(busy);
  EXPECT_FALSE(ask<payments>(stripe, find_payments{"o-1"}));
  advance(59s);
  EXPECT_EQ(retry_after(ask<payments>(stripe, find_payments{"o-1"}).error()), 1s);
  advance(1s);
  const auto found = ask<payments>(stripe, find_payments{"o-1"});
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_TRUE(found->items.empty());
}

TEST_F(StripeActor, ForgetsAnEmptySearchOnceItTriesToPay) {
  auto stripe = spawn([](const http::call& x) { return x.message.method == "POST" ? json(500, "") : busy(x); });
  EXPECT_FALSE(ask<payments>(stripe, find_payments{"o-1"}));
  advance(60s);
  EXPECT_FALSE(ask<payment>(stripe, authorize{"o-1", "k", {1290, *currency::parse("EUR")}, "pm_card_visa"}));
  EXPECT_EQ(retry_after(ask<payments>(stripe, find_payments{"o-1"}).error()), 60s);
}

TEST_F(StripeActor, DoesNotTakeABrokenSearchForNone) {
  EXPECT_EQ(ask<payments>(spawn([](const http::call&) { return json(500, ""); }), find_payments{"o-1"}).error(),
            ec::unavailable);
  auto half = spawn([](const http::call& x) -> caf::expected<http::response> {
    if (is_search(x))
      return page("");
    return caf::make_error(ec::timed_out);
  });
  EXPECT_EQ(ask<payments>(half, find_payments{"o-1"}).error(), ec::timed_out);
}

} // namespace
} // namespace troupe::payment::stripe

// tests/contract/payment_contract_test.cpp: what the order saga relies on, of every kind of payment provider.
#include "adapters/payment/registry.hpp"
#include "adapters/payment/rest/twin.hpp"
#include "adapters/payment/stripe/twin.hpp"
#include "tests/adapters/payment/scripted_client.hpp"
#include "tests/support/deterministic_system.hpp"

#include <functional>
#include <memory>

namespace troupe::payment {
namespace {

using namespace std::chrono_literals;

const auto euro = *currency::parse("EUR");
const money price{1290, euro};

/// The methods by which the sandboxes know what to do.
struct methods {
  std::string good = "tok_visa";
  std::string declined = "tok_declined";
  std::string poor = "tok_insufficient_funds";
  std::string pending = "tok_pending";
  // Where there is a wire the test cuts it instead.
  std::string unreachable = "tok_unavailable";
  std::string answer_lost = "tok_timeout";
};

/// What stands behind the wire of one kind. A new kind needs an entry here.
struct sandbox {
  methods use;
  std::function<http::response(const http::request&, time_point)> handle; // none: there is no wire
};

sandbox sandbox_of(std::string_view kind, ledger& books, const random_fn& random) {
  if (kind == "rest") {
    rest::twin_options options;
    options.token = "secret";
    auto twin = std::make_shared<rest::twin>(options, books, random);
    return {{}, [twin](const http::request& r, time_point now) { return twin->handle(r, now); }};
  }
  if (kind == "stripe") {
    stripe::twin_options options;
    options.api_key = "secret";
    auto twin = std::make_shared<stripe::twin>(options, books, random);
    return {{"pm_card_visa", "pm_card_visa_chargeDeclined", "pm_card_visa_chargeDeclinedInsufficientFunds",
             "pm_card_processing", "pm_card_visa", "pm_card_visa"},
            [twin](const http::request& r, time_point now) { return twin->handle(r, now); }};
  }
  return {};
}

class PaymentContract : public test::deterministic_system, public ::testing::WithParamInterface<std::string_view> {
protected:
  void SetUp() override {
    provider_options x;
    x.name = "main";
    x.kind = GetParam();
    x.base_url = "https://pay.example";
    x.token = x.api_key = "secret";
    behind = sandbox_of(x.kind, books, random);
    use = behind.use;
    client.emplace(sys, [this](const http::call& call) { return deliver(call); });
    configured = spawn_provider(
      sys, x, client->actor(), [this] { return now(); }, random);
  }

  /// The wire, unless the test has cut it.
  caf::expected<http::response> deliver(const http::call& call) {
    if (wire == wire_state::down)
      return caf::make_error(ec::unavailable);
    auto answer = behind.handle(call.message, now());
    if (wire == wire_state::answers_lost)
      return caf::make_error(ec::interrupted);
    return answer;
  }

  template <class Answer, class Command> caf::expected<Answer> ask(Command x, request_context context = {}) {
    auto response = self->request(configured.actor, caf::infinite, std::move(context), std::move(x));
    run();
    caf::expected<Answer> result{caf::sec::none};
    response.receive([&](Answer& a) { result = std::move(a); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  caf::expected<payment> pay(std::string method, std::string reference = "o-1", std::string key = "o-1/authorize/1") {
    return ask<payment>(authorize{std::move(reference), std::move(key), price, std::move(method)});
  }

  payment_id authorized() {
    const auto x = pay(use.good);
    return x ? x->id : payment_id{};
  }

  std::vector<payment> found(std::string reference = "o-1") {
    auto x = ask<payments>(find_payments{std::move(reference)});
    EXPECT_TRUE(x) << to_string(x.error());
    return x ? x->items : std::vector<payment>{};
  }

  bool has_wire() const { return static_cast<bool>(behind.handle); }

  enum class wire_state : std::uint8_t { up, down, answers_lost };

  random_fn random = [n = std::uint64_t{7}]() mutable { return n = n * 6364136223846793005u + 1442695040888963407u; };
  ledger books;
  sandbox behind;
  wire_state wire = wire_state::up;
  methods use;
  std::optional<test::scripted_client> client;
  troupe::payment::provider configured;
};

TEST_P(PaymentContract, AuthorizesAndCaptures) {
  const auto held = pay(use.good);
  ASSERT_TRUE(held) << to_string(held.error());
  EXPECT_EQ(held->status, payment_status::authorized);
  EXPECT_EQ(held->amount, price);
  const auto taken = ask<payment>(capture{held->id, "o-1/capture/1", price});
  ASSERT_TRUE(taken) << to_string(taken.error());
  EXPECT_EQ(taken->id, held->id);
  EXPECT_EQ(taken->status, payment_status::captured);
}

TEST_P(PaymentContract, SaysWhyACardIsDeclined) {
  const auto x = pay(use.declined);
  ASSERT_TRUE(x) << to_string(x.error());
  EXPECT_EQ(x->status, payment_status::declined);
  EXPECT_FALSE(x->reason.empty());
  const auto poor = pay(use.poor, "o-2", "o-2/authorize/1");
  ASSERT_TRUE(poor) << to_string(poor.error());
  EXPECT_EQ(poor->reason, "insufficient_funds");
}

TEST_P(PaymentContract, AuthorizesOnceForOneKey) {
  const auto first = pay(use.good);
  const auto second = pay(use.good);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(found().size(), 1u);
}

TEST_P(PaymentContract, RefusesOneKeyForAnotherPayment) {
  ASSERT_TRUE(pay(use.good));
  const auto x = ask<payment>(authorize{"o-1", "o-1/authorize/1", {990, euro}, use.good});
  EXPECT_EQ(code_of(x.error()), ec::refused);
}

TEST_P(PaymentContract, CapturesOnceForOneKey) {
  const auto id = authorized();
  const auto first = ask<payment>(capture{id, "k", price});
  const auto second = ask<payment>(capture{id, "k", price});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->status, payment_status::captured);
  EXPECT_EQ(code_of(ask<refunded>(refund{id, "r", {1291, euro}}).error()), ec::refused);
}

TEST_P(PaymentContract, VoidsAgainWhatIsVoided) {
  const auto id = authorized();
  for (const auto* key : {"k-1", "k-1", "k-2"}) {
    const auto x = ask<payment>(void_payment{id, key});
    ASSERT_TRUE(x) << key << to_string(x.error());
    EXPECT_EQ(x->status, payment_status::voided);
  }
}

TEST_P(PaymentContract, NeverCapturesWhatIsVoided) {
  const auto id = authorized();
  ASSERT_TRUE(ask<payment>(void_payment{id, "k-1"}));
  const auto x = ask<payment>(capture{id, "k-2", price});
  EXPECT_TRUE(x ? x->status == payment_status::voided : code_of(x.error()) == ec::refused);
}

TEST_P(PaymentContract, NeverSaysVoidedOfWhatIsCaptured) {
  const auto id = authorized();
  ASSERT_TRUE(ask<payment>(capture{id, "k-1", price}));
  const auto x = ask<payment>(void_payment{id, "k-2"});
  EXPECT_FALSE(x && x->status == payment_status::voided);
  EXPECT_EQ(found().at(0).status, payment_status::captured);
}

TEST_P(PaymentContract, RefundsOnceForOneKey) {
  const auto id = authorized();
  ASSERT_TRUE(ask<payment>(capture{id, "k-1", price}));
  const auto first = ask<refunded>(refund{id, "k-2", price});
  const auto second = ask<refunded>(refund{id, "k-2", price});
  ASSERT_TRUE(first) << to_string(first.error());
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_EQ(first->status, refund_status::succeeded);
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(code_of(ask<refunded>(refund{id, "k-3", {1, euro}}).error()), ec::refused);
}

TEST_P(PaymentContract, RefundsNothingThatIsNotCaptured) {
  EXPECT_EQ(code_of(ask<refunded>(refund{authorized(), "k", price}).error()), ec::refused);
}

TEST_P(PaymentContract, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(code_of(ask<payment>(capture{"pi_unknown", "k-1", price}).error()), ec::refused);
  EXPECT_EQ(code_of(ask<payment>(void_payment{"pi_unknown", "k-2"}).error()), ec::refused);
  EXPECT_EQ(code_of(ask<refunded>(refund{"pi_unknown", "k-3", price}).error()), ec::refused);
}

TEST_P(PaymentContract, FindsPaymentsByReference) {
  EXPECT_TRUE(found().empty());
  ASSERT_TRUE(pay(use.good));
  ASSERT_TRUE(pay(use.declined, "o-2", "o-2/authorize/1"));
  const auto one = found("o-1");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].status, payment_status::authorized);
  EXPECT_EQ(one[0].amount, price);
  const auto other = found("o-2");
  ASSERT_EQ(other.size(), 1u);
  EXPECT_EQ(other[0].status, payment_status::declined);
  EXPECT_TRUE(found("o-3' OR").empty());
}

TEST_P(PaymentContract, FindsThePaymentAsItIsNow) {
  const auto id = authorized();
  ASSERT_TRUE(ask<payment>(capture{id, "k", price}));
  ASSERT_EQ(found().size(), 1u);
  EXPECT_EQ(found()[0].status, payment_status::captured);
}

TEST_P(PaymentContract, LeavesAnUndecidedPaymentPending) {
  const auto x = pay(use.pending);
  ASSERT_TRUE(x) << to_string(x.error());
  EXPECT_EQ(x->status, payment_status::pending);
  advance(1h);
  ASSERT_EQ(found().size(), 1u);
  EXPECT_EQ(found()[0].status, payment_status::authorized);
}

TEST_P(PaymentContract, DoesNotBeginAfterTheDeadline) {
  request_context late;
  late.deadline = now() - 1ms;
  EXPECT_EQ(code_of(ask<payment>(authorize{"o-1", "k", price, use.good}, late).error()), ec::deadline);
  EXPECT_TRUE(found().empty());
}

TEST_P(PaymentContract, SaysSurelyNothingHappenedOnlyWhenItIsSure) {
  wire = wire_state::down;
  EXPECT_FALSE(may_have_acted(code_of(pay(use.unreachable).error())));
  EXPECT_TRUE(has_wire() || found().empty());
  wire = wire_state::answers_lost;
  EXPECT_TRUE(may_have_acted(code_of(pay(use.answer_lost, "o-2", "o-2/authorize/1").error())));
  wire = wire_state::up;
  const auto left = found("o-2");
  ASSERT_EQ(left.size(), 1u);
  const auto again = pay(use.answer_lost, "o-2", "o-2/authorize/1");
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(again->id, left[0].id);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PaymentContract, ::testing::ValuesIn(provider_kinds()),
                         [](const auto& kind) { return std::string{kind.param}; });

} // namespace
} // namespace troupe::payment

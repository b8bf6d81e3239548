#include "adapters/payment/observed.hpp"

#include "adapters/payment/exchange.hpp"
#include "adapters/payment/registry.hpp"
#include "tests/adapters/payment/scripted_client.hpp"
#include "tests/support/deterministic_system.hpp"

namespace troupe::payment {
namespace {

using namespace std::chrono_literals;

struct told {
  std::string target;
  std::string operation;
  caf::error failure;
  duration took;
  std::string caller;
};

class ObservedProvider : public test::deterministic_system {
protected:
  provider_actor spawn() {
    provider_options x;
    x.name = "main";
    x.kind = "simulated";
    return spawn_provider(
             sys, x, {}, [this] { return now(); }, [] { return 1u; }, observe())
      .actor;
  }

  observe_fn observe() {
    return [this](const finished_call& x) {
      calls.push_back({std::string{x.target}, std::string{x.operation}, x.failure, x.took, x.context.principal});
    };
  }

  template <class Answer, class Command> caf::expected<Answer> ask(const provider_actor& whom, Command x) {
    auto response =
      self->request(whom, caf::infinite, request_context{"order/o-1", {}, time_point::max()}, std::move(x));
    run();
    caf::expected<Answer> result{caf::sec::none};
    response.receive([&](Answer& p) { result = std::move(p); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  const money price{1290, *currency::parse("EUR")};
  std::vector<told> calls;
};

TEST_F(ObservedProvider, TellsEachCallOnceAndAnswersAsTheAdapterDoes) {
  const auto provider = spawn();
  const auto made = ask<payment>(provider, authorize{"o-1", "k1", price, "tok_ok"});
  ASSERT_TRUE(made);
  EXPECT_TRUE((ask<payment>(provider, capture{made->id, "k2", price})));
  EXPECT_TRUE((ask<refunded>(provider, refund{made->id, "k3", price})));
  EXPECT_TRUE((ask<payments>(provider, find_payments{"o-1"})));
  EXPECT_EQ((ask<payment>(provider, void_payment{made->id, "k4"}).error()), ec::refused);
  std::vector<std::string> operations;
  for (const auto& x : calls) {
    operations.push_back(x.operation);
    EXPECT_EQ(x.target, "main");
    EXPECT_EQ(x.caller, "order/o-1");
  }
  EXPECT_EQ(operations, (std::vector<std::string>{"authorize", "capture", "refund", "find", "void"}));
  EXPECT_FALSE(calls[0].failure);
  EXPECT_EQ(calls[4].failure, ec::refused);
}

TEST_F(ObservedProvider, CountsADeclineAsAnAnswer) {
  ASSERT_TRUE((ask<payment>(spawn(), authorize{"o-1", "k1", price, "tok_declined"})));
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_FALSE(calls[0].failure);
}

TEST_F(ObservedProvider, EndsWithItsAdapterAndTheAdapterWithIt) {
  provider_options x;
  x.name = "main";
  x.kind = "simulated";
  for (const bool adapter_first : {true, false}) {
    const auto adapter = spawn_provider(
                           sys, x, {}, [this] { return now(); }, [] { return 1u; })
                           .actor;
    const auto observed = spawn_observed(
      sys, adapter, "main", [this] { return now(); }, observe());
    run();
    std::vector<caf::actor_addr> ended;
    self->monitor(adapter);
    self->monitor(observed);
    self->send_exit(adapter_first ? adapter : observed, caf::exit_reason::user_shutdown);
    run();
    int count = 0;
    self->receive_while([&] { return count < 2; })([&](const caf::down_msg&) { ++count; },
                                                   caf::after(caf::timespan{0}) >>
                                                     [&] {
                                                       ADD_FAILURE() << "one goes on alone";
                                                       count = 2;
                                                     });
  }
}

TEST(PaymentExchange, SendsTheTraceInBothForms) {
  way_out way;
  way.now = [] { return time_point{}; };
  way.random = [] { return std::uint64_t{5}; };
  request_context context{"order/o-1", {}, time_point::max()};
  const auto without = make_call(way, context, {});
  ASSERT_TRUE(without);
  EXPECT_EQ(http::find(without->message.fields, "x-correlation-id"), "");
  context.trace.trace_high = 1;
  context.trace.trace_low = 2;
  const auto with = make_call(way, context, {});
  ASSERT_TRUE(with);
  EXPECT_EQ(http::find(with->message.fields, "x-correlation-id"), context.trace.trace_id());
  EXPECT_NE(http::find(with->message.fields, "traceparent").find(context.trace.trace_id()), std::string::npos);
}

} // namespace
} // namespace troupe::payment

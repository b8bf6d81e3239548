// Two actor systems, and between them CAF's middleman on the loopback interface.
#include "actors/order/order_actor.hpp"
#include "tests/actors/wire/fields.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

namespace troupe::wire {
namespace {

using namespace std::chrono_literals;

struct node {
  struct config : caf::actor_system_config {
    config() {
      load<caf::io::middleman>();
      set("caf.scheduler.max-threads", 1);
      set("caf.logger.file.verbosity", "quiet");
      set("caf.logger.console.verbosity", "quiet");
    }
  };
  config cfg;
  caf::actor_system sys{cfg};
};

/// Takes orders and tells what arrived; knows none of them.
order::order_actor::behavior_type take_orders() {
  return {
    [](const request_context& context, const order::place& cmd) -> caf::result<order::view> {
      if (cmd.items.empty())
        return order::rejection::no_items;
      order::view seen;
      seen.id = cmd.id;
      seen.email = cmd.email;
      seen.currency = cmd.currency;
      for (const auto& x : cmd.items)
        seen.lines.push_back({x.sku, x.units, std::nullopt, std::nullopt});
      seen.message = cmd.shipping ? cmd.shipping->city : "";
      seen.reason = context.principal + ' ' + context.trace.traceparent();
      seen.placed_at = context.deadline;
      seen.reviewed = order::step::refund;
      return seen;
    },
    [](const request_context&, const order::get_order& cmd) -> caf::result<order::view> {
      if (cmd.id == order_id{"busy"})
        return make_failure(ec::overloaded, 250ms, "too many wait");
      return order::rejection::unknown_order;
    },
    [](const request_context&, const order::await_end&) -> caf::result<order::view> { return ec::deadline; },
    [](const request_context&, const order::cancel&) -> caf::result<order::view> { return ec::deadline; },
    [](const request_context&, const order::capture&) -> caf::result<order::view> { return ec::deadline; },
    [](const request_context&, const order::reopen&) -> caf::result<order::view> { return ec::deadline; },
    [](const request_context&, const order::payment_news&) {},
    [](const request_context&, const order::look&) {},
  };
}

class WireTravel : public ::testing::Test {
protected:
  void SetUp() override {
    takes_orders_ = there_.sys.spawn(take_orders);
    const auto port = there_.sys.middleman().publish(takes_orders_, 0, "127.0.0.1");
    ASSERT_TRUE(port) << to_string(port.error());
    const auto found = here_.sys.middleman().remote_actor<order::order_actor>("127.0.0.1", *port);
    ASSERT_TRUE(found) << to_string(found.error());
    orders_ = *found;
    ASSERT_NE(orders_->node(), here_.sys.node()) << "it is no stranger";
  }

  // Being published keeps an actor alive, and a live actor keeps its system from ending.
  void TearDown() override { caf::anon_send_exit(takes_orders_, caf::exit_reason::user_shutdown); }

  template <class Command> caf::expected<order::view> ask(const Command& cmd) {
    caf::scoped_actor self{here_.sys};
    caf::expected<order::view> result{caf::sec::none};
    self->request(orders_, 60s, context_, cmd)
      .receive([&](order::view& x) { result = std::move(x); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  request_context context_{"operator", {1, 2, 3, true}, time_point{1'500ms}};

private:
  node there_;
  node here_;
  order::order_actor takes_orders_; // there
  order::order_actor orders_;       // the same, seen from here
};

TEST_F(WireTravel, BringsACommandThereAndItsAnswerBack) {
  order::place cmd;
  cmd.id = "o-1";
  cmd.email = "ada@example.com";
  cmd.currency = *currency::parse("EUR");
  cmd.items = {{"book", 2}, {"pen", 1}};
  cmd.shipping = order::address{"Ada", "1 Street", "", "Town", "", "12345", "GB"};
  order::view expected;
  expected.id = cmd.id;
  expected.email = cmd.email;
  expected.currency = cmd.currency;
  expected.lines = {{"book", 2, std::nullopt, std::nullopt}, {"pen", 1, std::nullopt, std::nullopt}};
  expected.message = "Town";
  expected.reason = "operator 00-00000000000000010000000000000002-0000000000000003-01";
  expected.placed_at = time_point{1'500ms};
  expected.reviewed = order::step::refund;
  const auto got = ask(cmd);
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_TRUE(same(*got, expected));
}

TEST_F(WireTravel, BringsARefusalBack) {
  EXPECT_EQ(ask(order::place{}).error(), order::rejection::no_items);
  EXPECT_EQ(ask(order::get_order{"o-1"}).error(), order::rejection::unknown_order);
}

TEST_F(WireTravel, BringsAFailureBackWithItsText) {
  const auto why = ask(order::get_order{"busy"}).error();
  EXPECT_EQ(why, ec::overloaded);
  EXPECT_EQ(wait_of(why), 250ms);
  EXPECT_EQ(reason_of(why), "too many wait");
}

} // namespace
} // namespace troupe::wire

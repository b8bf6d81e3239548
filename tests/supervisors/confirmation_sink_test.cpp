#include "supervisors/confirmation_sink.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace troupe {
namespace {

using namespace std::chrono_literals;

order::order_actor::behavior_type make_orders(order::order_actor::pointer) {
  const auto confirmed = [](const std::string& id) {
    order::view x;
    x.id = id;
    x.status = order::status::confirmed;
    x.email = "ada@example.org";
    return x;
  };
  const auto unused = caf::make_error(ec::refused);
  return {
    [unused](const request_context&, const order::place&) -> caf::result<order::view> { return unused; },
    [confirmed](const request_context&, const order::get_order& x) { return confirmed(x.id.value); },
    [unused](const request_context&, const order::await_end&) -> caf::result<order::view> { return unused; },
    [unused](const request_context&, const order::cancel&) -> caf::result<order::view> { return unused; },
    [unused](const request_context&, const order::capture&) -> caf::result<order::view> { return unused; },
    [unused](const request_context&, const order::reopen&) -> caf::result<order::view> { return unused; },
    [](const request_context&, const order::payment_news&) {},
    [](const request_context&, const order::look&) {},
  };
}

notification::notification_actor::behavior_type make_mails(notification::notification_actor::pointer,
                                                           std::shared_ptr<int> asked) {
  return {
    [asked](const request_context&, const notification::request_mail&) {
      ++*asked;
      return notification::mail_view{};
    },
    [](const request_context&, const notification::try_again&) { return notification::mail_view{}; },
    [](const request_context&, const notification::get_mail&) { return notification::mail_view{}; },
  };
}

class ConfirmationSink : public test::deterministic_system {
protected:
  void SetUp() override {
    orders = sys.spawn(make_orders);
    mails = sys.spawn(make_mails, asked);
    sink = spawn_confirmation_sink(
      sys, orders, mails, [this] { return now(); }, 1h, board.published());
  }

  void TearDown() override {
    caf::anon_send_exit(sink, caf::exit_reason::kill);
    caf::anon_send_exit(orders, caf::exit_reason::kill);
    caf::anon_send_exit(mails, caf::exit_reason::kill);
    sink = nullptr;
    orders = nullptr;
    mails = nullptr;
    deterministic_system::TearDown();
  }

  /// Whether a mail is asked for of an order that was confirmed at that time.
  bool writes(time_point confirmed_at) {
    journal::stored_event event;
    event.stream = {"order", "o-1"};
    event.type = "order.confirmed";
    event.recorded_at = confirmed_at;
    const auto before = *asked;
    auto answered = self->request(sink, caf::infinite,
                                  outlet::deliver{"email", std::make_shared<const journal::stored_event>(event), {}});
    run();
    answered.receive([] {}, [](const caf::error& why) { ADD_FAILURE() << to_string(why); });
    return *asked > before;
  }

  std::shared_ptr<int> asked = std::make_shared<int>(0);
  pause::registry board{pause::board{}};
  order::order_actor orders;
  notification::notification_actor mails;
  outlet::sink_actor sink;
};

TEST_F(ConfirmationSink, WritesNoMailOfAnOrderThatWasConfirmedLongAgo) {
  advance(10h);
  EXPECT_TRUE(writes(now() - 59min));
  EXPECT_FALSE(writes(now() - 61min));
}

TEST_F(ConfirmationSink, DoesNotCountTheTimeForWhichItsOutletWasPaused) {
  advance(100h);
  board.put({pause::kind::outlet, "email"}, std::nullopt, {{now() - 10h, now() - 10min}});
  EXPECT_TRUE(writes(now() - 10h - 45min));
  EXPECT_FALSE(writes(now() - 10h - 55min));
  EXPECT_TRUE(writes(now() - 5h)) << "while it was paused";
}

} // namespace
} // namespace troupe

#include "supervisors/confirmation_sink.hpp"

#include "actors/notification/confirmation.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <caf/unit.hpp>

namespace troupe {

namespace {

constexpr duration patience{10'000};

class sink_state {
public:
  static constexpr const char* name = "confirmation_sink";

  sink_state(outlet::sink_actor::pointer self, order::order_actor orders, notification::notification_actor mails,
             clock_fn now, duration age_max, live<pause::board> pauses)
    : self_(self), orders_(std::move(orders)), mails_(std::move(mails)), now_(std::move(now)), age_max_(age_max),
      pauses_(std::move(pauses)) {}

  outlet::sink_actor::behavior_type make_behavior() {
    return {[this](const outlet::deliver& x) -> caf::result<void> {
      const auto now = now_();
      const auto at = x.event->recorded_at;
      if (at + age_max_ + pauses_->stood_still(pause::kind::outlet, x.outlet, at, now) < now)
        return caf::unit;
      auto reply = self_->make_response_promise<void>();
      request_context context{"outlet/" + x.outlet, trace_context::parse(x.event->trace).value_or(trace_context{}),
                              time_point::max()};
      self_->request(orders_, patience, context, order::get_order{{x.event->stream.key}})
        .then([this, reply, context](const order::view& found) mutable { ask(found, std::move(context), reply); },
              [reply](const caf::error& why) mutable { reply.deliver(caf::make_error(code_of(why))); });
      return reply;
    }};
  }

private:
  void ask(const order::view& found, request_context context, caf::typed_response_promise<void> reply) {
    if (found.status != order::status::confirmed)
      return reply.deliver();
    self_->request(mails_, patience, std::move(context), notification::confirmation_of(found))
      .then([reply](const notification::mail_view&) mutable { reply.deliver(); },
            [reply](const caf::error& why) mutable { reply.deliver(caf::make_error(code_of(why))); });
  }

  outlet::sink_actor::pointer self_;
  order::order_actor orders_;
  notification::notification_actor mails_;
  clock_fn now_;
  duration age_max_;
  live<pause::board> pauses_;
};

} // namespace

std::vector<std::string> confirmation_types() {
  return {"order.confirmed"};
}

outlet::sink_actor spawn_confirmation_sink(const supervision::place& where, order::order_actor orders,
                                           notification::notification_actor mails, clock_fn now, duration age_max,
                                           live<pause::board> pauses) {
  return where.spawn<outlet::sink_actor::stateful_impl<sink_state>>(std::move(orders), std::move(mails), std::move(now),
                                                                    age_max, std::move(pauses));
}

} // namespace troupe

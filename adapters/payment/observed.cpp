#include "adapters/payment/observed.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>

namespace troupe::payment {

namespace {

class observed_state {
public:
  static constexpr const char* name = "payment.observed";

  observed_state(provider_actor::pointer self, provider_actor adapter, std::string target, clock_fn now,
                 observe_fn observe)
    : self_(self), adapter_(std::move(adapter)), target_(std::move(target)), now_(std::move(now)),
      observe_(std::move(observe)) {}

  provider_actor::behavior_type make_behavior() {
    self_->link_to(adapter_); // Neither is of use without the other;
    self_->monitor(adapter_); // a normal end is no reason for links.
    self_->set_down_handler([this](const caf::down_msg& x) { self_->quit(x.reason); });
    return {
      [this](const request_context& c, const authorize& x) { return pass_on<payment>("authorize", c, x); },
      [this](const request_context& c, const capture& x) { return pass_on<payment>("capture", c, x); },
      [this](const request_context& c, const void_payment& x) { return pass_on<payment>("void", c, x); },
      [this](const request_context& c, const refund& x) { return pass_on<refunded>("refund", c, x); },
      [this](const request_context& c, const find_payments& x) { return pass_on<payments>("find", c, x); },
    };
  }

private:
  template <class Answer, class Command>
  caf::result<Answer> pass_on(std::string_view operation, const request_context& context, const Command& x) {
    auto reply = self_->make_response_promise<Answer>();
    const auto begin = now_();
    // The adapter keeps the time.
    self_->request(adapter_, caf::infinite, context, x)
      .then(
        [this, reply, operation, context, begin](Answer& answer) mutable {
          ended(operation, context, begin, {});
          reply.deliver(std::move(answer));
        },
        [this, reply, operation, context, begin](caf::error& failure) mutable {
          ended(operation, context, begin, failure);
          reply.deliver(std::move(failure));
        });
    return reply;
  }

  void ended(std::string_view operation, const request_context& context, time_point begin, caf::error failure) {
    observe_({target_, operation, std::move(failure), std::max(now_() - begin, duration{0}), context});
  }

  provider_actor::pointer self_;
  provider_actor adapter_;
  std::string target_;
  clock_fn now_;
  observe_fn observe_;
};

} // namespace

provider_actor spawn_observed(caf::actor_system& system, provider_actor adapter, std::string target, clock_fn now,
                              observe_fn observe) {
  return system.spawn<provider_actor::stateful_impl<observed_state>>(std::move(adapter), std::move(target),
                                                                     std::move(now), std::move(observe));
}

} // namespace troupe::payment

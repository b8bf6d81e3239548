#include "adapters/payment/simulated/simulated.hpp"

#include "adapters/payment/simulated/books.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace troupe::payment::simulated {

namespace {

class simulated_state {
public:
  static constexpr const char* name = "payment.simulated";

  simulated_state(provider_actor::pointer, clock_fn now) : now_(std::move(now)) {}

  provider_actor::behavior_type make_behavior() {
    return {
      [this](const request_context& context, const authorize& x) { return answer<payment>(context, x); },
      [this](const request_context& context, const capture& x) { return answer<payment>(context, x); },
      [this](const request_context& context, const void_payment& x) { return answer<payment>(context, x); },
      [this](const request_context& context, const refund& x) { return answer<refunded>(context, x); },
      [this](const request_context& context, const find_payments& x) { return answer<payments>(context, x); },
    };
  }

private:
  template <class Answer, class Command> caf::result<Answer> answer(const request_context& context, const Command& x) {
    if (context.deadline <= now_())
      return caf::make_error(ec::deadline);
    auto outcome = books_.apply(x);
    if (const auto* code = std::get_if<ec>(&outcome))
      return caf::make_error(*code);
    return std::get<Answer>(std::move(outcome));
  }

  clock_fn now_;
  books books_;
};

} // namespace

provider_actor spawn_simulated(caf::actor_system& system, clock_fn now) {
  return system.spawn<provider_actor::stateful_impl<simulated_state>>(std::move(now));
}

} // namespace troupe::payment::simulated

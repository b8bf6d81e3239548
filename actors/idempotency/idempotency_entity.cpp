#include "actors/idempotency/idempotency_entity.hpp"

#include "actors/timer.hpp"

namespace troupe::idempotency {

// In memory, for a client that repeats itself because its first answer was lost. There is a key for every order: with
// the idle timeout of other entities, a busy node would hold so many that it had to refuse orders.
constexpr duration claimed_lingers{2'000};

idempotency_entity::handle_type::behavior_type idempotency_entity::make_behavior() {
  started();
  return {
    [this](const request_context& context, const claim& command) {
      touched();
      return commit<claimed>(context, decide(state(), command, env().now()),
                             [&command](const idempotency::state& s, std::uint64_t) {
                               return claimed{s.subject, s.subject == command.subject};
                             });
    },
    [this](entity::wake) { rearm_wake_up(); },
    [this](entity::stop) { return on_stop(); },
  };
}

void idempotency_entity::on_stored() {
  run_later(self(), claimed_lingers, [this] { retire(); });
}

} // namespace troupe::idempotency

#include "actors/idempotency/idempotency_entity.hpp"

namespace troupe::idempotency {

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

} // namespace troupe::idempotency

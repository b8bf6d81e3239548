#include "actors/inventory/inventory_entity.hpp"

namespace troupe::inventory {

inventory_entity::inventory_entity(pointer self, std::string key, entity::environment env,
                                   entity::recovered<inventory::state> from, caf::actor region, live<policy> rules)
  : super(self, std::move(key), std::move(env), std::move(from), std::move(region)), rules_(std::move(rules)) {}

inventory_entity::handle_type::behavior_type inventory_entity::make_behavior() {
  started();
  return {
    [this](const request_context& context, const set_available& command) {
      return answer(context, decide(state(), command, *rules_));
    },
    [this](const request_context& context, const reserve& command) {
      return answer(context, decide(state(), command, env().now(), *rules_));
    },
    [this](const request_context& context, const release& command) {
      return answer(context, decide(state(), command, env().now()));
    },
    [this](const request_context& context, const allocate& command) {
      return answer(context, decide(state(), command, env().now()));
    },
    [this](const request_context& context, const take_back& command) {
      return answer(context, decide(state(), command, env().now()));
    },
    [this](const request_context& context, const extend& command) {
      return answer(context, decide(state(), command, env().now(), *rules_));
    },
    [this](const request_context& context, const get_stock&) -> caf::result<stock> {
      if (!state().stocked) {
        touched();
        retire_if_empty();
        return caf::make_error(rejection::unknown_sku);
      }
      return answer(context, std::vector<event>{});
    },
    [this](entity::wake) {
      expire();
      rearm_wake_up();
    },
    [this](entity::stop) { return on_stop(); },
  };
}

caf::result<stock> inventory_entity::answer(const request_context& context, decision outcome) {
  touched();
  auto result = commit<stock>(context, std::move(outcome), [this](const inventory::state& s, std::uint64_t) {
    return stock{{key()}, s.available, s.held, s.sold, s.on_hand()};
  });
  retire_if_empty();
  return result;
}

void inventory_entity::expire() {
  if (!failed())
    commit({"inventory/" + key(), {}, time_point::max()}, decide(state(), expire_holds{}, env().now()));
}

void inventory_entity::on_stored() {
  const auto at = state().next_expiry();
  const auto now = env().now();
  if (!at || (timer_at_ && *timer_at_ <= *at && *timer_at_ > now))
    return;
  timer_at_ = at;
  run_later(self(), *at - now, [this] {
    timer_at_.reset();
    expire();
    if (!writing())
      on_stored(); // The hold it was set for has gone; another one may wait.
  });
}

std::optional<time_point> inventory_entity::wake_up() const {
  return state().next_expiry();
}

} // namespace troupe::inventory

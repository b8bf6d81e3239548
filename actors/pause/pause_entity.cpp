#include "actors/pause/pause_entity.hpp"

namespace troupe::pause {

pause_entity::pause_entity(pointer self, std::string key, entity::environment env, entity::recovered<pause::state> from,
                           caf::actor region, registry_ptr puts_up)
  : super(self, std::move(key), std::move(env), std::move(from), std::move(region)), registry_(std::move(puts_up)) {}

pause_entity::handle_type::behavior_type pause_entity::make_behavior() {
  started();
  // The one before may have ended between its commit and the board.
  if (const auto what = parse_target(key()); what && version() > 0)
    registry_->put({*what, state().is, state().ended, version()}, true);
  return {
    [this](const request_context& context, const begin& command) {
      if (!state().is && is_full())
        return answer(context, rejection::too_many);
      return answer(context, decide(state(), command, context.principal, env().now()));
    },
    [this](const request_context& context, const resume& command) {
      return answer(context, decide(state(), command, context.principal));
    },
    [this](const request_context& context, const get&) { return answer(context, std::vector<event>{}); },
    [](entity::wake) {},
    [this](entity::stop) { return on_stop(); },
  };
}

caf::result<status> pause_entity::answer(const request_context& context, decision outcome) {
  touched();
  auto result = commit<status>(context, std::move(outcome), [this](const pause::state& s, std::uint64_t) {
    return status{parse_target(key()).value_or(target{}), s.is, s.ended};
  });
  retire_if_empty();
  return result;
}

bool pause_entity::is_full() const {
  return (*registry_->published()).all().size() >= paused_max;
}

// Before anybody is answered: whoever was told that it stands still finds it so. While something newer is on its way,
// only that it stands still is told; that it goes on is not certain yet.
void pause_entity::on_durable() {
  const auto what = *parse_target(key());
  if (!writing())
    registry_->put({what, state().is, state().ended, version()}, true);
  else if (state().is)
    registry_->put(what, state().is, state().ended);
}

} // namespace troupe::pause

#include "actors/guard/guard_entity.hpp"

namespace troupe::guard {

guard_entity::handle_type::behavior_type guard_entity::make_behavior() {
  started();
  return {
    [this](const request_context& context, const set_breaker& command) {
      return answer(context, decide(state(), command, context.principal));
    },
    [this](const request_context& context, const set_policy& command) {
      return answer(context, decide(state(), command, context.principal));
    },
    [this](const request_context& context, const get_trail&) { return answer(context, std::vector<event>{}); },
    [](entity::wake) {},
    [this](entity::stop) { return on_stop(); },
  };
}

caf::result<trail> guard_entity::answer(const request_context& context, outcome decided) {
  touched();
  auto result = commit<trail>(context, std::move(decided), [this](const guard::state& s, std::uint64_t version) {
    return trail{key(), s.breaker, s.actions, version};
  });
  retire_if_empty();
  return result;
}

} // namespace troupe::guard

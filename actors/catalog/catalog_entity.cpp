#include "actors/catalog/catalog_entity.hpp"

namespace troupe::catalog {

catalog_entity::handle_type::behavior_type catalog_entity::make_behavior() {
  started();
  return {
    [this](const request_context& context, const put_product& command) {
      return answer(context, decide(state(), command));
    },
    [this](const request_context& context, const get_product&) -> caf::result<product> {
      if (!state().exists) {
        touched();
        retire_if_empty();
        return caf::make_error(rejection::unknown_product);
      }
      return answer(context, std::vector<event>{});
    },
    [this](entity::wake) { rearm_wake_up(); },
    [this](entity::stop) { return on_stop(); },
  };
}

caf::result<product> catalog_entity::answer(const request_context& context, decision outcome) {
  touched();
  auto result = commit<product>(context, std::move(outcome), [this](const catalog::state& s, std::uint64_t at) {
    return product{{key()}, s.title, s.price, at};
  });
  retire_if_empty();
  return result;
}

} // namespace troupe::catalog

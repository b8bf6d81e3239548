// How an order stands still while operators have paused what it needs.
#include "actors/order/order_entity.hpp"

namespace troupe::order {

namespace {

constexpr duration holds_again{30'000}; // are extended, after some could not be

} // namespace

standstill order_entity::what_stops() const {
  const auto& board = *deps_->pauses;
  if (board.is_clear())
    return {};
  if (!board.is_known())
    return {extent::all, {}, {}, {}};
  const auto told = [](extent of, const pause::target& what, const pause::paused& how) {
    return standstill{of, to_string(what), how.reason, how.at};
  };
  if (const auto* how = board.find(pause::kind::order, key()))
    return told(extent::all, {pause::kind::order, key()}, *how);
  if (const auto* how = board.find(pause::kind::saga, pause::order_saga))
    return told(extent::all, {pause::kind::saga, std::string{pause::order_saga}}, *how);
  if (const auto* how = board.find(pause::kind::provider, state().provider))
    return told(extent::money, {pause::kind::provider, state().provider}, *how);
  return {};
}

// So that the units are there when it goes on. What fails is asked for again at the next look.
void order_entity::keep_holds() {
  const auto now = env().now();
  const auto rules = policy();
  if (!state().pause || lines_to_keep_ > 0 || !wants_longer_hold(state(), now, rules))
    return;
  lines_kept_ = 0;
  lines_to_keep_ = state().items.size();
  for (std::size_t line = 0; line < state().items.size(); ++line)
    keep_hold_of(line, now + rules.paused_hold);
}

void order_entity::keep_hold_of(std::size_t line, time_point until) {
  const auto answered = [this, until](bool kept) {
    lines_kept_ += kept ? 1 : 0;
    if (--lines_to_keep_ == 0)
      on_holds_asked(until);
  };
  self()
    ->request(deps_->inventory, deps_->local_timeout, effect_context(),
              inventory::extend{state().items.at(line).sku, reservation_of({key()}, line), until - env().now()})
    .then([answered](const inventory::stock&) { answered(true); },
          [this, answered](const caf::error& error) {
            // A line that was not reserved yet has nothing to keep.
            answered(state().phase == phase::placed && error.category() == caf::type_id_v<inventory::rejection>);
          });
}

void order_entity::on_holds_asked(time_point until) {
  if (lines_kept_ == state().items.size())
    return conclude(hold_extended{until});
  run_later(self(), holds_again, [this] { advance(); });
}

} // namespace troupe::order

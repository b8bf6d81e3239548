// What an order has left to do, and when to look at it again.
#include "actors/order/order.hpp"

namespace troupe::order {

namespace {

bool may_capture(const state& s) {
  return s.capture_at_once || s.capture_requested;
}

bool is_captured(const state& s) {
  return s.captured != money{};
}

std::optional<step> step_forward(const state& s) {
  switch (s.phase) {
    case phase::placed: return step::reserve;
    case phase::reserved: return step::authorize;
    case phase::authorized: return step::allocate;
    case phase::allocated: return may_capture(s) ? std::optional{step::capture} : std::nullopt;
    case phase::none:
    case phase::captured: break;
  }
  return std::nullopt;
}

std::optional<step> step_back(const state& s) {
  // What may have moved money is brought to its definite end first: only then is it known what there is to undo.
  if (s.phase == phase::reserved && !s.payment_declined && !s.payment_abandoned)
    return step::authorize;
  if (s.phase == phase::allocated && may_capture(s) && !is_captured(s))
    return step::capture;
  if (s.phase >= phase::authorized && !s.payment_undone)
    return is_captured(s) ? step::refund : step::void_payment;
  if (!s.stock_returned)
    return step::return_stock;
  return std::nullopt;
}

bool moves_money(step x) {
  return x == step::authorize || x == step::capture || x == step::void_payment || x == step::refund;
}

bool backs_off(const state& s, step current) {
  return s.attempts > 0 && s.failing_step == current;
}

template <class Effect> std::vector<effect_t> for_every_line(const state& s) {
  std::vector<effect_t> effects;
  effects.reserve(s.items.size());
  for (std::size_t line = 0; line < s.items.size(); ++line)
    effects.emplace_back(Effect{line});
  return effects;
}

effect_t authorization(const order_id& id, const state& s, time_point now, const policy& p) {
  const auto key_dies_at = s.authorize_since + p.key_lifetime;
  const bool tried = s.authorize_uncertain || backs_off(s, step::authorize);
  return effect::authorize{key_of(id, step::authorize), tried || now >= key_dies_at, key_dies_at};
}

effect_t capturing(const order_id& id, const state& s, time_point now, const policy& p) {
  const auto key_dies_at = s.capture_since + p.key_lifetime;
  const bool tried = s.step_uncertain || backs_off(s, step::capture);
  return effect::capture{key_of(id, step::capture), tried || now >= key_dies_at, key_dies_at};
}

struct owner_of {
  step operator()(const effect::price_and_reserve&) { return step::reserve; }
  step operator()(const effect::authorize&) { return step::authorize; }
  step operator()(const effect::allocate&) { return step::allocate; }
  step operator()(const effect::capture&) { return step::capture; }
  step operator()(const effect::void_payment&) { return step::void_payment; }
  step operator()(const effect::refund&) { return step::refund; }
  step operator()(const effect::release&) { return step::return_stock; }
  step operator()(const effect::take_back&) { return step::return_stock; }
};

} // namespace

step step_of(const effect_t& x) {
  return std::visit(owner_of{}, x);
}

std::optional<step> step_in_progress(const state& s) {
  if (s.phase == phase::none || is_terminal(s.status))
    return std::nullopt;
  return s.closing ? step_back(s) : step_forward(s);
}

bool stands_still(const state& s, const standstill& x, time_point now, const policy& p) {
  if (x.of == extent::nothing)
    return false;
  if (const auto current = step_in_progress(s))
    return x.of == extent::all || moves_money(*current);
  const auto end = capture_end(s, p);
  return end && now >= *end;
}

bool wants_longer_hold(const state& s, time_point now, const policy& p) {
  // A placed order may have begun to reserve.
  const bool holds = s.phase == phase::placed || s.phase == phase::reserved || s.phase == phase::authorized;
  return holds && !s.closing && !is_terminal(s.status) && s.hold_expires_at < now + p.paused_hold / 2;
}

std::optional<time_point> capture_end(const state& s, const policy& p) {
  const bool awaits = s.status == status::processing && s.phase == phase::allocated && !step_in_progress(s);
  return awaits ? std::optional{s.authorized_at + p.capture_window + s.paused_for} : std::nullopt;
}

std::vector<effect_t> outstanding(const order_id& id, const state& s, time_point now, const policy& p,
                                  const standstill& stops) {
  const auto current = step_in_progress(s);
  if (!current || (backs_off(s, *current) && now < s.next_at) || stands_still(s, stops, now, p))
    return {};
  switch (*current) {
    case step::reserve: return for_every_line<effect::price_and_reserve>(s);
    case step::authorize: return {authorization(id, s, now, p)};
    case step::allocate: return for_every_line<effect::allocate>(s);
    case step::capture: return {capturing(id, s, now, p)};
    case step::void_payment: return {effect::void_payment{key_of(id, step::void_payment)}};
    case step::refund: return {effect::refund{key_of(id, step::refund), s.captured, s.undo_since + p.key_lifetime}};
    case step::return_stock:
      // From authorized on an allocation may have reached any of the lines; taking back also ends what is only held.
      return s.phase < phase::authorized ? for_every_line<effect::release>(s) : for_every_line<effect::take_back>(s);
  }
  return {};
}

std::optional<time_point> wake_up(const state& s, const policy& p) {
  const auto current = step_in_progress(s);
  if (!current)
    return capture_end(s, p);
  if (!backs_off(s, *current))
    return s.updated_at; // It is in progress: whoever recovers the order goes on at once.
  return s.next_at;
}

std::string key_of(const order_id& id, step x) {
  std::string key = id.value;
  key += '/';
  key += name_of(x);
  return key;
}

reservation_id reservation_of(const order_id& id, std::size_t line) {
  return {id.value + '/' + std::to_string(line)};
}

} // namespace troupe::order

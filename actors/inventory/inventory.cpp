#include "actors/inventory/inventory.hpp"

#include <algorithm>
#include <limits>

namespace troupe::inventory {

namespace {

void forget_old(state& s, time_point now) {
  while (!s.past_order.empty() && (s.past.size() > past_max || s.past_order.front().first + memory_of_ended < now)) {
    const auto& [at, id] = s.past_order.front();
    // A sold reservation that was taken back stands twice in the order, and is forgotten with its later entry.
    if (const auto found = s.past.find(id); found != s.past.end() && found->second.at <= at)
      s.past.erase(found);
    s.past_order.pop_front();
  }
}

void remember(state& s, const reservation_id& id, ending how, units_t units, time_point at) {
  // Kept from going back, so that the order of forgetting is the order of what happened even if the clock was set back.
  if (!s.past_order.empty())
    at = std::max(at, s.past_order.back().first);
  // Ids of orders begin with their time, so that the newest mostly belongs behind all others.
  s.past.insert_or_assign(s.past.end(), id, ended{how, units, at});
  s.past_order.emplace_back(at, id);
  forget_old(s, at);
}

/// Ends a hold and answers its units, 0 when there is none.
units_t end_hold(state& s, const reservation_id& id) {
  const auto found = s.holds.find(id);
  if (found == s.holds.end())
    return 0;
  const auto units = found->second.units;
  s.held -= units;
  s.expiries.erase({found->second.expires_at, id});
  s.holds.erase(found);
  return units;
}

struct fold {
  state& s;

  void operator()(const adjusted& e) {
    s.stocked = true;
    s.available = e.available;
  }
  void operator()(const reserved& e) {
    s.available -= e.units;
    s.held += e.units;
    s.holds.insert_or_assign(e.id, hold{e.units, e.expires_at});
    s.expiries.emplace(e.expires_at, e.id);
  }
  void operator()(const released& e) {
    const auto units = end_hold(s, e.id);
    s.available += units;
    remember(s, e.id, ending::released, units, e.at);
  }
  void operator()(const hold_expired_event& e) {
    const auto units = end_hold(s, e.id);
    s.available += units;
    remember(s, e.id, ending::expired, units, e.at);
  }
  void operator()(const allocated& e) {
    const auto units = end_hold(s, e.id);
    s.sold += units;
    remember(s, e.id, ending::sold, units, e.at);
  }
  void operator()(const taken_back& e) {
    s.sold -= e.units;
    s.available += e.units;
    remember(s, e.id, ending::taken_back, e.units, e.at);
  }
  void operator()(const low_stock& e) {
    s.low = true;
    s.low_threshold = e.threshold;
  }
  void operator()(const hold_extended& e) {
    s.available += end_hold(s, e.id);
    s.past.erase(e.id); // It had expired. Its place in the order of forgetting is skipped.
    (*this)(reserved{e.id, e.units, e.expires_at});
  }
};

/// Adds low_stock when `available` is at the threshold or below and that was not told yet.
std::vector<event> with_low_stock(const state& s, event first, units_t available, const policy& p) {
  std::vector<event> events;
  events.reserve(2);
  events.push_back(std::move(first));
  const bool told = s.low && s.available <= p.low_stock_threshold;
  if (available <= p.low_stock_threshold && !told)
    events.emplace_back(low_stock{available, p.low_stock_threshold});
  return events;
}

const ended* find_ended(const state& s, const reservation_id& id) {
  // Mostly a new one, which comes behind all others: found out without walking through thousands.
  if (s.past.empty() || s.past.rbegin()->first < id)
    return nullptr;
  const auto found = s.past.find(id);
  return found != s.past.end() ? &found->second : nullptr;
}

const hold* find_hold(const state& s, const reservation_id& id) {
  const auto found = s.holds.find(id);
  return found != s.holds.end() ? &found->second : nullptr;
}

std::vector<event> nothing() {
  return {};
}

} // namespace

std::optional<time_point> state::next_expiry() const {
  if (expiries.empty())
    return std::nullopt;
  return expiries.begin()->first;
}

void state::apply(const event& e) {
  std::visit(fold{*this}, e); // A new event without an overload does not compile.
  if (low && available > low_threshold)
    low = false;
}

decision decide(const state& s, const set_available& cmd, const policy& p) {
  if (cmd.available > units_max || cmd.available + s.held > units_max)
    return rejection::too_many_units;
  if (s.stocked && cmd.available == s.available)
    return nothing();
  const auto change = static_cast<std::int64_t>(cmd.available) - static_cast<std::int64_t>(s.available);
  return with_low_stock(s, adjusted{cmd.available, change}, cmd.available, p);
}

decision decide(const state& s, const reserve& cmd, time_point now, const policy& p) {
  if (cmd.units == 0)
    return rejection::no_units_requested;
  if (find_hold(s, cmd.id))
    return nothing(); // A retry of a hold that was granted.
  if (const auto* past = find_ended(s, cmd.id)) {
    if (past->how == ending::sold)
      return nothing();
    return rejection::already_released;
  }
  if (cmd.units > units_max)
    return rejection::too_many_units;
  if (!s.stocked)
    return rejection::unknown_sku;
  if (cmd.units > s.available)
    return rejection::out_of_stock;
  return with_low_stock(s, reserved{cmd.id, cmd.units, now + cmd.hold_time}, s.available - cmd.units, p);
}

decision decide(const state& s, const release& cmd, time_point now) {
  // Sold units come back by take_back only. What has expired is remembered as released: nobody extends it any more.
  if (const auto* past = find_ended(s, cmd.id))
    return past->how == ending::expired ? std::vector<event>{released{cmd.id, now, 0}} : nothing();
  // Whoever asks for what does not exist shall leave nothing behind.
  if (!s.stocked)
    return nothing();
  const auto* held = find_hold(s, cmd.id);
  // Without a hold it is remembered, so that the reservation that it overtook is refused.
  return std::vector<event>{released{cmd.id, now, held ? held->units : 0}};
}

decision decide(const state& s, const allocate& cmd, time_point now) {
  if (const auto* past = find_ended(s, cmd.id)) {
    if (past->how == ending::sold)
      return nothing();
    return rejection::hold_expired;
  }
  if (!s.stocked)
    return rejection::unknown_sku;
  const auto* held = find_hold(s, cmd.id);
  // A hold whose time is over is lost already, although expire_holds has not stored that yet.
  if (!held || held->expires_at <= now)
    return rejection::hold_expired;
  return std::vector<event>{allocated{cmd.id, now, held->units}};
}

decision decide(const state& s, const take_back& cmd, time_point now) {
  const auto* past = find_ended(s, cmd.id);
  if (past && past->how == ending::expired)
    return decide(s, release{cmd.sku, cmd.id}, now);
  if (past && past->how != ending::sold)
    return nothing();
  const auto forgotten = past || find_hold(s, cmd.id) ? 0 : std::min<std::uint64_t>(cmd.units, s.sold);
  if (!past && forgotten == 0)
    return decide(s, release{cmd.sku, cmd.id}, now);
  const auto units = past ? past->units : static_cast<units_t>(forgotten);
  if (s.on_hand() + units > std::numeric_limits<units_t>::max())
    return rejection::too_many_units;
  return std::vector<event>{taken_back{cmd.id, now, units}};
}

decision decide(const state& s, const extend& cmd, time_point now, const policy& p) {
  const auto until = now + cmd.hold_time;
  if (const auto* held = find_hold(s, cmd.id))
    return held->expires_at >= until ? nothing() : std::vector<event>{hold_extended{cmd.id, held->units, until}};
  const auto* past = find_ended(s, cmd.id);
  if (!past || past->how != ending::expired)
    return rejection::hold_expired;
  if (past->units > s.available)
    return rejection::out_of_stock;
  return with_low_stock(s, hold_extended{cmd.id, past->units, until, true}, s.available - past->units, p);
}

decision decide(const state& s, const expire_holds&, time_point now) {
  std::vector<event> events;
  for (const auto& [at, id] : s.expiries) {
    if (at > now || events.size() == expired_at_once_max)
      break;
    events.emplace_back(hold_expired_event{id, now, s.holds.at(id).units});
  }
  return events;
}

} // namespace troupe::inventory

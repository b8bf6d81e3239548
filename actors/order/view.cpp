#include "actors/order/order_actor.hpp"

#include "actors/kernel/enum_names.hpp"

namespace troupe::order {

namespace {

/// An amount that was never set shows as nothing in the order's currency.
money shown(const money& x, const currency& of_order) {
  return x == money{} ? money{0, of_order} : x;
}

std::vector<view_line> lines_of(const state& s) {
  std::vector<view_line> lines;
  lines.reserve(s.items.size());
  for (std::size_t i = 0; i < s.items.size(); ++i) {
    view_line line{s.items[i].sku, s.items[i].units, std::nullopt, std::nullopt};
    if (i < s.prices.size()) {
      line.price = s.prices[i];
      line.amount = multiply(s.prices[i], s.items[i].units);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

} // namespace

view make_view(const order_id& id, const state& s, std::uint64_t version) {
  const bool priced = !s.prices.empty();
  const bool voided = s.payment_undone && s.captured == money{};
  const bool authorized = s.phase >= phase::authorized && !voided;
  view x;
  x.id = id;
  x.status = s.status;
  x.message = message_of(s);
  if (is_terminal(s.status) && s.status != status::confirmed)
    x.reason = s.reason;
  x.refused_line = s.refused_line;
  x.customer = s.customer;
  x.email = s.email;
  x.currency = s.currency;
  x.lines = lines_of(s);
  if (priced)
    x.total = s.total;
  x.authorized = authorized ? s.total : money{0, s.currency};
  x.captured = shown(s.captured, s.currency);
  x.refunded = shown(s.refunded, s.currency);
  x.provider = s.provider;
  x.payment = s.payment;
  x.placed_at = s.placed_at;
  x.updated_at = s.updated_at;
  x.version = version;
  x.timeline.reserve(s.timeline.size());
  for (const auto& m : s.timeline)
    x.timeline.push_back({m.at, std::string{m.what}, m.detail});
  if (s.pause && !is_terminal(s.status))
    x.paused = view_pause{s.pause->what, s.pause->reason, s.pause->since};
  if (s.review)
    x.reviewed = s.review->step;
  x.reviews = s.reviews;
  return x;
}

std::string to_string(rejection x) {
  return std::string{name_of(x)};
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

} // namespace troupe::order

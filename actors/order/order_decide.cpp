// What an order decides, on commands and on what its effects found out.
#include "actors/order/order.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace troupe::order {

namespace {

using events = std::vector<event>;

/// What is stored again and again stays short, and whole characters of UTF-8.
std::string shortened(const std::string& why) {
  constexpr std::size_t bytes_max = 300;
  auto end = std::min(why.size(), bytes_max);
  while (end < why.size() && end > 0 && (static_cast<unsigned char>(why[end]) & 0xC0) == 0x80)
    --end;
  return why.substr(0, end);
}

bool is_captured(const state& s) {
  return s.captured != money{};
}

bool ended_by_cancelling(status x) {
  return x == status::cancelled || x == status::refunded;
}

bool same_content(const state& s, const place& cmd) {
  // capture_at_once is the shop's configuration, which may change between two tries of one customer.
  return s.customer == cmd.customer && s.email == cmd.email && s.currency == cmd.currency && s.items == cmd.items
         && s.provider == cmd.provider && s.method == cmd.method && s.shipping == cmd.shipping;
}

std::optional<rejection> fault_of(const std::vector<item>& items) {
  if (items.empty())
    return rejection::no_items;
  if (items.size() > lines_max)
    return rejection::too_many_items;
  std::set<std::string_view> seen;
  for (const auto& x : items) {
    if (x.units == 0 || x.units > units_max)
      return rejection::bad_units;
    if (!seen.insert(x.sku.value).second)
      return rejection::duplicate_sku;
  }
  return std::nullopt;
}

events reject(const state& s, std::size_t line, std::string why) {
  ensure(line < s.items.size(), "a refused line is one of the order's");
  return {rejected{static_cast<std::uint32_t>(line), s.items[line].sku, std::move(why)}};
}

/// Ends the order when `done` undoes the last of it.
events and_close(state s, events done) {
  for (const auto& e : done)
    s.apply(e, s.updated_at);
  if (s.closing && !is_terminal(s.status) && !step_in_progress(s))
    done.emplace_back(closed{*s.closing});
  return done;
}

/// Money moved where the order cannot account for it. People must see that, whatever the order has become.
events review(const state& s, step where, std::string why) {
  if (s.status == status::review && s.reason == why)
    return {};
  return {sent_to_review{where, std::move(why)}};
}

events take_money(const state& s) {
  events out{payment_captured{s.total}};
  if (!s.closing && s.phase == phase::allocated)
    out.emplace_back(confirmed{});
  return out;
}

events on_authorized(const state& s, const payment_answered& x) {
  const bool known = s.phase >= phase::authorized;
  if (known && x.id != s.payment)
    return review(s, step::authorize, "second payment " + x.id.value);
  if (known)
    return x.captured && !is_captured(s) ? std::get<events>(decide(s, money_taken{})) : events{};
  // Also after a decline that was decided upon already: then the order is on its way out, and this is undone first.
  if (s.phase != phase::reserved || is_terminal(s.status))
    return review(s, step::authorize, "unexpected payment " + x.id.value);
  events out{payment_authorized{x.id, s.total}};
  if (x.captured)
    out.emplace_back(payment_captured{s.total});
  return out;
}

/// No attempt to authorize acted, and none is on its way: all of them are known, and got a definite answer.
bool surely_not_sent(const state& s, const time_passed& x) {
  return x.seen_all && step_in_progress(s) == step::authorize && !s.authorize_uncertain;
}

bool awaits_capture(const state& s) {
  return capture_end(s, {}).has_value();
}

duration backoff(std::uint32_t attempt, double jitter, const policy& p) {
  const double doubled =
    std::ldexp(static_cast<double>(p.retry_base.count()), static_cast<int>(std::min(attempt, 64u)) - 1);
  // With the jitter that it may get, and no longer than the most, so that many orders do not come back at one instant.
  const double longest = std::min(2 * doubled, static_cast<double>(p.retry_max.count()));
  return duration{std::llround(longest * (1 + jitter) / 2)};
}

} // namespace

decision decide(const state& s, const place& cmd) {
  if (s.phase != phase::none)
    return same_content(s, cmd) ? decision{events{}} : rejection::already_placed_otherwise;
  if (const auto fault = fault_of(cmd.items))
    return *fault;
  return events{placed{cmd.customer, cmd.email, cmd.currency, cmd.items, cmd.provider, cmd.method, cmd.shipping,
                       cmd.capture_at_once}};
}

decision decide(const state& s, const cancel& cmd) {
  if (s.phase == phase::none)
    return rejection::unknown_order;
  if (s.status == status::review)
    return rejection::in_review;
  if (s.closing) // Also while it is still being undone: the way out that was taken is not changed by another.
    return ended_by_cancelling(*s.closing) ? decision{events{}} : rejection::already_ended;
  return events{cancel_requested{cmd.reason}};
}

decision decide(const state& s, const capture&) {
  if (s.phase == phase::none)
    return rejection::unknown_order;
  if (s.status == status::review)
    return rejection::in_review;
  if (s.closing)
    return rejection::already_ended;
  if (s.phase < phase::allocated)
    return rejection::not_authorized;
  if (!awaits_capture(s))
    return events{}; // It is captured, or being captured.
  return events{capture_requested{}};
}

decision decide(const state& s, const reopen& cmd) {
  if (s.phase == phase::none)
    return rejection::unknown_order;
  if (!s.review || s.reopen_request == cmd.request)
    return events{};
  if (!s.review->can_look)
    return rejection::needs_people;
  return events{reopened{cmd.request}};
}

decision decide(const state& s, const stock_ready& x) {
  if (step_in_progress(s) != step::reserve)
    return events{};
  ensure(x.prices.size() == s.items.size(), "every line has a price");
  money total{0, s.currency};
  for (std::size_t line = 0; line < s.items.size(); ++line) {
    if (x.prices[line].currency != s.currency)
      return reject(s, line, "other_currency");
    const auto amount = multiply(x.prices[line], s.items[line].units);
    const auto sum = amount ? add(total, *amount) : std::nullopt;
    if (!sum)
      return reject(s, line, "too_much");
    total = *sum;
  }
  return events{priced{x.prices, total}, stock_reserved{x.expires_at}};
}

decision decide(const state& s, const line_refused& x) {
  if (step_in_progress(s) != step::reserve)
    return events{};
  return reject(s, x.line, x.why);
}

decision decide(const state& s, const payment_answered& x) {
  if (s.phase == phase::none)
    return events{};
  if (x.authorized || x.captured)
    return on_authorized(s, x);
  if (step_in_progress(s) != step::authorize)
    return events{};
  return events{payment_declined{x.reason}};
}

decision decide(const state& s, const stock_taken&) {
  if (step_in_progress(s) != step::allocate)
    return events{};
  if (is_captured(s))
    return events{stock_allocated{}, confirmed{}};
  return events{stock_allocated{}};
}

decision decide(const state& s, const hold_lost& x) {
  if (step_in_progress(s) != step::allocate)
    return events{};
  return events{hold_expired{static_cast<std::uint32_t>(x.line)}};
}

decision decide(const state& s, const money_taken&) {
  if (s.phase == phase::none || is_captured(s))
    return events{};
  if (s.phase < phase::authorized || s.payment_undone || is_terminal(s.status))
    return review(s, step::capture, "unexpected capture");
  return take_money(s);
}

decision decide(const state& s, const money_released&) {
  if (step_in_progress(s) == step::void_payment)
    return and_close(s, {payment_voided{}});
  // A void was sent, and then the money was found captured: one of the two answers is wrong.
  if (s.closing && is_captured(s) && !s.payment_undone)
    return review(s, step::void_payment, "voided although captured");
  return events{};
}

decision decide(const state& s, const money_returned& x) {
  if (step_in_progress(s) != step::refund)
    return events{};
  return and_close(s, {payment_refunded{x.refund_id, s.captured, x.pending}});
}

decision decide(const state& s, const stock_returned&) {
  // Not only while it is in progress: it stays true when a late payment has to be undone in between.
  if (!s.closing || s.stock_returned || is_terminal(s.status))
    return events{};
  return and_close(s, {stock_released{}});
}

decision decide(const state& s, const step_failed& x, time_point now, const policy& p) {
  if (step_in_progress(s) != x.step)
    return events{};
  const auto attempt = s.attempts + 1;
  // Beyond the key's lifetime nothing can be repeated, however long the other side asks to be left alone.
  const auto asked = std::min(x.wait.value_or(duration{0}), p.key_lifetime);
  return events{
    attempt_failed{x.step, attempt, x.code, now + std::max(asked, backoff(attempt, x.jitter, p)), shortened(x.why)}};
}

decision decide(const state& s, const step_impossible& x) {
  if (step_in_progress(s) != x.step)
    return events{};
  return events{sent_to_review{x.step, x.why}};
}

decision decide(const state& s, const time_passed& x, time_point now, const policy& p) {
  if (now >= s.hold_expires_at && surely_not_sent(s, x))
    return events{hold_expired{}};
  if (const auto end = capture_end(s, p); end && now >= *end)
    return events{hold_expired{.line = 0, .authorization = true}};
  return events{};
}

decision decide(const state& s, const standstill& x, bool seen_all, time_point now, const policy& p) {
  if (!stands_still(s, x, now, p)) {
    if (!s.pause || is_terminal(s.status))
      return events{};
    // Held longer than it is good for: whoever cannot go on now shall not keep the units of others for a day.
    return events{resumed{std::min(s.hold_expires_at, now + p.hold_time)}};
  }
  if (x.what.empty() || (s.pause && s.pause->what == x.what && s.pause->reason == x.reason))
    return events{};
  return events{paused{x.what, shortened(x.reason), std::max(x.since, s.placed_at), seen_all && !s.step_uncertain}};
}

decision decide(const state& s, const hold_extended& x) {
  if (!s.pause || x.expires_at <= s.hold_expires_at)
    return events{};
  return events{x};
}

decision after_retries(decision outcome, call_retried x) {
  auto* decided = std::get_if<events>(&outcome);
  if (decided && !decided->empty() && !x.retries.empty())
    decided->emplace(decided->begin(), std::move(x));
  return outcome;
}

void add_retry(call_retried& x, retry more) {
  if (x.retries.size() >= retries_max)
    x.retries.pop_back();
  more.why = shortened(more.why);
  x.retries.push_back(std::move(more));
}

} // namespace troupe::order

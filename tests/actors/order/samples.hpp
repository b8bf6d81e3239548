// tests/actors/order/samples.hpp: an order of two lines and its events, for the tests of this folder.
#pragma once

#include "actors/order/order.hpp"

#include <chrono>
#include <initializer_list>
#include <vector>

namespace troupe::order::test {

using namespace std::chrono_literals;

inline constexpr auto noon = time_point{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};
inline const order_id some_id = "0195c2f0-0000-7000-8000-000000000001";
inline const policy standard{};

inline money eur(std::int64_t minor) {
  return {minor, *currency::parse("EUR")};
}

inline address some_address() {
  return {"Ada Example", "1 Long Street", "", "Springfield", "", "12345", "DE"};
}

inline place some_order() {
  place cmd;
  cmd.id = some_id;
  cmd.customer = "customer-1";
  cmd.email = "ada@example.org";
  cmd.currency = *currency::parse("EUR");
  cmd.items = {{"shoe", 2}, {"sock", 1}};
  cmd.provider = "main";
  cmd.method = "card-1";
  cmd.shipping = some_address();
  return cmd;
}

inline placed some_placed(bool capture_at_once = true) {
  const auto cmd = some_order();
  return {cmd.customer, cmd.email, cmd.currency, cmd.items, cmd.provider, cmd.method, cmd.shipping, capture_at_once};
}

inline const std::vector<money> prices{eur(5'000), eur(290)};
inline const money total = eur(10'290);
inline const auto hold_end = noon + 15min;

/// An authorization that was made twice before it was answered.
inline call_retried some_retry(time_point at = noon + 1s) {
  return {step::authorize,
          {{at, "authorize", "retried",
            "policy \"payment-api\" (troupe.yaml:42): attempt 1 of 3: unavailable, again in 300 ms"}}};
}

/// One of every kind, in the order of `event`'s alternatives.
inline std::vector<event> one_of_every_kind() {
  return {some_placed(),
          priced{prices, total},
          stock_reserved{hold_end},
          rejected{1, "sock", "out_of_stock"},
          payment_authorized{"pay-1", total},
          payment_declined{"insufficient_funds"},
          stock_allocated{},
          hold_expired{1, false},
          capture_requested{},
          payment_captured{total},
          confirmed{},
          cancel_requested{"Bought \"twice\",\nsorry"},
          payment_voided{},
          payment_refunded{"refund-1", total},
          stock_released{},
          attempt_failed{step::authorize, 3, ec::timed_out, noon + 5s},
          sent_to_review{step::refund, "the key is too old"},
          closed{status::cancelled},
          paused{"provider/main", "it maintains its system", noon, true},
          hold_extended{noon + 24h},
          resumed{hold_end},
          some_retry(),
          reopened{"letter-1/1"}};
}

/// What an order is after `history`, all of it recorded at noon.
inline state after(const std::vector<event>& history, time_point at = noon) {
  state s;
  for (const auto& e : history)
    s.apply(e, at);
  return s;
}

// How far an order has come.
inline std::vector<event> until_placed(bool capture_at_once = true) {
  return {some_placed(capture_at_once)};
}

inline std::vector<event> with(std::vector<event> history, std::initializer_list<event> more) {
  history.insert(history.end(), more);
  return history;
}

inline std::vector<event> until_reserved(bool capture_at_once = true) {
  return with(until_placed(capture_at_once), {priced{prices, total}, stock_reserved{hold_end}});
}

inline std::vector<event> until_authorized(bool capture_at_once = true) {
  return with(until_reserved(capture_at_once), {payment_authorized{"pay-1", total}});
}

inline std::vector<event> until_allocated(bool capture_at_once = true) {
  return with(until_authorized(capture_at_once), {stock_allocated{}});
}

inline std::vector<event> until_confirmed() {
  return with(until_allocated(), {payment_captured{total}, confirmed{}});
}

} // namespace troupe::order::test

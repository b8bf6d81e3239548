#include "adapters/payment/simulated/books.hpp"

#include <algorithm>
#include <utility>

namespace troupe::payment::simulated {

namespace {

std::string text_of(const money& x) {
  return to_decimal(x) + std::string{x.currency.code()};
}

payment_status first_status(const std::string& method, std::string& reason) {
  if (method == "tok_declined" || method.ends_with("_chargeDeclined")) {
    reason = "card_declined";
    return payment_status::declined;
  }
  if (method == "tok_insufficient_funds" || method.ends_with("_chargeDeclinedInsufficientFunds")) {
    reason = "insufficient_funds";
    return payment_status::declined;
  }
  if (method == "tok_pending" || method.ends_with("_processing"))
    return payment_status::pending;
  return payment_status::authorized;
}

} // namespace

template <class Answer, class Act>
books::outcome<Answer> books::once(const std::string& key, std::string request, Act act) {
  const auto at = keys_.find(key);
  if (at == keys_.end()) {
    outcome<Answer> result = act();
    auto& kept = keys_[key];
    kept.request = std::move(request);
    std::visit([&kept](const auto& x) { kept.answer = x; }, result);
    return result;
  }
  if (at->second.request != request)
    return ec::refused; // the key was used for something else
  if (const auto* answer = std::get_if<Answer>(&at->second.answer))
    return *answer;
  return std::get<ec>(at->second.answer);
}

books::outcome<payment> books::apply(const authorize& x) {
  const int tries = ++tries_[x.key];
  if (x.method == "tok_unavailable" && tries == 1)
    return ec::unavailable;
  auto result = once<payment>(x.key, "authorize " + x.reference + " " + text_of(x.amount) + " " + x.method,
                              [&] { return open(x); });
  if (x.method == "tok_timeout" && tries == 1)
    return ec::timed_out;
  return result;
}

books::outcome<payment> books::apply(const capture& x) {
  return once<payment>(x.key, "capture " + x.id.value + " " + text_of(x.amount), [&] { return take(x); });
}

books::outcome<payment> books::apply(const void_payment& x) {
  return once<payment>(x.key, "void " + x.id.value, [&] { return let_go(x); });
}

books::outcome<refunded> books::apply(const refund& x) {
  return once<refunded>(x.key, "refund " + x.id.value + " " + text_of(x.amount), [&] { return give_back(x); });
}

books::outcome<payments> books::apply(const find_payments& x) {
  payments result;
  for (auto& c : charges_) {
    if (c.reference != x.reference)
      continue;
    if (c.facts.status == payment_status::pending)
      c.facts.status = payment_status::authorized;
    result.items.push_back(c.facts);
  }
  return result;
}

books::outcome<payment> books::open(const authorize& x) {
  if (x.amount.minor <= 0)
    return ec::refused;
  payment facts;
  facts.id = "sim_" + std::to_string(charges_.size() + 1);
  facts.amount = x.amount;
  facts.status = first_status(x.method, facts.reason);
  charges_.push_back({facts, x.reference, x.method});
  return facts;
}

books::outcome<payment> books::take(const capture& x) {
  auto* c = find(x.id);
  if (!c || c->facts.status != payment_status::authorized || x.amount.minor <= 0
      || x.amount.currency != c->facts.amount.currency || x.amount.minor > c->facts.amount.minor)
    return ec::refused;
  c->facts.status = payment_status::captured;
  c->facts.amount = x.amount;
  return c->facts;
}

books::outcome<payment> books::let_go(const void_payment& x) {
  auto* c = find(x.id);
  if (!c || c->facts.status == payment_status::captured || c->facts.status == payment_status::declined)
    return ec::refused;
  c->facts.status = payment_status::voided;
  return c->facts;
}

books::outcome<refunded> books::give_back(const refund& x) {
  auto* c = find(x.id);
  if (!c || c->facts.status != payment_status::captured || x.amount.minor <= 0
      || x.amount.currency != c->facts.amount.currency || x.amount.minor > c->facts.amount.minor - c->refunded)
    return ec::refused;
  refunded result{"sim_refund_" + std::to_string(++refunds_), refund_status::succeeded};
  if (c->method == "tok_refund_failed")
    result.status = refund_status::failed;
  else
    c->refunded += x.amount.minor;
  return result;
}

books::charge* books::find(const payment_id& id) {
  const auto at = std::find_if(charges_.begin(), charges_.end(), [&](const charge& c) { return c.facts.id == id; });
  return at == charges_.end() ? nullptr : &*at;
}

} // namespace troupe::payment::simulated

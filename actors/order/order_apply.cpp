// How an order's events change it.
#include "actors/order/order.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::order {

namespace {

struct fold {
  state& s;
  time_point at;

  void operator()(const placed& e) {
    s.phase = phase::placed;
    s.customer = e.customer;
    s.email = e.email;
    s.shipping = e.shipping;
    s.currency = e.currency;
    s.items = e.items;
    s.provider = e.provider;
    s.method = e.method;
    s.capture_at_once = e.capture_at_once;
    s.placed_at = at;
  }

  void operator()(const priced& e) {
    s.prices = e.prices;
    s.total = e.total;
  }

  void operator()(const stock_reserved& e) {
    s.phase = phase::reserved;
    s.hold_expires_at = e.expires_at;
  }

  void operator()(const rejected& e) {
    s.refused_line = e.line;
    leave(status::rejected, e.why);
  }

  void operator()(const payment_authorized& e) {
    s.phase = phase::authorized;
    s.payment = e.id;
    s.authorized_at = at;
    s.authorize_uncertain = false;
    s.payment_declined = false; // It was, by an earlier answer: now there is something to undo.
    s.payment_abandoned = false;
  }

  void operator()(const payment_declined& e) {
    s.payment_declined = true;
    s.authorize_uncertain = false;
    leave(status::declined, e.reason);
  }

  void operator()(const stock_allocated&) { s.phase = s.captured == money{} ? phase::allocated : phase::captured; }

  void operator()(const hold_expired& e) {
    if (s.phase == phase::reserved)
      s.payment_abandoned = true;
    leave(status::expired, e.authorization ? "authorization_expired" : "hold_expired");
  }

  void operator()(const capture_requested&) { s.capture_requested = true; }

  void operator()(const payment_captured& e) {
    s.captured = e.amount;
    if (s.phase == phase::allocated)
      s.phase = phase::captured;
    if (s.closing == status::cancelled)
      s.closing = status::refunded;
  }

  void operator()(const confirmed&) { s.status = status::confirmed; }

  void operator()(const cancel_requested& e) {
    // A capture that has begun is carried to its end, so there will be something to refund.
    const bool capture_begun = s.phase == phase::allocated && (s.capture_at_once || s.capture_requested);
    s.status = status::processing;
    leave(capture_begun || s.captured != money{} ? status::refunded : status::cancelled, e.reason);
  }

  void operator()(const payment_voided&) { s.payment_undone = true; }

  void operator()(const payment_refunded& e) {
    s.payment_undone = true;
    s.refunded = e.amount;
  }

  void operator()(const stock_released&) { s.stock_returned = true; }

  void operator()(const attempt_failed& e) {
    s.failing_step = e.step;
    s.attempts = e.attempt;
    s.last_failure = e.code;
    s.next_at = e.next_at;
    if (may_have_acted(e.code))
      s.step_uncertain = true;
    if (e.step == step::authorize && may_have_acted(e.code))
      s.authorize_uncertain = true;
  }

  void operator()(const sent_to_review& e) {
    // A refund leaves nothing to be found by the order's reference, and what does not fit the order's own story is not
    // cleared up by looking.
    const bool can_look = e.step != step::refund && step_in_progress(s) == e.step;
    const auto before = s.review ? s.review->reason_before : s.closing ? s.reason : std::string{};
    s.review = reviewed{e.step, can_look, before};
    ++s.reviews;
    s.status = status::review;
    s.reason = e.why;
  }

  void operator()(const reopened& e) {
    s.status = status::processing;
    s.reason = s.review ? s.review->reason_before : std::string{};
    s.review.reset();
    s.reopened_at = at;
    s.reopen_request = e.request;
    s.attempts = 0;
    s.step_uncertain = true;
    if (step_in_progress(s) == step::authorize)
      s.authorize_uncertain = true;
  }

  void operator()(const closed& e) { s.status = e.as; }

  void operator()(const paused& e) {
    // One pause after another: nothing was sent in between.
    const auto before = std::exchange(s.pause, e);
    if (!before)
      return;
    s.pause->since = before->since;
    s.pause->untouched = before->untouched;
  }

  void operator()(const hold_extended& e) { s.hold_expires_at = e.expires_at; }

  void operator()(const call_retried&) {} // What came of it follows.

  void operator()(const resumed& e) {
    if (!s.pause)
      return;
    s.hold_expires_at = e.hold_expires_at;
    if (s.phase >= phase::authorized)
      s.paused_for += std::max(at - std::max(s.pause->since, s.authorized_at), duration{0});
    renew_key();
    s.pause.reset();
  }

  /// A key that waited was not used. Where an attempt may have been made that no event tells of, the step looks first,
  /// and finds it after so long, or does no harm twice; a refund does neither.
  void renew_key() {
    const auto current = step_in_progress(s);
    if (current == step::authorize && !s.authorize_uncertain)
      s.authorize_since = at;
    else if (current == step::capture && !s.step_uncertain)
      s.capture_since = at;
    else if (current == step::void_payment || (current == step::refund && s.pause->untouched))
      s.undo_since = at;
  }

  /// The first way out that is taken is the one that counts.
  void leave(order::status as, std::string_view why) {
    if (s.closing)
      return;
    s.closing = as;
    s.reason = why;
  }
};

struct detail_of {
  const state& s;

  std::string operator()(const priced& e) { return to_decimal(e.total) + ' ' + std::string{e.total.currency.code()}; }
  std::string operator()(const rejected& e) { return "line " + std::to_string(e.line) + ": " + e.why; }
  std::string operator()(const payment_authorized& e) { return e.id.value; }
  std::string operator()(const payment_declined& e) { return e.reason; }
  std::string operator()(const hold_expired& e) {
    return e.authorization ? "authorization" : "line " + std::to_string(e.line);
  }
  std::string operator()(const payment_refunded& e) { return e.pending ? e.refund_id + ", pending" : e.refund_id; }
  std::string operator()(const attempt_failed& e) {
    std::string text{name_of(e.step)};
    text += ' ' + std::to_string(e.attempt) + ": " + to_string(e.code);
    return e.why.empty() ? text : text + ", " + e.why;
  }
  std::string operator()(const sent_to_review& e) { return std::string{name_of(e.step)} + ": " + e.why; }
  std::string operator()(const closed& e) { return std::string{name_of(e.as)}; }
  std::string operator()(const paused& e) { return e.what + ": " + e.reason; }

  // These say everything by their name, or hold personal data.
  std::string operator()(const placed&) { return {}; }
  std::string operator()(const stock_reserved&) { return {}; }
  std::string operator()(const stock_allocated&) { return {}; }
  std::string operator()(const capture_requested&) { return {}; }
  std::string operator()(const payment_captured&) { return {}; }
  std::string operator()(const confirmed&) { return {}; }
  std::string operator()(const cancel_requested&) { return {}; }
  std::string operator()(const payment_voided&) { return {}; }
  std::string operator()(const stock_released&) { return {}; }
  std::string operator()(const hold_extended&) { return {}; }
  std::string operator()(const resumed&) { return {}; }
  std::string operator()(const reopened&) { return {}; }
  std::string operator()(const call_retried&) { return {}; } // Each retry has a line of its own.
};

/// Attempts belong to one step, and a step's key is made when the step begins.
void begin(state& s, std::optional<step> next, time_point at) {
  s.attempts = 0;
  s.step_uncertain = false;
  if (next == step::authorize)
    s.authorize_since = at;
  else if (next == step::capture)
    s.capture_since = at;
  else if (next == step::void_payment || next == step::refund)
    s.undo_since = at;
}

std::string text_of(const retry& x, step of) {
  std::string text{name_of(of)};
  text += ": ";
  if (x.operation != name_of(of)) // It looked before, or after.
    text += x.operation + ' ';
  return text + x.what + ", " + x.why;
}

/// Takes the attempt before away, with the retries of its own, unless something else has happened since.
void forget_attempt_before(std::vector<moment>& timeline) {
  const auto is_retry = [](const moment& x) { return x.what == name_of(call_retried{}); };
  const auto last = std::find_if_not(timeline.rbegin(), timeline.rend(), is_retry);
  if (last == timeline.rend() || last->what != name_of(attempt_failed{}))
    return;
  const auto first = std::find_if_not(std::next(last), timeline.rend(), is_retry);
  timeline.erase(first.base(), last.base());
}

void note(state& s, const event& e, time_point at) {
  if (const auto* retried = std::get_if<call_retried>(&e)) {
    for (const auto& x : retried->retries)
      s.timeline.push_back({x.at, name_of(e), text_of(x, retried->step)});
    return;
  }
  // The latest attempt stands for those before it, so that an outage of a day leaves one line and not thousands.
  if (const auto* failed = std::get_if<attempt_failed>(&e); failed && failed->attempt > 1)
    forget_attempt_before(s.timeline);
  s.timeline.push_back({at, name_of(e), std::visit(detail_of{s}, e)});
}

} // namespace

void state::apply(const event& e, time_point at) {
  const auto before = step_in_progress(*this);
  std::visit(fold{*this, at}, e);
  updated_at = at;
  // A reopened order goes on with the step that it was in, whose key is no younger for that.
  if (const auto next = step_in_progress(*this); next != before && !std::holds_alternative<reopened>(e))
    begin(*this, next, at);
  if (is_terminal(status))
    pause.reset(); // What was in flight has ended it.
  note(*this, e, at);
}

} // namespace troupe::order

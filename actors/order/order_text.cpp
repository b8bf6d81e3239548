// Names that code and stored events use, and sentences that people read.
#include "actors/order/order.hpp"

namespace troupe::order {

namespace {

struct type_of {
  std::string_view operator()(const placed&) { return "placed"; }
  std::string_view operator()(const priced&) { return "priced"; }
  std::string_view operator()(const stock_reserved&) { return "stock_reserved"; }
  std::string_view operator()(const rejected&) { return "rejected"; }
  std::string_view operator()(const payment_authorized&) { return "payment_authorized"; }
  std::string_view operator()(const payment_declined&) { return "payment_declined"; }
  std::string_view operator()(const stock_allocated&) { return "stock_allocated"; }
  std::string_view operator()(const hold_expired&) { return "hold_expired"; }
  std::string_view operator()(const capture_requested&) { return "capture_requested"; }
  std::string_view operator()(const payment_captured&) { return "payment_captured"; }
  std::string_view operator()(const confirmed&) { return "confirmed"; }
  std::string_view operator()(const cancel_requested&) { return "cancel_requested"; }
  std::string_view operator()(const payment_voided&) { return "payment_voided"; }
  std::string_view operator()(const payment_refunded&) { return "payment_refunded"; }
  std::string_view operator()(const stock_released&) { return "stock_released"; }
  std::string_view operator()(const attempt_failed&) { return "attempt_failed"; }
  std::string_view operator()(const sent_to_review&) { return "sent_to_review"; }
  std::string_view operator()(const closed&) { return "closed"; }
  std::string_view operator()(const paused&) { return "paused"; }
  std::string_view operator()(const hold_extended&) { return "hold_extended"; }
  std::string_view operator()(const resumed&) { return "resumed"; }
  std::string_view operator()(const call_retried&) { return "call_retried"; }
  std::string_view operator()(const reopened&) { return "reopened"; }
};

constexpr std::string_view paying = "Processing payment...";

std::string_view message_of_failure(step where, ec code) {
  const bool stock = where == step::reserve || where == step::allocate || where == step::return_stock;
  switch (code) {
    case ec::rate_limited:
    case ec::overloaded: return "High volume, please wait";
    case ec::timed_out:
    case ec::interrupted:
    case ec::conflict:
    case ec::commit_unknown: return stock ? "Processing order..." : "Verifying payment...";
    case ec::unavailable:
    case ec::deadline:
    case ec::shutting_down:
    case ec::circuit_open:
    case ec::moved:
    case ec::store_unavailable:
    case ec::version_conflict:
    case ec::shard_lost: return stock ? "Processing order..." : paying;
    case ec::bad_response:
    case ec::denied:
    case ec::refused:
    case ec::unknown_type:
    case ec::store_damaged:
    case ec::store_foreign:
    case ec::store_newer:
    case ec::store_in_use: break;
  }
  return "Technical issue";
}

std::string_view message_of_processing(const state& s) {
  const auto current = step_in_progress(s);
  if (current && s.attempts > 0)
    return message_of_failure(*current, s.last_failure);
  if (s.closing == status::cancelled || s.closing == status::refunded)
    return "Cancelling the order...";
  if (s.closing)
    return "Closing the order...";
  if (!current)
    return s.phase == phase::allocated ? "Payment authorized, to be captured" : "Processing order...";
  return *current == step::reserve ? "Processing order..." : paying;
}

} // namespace

std::string_view name_of(const event& x) {
  return std::visit(type_of{}, x);
}

std::string_view name_of(step x) {
  switch (x) {
    case step::reserve: return "reserve";
    case step::authorize: return "authorize";
    case step::allocate: return "allocate";
    case step::capture: return "capture";
    case step::void_payment: return "void";
    case step::refund: return "refund";
    case step::return_stock: return "return_stock";
  }
  return "invalid";
}

std::string_view name_of(status x) {
  switch (x) {
    case status::processing: return "processing";
    case status::confirmed: return "confirmed";
    case status::rejected: return "rejected";
    case status::declined: return "declined";
    case status::expired: return "expired";
    case status::cancelled: return "cancelled";
    case status::refunded: return "refunded";
    case status::review: return "review";
  }
  return "invalid";
}

std::string_view name_of(rejection x) {
  switch (x) {
    case rejection::unknown_order: return "unknown_order";
    case rejection::already_placed_otherwise: return "already_placed_otherwise";
    case rejection::no_items: return "no_items";
    case rejection::too_many_items: return "too_many_items";
    case rejection::bad_units: return "bad_units";
    case rejection::duplicate_sku: return "duplicate_sku";
    case rejection::already_ended: return "already_ended";
    case rejection::not_authorized: return "not_authorized";
    case rejection::in_review: return "in_review";
    case rejection::needs_people: return "needs_people";
  }
  return "invalid";
}

std::string_view cause_of_review(std::string_view reason) {
  using namespace review_reason;
  if (reason == no_answer)
    return "no_answer";
  if (reason == unknown_outcome || reason == old_refund)
    return "unknown_outcome";
  if (reason == another_amount)
    return "another_amount";
  if (reason == capture_refused || reason == void_refused || reason == refund_refused || reason == refund_failed)
    return "refused";
  return "contradiction";
}

std::string message_of(const state& s) {
  switch (s.status) {
    case status::processing: return std::string{message_of_processing(s)};
    case status::confirmed: return "Order confirmed";
    case status::rejected: return "An item of the order cannot be had";
    case status::declined: return "Payment declined";
    case status::expired: return "The order expired";
    case status::cancelled: return "Order cancelled";
    case status::refunded: return "Order cancelled and refunded";
    case status::review: return "The order is being reviewed by our staff";
  }
  return {};
}

} // namespace troupe::order

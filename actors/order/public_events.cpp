// What the outside is told of an order's events.
#include "actors/kernel/json_writer.hpp"
#include "actors/order/stored.hpp"

namespace troupe::order {

namespace {

using type_name = const char*; // null for what is not told

type_name name_of_end(status x) {
  switch (x) {
    case status::declined: return "OrderDeclined";
    case status::expired: return "OrderExpired";
    case status::cancelled: return "OrderCancelled";
    case status::refunded: return "OrderRefunded";
    case status::rejected: // Told when the line was refused, with the line.
    case status::processing:
    case status::confirmed:
    case status::review: break;
  }
  return nullptr;
}

/// Writes the members after `orderId` and names the type.
struct public_form {
  json_writer& w;

  type_name operator()(const placed& e) {
    // Prices come from the platform's list and are not known yet: OrderPriced follows with the total.
    w.member("customerId", e.customer.value).member("currency", e.currency.code()).key("totalAmount").null();
    w.key("items").begin_array();
    for (const auto& x : e.items)
      w.begin_object().member("productId", x.sku.value).member("quantity", x.units).end_object();
    w.end_array();
    return "OrderCreated";
  }
  type_name operator()(const priced& e) {
    w.member("currency", e.total.currency.code()).member("totalAmount", e.total.minor);
    w.key("unitPrices").begin_array();
    for (const auto& x : e.prices)
      w.value(x.minor);
    w.end_array();
    return "OrderPriced";
  }
  type_name operator()(const stock_reserved& e) {
    w.member("expiresAt", to_rfc3339(e.expires_at));
    return "OrderStockReserved";
  }
  type_name operator()(const rejected& e) {
    w.member("line", e.line).member("productId", e.sku.value).member("reason", e.why);
    return "OrderRejected";
  }
  type_name operator()(const payment_authorized& e) {
    w.member("paymentId", e.id.value);
    write_amount(e.amount);
    return "PaymentAuthorized";
  }
  type_name operator()(const payment_declined& e) {
    w.member("reason", e.reason);
    return "PaymentDeclined";
  }
  type_name operator()(const stock_allocated&) { return "OrderStockAllocated"; }
  type_name operator()(const hold_expired& e) {
    if (e.authorization)
      return "PaymentAuthorizationExpired";
    w.member("line", e.line);
    return "OrderHoldExpired";
  }
  type_name operator()(const capture_requested&) { return "OrderCaptureRequested"; }
  type_name operator()(const payment_captured& e) {
    write_amount(e.amount);
    return "PaymentCaptured";
  }
  type_name operator()(const confirmed&) { return "OrderConfirmed"; }
  type_name operator()(const cancel_requested&) { return "OrderCancelRequested"; }
  type_name operator()(const payment_voided&) { return "PaymentVoided"; }
  type_name operator()(const payment_refunded& e) {
    w.member("refundId", e.refund_id);
    write_amount(e.amount);
    return "PaymentRefunded";
  }
  type_name operator()(const stock_released&) { return "OrderStockReleased"; }
  type_name operator()(const attempt_failed&) { return nullptr; }
  type_name operator()(const call_retried&) { return nullptr; }
  type_name operator()(const sent_to_review& e) {
    w.member("step", name_of(e.step)).member("reason", e.why);
    return "OrderSentToReview";
  }
  type_name operator()(const closed& e) { return name_of_end(e.as); }
  // What operators do concerns nobody outside, and their reasons are their own.
  type_name operator()(const paused&) { return nullptr; }
  type_name operator()(const hold_extended&) { return nullptr; }
  type_name operator()(const resumed&) { return nullptr; }
  type_name operator()(const reopened&) { return nullptr; }

  void write_amount(const money& x) { w.member("amount", x.minor).member("currency", x.currency.code()); }
};

} // namespace

std::optional<public_event> to_public(const journal::stored_event& x) {
  const auto decoded = decode(x);
  if (!decoded)
    return std::nullopt;
  std::string data;
  json_writer w{data};
  w.begin_object().member("orderId", x.stream.key);
  const auto type = std::visit(public_form{w}, *decoded);
  if (!type)
    return std::nullopt;
  w.end_object();
  return make_public_event(x, type, std::move(data));
}

} // namespace troupe::order

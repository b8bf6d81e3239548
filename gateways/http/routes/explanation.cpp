#include "gateways/http/routes/explanation.hpp"

#include "actors/catalog/catalog_actor.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/kernel/caf.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/payment/provider.hpp"

#include <caf/sec.hpp>

#include <algorithm>

namespace troupe::gateway {

namespace {

using std::chrono::seconds;

explanation internal() {
  return {500, "internal-error", "Internal error", "Something unexpected happened. Nothing is known to have changed.",
          "", std::nullopt};
}

explanation explain(order::rejection x) {
  switch (x) {
    using enum order::rejection;
    case unknown_order:
      return {404, "unknown-order", "Unknown order", "There is no order with this id.", "", {}};
    case already_placed_otherwise:
      return {409, "already-placed-otherwise", "Order exists with other content",
              "An order with this id was placed with other content.", "", {}};
    case no_items:
      return {422, "no-items", "No items", "An order needs at least one item.", "/items", {}};
    case too_many_items:
      return {422, "too-many-items", "Too many items",
              "An order has at most " + std::to_string(order::lines_max) + " items.", "/items", {}};
    case bad_units:
      return {422, "bad-quantity", "Bad quantity",
              "A quantity is from 1 to " + std::to_string(order::units_max) + ".", "/items", {}};
    case duplicate_sku:
      return {422, "duplicate-sku", "Duplicate SKU", "A SKU stands in one item only.", "/items", {}};
    case already_ended:
      return {409, "already-ended", "Order has ended", "The order has ended and cannot change any more.", "", {}};
    case not_authorized:
      return {409, "not-authorized", "Payment not authorized yet",
              "The payment of this order is not authorized yet, so that there is nothing to capture.", "", {}};
    case in_review:
      return {409, "in-review", "Order in manual review", "People decide about this order now.", "", {}};
  }
  return internal();
}

explanation explain(inventory::rejection x) {
  switch (x) {
    using enum inventory::rejection;
    case no_units_requested:
      return {422, "bad-quantity", "Bad quantity", "A quantity is at least 1.", "", {}};
    case unknown_sku:
      return {404, "unknown-sku", "Unknown SKU", "This SKU was never stocked.", "", {}};
    case out_of_stock:
      return {409, "out-of-stock", "Out of stock", "Fewer units are available than were asked for.", "", {}};
    case already_released:
      return {409, "already-released", "Reservation was released",
              "This reservation was released or has expired. Reserve under another order id.", "", {}};
    case hold_expired:
      return {409, "hold-expired", "Hold expired", "The units are not held any more.", "", {}};
    case not_sold:
      return {409, "not-sold", "Not sold", "These units were never sold.", "", {}};
    case too_many_units:
      return {422, "too-many-units", "Too many units",
              "A SKU has at most " + std::to_string(inventory::units_max) + " units.", "", {}};
  }
  return internal();
}

explanation explain(catalog::rejection x) {
  switch (x) {
    using enum catalog::rejection;
    case unknown_product:
      return {404, "unknown-product", "Unknown product", "There is no product with this SKU.", "", {}};
    case no_title: return {422, "no-title", "No title", "A product needs a title.", "/title", {}};
    case price_not_positive:
      return {422, "price-not-positive", "Price not positive", "A price is at least one minor unit of its currency.",
              "/price/amount", {}};
  }
  return internal();
}

explanation explain(idempotency::rejection x) {
  switch (x) {
    using enum idempotency::rejection;
    case other_body:
      return {422, "idempotency-key-reused", "Idempotency-Key used with another request",
              "This Idempotency-Key was used with another request within the last 24 hours.", "", {}};
  }
  return internal();
}

// Nothing of ours knows how long an outage lasts; one second keeps clients near without hammering.
constexpr seconds soon{1};

seconds wait_asked_for(const caf::error& x) {
  const auto wait = payment::retry_after(x);
  return std::clamp(wait ? std::chrono::ceil<seconds>(*wait) : soon, soon, seconds{3600});
}

explanation explain(ec code, const caf::error& x) {
  switch (code) {
    case ec::store_unavailable:
      return {503, "store-unavailable", "Store unavailable", "Nothing was stored. Try again after a while.", "", soon};
    case ec::commit_unknown:
      return {503, "outcome-unknown", "Outcome unknown",
              "The store failed in the middle: the request may or may not have been stored. Repeat it with the same "
              "Idempotency-Key or id.",
              "", soon};
    case ec::version_conflict:
    case ec::shard_lost:
      return {503, "moving", "Being moved", "What was asked for is moving to another owner. Try again.", "", soon};
    case ec::unavailable:
      return {503, "unavailable", "Unavailable", "A part of the platform cannot serve now. Try again after a while.",
              "", wait_asked_for(x)};
    case ec::rate_limited:
      return {429, "rate-limited", "Too many requests", "Try again after the time that Retry-After tells.", "",
              wait_asked_for(x)};
    case ec::overloaded:
      return {503, "overloaded", "Overloaded", "A limit of the platform is reached. Try again after a while.", "",
              wait_asked_for(x)};
    case ec::shutting_down:
      return {503, "shutting-down", "Shutting down", "This node is ending. Try again.", "", soon};
    case ec::timed_out:
    case ec::deadline:
      return {504, "deadline-exceeded", "Deadline exceeded",
              "There was no answer in time. The request may still have an effect: repeat it with the same "
              "Idempotency-Key or id, or read the state.",
              "", {}};
    case ec::interrupted:
    case ec::bad_response:
    case ec::denied:
    case ec::refused:
      return {502, "bad-answer", "Bad answer from another system",
              "Another system that this request depends on did not answer as it should.", "", {}};
    case ec::store_damaged:
    case ec::store_foreign:
    case ec::store_newer:
    case ec::store_in_use:
    case ec::unknown_type:
      return {500, "stored-data-unreadable", "Stored data cannot be read",
              "What is stored for this request cannot be read. An operator must look at it.", "", {}};
  }
  return internal();
}

explanation explain(caf::sec code) {
  switch (code) {
    case caf::sec::request_timeout: return explain(ec::deadline, {});
    case caf::sec::request_receiver_down:
    case caf::sec::broken_promise: return explain(ec::unavailable, {});
    default: return internal();
  }
}

} // namespace

explanation explain(const caf::error& x) {
  switch (x.category()) {
    case caf::type_id_v<order::rejection>: return explain(static_cast<order::rejection>(x.code()));
    case caf::type_id_v<inventory::rejection>: return explain(static_cast<inventory::rejection>(x.code()));
    case caf::type_id_v<catalog::rejection>: return explain(static_cast<catalog::rejection>(x.code()));
    case caf::type_id_v<idempotency::rejection>: return explain(static_cast<idempotency::rejection>(x.code()));
    case caf::type_id_v<ec>: return explain(static_cast<ec>(x.code()), x);
    case caf::type_id_v<caf::sec>: return explain(static_cast<caf::sec>(x.code()));
    default: return internal();
  }
}

} // namespace troupe::gateway

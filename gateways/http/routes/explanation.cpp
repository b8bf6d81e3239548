#include "gateways/http/routes/explanation.hpp"

#include "actors/catalog/catalog_actor.hpp"
#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/guard/guard_actor.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/pause/pause_actor.hpp"

namespace troupe::gateway {

namespace {

std::optional<explanation> explain(order::rejection x) {
  switch (x) {
    using enum order::rejection;
    case unknown_order:
      return explanation{404, "unknown-order", "Unknown order", "There is no order with this id.", ""};
    case already_placed_otherwise:
      return explanation{409, "already-placed-otherwise", "Order exists with other content",
                         "An order with this id was placed with other content.", ""};
    case no_items: return explanation{422, "no-items", "No items", "An order needs at least one item.", "/items"};
    case too_many_items:
      return explanation{422, "too-many-items", "Too many items",
                         "An order has at most " + std::to_string(order::lines_max) + " items.", "/items"};
    case bad_units:
      return explanation{422, "bad-quantity", "Bad quantity",
                         "A quantity is from 1 to " + std::to_string(order::units_max) + ".", "/items"};
    case duplicate_sku:
      return explanation{422, "duplicate-sku", "Duplicate SKU", "A SKU stands in one item only.", "/items"};
    case already_ended:
      return explanation{409, "already-ended", "Order has ended",
                         "The order has ended or is being closed, and cannot change any more.", ""};
    case not_authorized:
      return explanation{409, "not-authorized", "Payment not authorized yet",
                         "The payment of this order is not authorized yet, so that there is nothing to capture.", ""};
    case in_review:
      return explanation{409, "in-review", "Order in manual review", "People decide about this order now.", ""};
    case needs_people:
      return explanation{409, "needs-people", "Nothing to look up",
                         "Looking once more cannot settle this order: settle it at the provider.", ""};
  }
  return std::nullopt;
}

std::optional<explanation> explain(inventory::rejection x) {
  switch (x) {
    using enum inventory::rejection;
    case no_units_requested: return explanation{422, "bad-quantity", "Bad quantity", "A quantity is at least 1.", ""};
    case unknown_sku: return explanation{404, "unknown-sku", "Unknown SKU", "This SKU was never stocked.", ""};
    case out_of_stock:
      return explanation{409, "out-of-stock", "Out of stock", "Fewer units are available than were asked for.", ""};
    case already_released:
      return explanation{409, "already-released", "Reservation was released",
                         "This reservation was released or has expired. Reserve under another order id.", ""};
    case hold_expired: return explanation{409, "hold-expired", "Hold expired", "The units are not held any more.", ""};
    case not_sold: return explanation{409, "not-sold", "Not sold", "These units were never sold.", ""};
    case too_many_units:
      return explanation{422, "too-many-units", "Too many units",
                         "A SKU has at most " + std::to_string(inventory::units_max) + " units.", ""};
  }
  return std::nullopt;
}

std::optional<explanation> explain(dead_letter::rejection x) {
  switch (x) {
    using enum dead_letter::rejection;
    case unknown_letter:
      return explanation{404, "unknown-dead-letter", "Unknown dead letter", "There is no dead letter with this id.",
                         ""};
    case no_reason: return explanation{422, "no-reason", "No reason", "Each action needs a reason.", "/reason"};
    case not_open: return explanation{409, "not-open", "Not open", "The letter was replayed or discarded before.", ""};
    case replaying:
      return explanation{409, "replaying", "Replay on its way", "A replay of this letter has not ended yet.", ""};
    case not_replayable:
      return explanation{
        409, "not-replayable", "Not replayable",
        "Nobody here replays its source, its content could not be kept, or the part that it was for is no "
        "more. It can be discarded.",
        ""};
    case too_many_replays:
      return explanation{409, "too-many-replays", "Too many replays",
                         "A letter is replayed " + std::to_string(dead_letter::replays_max) + " times at most.", ""};
    case too_large:
      return explanation{422, "too-large", "Too large", "The payload is too large for a dead letter.", ""};
  }
  return std::nullopt;
}

std::optional<explanation> explain(dead_letter::job::rejection x) {
  switch (x) {
    using enum dead_letter::job::rejection;
    case unknown_job:
      return explanation{404, "unknown-replay-job", "Unknown job", "There is no replay job with this id.", ""};
    case no_reason: return explanation{422, "no-reason", "No reason", "Each action needs a reason.", "/reason"};
    case wrong_rate:
      return explanation{422, "wrong-rate", "Wrong rate",
                         "A rate is from 1 to " + std::to_string(dead_letter::job::rate_max) + " letters a second.",
                         "/ratePerSecond"};
  }
  return std::nullopt;
}

std::optional<explanation> explain(catalog::rejection x) {
  switch (x) {
    using enum catalog::rejection;
    case unknown_product:
      return explanation{404, "unknown-product", "Unknown product", "There is no product with this SKU.", ""};
    case no_title: return explanation{422, "no-title", "No title", "A product needs a title.", "/title"};
    case price_not_positive:
      return explanation{422, "price-not-positive", "Price not positive",
                         "A price is at least one minor unit of its currency.", "/price/amount"};
  }
  return std::nullopt;
}

std::optional<explanation> explain(idempotency::rejection x) {
  switch (x) {
    using enum idempotency::rejection;
    case other_body:
      return explanation{422, "idempotency-key-reused", "Idempotency-Key used with another request",
                         "This Idempotency-Key was used with another request within the last 24 hours.", ""};
  }
  return std::nullopt;
}

std::optional<explanation> explain(guard::rejection x, const caf::message& context) {
  switch (x) {
    using enum guard::rejection;
    case unknown_guard:
      return explanation{404, "unknown-guard", "Unknown guard", "There is no guard with this name.", ""};
    case unknown_policy:
      return explanation{422, "unknown-policy", "Unknown policy", "The configuration has no policy of this name.",
                         "/policy"};
    case no_reason:
      return explanation{422, "no-reason", "No reason", "What an operator does needs a reason.", "/reason"};
    case bad_rule:
      return explanation{422, "bad-rule", "Bad rule",
                         context.match_elements<std::string>() ? context.get_as<std::string>(0) : "A rule is wrong.",
                         "/rules"};
  }
  return std::nullopt;
}

std::optional<explanation> explain(pause::rejection x) {
  switch (x) {
    using enum pause::rejection;
    case no_reason:
      return explanation{422, "no-reason", "No reason", "What an operator does needs a reason.", "/reason"};
    case too_many:
      return explanation{409, "too-many-paused", "Too much is paused",
                         "No more than 500 things are paused at the same time; pause the saga or a provider instead.",
                         ""};
  }
  return std::nullopt;
}

} // namespace

std::optional<explanation> explain(const caf::error& x) {
  if (!x)
    return std::nullopt;
  switch (x.category()) {
    case caf::type_id_v<order::rejection>: return explain(static_cast<order::rejection>(x.code()));
    case caf::type_id_v<inventory::rejection>: return explain(static_cast<inventory::rejection>(x.code()));
    case caf::type_id_v<catalog::rejection>: return explain(static_cast<catalog::rejection>(x.code()));
    case caf::type_id_v<idempotency::rejection>: return explain(static_cast<idempotency::rejection>(x.code()));
    case caf::type_id_v<guard::rejection>: return explain(static_cast<guard::rejection>(x.code()), x.context());
    case caf::type_id_v<dead_letter::rejection>: return explain(static_cast<dead_letter::rejection>(x.code()));
    case caf::type_id_v<dead_letter::job::rejection>:
      return explain(static_cast<dead_letter::job::rejection>(x.code()));
    case caf::type_id_v<pause::rejection>: return explain(static_cast<pause::rejection>(x.code()));
    default: return std::nullopt;
  }
}

} // namespace troupe::gateway

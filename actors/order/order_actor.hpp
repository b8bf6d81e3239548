// actors/order/order_actor.hpp: an order, as the rest of the system sees it.
#pragma once

#include "actors/entity/context.hpp"
#include "actors/order/order.hpp"
#include "actors/order/wire.hpp"

#include <caf/typed_actor.hpp>

namespace troupe::order {

struct get_order {
  order_id id;
};

/// Answers when the order has ended.
struct await_end {
  order_id id;
};

/// The provider says that something has changed about this order's payment: a reason to look before the next attempt.
struct payment_news {
  order_id id;
};

struct view_line {
  sku_id sku;
  std::uint32_t units = 0;
  std::optional<money> price;  // of one unit, once known
  std::optional<money> amount; // of the line
};

struct view_moment {
  time_point at;
  std::string what;
  std::string detail;
};

/// Why an order stands still, for operators.
struct view_pause {
  std::string what;
  std::string reason;
  time_point since;
};

/// An order as people may see it; holds personal data.
struct view {
  order_id id;
  order::status status = order::status::processing;
  std::string message;
  std::string reason; // of an end other than confirmed; empty otherwise
  std::optional<std::uint32_t> refused_line;
  customer_id customer;
  std::string email;
  troupe::currency currency;
  std::vector<view_line> lines;
  std::optional<money> total; // once priced
  money authorized;
  money captured;
  money refunded;
  std::string provider;
  payment_id payment;
  time_point placed_at;
  time_point updated_at;
  std::uint64_t version = 0; // of the stream
  std::vector<view_moment> timeline;
  std::optional<view_pause> paused;
  std::optional<step> reviewed; // the step that people decide about, while the order is in review
  std::uint32_t reviews = 0;    // how often it came to that
};

view make_view(const order_id& id, const state& s, std::uint64_t version);

/// What operators have paused has changed, and concerns this order alone: a reason to look at it.
struct look {
  order_id id;
};

/// An order, or the region that leads to it. Every command fails as the journal does, too. Nothing is answered before
/// what it tells is durable.
using order_actor = caf::typed_actor<
  // Answers once durable. Fails with already_placed_otherwise, no_items, too_many_items, bad_units, duplicate_sku.
  caf::result<view>(request_context, place),
  // Fails with unknown_order.
  caf::result<view>(request_context, get_order),
  // Fails with unknown_order, overloaded when too many wait, or deadline when it has not ended by then; that comes at
  // the deadline, or when the first attempt of the step in progress is over if that is later.
  caf::result<view>(request_context, await_end),
  // Fails with unknown_order, already_ended, in_review.
  caf::result<view>(request_context, cancel),
  // Fails with unknown_order, already_ended, not_authorized, in_review.
  caf::result<view>(request_context, capture),
  // Fails with unknown_order, needs_people.
  caf::result<view>(request_context, reopen),
  // May be repeated; an order that waits for nothing ignores it.
  caf::result<void>(request_context, payment_news),
  // May be repeated; an order that is not there ignores it.
  caf::result<void>(request_context, look)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, get_order& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, await_end& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, view_line& x) {
  return f.object(x).fields(f.field("sku", x.sku), f.field("units", x.units), f.field("price", x.price),
                            f.field("amount", x.amount));
}
template <class Inspector> bool inspect(Inspector& f, view_moment& x) {
  return f.object(x).fields(f.field("at", x.at), f.field("what", x.what), f.field("detail", x.detail));
}
template <class Inspector> bool inspect(Inspector& f, view_pause& x) {
  return f.object(x).fields(f.field("what", x.what), f.field("reason", x.reason), f.field("since", x.since));
}
template <class Inspector> bool inspect(Inspector& f, view& x) {
  return f.object(x).fields(
    f.field("id", x.id), f.field("status", x.status), f.field("message", x.message), f.field("reason", x.reason),
    f.field("refused_line", x.refused_line), f.field("customer", x.customer), f.field("email", x.email),
    f.field("currency", x.currency), f.field("lines", x.lines), f.field("total", x.total),
    f.field("authorized", x.authorized), f.field("captured", x.captured), f.field("refunded", x.refunded),
    f.field("provider", x.provider), f.field("payment", x.payment), f.field("placed_at", x.placed_at),
    f.field("updated_at", x.updated_at), f.field("version", x.version), f.field("timeline", x.timeline),
    f.field("paused", x.paused), f.field("reviewed", x.reviewed), f.field("reviews", x.reviews));
}
// Those that nobody waits for an answer to: when they reach nobody, a dead letter keeps them.
template <class Inspector> bool inspect(Inspector& f, payment_news& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, look& x) {
  return f.object(x).fields(f.field("id", x.id));
}

} // namespace troupe::order

CAF_BEGIN_TYPE_ID_BLOCK(troupe_order, caf::first_custom_type_id + 400)
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::place))
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::get_order))
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::await_end))
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::cancel))
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::capture))
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::view))
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::rejection))
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::payment_news))
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::look))
  CAF_ADD_TYPE_ID(troupe_order, (troupe::order::reopen))
CAF_END_TYPE_ID_BLOCK(troupe_order)

CAF_ERROR_CODE_ENUM(troupe::order::rejection)

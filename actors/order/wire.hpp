// actors/order/wire.hpp: how an order's values travel in messages.
#pragma once

#include "actors/kernel/caf.hpp"
#include "actors/kernel/enum_names.hpp"
#include "actors/order/order.hpp"

namespace troupe::order {

template <class Inspector> bool inspect(Inspector& f, status& x) {
  return inspect_by_number(f, x);
}
template <class Inspector> bool inspect(Inspector& f, step& x) {
  return inspect_by_number(f, x);
}
template <class Inspector> bool inspect(Inspector& f, item& x) {
  return f.object(x).fields(f.field("sku", x.sku), f.field("units", x.units));
}
template <class Inspector> bool inspect(Inspector& f, address& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("line1", x.line1), f.field("line2", x.line2),
                            f.field("city", x.city), f.field("region", x.region), f.field("postal_code", x.postal_code),
                            f.field("country", x.country));
}
template <class Inspector> bool inspect(Inspector& f, place& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("customer", x.customer), f.field("email", x.email),
                            f.field("currency", x.currency), f.field("items", x.items), f.field("provider", x.provider),
                            f.field("method", x.method), f.field("shipping", x.shipping),
                            f.field("capture_at_once", x.capture_at_once), f.field("fresh", x.fresh));
}
template <class Inspector> bool inspect(Inspector& f, cancel& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, capture& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, reopen& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("request", x.request));
}

} // namespace troupe::order

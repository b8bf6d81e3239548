// actors/inventory/inventory_actor.hpp: the stock of one SKU, as the rest of the system sees it.
#pragma once

#include "actors/entity/context.hpp"
#include "actors/inventory/inventory.hpp"

#include <caf/typed_actor.hpp>

namespace troupe::inventory {

struct get_stock {
  sku_id sku;
};

struct stock {
  sku_id sku;
  units_t available = 0;
  std::uint64_t held = 0;
  std::uint64_t sold = 0;
  std::uint64_t on_hand = 0; // available + held
};

/// The stock of a SKU, or the region that leads to it. Every command fails as the journal does, too.
using inventory_actor = caf::typed_actor<
  // Fails with too_many_units.
  caf::result<stock>(request_context, set_available),
  // Fails with no_units_requested, unknown_sku, out_of_stock, already_released, too_many_units.
  caf::result<stock>(request_context, reserve),
  // Compensates reserve; always possible.
  caf::result<stock>(request_context, release),
  // Fails with hold_expired, unknown_sku.
  caf::result<stock>(request_context, allocate),
  // Compensates allocate. Fails with too_many_units.
  caf::result<stock>(request_context, take_back),
  // Fails with hold_expired, out_of_stock.
  caf::result<stock>(request_context, extend),
  // Fails with unknown_sku.
  caf::result<stock>(request_context, get_stock)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, set_available& x) {
  return f.object(x).fields(f.field("sku", x.sku), f.field("available", x.available));
}
template <class Inspector> bool inspect(Inspector& f, reserve& x) {
  auto get = [&x] { return static_cast<std::int64_t>(x.hold_time.count()); };
  auto set = [&x](std::int64_t milliseconds) {
    x.hold_time = duration{milliseconds};
    return true;
  };
  return f.object(x).fields(f.field("sku", x.sku), f.field("id", x.id), f.field("units", x.units),
                            f.field("hold_time", get, set));
}
template <class Inspector> bool inspect(Inspector& f, release& x) {
  return f.object(x).fields(f.field("sku", x.sku), f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, allocate& x) {
  return f.object(x).fields(f.field("sku", x.sku), f.field("id", x.id));
}
template <class Inspector> bool inspect(Inspector& f, take_back& x) {
  return f.object(x).fields(f.field("sku", x.sku), f.field("id", x.id), f.field("units", x.units));
}
template <class Inspector> bool inspect(Inspector& f, extend& x) {
  auto get = [&x] { return static_cast<std::int64_t>(x.hold_time.count()); };
  auto set = [&x](std::int64_t milliseconds) {
    x.hold_time = duration{milliseconds};
    return true;
  };
  return f.object(x).fields(f.field("sku", x.sku), f.field("id", x.id), f.field("hold_time", get, set));
}
template <class Inspector> bool inspect(Inspector& f, get_stock& x) {
  return f.object(x).fields(f.field("sku", x.sku));
}
template <class Inspector> bool inspect(Inspector& f, stock& x) {
  return f.object(x).fields(f.field("sku", x.sku), f.field("available", x.available), f.field("held", x.held),
                            f.field("sold", x.sold), f.field("on_hand", x.on_hand));
}

} // namespace troupe::inventory

CAF_BEGIN_TYPE_ID_BLOCK(troupe_inventory, caf::first_custom_type_id + 300)
  CAF_ADD_TYPE_ID(troupe_inventory, (troupe::inventory::set_available))
  CAF_ADD_TYPE_ID(troupe_inventory, (troupe::inventory::reserve))
  CAF_ADD_TYPE_ID(troupe_inventory, (troupe::inventory::release))
  CAF_ADD_TYPE_ID(troupe_inventory, (troupe::inventory::allocate))
  CAF_ADD_TYPE_ID(troupe_inventory, (troupe::inventory::take_back))
  CAF_ADD_TYPE_ID(troupe_inventory, (troupe::inventory::get_stock))
  CAF_ADD_TYPE_ID(troupe_inventory, (troupe::inventory::stock))
  CAF_ADD_TYPE_ID(troupe_inventory, (troupe::inventory::rejection))
  CAF_ADD_TYPE_ID(troupe_inventory, (troupe::inventory::extend))
CAF_END_TYPE_ID_BLOCK(troupe_inventory)

CAF_ERROR_CODE_ENUM(troupe::inventory::rejection)

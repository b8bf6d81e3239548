#include "actors/inventory/inventory_actor.hpp"

#include "actors/kernel/enum_names.hpp"

namespace troupe::inventory {

std::string to_string(rejection x) {
  switch (x) {
    case rejection::no_units_requested: return "no_units_requested";
    case rejection::unknown_sku: return "unknown_sku";
    case rejection::out_of_stock: return "out_of_stock";
    case rejection::already_released: return "already_released";
    case rejection::hold_expired: return "hold_expired";
    case rejection::not_sold: return "not_sold";
    case rejection::too_many_units: return "too_many_units";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

} // namespace troupe::inventory

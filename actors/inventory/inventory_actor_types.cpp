#include "actors/inventory/inventory_actor.hpp"

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
  x = static_cast<rejection>(value);
  return to_string(x) != "invalid";
}

bool from_string(caf::string_view text, rejection& x) {
  for (std::uint8_t value = 1; from_integer(value, x); ++value)
    if (std::string_view{text.data(), text.size()} == to_string(x))
      return true;
  return false;
}

} // namespace troupe::inventory

#include "actors/catalog/catalog_actor.hpp"

#include "actors/kernel/enum_names.hpp"

namespace troupe::catalog {

std::string to_string(rejection x) {
  switch (x) {
    case rejection::unknown_product: return "unknown_product";
    case rejection::no_title: return "no_title";
    case rejection::price_not_positive: return "price_not_positive";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, rejection& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, rejection& x) {
  return find_by_name(text, x);
}

} // namespace troupe::catalog

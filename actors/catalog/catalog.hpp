// actors/catalog/catalog.hpp: the price list, one product per SKU. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/id.hpp"
#include "actors/kernel/money.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace troupe::catalog {

/// Creates the product or changes it. Safe to repeat.
struct put_product {
  sku_id sku;
  std::string title;
  money price;
};

struct product_created {
  std::string title;
  money price;

  bool operator==(const product_created&) const = default;
};
struct product_retitled {
  std::string title;

  bool operator==(const product_retitled&) const = default;
};
struct price_changed {
  money from;
  money to;

  bool operator==(const price_changed&) const = default;
};

using event = std::variant<product_created, product_retitled, price_changed>;

enum class rejection : std::uint8_t {
  unknown_product = 1,
  no_title,
  price_not_positive,
};

using decision = std::variant<std::vector<event>, rejection>;

struct state {
  bool exists = false;
  std::string title;
  money price;

  bool operator==(const state&) const = default;

  void apply(const event& e); // the only writer; cannot fail, an event has happened
};

decision decide(const state& s, const put_product& cmd);

} // namespace troupe::catalog

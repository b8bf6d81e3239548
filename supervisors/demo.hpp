// supervisors/demo.hpp: a small catalog for a first order.
#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/kernel/time.hpp"

#include <caf/actor_system.hpp>

#include <string>
#include <vector>

namespace troupe {

struct demo_product {
  std::string sku;
  std::string title;
  money price;
  inventory::units_t available = 0;
};

const std::vector<demo_product>& demo_catalog();

/// Puts those of the catalog that are not in the price list yet on it and on the shelf. May be repeated. Blocks the
/// calling thread until it is done. Answers why it could not be; no error when it is there.
caf::error stock_demo_catalog(caf::actor_system& system, const catalog::catalog_actor& catalog,
                              const inventory::inventory_actor& stock);

} // namespace troupe

#include "supervisors/demo.hpp"

#include <caf/scoped_actor.hpp>

namespace troupe {

namespace {

template <class Reply, class Handle, class Message>
caf::expected<Reply> ask(caf::scoped_actor& self, const Handle& whom, Message message) {
  caf::expected<Reply> result{caf::sec::none};
  self->request(whom, std::chrono::seconds{10}, request_context{"demo", {}, time_point::max()}, std::move(message))
    .receive([&](Reply& x) { result = std::move(x); }, [&](caf::error& e) { result = std::move(e); });
  return result;
}

} // namespace

const std::vector<demo_product>& demo_catalog() {
  static const auto euro = *currency::parse("EUR");
  static const std::vector<demo_product> products = {
    {"espresso-beans-1kg", "Espresso beans, 1 kg", {2490, euro}, 500},
    {"paper-filters-100", "Paper filters, 100 pieces", {390, euro}, 2'000},
    {"hand-grinder", "Hand grinder", {8900, euro}, 25},
    {"last-one", "The last one of its kind", {19900, euro}, 1},
  };
  return products;
}

caf::error stock_demo_catalog(caf::actor_system& system, const catalog::catalog_actor& catalog,
                              const inventory::inventory_actor& stock) {
  caf::scoped_actor self{system};
  for (const auto& product : demo_catalog()) {
    const auto known = ask<catalog::product>(self, catalog, catalog::get_product{product.sku});
    if (known)
      continue;
    if (known.error() != catalog::rejection::unknown_product)
      return known.error();
    // The price comes last: whoever finds it finds the stock as well.
    const auto stocked = ask<inventory::stock>(self, stock, inventory::set_available{product.sku, product.available});
    if (!stocked)
      return stocked.error();
    const auto priced =
      ask<catalog::product>(self, catalog, catalog::put_product{product.sku, product.title, product.price});
    if (!priced)
      return priced.error();
  }
  return {};
}

} // namespace troupe

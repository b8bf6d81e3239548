#include "gateways/http/routes/routes.hpp"

namespace troupe::gateway {

void add_commerce_routes(router& table, const services& behind) {
  const auto shared = std::make_shared<const services>(behind);
  add_order_routes(table, shared);
  add_product_routes(table, shared);
  add_inventory_routes(table, shared);
  add_webhook_routes(table, shared);
}

} // namespace troupe::gateway

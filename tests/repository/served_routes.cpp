#include "tests/repository/served_routes.hpp"

#include "gateways/http/openapi.hpp"
#include "gateways/http/routes/routes.hpp"

namespace troupe::repository {

namespace {

gateway::router commerce() {
  gateway::services behind;
  behind.webhooks["stripe"] = [](const http::request&) { return gateway::webhook_outcome::malformed; };
  gateway::router table;
  gateway::add_commerce_routes(table, behind);
  gateway::add_openapi_route(table, {"troupe commerce", TROUPE_VERSION, ""});
  return table;
}

gateway::router operations() {
  gateway::router table;
  gateway::add_operations_routes(table, {});
  return table;
}

} // namespace

const gateway::router& commerce_routes() {
  static const auto table = commerce();
  return table;
}

const gateway::router& operations_routes() {
  static const auto table = operations();
  return table;
}

nlohmann::json commerce_openapi() {
  return gateway::openapi(commerce_routes(), {"troupe commerce", TROUPE_VERSION, ""});
}

nlohmann::json operations_openapi() {
  return gateway::openapi(operations_routes(), {"troupe operations", TROUPE_VERSION, ""});
}

} // namespace troupe::repository

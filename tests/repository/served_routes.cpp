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
  // As the node adds it.
  gateway::route document;
  document.method = "GET";
  document.path = "/openapi.json";
  document.operation_id = "getOpenApi";
  document.summary = "The OpenAPI document of this gateway.";
  document.responses = {{200, "OpenAPI 3.1.", nlohmann::json{{"type", "object"}}}};
  document.handle = [](gateway::incoming&) -> boost::asio::awaitable<http::response> { co_return http::response{}; };
  table.add(std::move(document));
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

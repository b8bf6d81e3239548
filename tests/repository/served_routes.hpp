// tests/repository/served_routes.hpp: the tables of routes as the node serves them, with nothing behind them.
#pragma once

#include "gateways/http/route.hpp"

#include <nlohmann/json.hpp>

namespace troupe::repository {

/// With every webhook that can be configured.
const gateway::router& commerce_routes();
const gateway::router& operations_routes();

/// The OpenAPI documents of the two.
nlohmann::json commerce_openapi();
nlohmann::json operations_openapi();

} // namespace troupe::repository

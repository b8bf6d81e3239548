// gateways/http/openapi.hpp: the OpenAPI document of a table of routes.
#pragma once

#include "gateways/http/route.hpp"

#include <string>

namespace troupe::gateway {

struct api_info {
  std::string title;
  std::string version;
  std::string description;
};

/// OpenAPI 3.1, from the rows that requests are routed and validated by.
nlohmann::json openapi(const router& table, const api_info& info);

/// Serves the document of `table` at /openapi.json, that route included. After all others.
void add_openapi_route(router& table, const api_info& info);

} // namespace troupe::gateway

// tests/repository/api_reference.hpp: docs/api.md, made from the tables of routes and their OpenAPI documents.
#pragma once

#include <string>

namespace troupe::repository {

std::string api_reference();

} // namespace troupe::repository

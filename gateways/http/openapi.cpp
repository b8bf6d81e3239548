#include "gateways/http/openapi.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;

json problem_schema() {
  return {{"type", "object"},
          {"required", {"type", "title", "status"}},
          {"properties",
           {{"type", {{"type", "string"}, {"format", "uri-reference"}}},
            {"title", {{"type", "string"}}},
            {"status", {{"type", "integer"}}},
            {"detail", {{"type", "string"}}},
            {"errors",
             {{"type", "array"},
              {"items",
               {{"type", "object"},
                {"required", {"pointer", "detail"}},
                {"properties", {{"pointer", {{"type", "string"}}}, {"detail", {{"type", "string"}}}}}}}}}}}};
}

json parameter_of(const documented_parameter& x) {
  json out{{"name", x.name}, {"in", x.in}, {"required", x.in == "path"}, {"schema", x.schema}};
  if (!x.description.empty())
    out["description"] = x.description;
  return out;
}

json parameters_of(const route& row) {
  auto out = json::array();
  const std::string_view path = row.path;
  for (auto open = path.find('{'); open != path.npos; open = path.find('{', open + 1)) {
    const auto close = path.find('}', open);
    const auto name = path.substr(open + 1, close - open - 1);
    const auto told = std::find_if(row.parameters.begin(), row.parameters.end(),
                                   [&](const auto& x) { return x.in == "path" && x.name == name; });
    out.push_back(parameter_of(told != row.parameters.end()
                                 ? *told
                                 : documented_parameter{std::string{name}, "path", "", {{"type", "string"}}}));
  }
  for (const auto& x : row.parameters)
    if (x.in != "path")
      out.push_back(parameter_of(x));
  return out;
}

json response_of(const documented_response& x) {
  json out{{"description", x.description}};
  if (!x.schema.is_null())
    out["content"]["application/json"]["schema"] = x.schema;
  else if (x.status >= 400)
    out["content"]["application/problem+json"]["schema"]["$ref"] = "#/components/schemas/Problem";
  return out;
}

json operation_of(const route& row) {
  json out{{"operationId", row.operation_id}, {"summary", row.summary}};
  if (auto parameters = parameters_of(row); !parameters.empty())
    out["parameters"] = std::move(parameters);
  if (!row.request_schema.is_null())
    out["requestBody"] = {{"required", true}, {"content", {{"application/json", {{"schema", row.request_schema}}}}}};
  auto& responses = out["responses"];
  responses = json::object();
  for (const auto& x : row.responses)
    responses[std::to_string(x.status)] = response_of(x);
  responses.emplace("default", response_of({500, "A problem, by RFC 9457.", nullptr}));
  if (row.scope == scope::operator_key)
    out["security"] = json::array({{{"operatorKey", json::array()}}});
  return out;
}

} // namespace

json openapi(const router& table, const api_info& info) {
  json out{{"openapi", "3.1.0"},
           {"info", {{"title", info.title}, {"version", info.version}}},
           {"paths", json::object()},
           {"components",
            {{"schemas", {{"Problem", problem_schema()}}},
             {"securitySchemes", {{"operatorKey", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
  if (!info.description.empty())
    out["info"]["description"] = info.description;
  for (const auto& row : table.routes()) {
    auto method = row.method;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    out["paths"][row.path][method] = operation_of(row);
  }
  return out;
}

void add_openapi_route(router& table, const api_info& info) {
  const auto document = std::make_shared<std::string>(); // made when the route has its place in the table
  route row;
  row.method = "GET";
  row.path = "/openapi.json";
  row.operation_id = "getOpenApi";
  row.summary = "The OpenAPI document of this gateway.";
  row.responses = {{200, "OpenAPI 3.1.", nlohmann::json{{"type", "object"}}}};
  row.handle = [document](incoming&) -> boost::asio::awaitable<http::response> {
    co_return http::response{200, {{"Content-Type", "application/json"}}, *document};
  };
  table.add(std::move(row));
  *document = openapi(table, info).dump();
}

} // namespace troupe::gateway

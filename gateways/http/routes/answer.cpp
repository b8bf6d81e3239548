#include "gateways/http/routes/answer.hpp"

#include <algorithm>
#include <utility>

namespace troupe::gateway {

using nlohmann::json;

http::response answer(int status, const nlohmann::ordered_json& body, http::headers fields) {
  fields.emplace_back("Content-Type", "application/json");
  return {status, std::move(fields), body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

http::response answer_text(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

http::response refusal(const explanation& x) {
  std::vector<field_error> errors;
  if (!x.pointer.empty())
    errors.push_back({std::string{x.pointer}, x.detail});
  return problem(x.status, "/problems/" + std::string{x.type}, std::string{x.title}, x.detail, std::move(errors));
}

http::response refusal(const caf::error& x) {
  const auto told = explain(x);
  return told ? refusal(*told) : failure(x);
}

http::response wrong_body(const std::vector<wrong_field>& fields) {
  std::vector<field_error> errors;
  for (const auto& field : fields)
    errors.push_back({field.pointer, field.detail});
  return problem(422, "/problems/validation", "The body is not valid", "", std::move(errors));
}

http::response wrong_request(std::string_view where, std::string detail) {
  return problem(400, "/problems/wrong-request", "The request is wrong", "Wrong " + std::string{where} + ": " + detail);
}

std::optional<http::response> refused_for_overload(const services& behind) {
  if (!behind.is_overloaded || !behind.is_overloaded())
    return std::nullopt;
  return failure(caf::make_error(ec::overloaded));
}

bool is_operator(const incoming& in) {
  return in.context.principal == "operator";
}

bool is_sku(std::string_view text) {
  const auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  const auto allowed = [&](char c) {
    return alphanumeric(c) || std::string_view{"._:~+-"}.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= 128 && alphanumeric(text.front())
         && std::all_of(text.begin(), text.end(), allowed);
}

json sku_schema() {
  return {{"type", "string"}, {"minLength", 1}, {"maxLength", 128}, {"pattern", sku_pattern}};
}

json money_schema() {
  return object_schema(
    {{"amount", {{"type", "integer"}, {"minimum", 0}, {"description", "In minor units: cents for EUR"}}},
     {"currency", {{"type", "string"}, {"maxLength", 3}, {"pattern", "^[A-Z]{3}$"}, {"description", "ISO 4217"}}}},
    {"amount", "currency"});
}

json object_schema(json properties, std::vector<std::string> required) {
  json out = {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty())
    out["required"] = std::move(required);
  return out;
}

json described(json schema, std::string description) {
  schema["description"] = std::move(description);
  return schema;
}

json with_example(json schema, std::string_view example) {
  schema["examples"] = json::array({json::parse(example)});
  return schema;
}

documented_parameter sku_parameter() {
  return {"sku", "path", "The shop's own name of what it sells.", sku_schema()};
}

void add_with_aliases(router& table, const route& row, std::initializer_list<alias> aliases) {
  table.add(row);
  for (const auto& other : aliases) {
    auto copy = row;
    copy.path = other.path;
    copy.operation_id += other.suffix;
    table.add(std::move(copy));
  }
}

} // namespace troupe::gateway

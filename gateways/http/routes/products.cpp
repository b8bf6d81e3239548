// gateways/http/routes/products.cpp: the price list.
#include "gateways/http/routes/answer.hpp"
#include "gateways/http/routes/json_text.hpp"
#include "gateways/http/routes/routes.hpp"

#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

http::response malformed_sku() {
  return wrong_request("SKU", "it has 1 to 128 of letters, digits and . _ : ~ + - and begins with a letter or digit.");
}

std::string product_path(const sku_id& sku) {
  return "/api/v2/products/" + sku.value;
}

ordered_json product_v2_json(const catalog::product& x) {
  return {{"sku", x.sku.value},
          {"title", x.title},
          {"price", to_json(x.price)},
          {"version", x.version},
          {"links", {{"self", product_path(x.sku)}, {"inventory", "/api/v2/inventory/" + x.sku.value}}}};
}

std::string product_v1_text(const catalog::product& x) {
  return json_object({{"product_id", json_string(x.sku.value)},
                      {"title", json_string(x.title)},
                      {"price", to_decimal(x.price)},
                      {"currency", json_string(x.price.currency.code())},
                      {"version", std::to_string(x.version)}});
}

eventually<http::response> get_product(incoming& in, const services& behind, bool v1) {
  const auto sku = in.param("sku");
  if (!is_sku(sku))
    co_return malformed_sku();
  catalog::get_product question{std::string{sku}};
  auto product = co_await ask<catalog::product>(in, behind.catalog, in.context, std::move(question));
  if (!product)
    co_return refusal(product.error());
  if (v1)
    co_return answer_text(200, product_v1_text(*product));
  co_return answer(200, product_v2_json(*product));
}

eventually<http::response> put_product(incoming& in, const services& behind) {
  const auto sku = in.param("sku");
  if (!is_sku(sku))
    co_return malformed_sku();
  const auto& price = in.body.at("price");
  const auto known = currency::parse(price.at("currency").get<std::string>());
  if (!known)
    co_return wrong_body({{"/price/currency", "This is not an active currency code of ISO 4217."}});
  catalog::put_product command{
    std::string{sku}, in.body.at("title").get<std::string>(), {price.at("amount").get<std::int64_t>(), *known}};
  auto product = co_await ask<catalog::product>(in, behind.catalog, in.context, std::move(command));
  if (!product)
    co_return refusal(product.error());
  http::headers fields;
  if (product->version == 1)
    fields.emplace_back("Location", product_path(product->sku));
  co_return answer(product->version == 1 ? 201 : 200, product_v2_json(*product), std::move(fields));
}

json put_schema() {
  auto price = money_schema();
  // A thousand million of the largest unit; a hundred lines of a million units still fit 64 bits for usual prices, and
  // what does not fit rejects its order.
  price["properties"]["amount"]["minimum"] = 1;
  price["properties"]["amount"]["maximum"] = 1'000'000'000'000;
  const json title = {{"type", "string"}, {"minLength", 1}, {"maxLength", 200}, {"pattern", printable_pattern}};
  return with_example(object_schema({{"title", described(title, "For people")},
                                     {"price", described(std::move(price), "Of one unit, for orders from now on")}},
                                    {"title", "price"}),
                      R"({"title": "Espresso beans, 1 kg", "price": {"amount": 2490, "currency": "EUR"}})");
}

json product_schema() {
  const json text = {{"type", "string"}};
  return with_example(
    object_schema({{"sku", sku_schema()},
                   {"title", text},
                   {"price", described(money_schema(), "Of one unit")},
                   {"version", {{"type", "integer"}, {"description", "Changes so far; 1 when it was created"}}},
                   {"links", object_schema({{"self", text}, {"inventory", text}}, {"self", "inventory"})}},
                  {"sku", "title", "price", "version", "links"}),
    R"({"sku": "espresso-beans-1kg", "title": "Espresso beans, 1 kg", "price": {"amount": 2490, "currency": "EUR"},
        "version": 1, "links": {"self": "/api/v2/products/espresso-beans-1kg",
                                "inventory": "/api/v2/inventory/espresso-beans-1kg"}})");
}

json product_v1_schema() {
  return with_example(
    object_schema({{"product_id", sku_schema()},
                   {"title", {{"type", "string"}}},
                   {"price", {{"type", "number"}, {"description", "Of one unit, as a decimal number"}}},
                   {"currency", {{"type", "string"}, {"description", "ISO 4217"}}},
                   {"version", {{"type", "integer"}}}},
                  {"product_id", "title", "price", "currency", "version"}),
    R"({"product_id": "espresso-beans-1kg", "title": "Espresso beans, 1 kg", "price": 24.90,
                          "currency": "EUR", "version": 1})");
}

} // namespace

void add_product_routes(router& table, const shared_services& behind) {
  route put;
  put.method = "PUT";
  put.path = "/api/v2/products/{sku}";
  put.operation_id = "putProduct";
  put.summary = "Creates a product or changes it. Orders take their prices from here.";
  put.scope = scope::operator_key;
  put.parameters = {sku_parameter()};
  put.request_schema = put_schema();
  put.responses = {{200, "The product was changed.", product_schema()},
                   {201, "The product was created.", product_schema()},
                   {400, "The body is not JSON, or the SKU is malformed.", {}},
                   {422, "A field is wrong.", {}}};
  put.handle = [behind](incoming& in) { return put_product(in, *behind); };
  add_with_aliases(table, put, {{"/api/products/{sku}", "Latest"}});

  route get;
  get.method = "GET";
  get.path = "/api/v2/products/{sku}";
  get.operation_id = "getProduct";
  get.summary = "Reads a product.";
  get.parameters = {sku_parameter()};
  get.responses = {{200, "The product.", product_schema()},
                   {400, "The SKU is malformed.", {}},
                   {404, "There is no such product.", {}}};
  get.handle = [behind](incoming& in) { return get_product(in, *behind, false); };
  add_with_aliases(table, get, {{"/api/products/{sku}", "Latest"}, {"/products/{sku}", "Short"}});

  route get_v1 = get;
  get_v1.path = "/api/v1/products/{sku}";
  get_v1.operation_id = "getProductV1";
  get_v1.summary = "Reads a product in the form of version 1: snake_case, the price as a decimal number.";
  get_v1.responses[0].schema = product_v1_schema();
  get_v1.handle = [behind](incoming& in) { return get_product(in, *behind, true); };
  table.add(std::move(get_v1));
}

} // namespace troupe::gateway

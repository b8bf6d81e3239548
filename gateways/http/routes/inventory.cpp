// gateways/http/routes/inventory.cpp: stock, and reservations by other systems.
#include "gateways/http/routes/answer.hpp"
#include "gateways/http/routes/routes.hpp"

#include "actors/kernel/hash.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Units held for a request that failed are given back even when its deadline has passed.
constexpr duration compensation_time{5'000};

http::response malformed_sku() {
  return wrong_request("SKU", "it has 1 to 128 of letters, digits and . _ : ~ + - and begins with a letter or digit.");
}

ordered_json stock_json(const inventory::stock& x) {
  return {{"sku", x.sku.value}, {"onHand", x.on_hand}, {"available", x.available}, {"held", x.held}, {"sold", x.sold}};
}

http::response stock_answer(const caf::expected<inventory::stock>& x) {
  return x ? answer(200, stock_json(*x)) : refusal(x.error());
}

eventually<http::response> get_stock(incoming& in, const services& behind) {
  const auto sku = in.param("sku");
  if (!is_sku(sku))
    co_return malformed_sku();
  inventory::get_stock question{std::string{sku}};
  const auto stock = co_await ask<inventory::stock>(in, behind.stock, in.context, std::move(question));
  co_return stock_answer(stock);
}

eventually<http::response> set_available(incoming& in, const services& behind) {
  const auto sku = in.param("sku");
  if (!is_sku(sku))
    co_return malformed_sku();
  inventory::set_available command{std::string{sku}, in.body.at("available").get<inventory::units_t>()};
  const auto stock = co_await ask<inventory::stock>(in, behind.stock, in.context, std::move(command));
  co_return stock_answer(stock);
}

// ---- reservations --------------------------------------------------------------------------------------------------

struct requested {
  sku_id sku;
  reservation_id id;
  inventory::units_t units = 0;
};

struct request {
  std::vector<requested> lines;
  std::vector<wrong_field> wrong;
};

request to_request(const json& body) {
  request out;
  const auto order = body.at("orderId").get<std::string>();
  std::set<std::string> seen;
  const auto& items = body.at("items");
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto product = items[i].at("productId").get<std::string>();
    if (!seen.insert(product).second)
      out.wrong.push_back(
        {"/items/" + std::to_string(i) + "/productId", "This product stands in an earlier item; add the quantities."});
    out.lines.push_back(
      {product, reservation_id{order + '/' + product}, items[i].at("quantity").get<inventory::units_t>()});
  }
  return out;
}

eventually<caf::expected<inventory::stock>> reserve_line(incoming& in, const services& behind, const requested& line) {
  inventory::reserve command;
  command.sku = line.sku;
  command.id = line.id;
  command.units = line.units;
  command.hold_time = *behind.hold_time;
  return ask<inventory::stock>(in, behind.stock, in.context, std::move(command));
}

eventually<caf::expected<inventory::stock>> release_line(incoming& in, const services& behind, const requested& line) {
  inventory::release command{line.sku, line.id};
  return ask<inventory::stock>(in, behind.stock, in.context, std::move(command));
}

/// Releases lines and answers the first failure. Goes on after one: what can be released is.
eventually<std::optional<caf::error>> release_lines(incoming& in, const services& behind,
                                                    const std::vector<requested>& lines, std::size_t count) {
  std::optional<caf::error> failure;
  for (std::size_t i = 0; i < count; ++i) {
    const auto released = co_await release_line(in, behind, lines[i]);
    if (!released && !failure)
      failure = released.error();
  }
  co_return failure;
}

/// A problem with the member that this route's clients look at.
http::response unsuccessful(http::response problem) {
  auto body = ordered_json::parse(problem.body);
  body["success"] = false;
  problem.body = body.dump();
  return problem;
}

http::response line_refused(const caf::error& reason, std::size_t line, const requested& what) {
  auto told = explain(reason);
  if (!told)
    return unsuccessful(failure(reason));
  const auto pointer = "/items/" + std::to_string(line);
  told->detail = what.sku.value + ": " + told->detail;
  told->pointer = pointer;
  // The route is there; it is the state of the stock that is in the way.
  if (told->status == 404)
    told->status = 409;
  return unsuccessful(refusal(*told));
}

/// Binds the order id to its lines, so that a second request with other lines is refused before it holds anything: the
/// compensation of its failure could not be told from a release of what the first one holds.
eventually<std::optional<http::response>> bind_lines(incoming& in, const services& behind) {
  idempotency::claim claim;
  claim.scope = in.context.principal + " reserve " + in.body.at("orderId").get<std::string>();
  auto items = in.body.at("items");
  std::sort(items.begin(), items.end()); // Their order means nothing.
  claim.body_hash = fnv1a(items.dump());
  claim.subject = in.body.at("orderId").get<std::string>();
  const auto claimed = co_await ask<idempotency::claimed>(in, behind.idempotency, in.context, std::move(claim));
  if (claimed)
    co_return std::nullopt;
  if (claimed.error() != idempotency::rejection::other_body)
    co_return unsuccessful(refusal(claimed.error()));
  co_return unsuccessful(problem(409, "/problems/reserved-otherwise", "Order id used with other items",
                                 "Other items were asked for under this order id within the last 24 hours."));
}

eventually<http::response> reserve(incoming& in, const services& behind) {
  if (auto overload = refused_for_overload(behind))
    co_return std::move(*overload);
  const auto asked = to_request(in.body);
  if (!asked.wrong.empty())
    co_return wrong_body(asked.wrong);
  auto refused = co_await bind_lines(in, behind);
  if (refused)
    co_return std::move(*refused);
  for (std::size_t i = 0; i < asked.lines.size(); ++i) {
    const auto held = co_await reserve_line(in, behind, asked.lines[i]);
    if (held)
      continue;
    in.until = std::max(in.until, asker::steady::now() + compensation_time);
    in.context.deadline = std::max(in.context.deadline, behind.now() + compensation_time);
    // A line that was refused holds nothing; one that did not answer may.
    const auto lines = explain(held.error()) ? i : i + 1;
    co_await release_lines(in, behind, asked.lines, lines);
    co_return line_refused(held.error(), i, asked.lines[i]);
  }
  co_return answer(200, {{"success", true}});
}

eventually<http::response> release(incoming& in, const services& behind) {
  const auto asked = to_request(in.body);
  if (!asked.wrong.empty())
    co_return wrong_body(asked.wrong);
  const auto failure = co_await release_lines(in, behind, asked.lines, asked.lines.size());
  co_return failure ? unsuccessful(refusal(*failure)) : answer(200, {{"success", true}});
}

// ---- schemas -------------------------------------------------------------------------------------------------------

json reservation_schema() {
  json quantity = {
    {"type", "integer"}, {"minimum", 1}, {"maximum", order::units_max}, {"description", "How many units"}};
  json items = {{"type", "array"}, {"minItems", 1}, {"maxItems", order::lines_max}};
  items["items"] = object_schema({{"productId", described(sku_schema(), "The SKU")}, {"quantity", std::move(quantity)}},
                                 {"productId", "quantity"});
  const json order = {{"type", "string"}, {"maxLength", 128}, {"pattern", sku_pattern}};
  return with_example(object_schema({{"orderId", described(order, "The caller's own id of the reservation")},
                                     {"items", std::move(items)}},
                                    {"orderId", "items"}),
                      R"({"orderId": "web-4711", "items": [{"productId": "espresso-beans-1kg", "quantity": 2}]})");
}

json available_schema() {
  const json units = {{"type", "integer"}, {"minimum", 0}, {"maximum", inventory::units_max}};
  return with_example(
    object_schema({{"available", described(units, "Units that can be sold from now on")}}, {"available"}),
    R"({"available": 250})");
}

json stock_schema() {
  const json units = {{"type", "integer"}, {"minimum", 0}};
  return with_example(object_schema({{"sku", sku_schema()},
                                     {"onHand", described(units, "available + held")},
                                     {"available", described(units, "Can be sold")},
                                     {"held", described(units, "For orders that are not paid yet")},
                                     {"sold", described(units, "So far")}},
                                    {"sku", "onHand", "available", "held", "sold"}),
                      R"({"sku": "espresso-beans-1kg", "onHand": 250, "available": 248, "held": 2, "sold": 17})");
}

json success_schema() {
  return with_example(object_schema({{"success", {{"type", "boolean"}}}}, {"success"}), R"({"success": true})");
}

} // namespace

void add_inventory_routes(router& table, const shared_services& behind) {
  route get;
  get.method = "GET";
  get.path = "/api/v2/inventory/{sku}";
  get.operation_id = "getInventory";
  get.summary = "Reads the stock of a SKU: onHand = available + held.";
  get.parameters = {sku_parameter()};
  get.responses = {
    {200, "The stock.", stock_schema()}, {400, "The SKU is malformed.", {}}, {404, "This SKU was never stocked.", {}}};
  get.handle = [behind](incoming& in) { return get_stock(in, *behind); };
  add_with_aliases(table, get, {{"/api/inventory/{sku}", "Latest"}});

  route patch;
  patch.method = "PATCH";
  patch.path = "/api/v2/inventory/{sku}";
  patch.operation_id = "setInventory";
  patch.summary = "Sets how many units are available; what is held or sold stays.";
  patch.scope = scope::operator_key;
  patch.parameters = {sku_parameter()};
  patch.request_schema = available_schema();
  patch.responses = {{200, "The stock.", stock_schema()},
                     {400, "The body is not JSON, or the SKU is malformed.", {}},
                     {422, "A field is wrong.", {}}};
  patch.handle = [behind](incoming& in) { return set_available(in, *behind); };
  add_with_aliases(table, patch, {{"/api/inventory/{sku}", "Latest"}});

  route reserving;
  reserving.method = "POST";
  reserving.path = "/inventory/reserve";
  reserving.operation_id = "reserveInventory";
  reserving.summary = "Holds every item for the order, or none. Safe to repeat with the same items. An id whose "
                      "reservation failed or was released is used up: try again under another one.";
  reserving.scope = scope::operator_key;
  reserving.request_schema = reservation_schema();
  reserving.responses = {{200, "Every item is held.", success_schema()},
                         {400, "The body is not JSON.", {}},
                         {409, "An item cannot be had, and nothing is held.", {}},
                         {422, "A field is wrong.", {}}};
  reserving.handle = [behind](incoming& in) { return reserve(in, *behind); };
  table.add(reserving);

  route releasing = reserving;
  releasing.path = "/inventory/release";
  releasing.operation_id = "releaseInventory";
  releasing.summary = "Gives all held units of each item back, whatever quantity is named. Safe to repeat; an id that "
                      "was released is not held again.";
  releasing.responses = {{200, "The items are not held any more.", success_schema()},
                         {400, "The body is not JSON.", {}},
                         {422, "A field is wrong.", {}}};
  releasing.handle = [behind](incoming& in) { return release(in, *behind); };
  table.add(std::move(releasing));
}

} // namespace troupe::gateway

// gateways/http/routes/orders.cpp: placing, reading, cancelling and capturing orders.
#include "gateways/http/routes/answer.hpp"
#include "gateways/http/routes/order_history.hpp"
#include "gateways/http/routes/preference.hpp"
#include "gateways/http/routes/routes.hpp"

#include "actors/kernel/hash.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace troupe::gateway {

namespace {

using nlohmann::json;

// A stuck actor is told from a slow order by this: whoever waits for the end of an order does so only once it is
// durable.
constexpr duration patience{10'000};
// What is left of a route's deadline after the longest wait is enough to read and send the order.
constexpr duration place_deadline = wait_max + 2 * patience;

/// The id in the path, in the form in which it is stored.
std::optional<order_id> id_of(const incoming& in) {
  std::string text{in.param("id")};
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return is_uuid(text) ? std::optional{order_id{std::move(text)}} : std::nullopt;
}

http::response malformed_id() {
  return wrong_request("order id", "it is a UUID, such as 01890a5d-ac96-774b-bcce-b302099a8057.");
}

// ---- Idempotency-Key -----------------------------------------------------------------------------------------------

/// What a request's Idempotency-Key stands for, or why the request ends here.
struct claim_result {
  std::string subject;
  bool first = true;
  bool remembered = true; // by a key: an earlier request may have used the subject
  std::optional<http::response> refused;
};

/// Binds the request's key, if it has one, to `subject` and to `path` and body, for its principal and `operation`.
/// Answers the subject of whoever was first.
eventually<claim_result> claim_key(incoming& in, const services& behind, std::string_view operation, std::string path,
                                   std::string subject) {
  auto key = idempotency_key(in.message.fields);
  if (const auto* bad = std::get_if<bad_key>(&key))
    co_return claim_result{{}, false, true, wrong_request("header field", bad->why)};
  if (std::holds_alternative<no_key>(key))
    co_return claim_result{std::move(subject), true, false, std::nullopt};
  idempotency::claim claim;
  claim.scope = in.context.principal + ' ' + std::string{operation} + ' ' + std::get<std::string>(key);
  claim.body_hash = fnv1a(path + '\n' + in.body.dump());
  claim.subject = std::move(subject);
  auto claimed =
    co_await ask_within<idempotency::claimed>(in, patience, behind.idempotency, in.context, std::move(claim));
  if (!claimed)
    co_return claim_result{{}, false, true, refusal(claimed.error())};
  co_return claim_result{std::move(claimed->subject), claimed->first, true, std::nullopt};
}

// ---- place ---------------------------------------------------------------------------------------------------------

http::response placed(const order::view& x, bool ended, std::optional<std::chrono::seconds> waited) {
  http::headers fields;
  if (ended)
    fields.emplace_back("Location", order_path(x.id));
  if (waited)
    fields.emplace_back("Preference-Applied", "wait=" + std::to_string(waited->count()));
  return answer(ended ? 201 : 202, receipt_json(x), std::move(fields));
}

/// The order when it has ended, or as it is when `wait` is over.
eventually<caf::expected<order::view>> wait_for_end(incoming& in, const services& behind, order_id id, duration wait) {
  auto context = in.context;
  context.deadline = std::min(context.deadline, behind.now() + wait);
  order::await_end question{id};
  auto ended = co_await ask_within<order::view>(in, wait, behind.orders, std::move(context), std::move(question));
  if (ended || ended.error() != ec::deadline)
    co_return ended;
  order::get_order again{std::move(id)};
  auto current = co_await ask_within<order::view>(in, patience, behind.orders, in.context, std::move(again));
  co_return current;
}

eventually<http::response> place_order(incoming& in, const services& behind) {
  if (auto refused = refused_for_overload(behind))
    co_return std::move(*refused);
  auto parsed = to_place(in.body, order_id{make_uuid7(behind.now(), behind.random)}, *behind.ordering);
  if (const auto* wrong = std::get_if<std::vector<wrong_field>>(&parsed))
    co_return wrong_body(*wrong);
  auto command = std::move(std::get<order::place>(parsed));
  auto claim = co_await claim_key(in, behind, "placeOrder", {}, command.id.value);
  if (claim.refused)
    co_return std::move(*claim.refused);
  command.id = order_id{std::move(claim.subject)};
  command.fresh = !claim.remembered;
  const auto id = command.id;
  // Safe to repeat: whoever comes second with a key meets the order of the first, or makes it if the first could not.
  auto order = co_await ask_within<order::view>(in, patience, behind.orders, in.context, std::move(command));
  if (!order && !claim.first && order.error() == order::rejection::already_placed_otherwise) {
    // The same body, and a configuration that has changed since.
    order::get_order question{id};
    order = co_await ask_within<order::view>(in, patience, behind.orders, in.context, std::move(question));
  }
  if (!order)
    co_return refusal(order.error());
  const auto wait = preferred_wait(in.message.fields);
  if (!wait)
    co_return placed(*order, false, wait);
  if (!order::is_terminal(order->status) && wait->count() > 0) {
    auto ended = co_await wait_for_end(in, behind, id, *wait);
    // The order is durable: whatever keeps its end from being told, it was accepted.
    if (ended)
      order = std::move(ended);
  }
  co_return placed(*order, order::is_terminal(order->status), wait);
}

// ---- read ----------------------------------------------------------------------------------------------------------

/// An instant from a query, where a `+` that was not escaped has become a space.
std::optional<time_point> parse_instant(std::string text) {
  if (text.size() > 6 && text[text.size() - 6] == ' ')
    text[text.size() - 6] = '+';
  return parse_rfc3339(text);
}

/// The order that the request asks for, as it is or as it was.
eventually<caf::expected<order::view>> find_order(incoming& in, const services& behind, order_id id,
                                                  std::optional<time_point> as_of) {
  if (as_of) {
    auto past = co_await order_as_of(in, behind.journal, std::move(id), *as_of);
    co_return past;
  }
  order::get_order question{std::move(id)};
  auto current = co_await ask<order::view>(in, behind.orders, in.context, std::move(question));
  co_return current;
}

eventually<http::response> get_order(incoming& in, const services& behind, bool v1) {
  const auto id = id_of(in);
  if (!id)
    co_return malformed_id();
  const auto text = in.query("as_of");
  const auto as_of = text ? parse_instant(*text) : std::nullopt;
  if (text && !as_of)
    co_return wrong_request("query parameter as_of", "it is an instant by RFC 3339, such as 2026-03-01T12:00:00Z.");
  auto order = co_await find_order(in, behind, *id, as_of);
  if (!order)
    co_return refusal(order.error());
  if (v1)
    co_return answer_text(200, order_v1_text(*order, is_operator(in)));
  co_return answer(200, order_v2_json(*order, is_operator(in)));
}

eventually<http::response> get_order_events(incoming& in, const services& behind) {
  const auto id = id_of(in);
  if (!id)
    co_return malformed_id();
  auto events = co_await public_events(in, behind.journal, *id);
  if (!events)
    co_return refusal(events.error());
  co_return answer_text(200, events_text(*id, *events));
}

// ---- cancel and capture --------------------------------------------------------------------------------------------

/// A refusal of a command, with the state that forbids it.
eventually<http::response> forbidden(incoming& in, const services& behind, order_id id, caf::error reason) {
  auto told = explain(reason);
  if (!told)
    co_return failure(reason);
  if (told->status == 409) {
    order::get_order question{std::move(id)};
    auto order = co_await ask_within<order::view>(in, patience, behind.orders, in.context, std::move(question));
    if (order) {
      const auto why = told_reason(*order, is_operator(in));
      told->detail += " It is " + std::string{order::name_of(order->status)} + (why.empty() ? "" : " (" + why + ")")
                      + ": " + order->message;
    }
  }
  co_return refusal(*told);
}

/// Sends a command to the order in the path, and answers the order: 200 when `is_done`, 202 while work is left.
template <class Command, class IsDone>
eventually<http::response> command_order(incoming& in, const services& behind, std::string_view operation,
                                         Command command, IsDone is_done) {
  const auto id = id_of(in);
  if (!id)
    co_return malformed_id();
  const auto claim = co_await claim_key(in, behind, operation, id->value, id->value);
  if (claim.refused)
    co_return *claim.refused;
  command.id = *id;
  auto order = co_await ask<order::view>(in, behind.orders, in.context, std::move(command));
  if (order)
    co_return answer(is_done(*order) ? 200 : 202, order_v2_json(*order, is_operator(in)));
  auto response = co_await forbidden(in, behind, *id, std::move(order.error()));
  co_return response;
}

eventually<http::response> cancel_order(incoming& in, const services& behind) {
  order::cancel command;
  if (in.body.is_object())
    command.reason = in.body.value("reason", "");
  const auto is_done = [](const order::view& x) {
    return order::is_terminal(x.status) && x.status != order::status::confirmed;
  };
  return command_order(in, behind, "cancelOrder", std::move(command), is_done);
}

eventually<http::response> capture_order(incoming& in, const services& behind) {
  const auto is_done = [](const order::view& x) { return order::is_terminal(x.status); };
  return command_order(in, behind, "captureOrder", order::capture{}, is_done);
}

// ---- schemas -------------------------------------------------------------------------------------------------------

json place_schema() {
  auto schema = json::parse(R"({
    "type": "object",
    "required": ["customerId", "email", "currency", "items", "payment"],
    "additionalProperties": false,
    "properties": {
      "customerId": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]{1,128}$",
                     "description": "The shop's own name of who buys"},
      "email": {"type": "string", "maxLength": 254, "pattern": "^[^@\\x00-\\x20\\x7f]{1,64}@[^@\\x00-\\x20\\x7f]{1,189}$",
                "description": "Personal; shown masked"},
      "currency": {"type": "string", "maxLength": 3, "pattern": "^[A-Z]{3}$",
                   "description": "ISO 4217; the prices of all items must be in it"},
      "items": {
        "type": "array", "minItems": 1,
        "items": {
          "type": "object",
          "required": ["sku", "quantity"],
          "additionalProperties": false,
          "properties": {"quantity": {"type": "integer", "minimum": 1}}
        }
      },
      "payment": {
        "type": "object",
        "required": ["method"],
        "additionalProperties": false,
        "properties": {
          "provider": {"type": "string", "minLength": 1, "maxLength": 64, "description": "By default, the configured one"},
          "method": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$",
                     "description": "The provider's token of a card or wallet"}
        }
      },
      "shippingAddress": {
        "type": "object",
        "required": ["name", "line1", "city", "postalCode", "country"],
        "additionalProperties": false,
        "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 200},
          "line1": {"type": "string", "minLength": 1, "maxLength": 200},
          "line2": {"type": "string", "maxLength": 200},
          "city": {"type": "string", "minLength": 1, "maxLength": 200},
          "region": {"type": "string", "maxLength": 200},
          "postalCode": {"type": "string", "minLength": 1, "maxLength": 32},
          "country": {"type": "string", "maxLength": 2, "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2"}
        }
      }
    }
  })");
  auto& items = schema["properties"]["items"];
  items["maxItems"] = order::lines_max;
  items["items"]["properties"]["sku"] = sku_schema();
  items["items"]["properties"]["quantity"]["maximum"] = order::units_max;
  for (auto& [name, field] : schema["properties"]["shippingAddress"]["properties"].items())
    if (!field.contains("pattern"))
      field["pattern"] = printable_pattern;
  items["description"] = "Each SKU stands once. Prices come from the price list, never from here";
  schema["properties"]["shippingAddress"]["description"] = "Personal; never told to the outside";
  return with_example(std::move(schema), R"({
    "customerId": "c-1", "email": "ada@example.com", "currency": "EUR",
    "items": [{"sku": "espresso-beans-1kg", "quantity": 2}], "payment": {"method": "tok_ok"}})");
}

json cancel_schema() {
  auto schema = with_example(
    object_schema(
      {{"reason", {{"type", "string"}, {"maxLength", 500}, {"description", "Stands in the order's history"}}}}, {}),
    R"({"reason": "Ordered twice"})");
  schema["type"] = {"object", "null"}; // no reason, no body
  return schema;
}

json status_schema() {
  json names = json::array();
  for (auto i = static_cast<std::uint8_t>(order::status::processing);
       i <= static_cast<std::uint8_t>(order::status::review); ++i)
    names.push_back(order::name_of(static_cast<order::status>(i)));
  return {{"type", "string"}, {"enum", std::move(names)}, {"description", "All but processing are final"}};
}

json text_schema() {
  return {{"type", "string"}};
}

json text_schema(std::string description) {
  return described(text_schema(), std::move(description));
}

json instant_schema() {
  return {{"type", "string"}, {"format", "date-time"}};
}

json order_id_schema() {
  return {{"type", "string"}, {"format", "uuid"}};
}

json links_schema() {
  return object_schema({{"self", text_schema()},
                        {"events", text_schema()},
                        {"cancel", text_schema("While the order can be cancelled")},
                        {"capture", text_schema("While the order waits for it")}},
                       {"self"});
}

json receipt_schema() {
  return object_schema({{"orderId", order_id_schema()},
                        {"status", status_schema()},
                        {"message", text_schema("For the customer")},
                        {"links", links_schema()}},
                       {"orderId", "status", "message", "links"});
}

json ended_receipt_schema() {
  return with_example(receipt_schema(), R"({
    "orderId": "01958c3a-1d00-7000-8000-000000000001", "status": "confirmed", "message": "Order confirmed",
    "links": {"self": "/api/v2/orders/01958c3a-1d00-7000-8000-000000000001",
              "events": "/api/v2/orders/01958c3a-1d00-7000-8000-000000000001/events",
              "cancel": "/api/v2/orders/01958c3a-1d00-7000-8000-000000000001/cancel"}})");
}

json array_of(json items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

json order_schema() {
  const auto line = object_schema({{"sku", sku_schema()},
                                   {"quantity", {{"type", "integer"}}},
                                   {"price", described(money_schema(), "Of one unit; once the order is priced")},
                                   {"amount", described(money_schema(), "Of the line; once the order is priced")}},
                                  {"sku", "quantity"});
  const auto amounts = object_schema({{"total", described(money_schema(), "Once the order is priced")},
                                      {"authorized", money_schema()},
                                      {"captured", money_schema()},
                                      {"refunded", money_schema()}},
                                     {"authorized", "captured", "refunded"});
  const auto moment =
    object_schema({{"at", instant_schema()},
                   {"what", text_schema("Such as placed, priced, call_retried, payment_captured")},
                   {"detail", text_schema("Such as why a call was retried: policy, line and figures")}},
                  {"at", "what"});
  return object_schema(
    {{"orderId", order_id_schema()},
     {"status", status_schema()},
     {"message", text_schema("For the customer")},
     {"reason", text_schema("Why it was not confirmed, or what people have to look at")},
     {"paused", described(object_schema({{"what", text_schema("Such as provider/rest, saga/order")},
                                         {"reason", text_schema()},
                                         {"since", instant_schema()}},
                                        {"what", "reason", "since"}),
                          "For operators: what it waits for because it was paused")},
     {"refusedItem", text_schema("JSON pointer into the order's items, of a rejected order")},
     {"customerId", text_schema()},
     {"email", text_schema("Masked unless an operator asks")},
     {"currency", text_schema("ISO 4217")},
     {"items", array_of(line)},
     {"amounts", amounts},
     {"payment", object_schema({{"provider", text_schema()}, {"id", text_schema("The provider's own")}}, {"provider"})},
     {"placedAt", instant_schema()},
     {"updatedAt", instant_schema()},
     {"version", {{"type", "integer"}, {"description", "Events of the order so far"}}},
     {"timeline", array_of(moment)},
     {"links", links_schema()}},
    {"orderId", "status", "message", "customerId", "currency", "items", "amounts", "timeline", "links"});
}

json confirmed_order_schema() {
  return with_example(order_schema(), R"({
    "orderId": "01958c3a-1d00-7000-8000-000000000001", "status": "confirmed", "message": "Order confirmed",
    "customerId": "c-1", "email": "a***@example.com", "currency": "EUR",
    "items": [{"sku": "espresso-beans-1kg", "quantity": 2, "price": {"amount": 2490, "currency": "EUR"},
               "amount": {"amount": 4980, "currency": "EUR"}}],
    "amounts": {"total": {"amount": 4980, "currency": "EUR"}, "authorized": {"amount": 4980, "currency": "EUR"},
                "captured": {"amount": 4980, "currency": "EUR"}, "refunded": {"amount": 0, "currency": "EUR"}},
    "payment": {"provider": "rest", "id": "pay_1"},
    "placedAt": "2026-03-01T12:00:00.000Z", "updatedAt": "2026-03-01T12:00:00.012Z", "version": 7,
    "timeline": [{"at": "2026-03-01T12:00:00.000Z", "what": "placed"},
                 {"at": "2026-03-01T12:00:00.012Z", "what": "confirmed"}],
    "links": {"self": "/api/v2/orders/01958c3a-1d00-7000-8000-000000000001",
              "events": "/api/v2/orders/01958c3a-1d00-7000-8000-000000000001/events",
              "cancel": "/api/v2/orders/01958c3a-1d00-7000-8000-000000000001/cancel"}})");
}

json order_v1_schema() {
  const json integer{{"type", "integer"}};
  const json decimal{{"type", "number"}, {"description", "A decimal number"}};
  const json decimal_or_null{{"type", {"number", "null"}},
                             {"description", "A decimal number, once the order is priced"}};
  const json text_or_null{{"type", {"string", "null"}}};
  const auto line = object_schema(
    {{"sku", sku_schema()}, {"quantity", integer}, {"unit_price", decimal_or_null}, {"amount", decimal_or_null}},
    {"sku", "quantity", "unit_price", "amount"});
  return object_schema({{"order_id", order_id_schema()},
                        {"status", status_schema()},
                        {"message", text_schema("For the customer")},
                        {"reason", text_or_null},
                        {"customer_id", text_schema()},
                        {"email", text_schema("Masked unless an operator asks")},
                        {"currency", text_schema("ISO 4217")},
                        {"items", array_of(line)},
                        {"total_amount", decimal_or_null},
                        {"captured_amount", decimal},
                        {"refunded_amount", decimal},
                        {"payment_provider", text_schema()},
                        {"payment_id", text_or_null},
                        {"created_at", instant_schema()},
                        {"updated_at", instant_schema()},
                        {"version", integer}},
                       {"order_id", "status", "message", "customer_id", "currency", "items"});
}

json events_schema() {
  const auto metadata = object_schema({{"source", text_schema("The context that it happened in")},
                                       {"schemaVersion", {{"type", "integer"}}},
                                       {"principal", text_schema("Who asked")},
                                       {"trace", text_schema("A traceparent of W3C Trace Context")}},
                                      {"source", "schemaVersion"});
  const auto event =
    object_schema({{"eventId", text_schema("The same for every delivery: drop repeats by it")},
                   {"eventType", text_schema("Its schema is config/schemas/events/<eventType>.json")},
                   {"eventTime", instant_schema()},
                   {"aggregateId", text_schema("The order's id")},
                   {"aggregateType", text_schema()},
                   {"version", {{"type", "integer"}, {"description", "In the order's stream; ascending, with gaps"}}},
                   {"data", {{"type", "object"}, {"description", "By the schema of the event"}}},
                   {"metadata", metadata}},
                  {"eventId", "eventType", "eventTime", "aggregateId", "aggregateType", "version", "data", "metadata"});
  return with_example(
    object_schema({{"orderId", order_id_schema()}, {"events", array_of(event)}}, {"orderId", "events"}),
    R"({
    "orderId": "01958c3a-1d00-7000-8000-000000000001",
    "events": [{"eventId": "b7cbae5c-4707-82b6-9c52-b5983ce52197", "eventType": "PaymentCaptured",
      "eventTime": "2026-03-01T12:00:00.012Z", "aggregateId": "01958c3a-1d00-7000-8000-000000000001",
      "aggregateType": "order", "version": 6, "data": {"orderId": "01958c3a-1d00-7000-8000-000000000001", "amount": 4980, "currency": "EUR"},
      "metadata": {"source": "troupe/order", "schemaVersion": 1, "principal": "anonymous",
                   "trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}]})");
}

documented_parameter id_parameter() {
  return {"id", "path", "The order's id.", order_id_schema()};
}

documented_parameter key_parameter() {
  return {"Idempotency-Key",
          "header",
          "Makes the request safe to repeat: the same key and body get the same order, for 24 hours. Of one principal "
          "and route; quoted or bare.",
          {{"type", "string"}, {"maxLength", idempotency_key_bytes_max}}};
}

} // namespace

void add_order_routes(router& table, const shared_services& behind) {
  route place;
  place.method = "POST";
  place.path = "/api/v2/orders";
  place.operation_id = "placeOrder";
  place.summary = "Places an order. With `Prefer: wait=N` (at most 30 s) answers when it has ended; with an "
                  "`Idempotency-Key` it may be repeated for 24 hours.";
  place.parameters = {
    {"Prefer", "header", "`wait=N`: answer when the order has ended, or after N seconds, at most 30.", text_schema()},
    key_parameter()};
  place.request_schema = place_schema();
  place.responses = {{201, "The order has ended, well or not: see its status.", ended_receipt_schema()},
                     {202, "The order is durable and in progress.", receipt_schema()},
                     {400, "The body is not JSON, or a header field is wrong.", {}},
                     {422, "A field is wrong, or the Idempotency-Key was used with another body.", {}},
                     {503, "Nothing was accepted; try again after Retry-After.", {}},
                     {504, "No answer in time; repeat with the same Idempotency-Key.", {}}};
  place.deadline = place_deadline;
  place.handle = [behind](incoming& in) { return place_order(in, *behind); };
  add_with_aliases(table, place, {{"/api/orders", "Latest"}, {"/orders", "Short"}});

  route get;
  get.method = "GET";
  get.path = "/api/v2/orders/{id}";
  get.operation_id = "getOrder";
  get.summary = "Reads an order; `?as_of=INSTANT` (RFC 3339) reads it as it was then.";
  get.parameters = {id_parameter(),
                    {"as_of", "query", "The order as it was at this instant (RFC 3339).", instant_schema()}};
  get.responses = {{200, "The order.", confirmed_order_schema()},
                   {400, "The id or as_of is malformed.", {}},
                   {404, "There is no such order, or there was none then.", {}}};
  get.handle = [behind](incoming& in) { return get_order(in, *behind, false); };
  add_with_aliases(table, get, {{"/api/orders/{id}", "Latest"}});

  route get_v1 = get;
  get_v1.path = "/api/v1/orders/{id}";
  get_v1.operation_id = "getOrderV1";
  get_v1.summary = "Reads an order in the form of version 1: snake_case, amounts as decimal numbers.";
  get_v1.responses[0].schema = order_v1_schema();
  get_v1.handle = [behind](incoming& in) { return get_order(in, *behind, true); };
  table.add(std::move(get_v1));

  route events;
  events.method = "GET";
  events.path = "/api/v2/orders/{id}/events";
  events.operation_id = "getOrderEvents";
  events.summary = "Reads an order's public events, in order, with who, when and trace.";
  events.parameters = {id_parameter()};
  events.responses = {
    {200, "The events.", events_schema()}, {400, "The id is malformed.", {}}, {404, "There is no such order.", {}}};
  events.handle = [behind](incoming& in) { return get_order_events(in, *behind); };
  add_with_aliases(table, events, {{"/api/orders/{id}/events", "Latest"}});

  route cancel;
  cancel.method = "POST";
  cancel.path = "/api/v2/orders/{id}/cancel";
  cancel.operation_id = "cancelOrder";
  cancel.summary = "Cancels an order: until it is captured the payment is voided, later it is refunded.";
  cancel.parameters = {id_parameter(), key_parameter()};
  cancel.request_schema = cancel_schema();
  cancel.responses = {{200, "The order has ended.", order_schema()},
                      {202, "The order is being cancelled.", order_schema()},
                      {400, "The body is not JSON, or the id is malformed.", {}},
                      {404, "There is no such order.", {}},
                      {409, "The state of the order forbids it.", {}},
                      {422, "A field is wrong, or the Idempotency-Key was used with another request.", {}}};
  cancel.handle = [behind](incoming& in) { return cancel_order(in, *behind); };
  add_with_aliases(table, cancel, {{"/api/orders/{id}/cancel", "Latest"}});

  route capture;
  capture.method = "POST";
  capture.path = "/api/v2/orders/{id}/capture";
  capture.operation_id = "captureOrder";
  capture.summary = "Captures the authorized payment of an order that is not captured at once.";
  capture.scope = scope::operator_key;
  capture.parameters = {id_parameter(), key_parameter()};
  capture.responses = {{200, "The order has ended.", order_schema()},
                       {202, "The payment is being captured.", order_schema()},
                       {400, "The id is malformed.", {}},
                       {404, "There is no such order.", {}},
                       {409, "The state of the order forbids it.", {}}};
  capture.handle = [behind](incoming& in) { return capture_order(in, *behind); };
  add_with_aliases(table, capture, {{"/api/orders/{id}/capture", "Latest"}});
}

} // namespace troupe::gateway

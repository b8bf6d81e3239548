// gateways/http/routes/alarms.cpp: whether operators would be told.
#include "gateways/http/routes/answer.hpp"
#include "gateways/http/routes/routes.hpp"

#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t reason_bytes_max = 200;

eventually<http::response> test(incoming& in, const alarm::tester_actor& webhook) {
  if (!webhook)
    co_return refusal({409, "no-webhook", "No webhook is configured",
                       "Set operations.webhook.url and operations.webhook.secret, and start the node again.", ""});
  alarm::send_test command{in.body.at("reason").get<std::string>()};
  const auto answered = co_await ask<alarm::tested>(in, webhook, in.context, std::move(command));
  if (!answered)
    co_return refusal(answered.error());
  ordered_json body{{"id", answered->id}, {"delivered", !answered->failure}};
  if (answered->failure)
    body["failure"] = name_of(*answered->failure);
  http::headers fields{{"Cache-Control", "no-store"}};
  co_return answer(200, body, std::move(fields));
}

json request_schema() {
  return with_example(object_schema({{"reason",
                                      {{"type", "string"},
                                       {"minLength", 1},
                                       {"maxLength", reason_bytes_max},
                                       {"pattern", printable_pattern},
                                       {"description", "Why; the receiver reads it"}}}},
                                    {"reason"}),
                      R"({"reason": "is the new receiver there?"})");
}

json tested_schema() {
  return with_example(
    object_schema({{"id", {{"type", "string"}, {"description", "The event's `webhook-id`"}}},
                   {"delivered", {{"type", "boolean"}, {"description", "The receiver answered with 200 to 299"}}},
                   {"failure",
                    {{"type", "string"},
                     {"description", "Why not: `denied` and `refused` by the receiver, `timed_out` and `unavailable` "
                                     "without an answer of use, `circuit_open` by an open breaker, and others"}}}},
                  {"id", "delivered"}),
    R"({"id": "01990000-0000-7000-8000-000000000001", "delivered": false, "failure": "denied"})");
}

} // namespace

void add_alarm_routes(router& table, const alarm::tester_actor& webhook) {
  route one;
  one.method = "POST";
  one.path = "/api/webhook/test";
  one.operation_id = "testWebhook";
  one.summary =
    "Sends an event of type `webhook.test` to the operators' webhook at once, signed as every other, and says "
    "what came of it. Each time is another event.";
  one.scope = scope::operator_key;
  one.request_schema = request_schema();
  one.responses = {
    {200, "It was tried.", tested_schema()}, {409, "No webhook is configured.", {}}, {422, "A field is wrong.", {}}};
  one.handle = [webhook](incoming& in) { return test(in, webhook); };
  table.add(std::move(one));
}

} // namespace troupe::gateway

// gateways/http/routes/pauses.cpp: what operators have paused, and how they pause it and let it go on.
#include "gateways/http/routes/answer.hpp"
#include "gateways/http/routes/routes.hpp"

#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t reason_bytes_max = 200;

ordered_json pause_json(const pause::target& what, const pause::paused& how) {
  return {
    {"what", to_string(what)}, {"paused", true}, {"reason", how.reason}, {"by", how.by}, {"since", to_rfc3339(how.at)}};
}

http::response told(const caf::expected<pause::status>& x) {
  if (!x)
    return refusal(x.error());
  http::headers fields{{"Cache-Control", "no-store"}};
  if (x->is)
    return answer(200, pause_json(x->what, *x->is), std::move(fields));
  const ordered_json body{{"what", to_string(x->what)}, {"paused", false}};
  return answer(200, body, std::move(fields));
}

http::response list(const pausing& behind) {
  const auto& board = *behind.board;
  if (!board.is_known()) {
    auto later = problem(503, "/problems/unavailable", "Not available now", "What is paused is still being found out.");
    later.fields.emplace_back("Retry-After", "1");
    return later;
  }
  auto items = ordered_json::array();
  for (const auto& each : board.all())
    items.push_back(pause_json(each->what, each->how));
  const ordered_json body{{"pauses", std::move(items)}};
  return answer(200, body, {{"Cache-Control", "no-store"}});
}

http::response not_there(const pause::target& what) {
  return refusal({404, "nothing-to-pause", "There is no such thing",
                  "There is no " + std::string{name_of(what.kind)} + " of this name.", ""});
}

eventually<http::response> begin(incoming& in, const pausing& behind) {
  const auto what = pause::parse_target(in.body.at("what").get<std::string>());
  if (!what)
    co_return wrong_body({{"/what", "This names nothing that can be paused, such as provider/rest, outlet/webhooks, "
                                    "saga/order or order/<id>."}});
  if (what->kind == pause::kind::order) {
    order::get_order question{{what->name}};
    const auto found = co_await ask<order::view>(in, behind.orders, in.context, std::move(question));
    if (!found)
      co_return refusal(found.error());
  } else if (!behind.is_there(*what)) {
    co_return not_there(*what);
  }
  pause::begin command{*what, in.body.at("reason").get<std::string>()};
  const auto answered = co_await ask<pause::status>(in, behind.actor, in.context, std::move(command));
  co_return told(answered);
}

eventually<http::response> resume(incoming& in, const pausing& behind) {
  const auto text = std::string{in.param("kind")} + '/' + std::string{in.param("name")};
  const auto what = pause::parse_target(text);
  if (!what)
    co_return refusal(
      {404, "nothing-to-pause", "There is no such thing", "This names nothing that can be paused.", ""});
  pause::resume command{*what, in.body.at("reason").get<std::string>()};
  const auto answered = co_await ask<pause::status>(in, behind.actor, in.context, std::move(command));
  co_return told(answered);
}

eventually<http::response> at_once(http::response x) {
  co_return x;
}

// ---- schemas -------------------------------------------------------------------------------------------------------

json reason_schema() {
  return {{"type", "string"},
          {"minLength", 1},
          {"maxLength", reason_bytes_max},
          {"pattern", printable_pattern},
          {"description", "Why, for the record and for other operators"}};
}

json what_schema() {
  return {{"type", "string"},
          {"maxLength", 2 * pause::name_bytes_max},
          {"description", "`provider/<name>`, of mails `provider/email.<name>`, `outlet/<name>`, `saga/order` or "
                          "`order/<id>`"}};
}

json pause_schema() {
  return with_example(object_schema({{"what", what_schema()},
                                     {"paused", {{"type", "boolean"}}},
                                     {"reason", {{"type", "string"}, {"description", "While it is paused"}}},
                                     {"by", {{"type", "string"}, {"description", "Who paused it"}}},
                                     {"since", {{"type", "string"}, {"format", "date-time"}}}},
                                    {"what", "paused"}),
                      R"({"what": "provider/rest", "paused": true, "reason": "it maintains its system until 6 o'clock",
                          "by": "operator", "since": "2026-03-01T12:00:00.000Z"})");
}

json begin_schema() {
  return with_example(object_schema({{"what", what_schema()}, {"reason", reason_schema()}}, {"what", "reason"}),
                      R"({"what": "provider/rest", "reason": "it maintains its system until 6 o'clock"})");
}

json resume_schema() {
  return with_example(object_schema({{"reason", reason_schema()}}, {"reason"}), R"({"reason": "it is back"})");
}

} // namespace

void add_pause_routes(router& table, const pausing& behind) {
  route all;
  all.method = "GET";
  all.path = "/api/pauses";
  all.operation_id = "listPauses";
  all.summary = "Everything that is paused, with who did it and why.";
  all.scope = scope::operator_key;
  all.responses = {
    {200, "What is paused.", object_schema({{"pauses", {{"type", "array"}, {"items", pause_schema()}}}}, {"pauses"})}};
  all.handle = [behind](incoming&) { return at_once(list(behind)); };
  table.add(std::move(all));

  route one;
  one.method = "POST";
  one.path = "/api/pauses";
  one.operation_id = "pause";
  one.summary = "Pauses a provider of payments or mails, an outlet, all orders or one order: its work waits, over "
                "restarts too, and nothing of it times out. Safe to repeat.";
  one.scope = scope::operator_key;
  one.request_schema = begin_schema();
  one.responses = {{200, "It is paused: nothing new is begun, and what is under way comes to its end.", pause_schema()},
                   {404, "There is nothing of this name.", {}},
                   {409, "Too much is paused already.", {}},
                   {422, "A field is wrong.", {}}};
  one.handle = [behind](incoming& in) { return begin(in, behind); };
  table.add(std::move(one));

  const json text = {{"type", "string"}};
  route end;
  end.method = "POST";
  end.path = "/api/pauses/{kind}/{name}/resume";
  end.operation_id = "resume";
  end.summary = "Lets something that is paused go on; what waited follows a little at a time. Safe to repeat.";
  end.scope = scope::operator_key;
  end.parameters = {{"kind", "path", "provider, outlet, saga or order.", text},
                    {"name", "path", "Its name, as the list of pauses has it after the slash.", text}};
  end.request_schema = resume_schema();
  end.responses = {{200, "It goes on.", pause_schema()},
                   {404, "This names nothing that can be paused.", {}},
                   {422, "A field is wrong.", {}}};
  end.handle = [behind](incoming& in) { return resume(in, behind); };
  table.add(std::move(end));
}

} // namespace troupe::gateway

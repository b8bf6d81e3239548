// gateways/http/routes/events.cpp: the newest events of the journal, for people who look for a fault.
#include "gateways/http/routes/answer.hpp"
#include "gateways/http/routes/json_text.hpp"
#include "gateways/http/routes/routes.hpp"

#include "actors/idempotency/idempotency_entity.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace troupe::gateway {

namespace {

using nlohmann::json;

constexpr std::size_t limit_default = 100;
constexpr std::size_t limit_max = 1'000;
constexpr std::size_t key_bytes_max = 1'024;
constexpr std::size_t type_bytes_max = 128;

using shared_desk = std::shared_ptr<const event_desk>;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{out} : std::nullopt;
}

// "order.placed"
bool is_type(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; };
  return text.size() <= type_bytes_max && text.find('.') != text.npos && std::all_of(text.begin(), text.end(), fits);
}

http::response wrong_parameter(const char* name, std::string detail) {
  return wrong_request(std::string{"query parameter "} + name, std::move(detail));
}

/// What the query asks for, or what is wrong with it.
std::variant<journal::read_latest, http::response> question_of(const incoming& in, const event_desk& behind) {
  journal::read_latest out;
  out.limit = limit_default;
  if (const auto text = in.query("context")) {
    if (std::find(behind.contexts.begin(), behind.contexts.end(), *text) == behind.contexts.end()) {
      std::string known;
      for (const auto& x : behind.contexts)
        known += (known.empty() ? "" : ", ") + x;
      return wrong_parameter("context", "it is one of " + known + '.');
    }
    out.filter.context = *text;
  }
  if (const auto text = in.query("type")) {
    if (!is_type(*text))
      return wrong_parameter("type", "it is a type as events are stored, such as order.placed.");
    out.filter.type = *text;
  }
  if (const auto text = in.query("key")) {
    if (text->empty() || text->size() > key_bytes_max)
      return wrong_parameter("key", "it is an entity's id of 1 to " + std::to_string(key_bytes_max) + " bytes.");
    out.filter.key = *text;
  }
  if (const auto text = in.query("limit")) {
    const auto limit = number_of(*text);
    if (!limit || *limit == 0 || *limit > limit_max)
      return wrong_parameter("limit", "it is a number from 1 to " + std::to_string(limit_max) + '.');
    out.limit = *limit;
  }
  if (const auto text = in.query("before")) {
    out.before = number_of(*text);
    if (!out.before || *out.before == 0)
      return wrong_parameter("before", "it is what an answer called next.");
  }
  return out;
}

// Clients choose these keys, and may have put anything into them.
std::string key_shown(const journal::stream_name& x) {
  return x.context == idempotency::traits::context ? "-" : x.key;
}

// The payload stays where it is: of an event that has no public form its type is all that is shown.
std::string event_text(const journal::placed_event& x, const event_desk& behind) {
  const auto& of = x.event;
  const auto form = behind.public_form(of);
  auto out = json_object({{"position", std::to_string(x.position)},
                          {"context", json_string(of.stream.context)},
                          {"key", json_string(key_shown(of.stream))},
                          {"version", std::to_string(of.version)},
                          {"type", json_string(of.type)},
                          {"recordedAt", json_string(to_rfc3339(of.recorded_at))},
                          {"principal", json_string(of.principal)},
                          {"trace", json_string(of.trace)},
                          {"event", form && *form ? to_json(**form) : "null"}});
  if (!form) {
    out.pop_back();
    out += ",\"problem\":" + json_string("it cannot be read: " + to_string(code_of(form.error()))) + '}';
  }
  return out;
}

http::response list_text(journal::latest_events found, std::size_t limit, const event_desk& behind) {
  const bool more = found.events.size() > limit;
  if (more)
    found.events.resize(limit);
  std::string list = "[";
  for (const auto& x : found.events)
    list.append(list.size() > 1 ? "," : "").append(event_text(x, behind));
  list += ']';
  const auto newest = std::to_string(found.newest);
  auto out = more ? json_object({{"newest", newest},
                                 {"events", std::move(list)},
                                 {"next", json_string(std::to_string(found.events.back().position))}})
                  : json_object({{"newest", newest}, {"events", std::move(list)}});
  auto response = answer_text(200, std::move(out));
  response.fields.emplace_back("Cache-Control", "no-store");
  return response;
}

eventually<http::response> list(incoming& in, const shared_desk& behind) {
  auto wanted = question_of(in, *behind);
  if (auto* wrong = std::get_if<http::response>(&wanted))
    co_return std::move(*wrong);
  auto& question = std::get<journal::read_latest>(wanted);
  const auto limit = question.limit++; // One more shows whether there are more.
  auto found = co_await ask<journal::latest_events>(in, behind->journal, std::move(question));
  if (!found)
    co_return refusal(found.error());
  co_return list_text(std::move(*found), limit, *behind);
}

// ---- schemas -------------------------------------------------------------------------------------------------------

json list_schema() {
  const json text = {{"type", "string"}};
  const json count = {{"type", "integer"}, {"minimum", 1}};
  const json form = {{"type", {"object", "null"}}};
  const json event = object_schema(
    {{"position", described(count, "Among the events of all contexts: what is stored later stands higher")},
     {"context", text},
     {"key", described(text, "The entity's id; - where clients choose it")},
     {"version", described(count, "Of the entity after this event")},
     {"type", described(text, "As it is stored")},
     {"recordedAt", {{"type", "string"}, {"format", "date-time"}}},
     {"principal", described(text, "Who caused it")},
     {"trace", described(text, "traceparent, or empty")},
     {"event", described(form, "What the outside sees of it; null where it concerns nobody there")},
     {"problem", described(text, "Why there is no public form, of an event that this release cannot read")}},
    {"position", "context", "key", "version", "type", "recordedAt", "principal", "trace", "event"});
  return with_example(
    object_schema(
      {{"newest", {{"type", "integer"}, {"minimum", 0}, {"description", "Position of the last event of all"}}},
       {"events", {{"type", "array"}, {"items", event}}},
       {"next", described(text, "For the parameter before, when there are more")}},
      {"newest", "events"}),
    R"({"newest": 4711, "events": [{"position": 4711, "context": "notification",
        "key": "01958c3a-1d00-7000-8000-000000000001/confirmation", "version": 2, "type": "notification.sent",
        "recordedAt": "2026-03-01T12:00:00.012Z", "principal": "outlet/email",
        "trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "event": null}], "next": "4711"})");
}

} // namespace

void add_event_routes(router& table, const event_desk& desk) {
  const json text = {{"type", "string"}};
  route all;
  all.method = "GET";
  all.path = "/api/events";
  all.operation_id = "listEvents";
  all.summary = "The newest events of the journal, newest first: what is wanted of the last 10,000. No personal data.";
  all.scope = scope::operator_key;
  all.parameters = {{"context", "query", "Events of this context only, such as order.", text},
                    {"type", "query", "Events of this type only, such as order.placed.", text},
                    {"key", "query", "Events of the entities with this id only.", text},
                    {"limit",
                     "query",
                     "How many at most.",
                     {{"type", "integer"}, {"minimum", 1}, {"maximum", limit_max}, {"default", limit_default}}},
                    {"before", "query", "What an answer called next: goes on from there.", text}};
  all.responses = {{200, "The events.", list_schema()}, {400, "A parameter is wrong.", {}}};
  all.handle = [behind = std::make_shared<const event_desk>(desk)](incoming& in) { return list(in, behind); };
  table.add(std::move(all));
}

} // namespace troupe::gateway

// gateways/http/routes/dead_letters.cpp: what was given up on: look at it, try it again, let it go.
#include "gateways/http/routes/everywhere.hpp"
#include "gateways/http/routes/routes.hpp"

#include "actors/kernel/hash.hpp"
#include "actors/kernel/uuid.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace troupe::gateway {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t limit_default = 100;
constexpr std::size_t limit_max = 1'000;
constexpr duration rehearsal_deadline{30'000};

using shared_desk = std::shared_ptr<const dead_letter_desk>;

http::response malformed_id() {
  return wrong_request("id", "it is a UUID, such as 01890a5d-ac96-874b-bcce-b302099a8057.");
}

std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{out} : std::nullopt;
}

// "1772366400000_01890a5d-…": opaque to clients.
std::string cursor_text(const dead_letter::entry& x) {
  return std::to_string(x.recorded_at.time_since_epoch().count()) + '_' + x.id.value;
}

std::optional<dead_letter::cursor> parse_cursor(std::string_view text) {
  const auto line = text.find('_');
  if (line == std::string_view::npos || !is_uuid(text.substr(line + 1)))
    return std::nullopt;
  const auto at = number_of(text.substr(0, line));
  if (!at || *at > 253'402'300'800'000)
    return std::nullopt;
  return dead_letter::cursor{time_point{duration{static_cast<std::int64_t>(*at)}},
                             {std::string{text.substr(line + 1)}}};
}

void add_cause(ordered_json& out, const dead_letter::cause& x) {
  out["source"] = name_of(x.source);
  out["code"] = x.code;
  out["place"] = x.place;
}

ordered_json group_json(const dead_letter::group& x) {
  ordered_json out{{"group", x.id}};
  add_cause(out, x.cause);
  out["count"] = x.count;
  out["first"] = to_rfc3339(x.first);
  out["last"] = to_rfc3339(x.last);
  out["sample"] = x.sample.value;
  return out;
}

ordered_json entry_json(const dead_letter::entry& x) {
  ordered_json out{{"id", x.id.value}, {"status", name_of(x.status)}, {"group", group_of(x.cause)}};
  add_cause(out, x.cause);
  out["summary"] = x.summary;
  out["attempts"] = x.attempts;
  out["recordedAt"] = to_rfc3339(x.recorded_at);
  return out;
}

// The payload stays sealed: that there is one is all that is shown.
ordered_json letter_json(const dead_letter::view& x) {
  const auto& of = x.of;
  const auto& letter = of.letter;
  auto out = entry_json(
    {x.id, {letter.source, letter.code, letter.place}, of.status, of.recorded_at, letter.attempts, letter.summary});
  out["origin"] = letter.origin;
  out["trace"] = letter.trace;
  ordered_json about = ordered_json::object();
  if (!letter.about.context.empty())
    about = {{"context", letter.about.context}, {"key", letter.about.key}, {"version", letter.about.version}};
  if (!letter.about.effect.empty())
    about["effect"] = letter.about.effect;
  out["about"] = std::move(about);
  out["hasPayload"] = !letter.sealed.empty();
  out["replayable"] = x.replayable;
  out["occurrences"] = of.occurrences;
  out["replays"] = of.replays;
  out["actions"] = ordered_json::array();
  for (const auto& each : of.actions)
    out["actions"].push_back(
      {{"what", each.what}, {"at", to_rfc3339(each.at)}, {"by", each.by}, {"reason", each.reason}});
  return out;
}

ordered_json job_json(const dead_letter::job::view& x) {
  const auto& of = x.of;
  ordered_json out{{"job", x.id.value},
                   {"status", name_of(of.status)},
                   {"group", of.group},
                   {"ratePerSecond", of.rate_per_second},
                   {"reason", of.reason},
                   {"by", of.by},
                   {"begunAt", to_rfc3339(of.begun_at)},
                   {"lastAt", to_rfc3339(of.last_at)},
                   {"replayed", of.replayed},
                   {"failed", of.failed},
                   {"skipped", of.skipped}};
  if (of.status == dead_letter::job::status::stopped) {
    out["stopReason"] = of.stop_reason;
    out["stoppedBy"] = of.stopped_by;
  }
  return out;
}

eventually<http::response> list_groups(incoming& in, const dead_letter_desk& behind) {
  auto found = co_await ask<dead_letter::group_list>(in, behind.directory, dead_letter::list_groups{});
  if (!found)
    co_return refusal(found.error());
  ordered_json out{{"open", found->open}, {"complete", found->complete}, {"groups", ordered_json::array()}};
  for (const auto& x : found->groups)
    out["groups"].push_back(group_json(x));
  co_return answer(200, out);
}

/// The nodes that look after letters now, by shard; nothing of a node that is alone, or while it is not known.
eventually<std::shared_ptr<const cluster::view>> owners_of(incoming& in, const dead_letter_desk& behind) {
  if (!behind.cluster)
    co_return nullptr;
  const auto found = co_await ask<cluster::report>(in, behind.cluster, cluster::get_report{});
  co_return found ? found->seen : nullptr;
}

std::string owner_of(const cluster::view& nodes, const dead_letter::letter_id& id) {
  const auto* owner = cluster::live_owner(nodes, shard_of(id.value));
  return owner ? owner->name : std::string{};
}

eventually<http::response> list(incoming& in, const dead_letter_desk& behind) {
  const auto group = in.query("group");
  if (!group)
    co_return co_await list_groups(in, behind);
  dead_letter::list_letters question{*group == "all" ? std::string{} : *group, {}, limit_default};
  if (const auto text = in.query("limit")) {
    const auto limit = number_of(*text);
    if (!limit || *limit == 0 || *limit > limit_max)
      co_return wrong_request("query parameter limit", "it is a number from 1 to " + std::to_string(limit_max) + '.');
    question.limit = *limit;
  }
  if (const auto text = in.query("after")) {
    question.after = parse_cursor(*text);
    if (!question.after)
      co_return wrong_request("query parameter after", "it is what an answer called next.");
  }
  auto found = co_await ask<dead_letter::letter_list>(in, behind.directory, std::move(question));
  if (!found)
    co_return refusal(found.error());
  const auto nodes = co_await owners_of(in, behind);
  const auto wanted = wanted_node(in);
  ordered_json out{{"complete", found->complete}, {"letters", ordered_json::array()}};
  for (const auto& x : found->letters) {
    auto each = entry_json(x);
    const auto node = nodes ? owner_of(*nodes, x.id) : std::string{};
    if (!wanted.empty() && node != wanted)
      continue;
    if (nodes)
      each["node"] = node;
    out["letters"].push_back(std::move(each));
  }
  if (found->more && !found->letters.empty())
    out["next"] = cursor_text(found->letters.back());
  co_return answer(200, out);
}

/// Sends what `make` makes of the id in the path and the reason in the body.
template <class Make>
eventually<http::response> tell_letter(incoming& in, const dead_letter_desk& behind, int status, Make make) {
  const auto id = in.param("id");
  if (!is_uuid(id))
    co_return malformed_id();
  auto letter = co_await ask<dead_letter::view>(in, behind.letters, in.context, make(std::string{id}));
  if (!letter)
    co_return refusal(letter.error());
  co_return answer(status, letter_json(*letter));
}

template <class Make> eventually<http::response> tell_job(incoming& in, const dead_letter_desk& behind, Make make) {
  const auto id = in.param("id");
  if (!is_uuid(id))
    co_return malformed_id();
  auto job = co_await ask<dead_letter::job::view>(in, behind.jobs, in.context, make(std::string{id}));
  if (!job)
    co_return refusal(job.error());
  co_return answer(200, job_json(*job));
}

std::string reason_of(const incoming& in) {
  return in.body.at("reason").get<std::string>();
}

bool is_dry(const incoming& in) {
  return in.body.value("dryRun", false);
}

ordered_json foreseen_json(const dead_letter::foreseen& x) {
  ordered_json out{{"id", x.id.value}};
  if (x.refused) {
    const auto why = explain(x.refused);
    out["outcome"] = "refused";
    out["reason"] = why ? why->detail : to_string(x.refused);
  } else {
    out["outcome"] = name_of(x.letter.status);
    if (x.letter.status == dead_letter::status::open && !x.letter.actions.empty())
      out["reason"] = x.letter.actions.back().reason;
  }
  out["ended"] = x.refused || x.ended;
  out["events"] = ordered_json::array();
  for (const auto& e : x.events)
    out["events"].push_back({{"context", e.context}, {"key", e.key}, {"type", e.type}});
  out["calls"] = ordered_json::array();
  for (const auto& c : x.calls) {
    ordered_json call{{"port", c.port}, {"operation", c.operation}};
    if (!c.key.empty())
      call["key"] = c.key;
    call["arguments"] = ordered_json::object();
    for (const auto& [name, value] : c.arguments)
      call["arguments"][name] = value;
    out["calls"].push_back(std::move(call));
  }
  return out;
}

http::response answer_rehearsal(const dead_letter::rehearsed& of, bool more) {
  ordered_json out{{"dryRun", true}, {"more", more}, {"letters", ordered_json::array()}};
  for (const auto& x : of.letters)
    out["letters"].push_back(foreseen_json(x));
  return answer(200, out);
}

eventually<http::response> rehearse_letter(incoming& in, const dead_letter_desk& behind) {
  const auto id = in.param("id");
  if (!is_uuid(id))
    co_return malformed_id();
  dead_letter::rehearse question{{}, reason_of(in)};
  question.letters.push_back({std::string{id}});
  auto seen = co_await ask<dead_letter::rehearsed>(in, behind.rehearsals, in.context, std::move(question));
  if (!seen)
    co_return refusal(seen.error());
  if (seen->letters.size() == 1 && seen->letters[0].refused)
    co_return refusal(seen->letters[0].refused);
  co_return answer_rehearsal(*seen, false);
}

eventually<http::response> rehearse_group(incoming& in, const dead_letter_desk& behind) {
  const auto group = in.body.at("group").get<std::string>();
  dead_letter::list_letters first{group == "all" ? std::string{} : group, {}, dead_letter::rehearsed_max};
  auto found = co_await ask<dead_letter::letter_list>(in, behind.directory, std::move(first));
  if (!found)
    co_return refusal(found.error());
  dead_letter::rehearse question{{}, reason_of(in)};
  for (const auto& x : found->letters)
    question.letters.push_back(x.id);
  if (question.letters.empty())
    co_return answer_rehearsal({}, false);
  const auto wanted = question.letters.size();
  auto seen = co_await ask<dead_letter::rehearsed>(in, behind.rehearsals, in.context, std::move(question));
  if (!seen)
    co_return refusal(seen.error());
  co_return answer_rehearsal(*seen, found->more || seen->letters.size() < wanted);
}

eventually<http::response> begin_job(incoming& in, const dead_letter_desk& behind) {
  if (is_dry(in))
    co_return co_await rehearse_group(in, behind);
  dead_letter::job::begin command;
  command.id = make_uuid7(behind.now(), behind.random);
  command.group = in.body.at("group").get<std::string>();
  if (command.group == "all")
    command.group.clear();
  command.rate_per_second = in.body.value("ratePerSecond", command.rate_per_second);
  command.reason = reason_of(in);
  auto job = co_await ask<dead_letter::job::view>(in, behind.jobs, in.context, std::move(command));
  if (!job)
    co_return refusal(job.error());
  co_return answer(202, job_json(*job), {{"Location", "/api/dead-letters/jobs/" + job->id.value}});
}

// ---- schemas -------------------------------------------------------------------------------------------------------

const json text_schema = {{"type", "string"}};
const json count_schema = {{"type", "integer"}, {"minimum", 0}};
const json instant_schema = {{"type", "string"}, {"format", "date-time"}};

json reason_schema() {
  return described(
    {{"type", "string"}, {"minLength", 1}, {"maxLength", dead_letter::reason_max}, {"pattern", printable_pattern}},
    "Stands in the letter's history, beside who asked");
}

json act_schema() {
  return with_example(object_schema({{"reason", reason_schema()}}, {"reason"}),
                      R"({"reason": "the sink is repaired"})");
}

json dry_run_schema() {
  return described({{"type", "boolean"}},
                   "Nothing is done: the replay is played through apart from everything, and the answer tells what it "
                   "would store and whom it would call");
}

json replay_schema() {
  return with_example(object_schema({{"reason", reason_schema()}, {"dryRun", dry_run_schema()}}, {"reason"}),
                      R"({"reason": "the sink is repaired", "dryRun": true})");
}

json group_name_schema() {
  return described({{"type", "string"}, {"maxLength", 16}, {"pattern", "^([0-9a-f]{16}|all)$"}},
                   "A group's name, or all");
}

json begin_schema() {
  const json rate = {{"type", "integer"}, {"minimum", 1}, {"maximum", dead_letter::job::rate_max}};
  return with_example(object_schema({{"group", group_name_schema()},
                                     {"ratePerSecond", described(rate, "Letters a second; 10 when left out")},
                                     {"dryRun", dry_run_schema()},
                                     {"reason", reason_schema()}},
                                    {"group", "reason"}),
                      R"({"group": "9ae1f0c6d2b34788", "ratePerSecond": 50, "reason": "the sink is repaired"})");
}

json entry_properties() {
  return {
    {"id", text_schema},
    {"status", {{"type", "string"}, {"enum", {"open", "replaying", "replayed", "discarded"}}}},
    {"group", text_schema},
    {"source", described(text_schema, "What kind of thing was given up on")},
    {"code", described(text_schema, "Why")},
    {"place", described(text_schema, "Who gave up")},
    {"summary", text_schema},
    {"attempts", count_schema},
    {"recordedAt", instant_schema},
    {"node", described(text_schema,
                       "The node that looks after it now; empty while none does, left out by a node that is alone")}};
}

const std::vector<std::string> entry_required{"id",    "status",  "group",    "source",    "code",
                                              "place", "summary", "attempts", "recordedAt"};

json list_schema() {
  const json group = object_schema({{"group", text_schema},
                                    {"source", text_schema},
                                    {"code", text_schema},
                                    {"place", text_schema},
                                    {"count", count_schema},
                                    {"first", instant_schema},
                                    {"last", instant_schema},
                                    {"sample", described(text_schema, "The id of the latest letter")}},
                                   {"group", "source", "code", "place", "count", "first", "last", "sample"});
  const json complete = {
    {"type", "boolean"},
    {"description", "False while the letters are being read from the store, or when there are too many to list"}};
  return object_schema({{"open", described(count_schema, "Letters in all groups")},
                        {"complete", complete},
                        {"groups", {{"type", "array"}, {"items", group}}},
                        {"letters", {{"type", "array"}, {"items", object_schema(entry_properties(), entry_required)}}},
                        {"next", described(text_schema, "For the parameter after, when there are more")}},
                       {"complete"});
}

json letter_schema() {
  auto properties = entry_properties();
  auto required = entry_required;
  const json action =
    object_schema({{"what", text_schema}, {"at", instant_schema}, {"by", text_schema}, {"reason", text_schema}},
                  {"what", "at", "by", "reason"});
  properties.update(
    {{"origin", described(text_schema, "Whose request it was")},
     {"trace", described(text_schema, "traceparent")},
     {"about",
      described(
        object_schema(
          {{"context", text_schema}, {"key", text_schema}, {"version", count_schema}, {"effect", text_schema}}, {}),
        "The event or the effect that it is about")},
     {"hasPayload", {{"type", "boolean"}, {"description", "It is kept encrypted, and never shown"}}},
     {"replayable", {{"type", "boolean"}}},
     {"occurrences", described(count_schema, "How often it was given up, replays included")},
     {"replays", count_schema},
     {"actions", {{"type", "array"}, {"items", action}}}});
  for (const auto* name : {"origin", "trace", "about", "hasPayload", "replayable", "occurrences", "replays", "actions"})
    required.emplace_back(name);
  return object_schema(std::move(properties), std::move(required));
}

json rehearsal_schema() {
  const json event =
    object_schema({{"context", text_schema}, {"key", text_schema}, {"type", text_schema}}, {"context", "key", "type"});
  const json arguments = {{"type", "object"}, {"additionalProperties", text_schema}};
  const json call =
    object_schema({{"port", text_schema},
                   {"operation", text_schema},
                   {"key", described(text_schema, "Of idempotency")},
                   {"arguments", described(arguments, "What is secret or personal stands as redacted")}},
                  {"port", "operation", "arguments"});
  const json letter = object_schema(
    {{"id", text_schema},
     {"outcome", {{"type", "string"}, {"enum", {"replayed", "replaying", "open", "refused"}}}},
     {"reason", described(text_schema, "Why it would be open still, or refused")},
     {"ended", {{"type", "boolean"}, {"description", "False when more would follow later than a minute"}}},
     {"events", described({{"type", "array"}, {"items", event}}, "That would be stored, in their order")},
     {"calls", described({{"type", "array"}, {"items", call}},
                         "That would be made, each answered as if the provider had accepted")}},
    {"id", "outcome", "ended", "events", "calls"});
  return object_schema(
    {{"dryRun", {{"type", "boolean"}, {"description", "True: nothing was done"}}},
     {"more",
      {{"type", "boolean"},
       {"description", "The group has further letters: the first " + std::to_string(dead_letter::rehearsed_max)
                         + " are looked at, or as many as there is time for"}}},
     {"letters", {{"type", "array"}, {"items", letter}}}},
    {"dryRun", "more", "letters"});
}

json job_schema() {
  return object_schema(
    {{"job", text_schema},
     {"status", {{"type", "string"}, {"enum", {"running", "ended", "stopped"}}}},
     {"group", text_schema},
     {"ratePerSecond", count_schema},
     {"reason", text_schema},
     {"by", text_schema},
     {"begunAt", instant_schema},
     {"lastAt", instant_schema},
     {"replayed", count_schema},
     {"failed", described(count_schema, "They are open again")},
     {"skipped", described(count_schema, "They cannot be replayed, or somebody else was faster")},
     {"stopReason", text_schema},
     {"stoppedBy", text_schema}},
    {"job", "status", "group", "ratePerSecond", "reason", "by", "begunAt", "lastAt", "replayed", "failed", "skipped"});
}

route row(std::string method, std::string path, std::string operation_id, std::string summary) {
  route out;
  out.method = std::move(method);
  out.path = std::move(path);
  out.operation_id = std::move(operation_id);
  out.summary = std::move(summary);
  out.scope = scope::operator_key;
  return out;
}

} // namespace

void add_dead_letter_routes(router& table, const dead_letter_desk& desk) {
  const auto behind = std::make_shared<const dead_letter_desk>(desk);

  auto listing =
    row("GET", "/api/dead-letters", "listDeadLetters",
        "Open letters of all nodes: their groups by cause, or with `group` the letters themselves, oldest first.");
  listing.parameters = {
    {"group", "query", "The letters of this group, or of all groups: all.", group_name_schema()},
    {"limit", "query", "Letters in one answer.", {{"type", "integer"}, {"minimum", 1}, {"maximum", limit_max}}},
    {"after", "query", "Goes on after an answer's next.", text_schema},
    node_parameter("With `group`: those that this node looks after. A page may be short then.")};
  listing.responses = {{200, "Groups or letters.", list_schema()}, {400, "A parameter is wrong.", {}}};
  listing.handle = [behind](incoming& in) { return list(in, *behind); };
  table.add(std::move(listing));

  auto showing = row("GET", "/api/dead-letters/{id}", "getDeadLetter",
                     "A letter, redacted, with all that was done about it and by whom.");
  showing.responses = {
    {200, "The letter.", letter_schema()}, {400, "The id is malformed.", {}}, {404, "There is no such letter.", {}}};
  showing.handle = [behind](incoming& in) {
    return tell_letter(in, *behind, 200, [](std::string id) { return dead_letter::get_letter{std::move(id)}; });
  };
  table.add(std::move(showing));

  auto replaying = row("POST", "/api/dead-letters/{id}/replay", "replayDeadLetter",
                       "Tries it again, at least once whatever crashes. Safe to repeat while it is on its way.");
  replaying.request_schema = replay_schema();
  replaying.deadline = rehearsal_deadline;
  replaying.responses = {{200, "A dry run: what a replay would do.", rehearsal_schema()},
                         {202, "It is on its way.", letter_schema()},
                         {400, "The id is malformed, or the body is not JSON.", {}},
                         {404, "There is no such letter.", {}},
                         {409, "It is not open, or nobody can replay it.", {}},
                         {422, "A field is wrong.", {}},
                         {503, "Another dry run is at work.", {}}};
  replaying.handle = [behind](incoming& in) {
    if (is_dry(in))
      return rehearse_letter(in, *behind);
    return tell_letter(in, *behind, 202, [reason = reason_of(in)](std::string id) {
      return dead_letter::replay{std::move(id), reason, {}};
    });
  };
  table.add(std::move(replaying));

  auto discarding =
    row("POST", "/api/dead-letters/{id}/discard", "discardDeadLetter", "Lets it go; it stays stored. Safe to repeat.");
  discarding.request_schema = act_schema();
  discarding.responses = {{200, "It was let go.", letter_schema()},
                          {400, "The id is malformed, or the body is not JSON.", {}},
                          {404, "There is no such letter.", {}},
                          {409, "It is not open.", {}},
                          {422, "A field is wrong.", {}}};
  discarding.handle = [behind](incoming& in) {
    return tell_letter(in, *behind, 200, [reason = reason_of(in)](std::string id) {
      return dead_letter::discard{std::move(id), reason};
    });
  };
  table.add(std::move(discarding));

  auto releasing = row("POST", "/api/dead-letters/replay", "replayDeadLetters",
                       "Replays the letters of a group that are open now, oldest first, at a rate of your choice. It "
                       "goes on after a crash.");
  releasing.request_schema = begin_schema();
  releasing.deadline = rehearsal_deadline;
  releasing.responses = {{200, "A dry run: what the replays would do.", rehearsal_schema()},
                         {202, "The job runs.", job_schema()},
                         {400, "The body is not JSON.", {}},
                         {422, "A field is wrong.", {}},
                         {503, "Another dry run is at work.", {}}};
  releasing.handle = [behind](incoming& in) { return begin_job(in, *behind); };
  table.add(std::move(releasing));

  auto watching = row("GET", "/api/dead-letters/jobs/{id}", "getReplayJob", "How far a job has come.");
  watching.responses = {
    {200, "The job.", job_schema()}, {400, "The id is malformed.", {}}, {404, "There is no such job.", {}}};
  watching.handle = [behind](incoming& in) {
    return tell_job(in, *behind, [](std::string id) { return dead_letter::job::get_job{std::move(id)}; });
  };
  table.add(std::move(watching));

  auto stopping = row("POST", "/api/dead-letters/jobs/{id}/stop", "stopReplayJob",
                      "Stops a job; what is on its way comes to its end. Safe to repeat.");
  stopping.request_schema = act_schema();
  stopping.responses = {{200, "The job.", job_schema()},
                        {400, "The id is malformed, or the body is not JSON.", {}},
                        {404, "There is no such job.", {}},
                        {422, "A field is wrong.", {}}};
  stopping.handle = [behind](incoming& in) {
    return tell_job(in, *behind, [reason = reason_of(in)](std::string id) {
      return dead_letter::job::stop_job{std::move(id), reason};
    });
  };
  table.add(std::move(stopping));
}

} // namespace troupe::gateway

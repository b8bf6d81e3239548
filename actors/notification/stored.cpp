#include "actors/notification/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

namespace troupe::notification {

namespace {

using journal::read_number;
using journal::read_time;
using nlohmann::json;

std::int64_t milliseconds(time_point x) {
  return x.time_since_epoch().count();
}

/// The value of `Enum` that is called `x`; throws for another text.
template <class Enum> Enum read_enum(const json& x) {
  const auto text = x.get<std::string>();
  for (std::uint8_t number = 1; name_of(static_cast<Enum>(number)) != "invalid"; ++number)
    if (name_of(static_cast<Enum>(number)) == text)
      return static_cast<Enum>(number);
  throw std::out_of_range{"a name does not fit its member"};
}

struct write_event {
  json_writer& out;
  json_writer& personal;
  bool has_personal = false;

  void operator()(const requested& e) {
    out.member("template", e.template_name)
      .member("category", name_of(e.kind))
      .member("expires_at", milliseconds(e.expires_at));
    has_personal = true;
    personal.member("address", e.to.address).member("name", e.to.name).member("model", e.model);
  }
  void operator()(const attempt_failed& e) {
    out.member("provider", e.provider)
      .member("code", name_of(e.code))
      .member("attempt", e.attempt)
      .member("next_provider", e.next_provider)
      .member("next_at", milliseconds(e.next_at));
  }
  void operator()(const template_failed& e) { out.member("template", e.template_name); }
  void operator()(const sent& e) { out.member("provider", e.provider).member("message_id", e.message_id); }
  void operator()(const skipped& e) { out.member("why", e.why); }
  void operator()(const time_extended& e) {
    out.member("stood_still", e.stood_still.count()).member("expires_at", milliseconds(e.expires_at));
  }
  void operator()(const given_up& e) { out.member("why", e.why).member("provider", e.provider); }
  void operator()(const put_back& e) { out.member("key", e.key).member("expires_at", milliseconds(e.expires_at)); }
};

/// No longer than instants are apart.
duration read_duration(const json& x) {
  return read_time(x) - time_point{};
}

using reader = event (*)(const journal::form&);

event read_requested(const journal::form& x) {
  requested e;
  e.template_name = x.data.at("template").get<std::string>();
  e.kind = read_enum<category>(x.data.at("category"));
  e.expires_at = read_time(x.data.at("expires_at"));
  if (!x.personal.is_null()) {
    e.to.address = x.personal.at("address").get<std::string>();
    e.to.name = x.personal.at("name").get<std::string>();
    e.model = x.personal.at("model").get<std::string>();
  }
  return e;
}

event read_attempt_failed(const journal::form& x) {
  attempt_failed e;
  e.provider = x.data.at("provider").get<std::string>();
  e.code = read_enum<ec>(x.data.at("code"));
  e.attempt = read_number<std::uint32_t>(x.data.at("attempt"));
  e.next_provider = x.data.at("next_provider").get<std::string>();
  e.next_at = read_time(x.data.at("next_at"));
  return e;
}

reader find_reader(std::string_view type) {
  if (type == "notification.requested")
    return read_requested;
  if (type == "notification.attempt_failed")
    return read_attempt_failed;
  if (type == "notification.template_failed")
    return [](const journal::form& x) -> event { return template_failed{x.data.at("template").get<std::string>()}; };
  if (type == "notification.sent")
    return [](const journal::form& x) -> event {
      return sent{x.data.at("provider").get<std::string>(), x.data.at("message_id").get<std::string>()};
    };
  if (type == "notification.skipped")
    return [](const journal::form& x) -> event { return skipped{x.data.at("why").get<std::string>()}; };
  if (type == "notification.given_up")
    return [](const journal::form& x) -> event {
      return given_up{x.data.at("why").get<std::string>(), x.data.at("provider").get<std::string>()};
    };
  if (type == "notification.put_back")
    return [](const journal::form& x) -> event {
      return put_back{x.data.at("key").get<std::string>(), read_time(x.data.at("expires_at"))};
    };
  if (type == "notification.time_extended")
    return [](const journal::form& x) -> event {
      return time_extended{read_duration(x.data.at("stood_still")), read_time(x.data.at("expires_at"))};
    };
  return nullptr;
}

state read_state(const json& x) {
  state s;
  if (x.is_null())
    return s;
  s.known = true;
  s.status = read_enum<status>(x.at("status"));
  s.to = {x.at("address").get<std::string>(), x.at("name").get<std::string>()};
  s.model = x.at("model").get<std::string>();
  s.template_name = x.at("template").get<std::string>();
  s.asked_template = x.value("asked_template", s.template_name);
  s.kind = read_enum<category>(x.at("category"));
  s.expires_at = read_time(x.at("expires_at"));
  s.provider = x.at("provider").get<std::string>();
  s.tried = x.at("tried").get<std::vector<std::string>>();
  s.attempts = read_number<std::uint32_t>(x.at("attempts"));
  s.unanswered = read_number<std::uint32_t>(x.at("unanswered"));
  s.in_doubt = x.value("in_doubt", false);
  if (x.contains("times_given_up"))
    s.times_given_up = read_number<std::uint32_t>(x["times_given_up"]);
  s.last_key = x.value("last_key", std::string{});
  if (const auto& failure = x.at("last_failure"); !failure.is_null())
    s.last_failure = read_enum<ec>(failure);
  s.next_at = read_time(x.at("next_at"));
  s.message_id = x.at("message_id").get<std::string>();
  s.why = x.at("why").get<std::string>();
  s.requested_at = read_time(x.at("requested_at"));
  s.updated_at = read_time(x.at("updated_at"));
  s.stood_still = read_duration(x.at("stood_still"));
  return s;
}

// Nothing was paused before.
journal::form lift_snapshot_1(journal::form x) {
  if (!x.data.is_null())
    x.data["stood_still"] = 0;
  return x;
}

constexpr journal::upcaster snapshot_upcasters[] = {lift_snapshot_1};
static_assert(snapshot_schema == std::size(snapshot_upcasters) + 1);

} // namespace

journal::encoded_event encode(const event& e) {
  journal::encoded_event result;
  result.type = "notification." + std::string{name_of(e)};
  json_writer out{result.data};
  std::string personal;
  json_writer to_personal{personal};
  out.begin_object();
  to_personal.begin_object();
  write_event write{out, to_personal};
  std::visit(write, e);
  out.end_object();
  to_personal.end_object();
  if (write.has_personal)
    result.personal = std::move(personal);
  return result;
}

caf::expected<event> decode(const journal::stored_event& x) {
  const auto read = find_reader(x.type);
  if (!read)
    return caf::make_error(ec::unknown_type, x.type);
  return journal::read_form<event>(x.type, x.data, x.personal, x.schema, {}, read);
}

std::string encode_snapshot(const state& s) {
  if (!s.known)
    return "null";
  std::string data;
  json_writer out{data};
  out.begin_object()
    .member("status", name_of(s.status))
    .member("address", s.to.address)
    .member("name", s.to.name)
    .member("model", s.model)
    .member("template", s.template_name)
    .member("category", name_of(s.kind))
    .member("expires_at", milliseconds(s.expires_at))
    .member("provider", s.provider)
    .key("tried")
    .begin_array();
  for (const auto& name : s.tried)
    out.value(name);
  out.end_array().member("attempts", s.attempts).member("unanswered", s.unanswered).key("last_failure");
  if (s.last_failure)
    out.value(troupe::name_of(*s.last_failure));
  else
    out.null();
  out.member("next_at", milliseconds(s.next_at))
    .member("message_id", s.message_id)
    .member("why", s.why)
    .member("requested_at", milliseconds(s.requested_at))
    .member("updated_at", milliseconds(s.updated_at))
    .member("stood_still", s.stood_still.count());
  // What most mails do without.
  if (s.asked_template != s.template_name)
    out.member("asked_template", s.asked_template);
  if (s.in_doubt)
    out.member("in_doubt", true);
  if (s.times_given_up > 0)
    out.member("times_given_up", s.times_given_up);
  if (!s.last_key.empty())
    out.member("last_key", s.last_key);
  out.end_object();
  return data;
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("notification snapshot", data, schema, snapshot_upcasters, read_state);
}

} // namespace troupe::notification

#include "actors/dead_letter/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

namespace troupe::dead_letter {

namespace {

using journal::read_number;
using journal::read_time;
using nlohmann::json;

std::int64_t milliseconds(time_point x) {
  return x.time_since_epoch().count();
}

// Bytes that are no text stand as hex digits.
std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

unsigned digit_of(char c) {
  if (c >= '0' && c <= '9')
    return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f')
    return static_cast<unsigned>(c - 'a' + 10);
  throw std::out_of_range{"not a hex digit"};
}

std::string from_hex(const std::string& digits) {
  if (digits.size() % 2 != 0)
    throw std::out_of_range{"half a byte"};
  std::string out;
  out.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2)
    out += static_cast<char>(digit_of(digits[i]) << 4 | digit_of(digits[i + 1]));
  return out;
}

ec read_code(const json& x) {
  const auto name = x.get<std::string>();
  ec code{};
  if (!from_string({name.data(), name.size()}, code))
    throw std::out_of_range{"unknown code " + name};
  return code;
}

source read_source(const json& x) {
  const auto found = parse_source(x.get<std::string>());
  if (!found)
    throw std::out_of_range{"unknown source of a dead letter"};
  return *found;
}

void write_letter(json_writer& out, const letter& x) {
  out.member("source", name_of(x.source))
    .member("code", x.code)
    .member("place", x.place)
    .member("summary", x.summary)
    .member("context", x.about.context)
    .member("key", x.about.key)
    .member("version", x.about.version)
    .member("effect", x.about.effect)
    .member("sealed", to_hex(x.sealed))
    .member("attempts", x.attempts)
    .member("origin", x.origin)
    .member("trace", x.trace);
}

letter read_letter(const json& x) {
  letter out;
  out.source = read_source(x.at("source"));
  out.code = x.at("code").get<std::string>();
  out.place = x.at("place").get<std::string>();
  out.summary = x.at("summary").get<std::string>();
  out.about = {x.at("context").get<std::string>(), x.at("key").get<std::string>(),
               read_number<std::uint64_t>(x.at("version")), x.at("effect").get<std::string>()};
  out.sealed = from_hex(x.at("sealed").get<std::string>());
  out.attempts = read_number<std::uint32_t>(x.at("attempts"));
  out.origin = x.at("origin").get<std::string>();
  out.trace = x.at("trace").get<std::string>();
  return out;
}

std::uint32_t read_replay(const json& x) {
  return read_number<std::uint32_t>(x.at("replay"));
}

struct write_event {
  journal::encoded_event& result;
  json_writer& out;

  void operator()(const recorded& e) {
    result.type = "dead_letter.recorded";
    write_letter(out, e.letter);
  }
  void operator()(const replay_requested& e) {
    result.type = "dead_letter.replay_requested";
    out.member("reason", e.reason).member("by", e.by).member("job", e.job);
  }
  void operator()(const replayed& e) {
    result.type = "dead_letter.replayed";
    out.member("replay", e.replay);
  }
  void operator()(const replay_failed& e) {
    result.type = "dead_letter.replay_failed";
    out.member("replay", e.replay).member("code", name_of(e.code));
  }
  void operator()(const discarded& e) {
    result.type = "dead_letter.discarded";
    out.member("reason", e.reason).member("by", e.by);
  }
  void operator()(const recurred& e) {
    result.type = "dead_letter.recurred";
    out.member("occurrence", e.occurrence)
      .member("code", e.code)
      .member("summary", e.summary)
      .member("attempts", e.attempts);
  }
};

using reader = event (*)(const json&);

reader find_reader(std::string_view type) {
  if (type == "dead_letter.recorded")
    return [](const json& x) -> event { return recorded{read_letter(x)}; };
  if (type == "dead_letter.replay_requested")
    return [](const json& x) -> event {
      return replay_requested{x.at("reason").get<std::string>(), x.at("by").get<std::string>(),
                              x.at("job").get<std::string>()};
    };
  if (type == "dead_letter.replayed")
    return [](const json& x) -> event { return replayed{read_replay(x)}; };
  if (type == "dead_letter.replay_failed")
    return [](const json& x) -> event { return replay_failed{read_replay(x), read_code(x.at("code"))}; };
  if (type == "dead_letter.discarded")
    return [](const json& x) -> event {
      return discarded{x.at("reason").get<std::string>(), x.at("by").get<std::string>()};
    };
  if (type == "dead_letter.recurred")
    return [](const json& x) -> event {
      return recurred{read_number<std::uint32_t>(x.at("occurrence")), x.at("code").get<std::string>(),
                      x.at("summary").get<std::string>(), read_number<std::uint32_t>(x.at("attempts"))};
    };
  return nullptr;
}

template <class Status> Status read_status(const json& x, Status last) {
  const auto value = read_number<std::uint8_t>(x);
  if (value < 1 || value > static_cast<std::uint8_t>(last))
    throw std::out_of_range{"unknown status"};
  return static_cast<Status>(value);
}

state read_state(const json& x) {
  state s;
  s.status = read_status(x.at("status"), status::discarded);
  s.letter = read_letter(x.at("letter"));
  s.recorded_at = read_time(x.at("recorded_at"));
  s.occurrences = x.contains("occurrences") ? read_number<std::uint32_t>(x["occurrences"]) : 1;
  s.replays = read_number<std::uint32_t>(x.at("replays"));
  s.last_job = x.at("last_job").get<std::string>();
  for (const auto& each : x.at("actions"))
    s.actions.push_back({each.at("what").get<std::string>(), read_time(each.at("at")), each.at("by").get<std::string>(),
                         each.at("reason").get<std::string>()});
  return s;
}

} // namespace

journal::encoded_event encode(const event& e) {
  journal::encoded_event result;
  json_writer out{result.data};
  out.begin_object();
  std::visit(write_event{result, out}, e);
  out.end_object();
  return result;
}

caf::expected<event> decode(const journal::stored_event& x) {
  const auto read = find_reader(x.type);
  if (!read)
    return caf::make_error(ec::unknown_type, x.type);
  return journal::read_stored<event>(x.type, x.data, x.schema, {}, read);
}

std::string encode_snapshot(const state& s) {
  std::string data;
  json_writer out{data};
  out.begin_object().member("status", static_cast<unsigned>(s.status));
  out.key("letter").begin_object();
  write_letter(out, s.letter);
  out.end_object().member("recorded_at", milliseconds(s.recorded_at));
  if (s.occurrences != 1)
    out.member("occurrences", s.occurrences);
  out.member("replays", s.replays).member("last_job", s.last_job);
  out.key("actions").begin_array();
  for (const auto& x : s.actions)
    out.begin_object()
      .member("what", x.what)
      .member("at", milliseconds(x.at))
      .member("by", x.by)
      .member("reason", x.reason)
      .end_object();
  out.end_array().end_object();
  return data;
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("dead_letter snapshot", data, schema, {}, read_state);
}

// ---- replay jobs ---------------------------------------------------------------------------------------------------

namespace job {

namespace {

void write_cursor(json_writer& out, const cursor& x) {
  out.member("recorded_at", milliseconds(x.recorded_at)).member("letter", x.id.value);
}

cursor read_cursor(const json& x) {
  return {read_time(x.at("recorded_at")), {x.at("letter").get<std::string>()}};
}

struct write_event {
  journal::encoded_event& result;
  json_writer& out;

  void operator()(const begun& e) {
    result.type = "replay_job.begun";
    out.member("group", e.group)
      .member("rate_per_second", e.rate_per_second)
      .member("reason", e.reason)
      .member("by", e.by);
  }
  void operator()(const advanced& e) {
    result.type = "replay_job.advanced";
    write_cursor(out, e.to);
    out.member("replayed", e.replayed).member("failed", e.failed).member("skipped", e.skipped);
  }
  void operator()(const ended&) { result.type = "replay_job.ended"; }
  void operator()(const stopped& e) {
    result.type = "replay_job.stopped";
    out.member("reason", e.reason).member("by", e.by);
  }
};

using reader = event (*)(const json&);

reader find_reader(std::string_view type) {
  if (type == "replay_job.begun")
    return [](const json& x) -> event {
      return begun{x.at("group").get<std::string>(), read_number<std::uint32_t>(x.at("rate_per_second")),
                   x.at("reason").get<std::string>(), x.at("by").get<std::string>()};
    };
  if (type == "replay_job.advanced")
    return [](const json& x) -> event {
      return advanced{read_cursor(x), read_number<std::uint32_t>(x.at("replayed")),
                      read_number<std::uint32_t>(x.at("failed")), read_number<std::uint32_t>(x.at("skipped"))};
    };
  if (type == "replay_job.ended")
    return [](const json&) -> event { return ended{}; };
  if (type == "replay_job.stopped")
    return [](const json& x) -> event {
      return stopped{x.at("reason").get<std::string>(), x.at("by").get<std::string>()};
    };
  return nullptr;
}

state read_state(const json& x) {
  state s;
  s.status = read_status(x.at("status"), status::stopped);
  s.group = x.at("group").get<std::string>();
  s.rate_per_second = read_number<std::uint32_t>(x.at("rate_per_second"));
  s.reason = x.at("reason").get<std::string>();
  s.by = x.at("by").get<std::string>();
  s.begun_at = read_time(x.at("begun_at"));
  s.last_at = read_time(x.at("last_at"));
  s.done = read_cursor(x);
  s.replayed = read_number<std::uint64_t>(x.at("replayed"));
  s.failed = read_number<std::uint64_t>(x.at("failed"));
  s.skipped = read_number<std::uint64_t>(x.at("skipped"));
  s.stop_reason = x.at("stop_reason").get<std::string>();
  s.stopped_by = x.at("stopped_by").get<std::string>();
  return s;
}

} // namespace

journal::encoded_event encode(const event& e) {
  journal::encoded_event result;
  json_writer out{result.data};
  out.begin_object();
  std::visit(write_event{result, out}, e);
  out.end_object();
  return result;
}

caf::expected<event> decode(const journal::stored_event& x) {
  const auto read = find_reader(x.type);
  if (!read)
    return caf::make_error(ec::unknown_type, x.type);
  return journal::read_stored<event>(x.type, x.data, x.schema, {}, read);
}

std::string encode_snapshot(const state& s) {
  std::string data;
  json_writer out{data};
  out.begin_object()
    .member("status", static_cast<unsigned>(s.status))
    .member("group", s.group)
    .member("rate_per_second", s.rate_per_second)
    .member("reason", s.reason)
    .member("by", s.by)
    .member("begun_at", milliseconds(s.begun_at))
    .member("last_at", milliseconds(s.last_at));
  write_cursor(out, s.done);
  out.member("replayed", s.replayed)
    .member("failed", s.failed)
    .member("skipped", s.skipped)
    .member("stop_reason", s.stop_reason)
    .member("stopped_by", s.stopped_by)
    .end_object();
  return data;
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("replay_job snapshot", data, schema, {}, read_state);
}

} // namespace job

} // namespace troupe::dead_letter

#include "actors/pause/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

namespace troupe::pause {

namespace {

using nlohmann::json;

constexpr std::string_view paused_type = "pause.paused";
constexpr std::string_view resumed_type = "pause.resumed";

struct write_event {
  journal::encoded_event& result;
  json_writer& out;

  void operator()(const paused& e) {
    result.type = paused_type;
    out.member("reason", e.reason).member("by", e.by).member("at", e.at.time_since_epoch().count());
  }
  void operator()(const resumed& e) {
    result.type = resumed_type;
    out.member("reason", e.reason).member("by", e.by);
  }
};

paused read_paused(const json& x) {
  return {x.at("reason").get<std::string>(), x.at("by").get<std::string>(), journal::read_time(x.at("at"))};
}

resumed read_resumed(const json& x) {
  return {x.at("reason").get<std::string>(), x.at("by").get<std::string>()};
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
  if (x.type == paused_type)
    return journal::read_stored<event>(x.type, x.data, x.schema, {}, read_paused);
  if (x.type == resumed_type)
    return journal::read_stored<event>(x.type, x.data, x.schema, {}, read_resumed);
  return caf::make_error(ec::unknown_type, x.type);
}

std::string encode_snapshot(const state& s) {
  return s.is ? encode(*s.is).data : "null";
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("pause snapshot", data, schema, {}, [](const json& x) {
    state s;
    if (!x.is_null())
      s.is = read_paused(x);
    return s;
  });
}

} // namespace troupe::pause

#include "actors/pause/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

namespace troupe::pause {

namespace {

using nlohmann::json;

constexpr std::string_view paused_type = "pause.paused";
constexpr std::string_view resumed_type = "pause.resumed";

void write_paused(json_writer& out, const paused& e) {
  out.member("reason", e.reason).member("by", e.by).member("at", e.at.time_since_epoch().count());
}

struct write_event {
  journal::encoded_event& result;
  json_writer& out;

  void operator()(const paused& e) {
    result.type = paused_type;
    write_paused(out, e);
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

// Before, a snapshot was what is paused, or null.
journal::form lift_snapshot_1(journal::form x) {
  if (!x.data.is_null())
    read_paused(x.data); // throws for what is neither
  return {json{{"paused", std::move(x.data)}, {"ended", json::array()}}, nullptr};
}

constexpr journal::upcaster snapshot_upcasters[] = {lift_snapshot_1};
static_assert(snapshot_schema == std::size(snapshot_upcasters) + 1);

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
  std::string data;
  json_writer out{data};
  out.begin_object().key("paused");
  if (s.is) {
    out.begin_object();
    write_paused(out, *s.is);
    out.end_object();
  } else {
    out.null();
  }
  out.key("ended").begin_array();
  for (const auto& x : s.ended)
    out.begin_object()
      .member("from", x.from.time_since_epoch().count())
      .member("until", x.until.time_since_epoch().count())
      .end_object();
  out.end_array().end_object();
  return data;
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("pause snapshot", data, schema, snapshot_upcasters, [](const json& x) {
    state s;
    if (const auto& is = x.at("paused"); !is.is_null())
      s.is = read_paused(is);
    for (const auto& each : x.at("ended"))
      s.ended.push_back({journal::read_time(each.at("from")), journal::read_time(each.at("until"))});
    return s;
  });
}

} // namespace troupe::pause

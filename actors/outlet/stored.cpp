#include "actors/outlet/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

namespace troupe::outlet {

namespace {

using journal::read_number;
using journal::read_time;
using nlohmann::json;

// Codes are stored by name, which never changes, and read back by it.
ec read_code(const json& x) {
  const auto name = x.get<std::string>();
  ec code{};
  if (!from_string({name.data(), name.size()}, code))
    throw std::out_of_range{"unknown code " + name};
  return code;
}

void write_item(json_writer& out, const item& x) {
  out.member("offset", x.offset).member("version", x.version).member("type", x.type);
}

item read_item(const json& x) {
  return {read_number<std::uint64_t>(x.at("offset")), read_number<std::uint64_t>(x.at("version")),
          x.at("type").get<std::string>()};
}

void write_place(json_writer& out, const place& x) {
  out.member("outlet", x.outlet).member("context", x.context).member("entity", x.entity);
}

place read_place(const json& x) {
  return {x.at("outlet").get<std::string>(), x.at("context").get<std::string>(), x.at("entity").get<std::string>()};
}

std::uint64_t read_offset(const json& x) {
  return read_number<std::uint64_t>(x.at("offset"));
}

struct write_event {
  journal::encoded_event& result;
  json_writer& out;

  void operator()(const parked& e) {
    result.type = "outlet.parked";
    write_place(out, e.where);
    write_item(out, e.item);
  }
  void operator()(const delivered& e) {
    result.type = "outlet.delivered";
    out.member("offset", e.offset);
  }
  void operator()(const delivery_failed& e) {
    result.type = "outlet.delivery_failed";
    out.member("offset", e.offset)
      .member("code", name_of(e.code))
      .member("next_at", e.next_at.time_since_epoch().count());
  }
  void operator()(const given_up& e) {
    result.type = "outlet.given_up";
    out.member("offset", e.offset).member("code", name_of(e.code));
  }
  void operator()(const letter_recorded& e) {
    result.type = "outlet.letter_recorded";
    out.member("number", e.number);
  }
};

using reader = event (*)(const json&);

reader find_reader(std::string_view type) {
  if (type == "outlet.parked")
    return [](const json& x) -> event { return parked{read_place(x), read_item(x)}; };
  if (type == "outlet.delivered")
    return [](const json& x) -> event { return delivered{read_offset(x)}; };
  if (type == "outlet.delivery_failed")
    return [](const json& x) -> event {
      return delivery_failed{read_offset(x), read_code(x.at("code")), read_time(x.at("next_at"))};
    };
  if (type == "outlet.given_up")
    return [](const json& x) -> event { return given_up{read_offset(x), read_code(x.at("code"))}; };
  if (type == "outlet.letter_recorded")
    return [](const json& x) -> event { return letter_recorded{read_number<std::uint32_t>(x.at("number"))}; };
  return nullptr;
}

state read_state(const json& x) {
  state s;
  s.where = read_place(x);
  for (const auto& each : x.at("items"))
    s.items.push_back(read_item(each));
  s.deliveries = read_number<std::uint32_t>(x.at("deliveries"));
  s.next_at = read_time(x.at("next_at"));
  s.last_offset = read_number<std::uint64_t>(x.at("last_offset"));
  for (const auto& each : x.at("lost"))
    s.lost.push_back({read_item(each), read_code(each.at("code")), read_number<std::uint32_t>(each.at("deliveries")),
                      read_number<std::uint32_t>(each.at("number"))});
  s.losses = read_number<std::uint32_t>(x.at("losses"));
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
  out.begin_object();
  write_place(out, s.where);
  out.key("items").begin_array();
  for (const auto& x : s.items) {
    out.begin_object();
    write_item(out, x);
    out.end_object();
  }
  out.end_array()
    .member("deliveries", s.deliveries)
    .member("next_at", s.next_at.time_since_epoch().count())
    .member("last_offset", s.last_offset)
    .member("losses", s.losses);
  out.key("lost").begin_array();
  for (const auto& x : s.lost) {
    out.begin_object();
    write_item(out, x.item);
    out.member("code", name_of(x.code)).member("deliveries", x.deliveries).member("number", x.number).end_object();
  }
  out.end_array().end_object();
  return data;
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("outlet snapshot", data, schema, {}, read_state);
}

} // namespace troupe::outlet

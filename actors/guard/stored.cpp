#include "actors/guard/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

#include <stdexcept>

namespace troupe::guard {

namespace {

using nlohmann::json;

constexpr std::string_view breaker_set_type = "guard_control.breaker_set";
constexpr std::string_view policy_set_type = "guard_control.policy_set";

void write_breaker(json_writer& out, const breaker_set& e) {
  out.member("mode", name_of(e.mode)).member("reason", e.reason).member("by", e.by);
}

struct write_event {
  journal::encoded_event& result;
  json_writer& out;

  void operator()(const breaker_set& e) {
    result.type = breaker_set_type;
    write_breaker(out, e);
  }
  void operator()(const policy_set& e) {
    result.type = policy_set_type;
    out.member("policy", e.policy).key("rules").begin_object();
    for (const auto& [key, value] : e.rules)
      out.member(key, value);
    out.end_object().member("reason", e.reason).member("by", e.by);
  }
};

breaker_set read_breaker(const json& x) {
  const auto mode = parse_breaker_mode(x.at("mode").get<std::string>());
  if (!mode)
    throw std::out_of_range{"there is no such mode"};
  return {*mode, x.at("reason").get<std::string>(), x.at("by").get<std::string>()};
}

policy_set read_policy(const json& x) {
  return {x.at("policy").get<std::string>(), x.at("rules").get<std::map<std::string, std::string>>(),
          x.at("reason").get<std::string>(), x.at("by").get<std::string>()};
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
  if (x.type == breaker_set_type)
    return journal::read_stored<event>(x.type, x.data, x.schema, {}, read_breaker);
  if (x.type == policy_set_type)
    return journal::read_stored<event>(x.type, x.data, x.schema, {}, read_policy);
  return caf::make_error(ec::unknown_type, x.type);
}

std::string encode_snapshot(const state& s) {
  std::string data;
  json_writer out{data};
  out.begin_object().key("breaker").begin_object();
  write_breaker(out, s.breaker);
  out.end_object().key("actions").begin_array();
  for (const auto& x : s.actions)
    out.begin_object()
      .member("at", x.at.time_since_epoch().count())
      .member("what", x.what)
      .member("detail", x.detail)
      .member("by", x.by)
      .member("reason", x.reason)
      .end_object();
  out.end_array().end_object();
  return data;
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("guard snapshot", data, schema, {}, [](const json& x) {
    state s;
    s.breaker = read_breaker(x.at("breaker"));
    for (const auto& each : x.at("actions"))
      s.actions.push_back({journal::read_time(each.at("at")), each.at("what").get<std::string>(),
                           each.at("detail").get<std::string>(), each.at("by").get<std::string>(),
                           each.at("reason").get<std::string>()});
    return s;
  });
}

} // namespace troupe::guard

#include "actors/idempotency/stored.hpp"

#include "actors/entity/stored_json.hpp"
#include "actors/kernel/json_writer.hpp"

namespace troupe::idempotency {

namespace {

using nlohmann::json;

constexpr std::string_view claimed_type = "idempotency.claimed";

std::string write_claim(std::uint64_t body_hash, const std::string& subject, time_point at) {
  std::string data;
  json_writer{data}
    .begin_object()
    .member("body_hash", body_hash)
    .member("subject", subject)
    .member("at", at.time_since_epoch().count())
    .end_object();
  return data;
}

key_claimed read_claim(const json& x) {
  return {journal::read_number<std::uint64_t>(x.at("body_hash")), x.at("subject").get<std::string>(),
          journal::read_time(x.at("at"))};
}

} // namespace

journal::encoded_event encode(const event& e) {
  const auto& claim = std::get<key_claimed>(e);
  return {std::string{claimed_type}, 1, write_claim(claim.body_hash, claim.subject, claim.at), {}};
}

caf::expected<event> decode(const journal::stored_event& x) {
  if (x.type != claimed_type)
    return caf::make_error(ec::unknown_type, x.type);
  return journal::read_stored<event>(x.type, x.data, x.schema, {}, read_claim);
}

std::string encode_snapshot(const state& s) {
  return s.taken ? write_claim(s.body_hash, s.subject, s.at) : "null";
}

caf::expected<state> decode_snapshot(std::string_view data, std::uint16_t schema) {
  return journal::read_stored<state>("idempotency snapshot", data, schema, {}, [](const json& x) {
    state s;
    if (!x.is_null())
      s.apply(read_claim(x));
    return s;
  });
}

} // namespace troupe::idempotency

// actors/idempotency/idempotency_entity.hpp: the actor of one Idempotency-Key.
#pragma once

#include "actors/entity/shard_region.hpp"
#include "actors/idempotency/idempotency.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/idempotency/stored.hpp"

namespace troupe::idempotency {

struct traits {
  using state = idempotency::state;
  using event = idempotency::event;
  using rejection = idempotency::rejection;
  using interface = idempotency_actor;
  using commands = entity::command_list<claim>;
  template <class Command> using answer_to = claimed;

  static constexpr const char* context = "idempotency";
  static constexpr const char* region_name = "idempotency_keys";
  static constexpr std::uint16_t snapshot_schema = idempotency::snapshot_schema;

  static const std::string& key_of(const claim& command) { return command.scope; }
  static bool is_first(const claim&) { return false; }

  static void apply(state& s, const event& e, time_point) { s.apply(e); }
  static journal::encoded_event encode(const event& e) { return idempotency::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return idempotency::decode(e); }
  static std::string encode_snapshot(const state& s) { return idempotency::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return idempotency::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state&) { return 0; }
};

class idempotency_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;
  using super::super;

  handle_type::behavior_type make_behavior();

protected:
  void on_stored() override;
};

} // namespace troupe::idempotency

// actors/guard/guard_entity.hpp: the actor that keeps what operators did to one guard.
#pragma once

#include "actors/entity/shard_region.hpp"
#include "actors/guard/guard_actor.hpp"
#include "actors/guard/stored.hpp"

namespace troupe::guard {

struct traits {
  using state = guard::state;
  using event = guard::event;
  using rejection = guard::rejection;
  using interface = trail_actor;
  using commands = entity::command_list<set_breaker, set_policy, get_trail>;
  template <class Command> using answer_to = trail;

  static constexpr const char* context = "guard_control";
  static constexpr const char* region_name = "guard_controls";
  static constexpr std::uint16_t snapshot_schema = guard::snapshot_schema;

  template <class Command> static const std::string& key_of(const Command& command) { return command.name; }
  template <class Command> static bool is_first(const Command&) { return false; }

  static void apply(state& s, const event& e, time_point at) { s.apply(e, at); }
  static journal::encoded_event encode(const event& e) { return guard::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return guard::decode(e); }
  static std::string encode_snapshot(const state& s) { return guard::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return guard::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state&) { return 0; }
};

class guard_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;
  using super::super;

  handle_type::behavior_type make_behavior();

private:
  caf::result<trail> answer(const request_context& context, outcome decided);
};

} // namespace troupe::guard

// actors/pause/pause_entity.hpp: the actor of one thing that can be paused.
#pragma once

#include "actors/entity/shard_region.hpp"
#include "actors/pause/board.hpp"
#include "actors/pause/pause_actor.hpp"
#include "actors/pause/stored.hpp"

namespace troupe::pause {

struct traits {
  using state = pause::state;
  using event = pause::event;
  using rejection = pause::rejection;
  using interface = pause_actor;
  using commands = entity::command_list<begin, resume, get>;
  template <class Command> using answer_to = status;

  static constexpr const char* context = "pause";
  static constexpr const char* region_name = "pauses";
  static constexpr std::uint16_t snapshot_schema = pause::snapshot_schema;

  template <class Command> static std::string key_of(const Command& command) { return to_string(command.what); }
  template <class Command> static bool is_first(const Command&) { return false; }

  static void apply(state& s, const event& e, time_point at) { s.apply(e, at); }
  static journal::encoded_event encode(const event& e) { return pause::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return pause::decode(e); }
  static std::string encode_snapshot(const state& s) { return pause::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return pause::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state&) { return 0; }
};

class pause_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;

  pause_entity(pointer self, std::string key, entity::environment env, entity::recovered<pause::state> from,
               caf::actor region, registry_ptr puts_up);

  handle_type::behavior_type make_behavior();

protected:
  void on_durable() override;

private:
  caf::result<status> answer(const request_context& context, decision outcome);
  bool is_full() const;

  registry_ptr registry_;
};

} // namespace troupe::pause

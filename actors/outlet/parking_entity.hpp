// actors/outlet/parking_entity.hpp: the actor of one entity's parked events.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/entity/shard_region.hpp"
#include "actors/kernel/live.hpp"
#include "actors/outlet/outlet_actor.hpp"
#include "actors/outlet/stored.hpp"

namespace troupe::outlet {

struct traits {
  using state = outlet::state;
  using event = outlet::event;
  using rejection = outlet::rejection;
  using interface = parking_actor;
  using commands = entity::command_list<park, await_drained>;
  template <class Command> using answer_to = parking_view;

  static constexpr const char* context = "outlet";
  static constexpr const char* region_name = "parked_events";
  static constexpr std::uint16_t snapshot_schema = outlet::snapshot_schema;

  template <class Command> static std::string key_of(const Command& command) { return command.where.key(); }
  template <class Command> static bool is_first(const Command&) { return false; }

  static void apply(state& s, const event& e, time_point) { s.apply(e); }
  static journal::encoded_event encode(const event& e) { return outlet::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return outlet::decode(e); }
  static std::string encode_snapshot(const state& s) { return outlet::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return outlet::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state& s) { return s.items.size() + s.lost.size(); }
};

struct parking_dependencies {
  definitions outlets;
  dead_letter::dead_letter_actor letters;
  live<outlet::policy> policy;
  observer observe{};
  live<pause::board> pauses{}; // nothing is handed over for an outlet that is paused
};

using shared_parking_dependencies = std::shared_ptr<const parking_dependencies>;

class parking_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;

  parking_entity(pointer self, std::string key, entity::environment env, entity::recovered<outlet::state> from,
                 caf::actor region, shared_parking_dependencies deps);

  handle_type::behavior_type make_behavior();

protected:
  void on_stored() override;
  std::optional<time_point> wake_up() const override;
  bool can_stop() const override { return !delivering_ && !recording_ && waiting_.empty(); }

private:
  parking_view seen() const { return {state().last_offset, state().items.size()}; }
  void proceed();
  void deliver_first();
  bool stands_still() const { return deps_->pauses->stops(pause::kind::outlet, state().where.outlet); }
  void pass_on(const journal::stored_event& event);
  void note(std::uint64_t offset, std::optional<ec> failed);
  void record_first();
  void record(const lost_item& x, const journal::stored_event* event);
  void look_again(duration after);

  shared_parking_dependencies deps_;
  std::vector<caf::typed_response_promise<parking_view>> waiting_; // for the end of it
  std::optional<time_point> timer_at_;
  bool delivering_ = false;
  bool recording_ = false;
};

/// Replays dead letters of outlets: their events are parked again, and so passed on once more.
dead_letter::replayer_actor::behavior_type make_replayer(dead_letter::replayer_actor::pointer self,
                                                         journal::journal_actor journal, parking_actor parking);

} // namespace troupe::outlet

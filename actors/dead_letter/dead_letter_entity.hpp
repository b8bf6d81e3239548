// actors/dead_letter/dead_letter_entity.hpp: the actor of one dead letter.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/dead_letter/stored.hpp"
#include "actors/entity/shard_region.hpp"
#include "actors/kernel/live.hpp"

#include <memory>
#include <set>
#include <string>

namespace troupe::dead_letter {

struct traits {
  using state = dead_letter::state;
  using event = dead_letter::event;
  using rejection = dead_letter::rejection;
  using interface = dead_letter_actor;
  using commands = entity::command_list<record, replay, discard, get_letter, await_replay>;
  template <class Command> using answer_to = view;

  static constexpr const char* context = "dead_letter";
  static constexpr const char* region_name = "dead_letters";
  static constexpr std::uint16_t snapshot_schema = dead_letter::snapshot_schema;

  template <class Command> static const std::string& key_of(const Command& command) { return command.id.value; }
  template <class Command> static bool is_first(const Command&) { return false; }

  static void apply(state& s, const event& e, time_point at) { s.apply(e, at); }
  static journal::encoded_event encode(const event& e) { return dead_letter::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return dead_letter::decode(e); }
  static std::string encode_snapshot(const state& s) { return dead_letter::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return dead_letter::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state& s) { return s.actions.size(); }
};

/// An open letter stores a wake-up this long after it was recorded: what has one is open, and oldest comes first.
inline constexpr duration open_wake_up = std::chrono::hours{24} * 365 * 100;

struct letter_dependencies {
  directory_actor directory; // hears of every change
  live<dead_letter::replayers> replayers{};
  live<std::set<std::string>> reachable{}; // places to which undeliverable messages can be sent again
  duration replay_timeout{60'000};
};

using shared_letter_dependencies = std::shared_ptr<const letter_dependencies>;

class dead_letter_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;

  dead_letter_entity(pointer self, std::string key, entity::environment env, entity::recovered<dead_letter::state> from,
                     caf::actor region, shared_letter_dependencies deps);

  handle_type::behavior_type make_behavior();

protected:
  void on_stored() override;
  std::optional<time_point> wake_up() const override;
  bool can_stop() const override { return !replaying_ && waiting_.empty(); }

private:
  view seen() const;
  bool can_replay() const;
  caf::result<view> answer(const request_context& context, decision outcome);
  void proceed();
  void note(std::uint32_t replay, std::optional<ec> failed);

  shared_letter_dependencies deps_;
  std::vector<caf::typed_response_promise<view>> waiting_; // for the end of a replay
  bool replaying_ = false;
};

/// The directory's line of a letter in this state.
entry entry_of(const letter_id& id, const state& s);

} // namespace troupe::dead_letter

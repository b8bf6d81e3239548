// actors/dead_letter/replay_job_entity.hpp: the actor of one replay job.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/dead_letter/stored.hpp"
#include "actors/entity/shard_region.hpp"

#include <deque>
#include <map>
#include <memory>

namespace troupe::dead_letter::job {

struct traits {
  using state = job::state;
  using event = job::event;
  using rejection = job::rejection;
  using interface = job_actor;
  using commands = entity::command_list<begin, stop_job, get_job>;
  template <class Command> using answer_to = view;

  static constexpr const char* context = "replay_job";
  static constexpr const char* region_name = "replay_jobs";
  static constexpr std::uint16_t snapshot_schema = job::snapshot_schema;

  template <class Command> static const std::string& key_of(const Command& command) { return command.id.value; }
  template <class Command> static bool is_first(const Command&) { return false; }

  static void apply(state& s, const event& e, time_point at) { s.apply(e, at); }
  static journal::encoded_event encode(const event& e) { return job::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return job::decode(e); }
  static std::string encode_snapshot(const state& s) { return job::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return job::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state&) { return 0; }
};

struct job_dependencies {
  directory_actor directory;
  dead_letter_actor letters;
  std::size_t in_flight_max = 100; // replays
};

using shared_job_dependencies = std::shared_ptr<const job_dependencies>;

class replay_job_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;

  replay_job_entity(pointer self, std::string key, entity::environment env, entity::recovered<job::state> from,
                    caf::actor region, shared_job_dependencies deps);

  handle_type::behavior_type make_behavior();

protected:
  void on_stored() override;
  std::optional<time_point> wake_up() const override;
  bool can_stop() const override { return state().status != status::running; }

private:
  enum class outcome : std::uint8_t { pending, replayed, failed, skipped };

  caf::result<view> answer(const request_context& context, decision what);
  request_context own_context() const;
  void run();
  void tick();
  void read_more();
  void replay_one(const entry& x);
  void note(const cursor& which, outcome what);
  void save();

  shared_job_dependencies deps_;
  std::deque<entry> next_;              // letters to come
  std::map<cursor, outcome> in_flight_; // those that began and are not stored as done
  cursor taken_;                        // up to here they are in `next_` or began
  std::uint64_t credit_ = 0;            // thousandths of a letter
  std::size_t pending_ = 0;
  bool running_ = false;
  bool reading_ = false;
  bool no_more_ = false;
};

} // namespace troupe::dead_letter::job

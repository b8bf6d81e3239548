// tests/simulation/world.hpp: an actor system whose time, order of events and mishaps come from one seed.
#pragma once

#include "actors/kernel/time.hpp"
#include "tests/simulation/random_source.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::simulation {

/// An actor that can be replaced by another one, for whoever holds a wire to it. Empty while there is none.
using place = std::shared_ptr<caf::strong_actor_ptr>;

inline place make_place() {
  return std::make_shared<caf::strong_actor_ptr>();
}

/// What becomes of a message on a wire, by probability; of the answers to it, too.
struct wire_faults {
  double drop = 0;
  double duplicate = 0;
  double delay = 0;
  duration delay_max{3'000};
  bool doubles_requests = true; // else only answers are doubled
  bool in_order = false;        // no request overtakes an earlier one that is late
};

/// Sees each message that is put on a wire, and who sends it (0: nobody), before anything becomes of it.
using wire_watch = std::function<void(const caf::message&, caf::actor_id by)>;

/// Actors that live and die together, such as those of a node; 0 for those of no group.
using group = std::uint32_t;

/// One thread, virtual time, and a random choice of which actor runs next. Nothing in it may iterate over what is
/// ordered by address.
class world {
public:
  explicit world(std::uint64_t seed);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  caf::actor_system& system() { return system_; }
  random_source& random() { return random_; }

  /// Since the beginning; never goes back.
  duration elapsed() const;

  /// What a node's clock shows: it can be set back and forth.
  time_point node_time() const { return beginning + elapsed() + clock_step_; }
  void step_clock(duration to) { clock_step_ = to; }

  /// What the rest of the world's clocks show.
  time_point true_time() const { return beginning + elapsed(); }

  /// Runs `what` between two steps, `delay` from now.
  void after(duration delay, std::function<void()> what);

  /// One message is handled, or time moves on to the next timer. False when nothing is left to happen.
  bool step();

  std::uint64_t steps() const { return steps_; }

  /// Of everything that has happened: equal for two runs that are the same.
  std::uint64_t hash() const { return hash_; }

  /// Mishaps happen from now on, or no longer.
  void set_faults(bool on) { faults_on_ = on; }
  bool faults_on() const { return faults_on_; }

  /// How often a timer fires although there is work: the processor is busy elsewhere.
  void set_early_timer(double probability) { early_timer_ = probability; }

  /// A handle whose messages go to whoever is at `to`, or are bounced when nobody is. `Handle` must be its type.
  template <class Handle> Handle wire(place to, const wire_faults& faults = {}, wire_watch watch = {}) {
    return caf::actor_cast<Handle>(make_wire(std::move(to), faults, std::move(watch)));
  }

  /// Not a part of any node: survives crashes, is never killed, and lives until it quits or the world ends.
  template <class Handle> Handle outside(Handle x) {
    spare(caf::actor_cast<caf::strong_actor_ptr>(x));
    return x;
  }

  /// Runs `what` as a part of this group: whoever is spawned by it belongs there, and so does whoever they spawn.
  template <class What> void as(group who, What what) {
    const auto before = std::exchange(current_, who);
    const auto first = system_.latest_actor_id() + 1;
    what();
    own_since(first);
    current_ = before;
  }

  /// Nobody of this group handles anything until `wake`: messages and timers wait, time goes on.
  void pause(group who);
  void wake(group who);

  /// Kills one actor of the node and answers its id; 0 when there is none. It handles nothing any more.
  caf::actor_id kill_one();

  /// Whoever goes by this name is not chosen by kill_one.
  void spare_name(std::string name) { spared_.insert(std::move(name)); }
  void kill(const caf::strong_actor_ptr& who);

  /// Somebody of the node who lives under this name and has something to do, if anybody has; null when nobody does.
  caf::strong_actor_ptr find_alive(std::string_view name) const;
  static bool is_busy(const caf::strong_actor_ptr& who);

  /// The names of all actors of the node that ever had something to do.
  const std::set<std::string, std::less<>>& names() const { return names_; }

  /// How many actors of the node live under this name.
  std::size_t count_alive(std::string_view name) const;

  /// Kills every actor that is not outside at once: none of them handles another message.
  void kill_all() { kill_all(std::nullopt); }

  /// The same for those of one group.
  void kill_group(group who);

  /// Something went wrong on purpose: counted by its name, and told to whoever traces.
  void mishap(std::string_view what);
  const std::map<std::string, std::uint64_t, std::less<>>& mishaps() const { return mishaps_; }

  /// Ends every actor; may be repeated. They handle a last message, so whatever they refer to must still be there.
  void end_all();

  /// Writes a line about each step when set.
  void set_trace(std::function<void(std::string_view)> to) { trace_ = std::move(to); }
  bool tracing() const { return trace_ != nullptr; }
  void note(std::string_view what);

private:
  friend class wire_actor;

  struct config : caf::actor_system_config {
    config();
  };

  struct known_actor {
    caf::actor_id id = 0;
    group of = 0;
    caf::weak_actor_ptr who;
  };

  static constexpr time_point beginning{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

  caf::strong_actor_ptr make_wire(place to, const wire_faults& faults, wire_watch watch);
  void spare(caf::strong_actor_ptr who);
  void mix(std::uint64_t x);
  void run_job(std::size_t position);
  void meet(caf::scheduled_actor& who);
  void describe(caf::scheduled_actor& who);
  bool pass_time();
  std::size_t find_alive();
  void own_since(caf::actor_id first);
  static constexpr group outside_all = ~group{0};
  group group_of(caf::actor_id x) const { return x < groups_.size() ? groups_[x] : 0; }
  void set_aside_the_paused();
  void kill_all(std::optional<group> who);

  config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  random_source random_;
  std::multimap<duration, std::function<void()>> agenda_;
  std::vector<known_actor> inside_; // those of the node that have run, some of which have ended
  std::vector<caf::strong_actor_ptr> outside_;
  std::vector<bool> met_; // by actor id
  std::set<std::string, std::less<>> names_;
  std::set<std::string, std::less<>> spared_;
  std::vector<group> groups_; // by actor id, as far as there are any
  group current_ = 0;
  std::map<group, std::deque<caf::resumable*>> paused_; // with the jobs that wait
  duration clock_step_{0};
  std::uint64_t steps_ = 0;
  std::uint64_t hash_ = 1469598103934665603ull;
  std::map<std::string, std::uint64_t, std::less<>> mishaps_;
  double early_timer_ = 0;
  bool faults_on_ = false;
  std::function<void(std::string_view)> trace_;
};

} // namespace troupe::simulation

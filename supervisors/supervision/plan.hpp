// supervisors/supervision/plan.hpp: what a supervisor does about its children. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/time.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::supervision {

/// By a clock that does not jump.
using instant = std::chrono::steady_clock::time_point;

/// Which children a failure concerns. Restarted children are stopped in the reverse order of their start.
enum class strategy : std::uint8_t {
  one_for_one = 1, // the one that failed
  one_for_all,     // all: they share a state that only a common start makes whole
  rest_for_one,    // it and those after it, which stand on it
};
std::string_view name_of(strategy x);

/// What a child's end means.
enum class restart : std::uint8_t {
  permanent = 1, // it is always started again
  transient,     // only after a failure; a normal end is its last
  temporary,     // never
};

enum class ending : std::uint8_t { normal = 1, failure };

/// A cause that restarts cannot mend brings a supervisor with the usual limits to its end within two seconds, and one
/// that looks after such supervisors within twenty.
struct limits {
  std::uint32_t restarts_max = 5; // within `within`; one more, and the supervisor gives up
  duration within{60'000};
  duration backoff_min{50};    // before the first restart, doubling with each within `within`
  duration backoff_max{5'000}; // jitter takes off up to half of the wait
};

/// The wait before the `count`th restart in a row, from 1. `jitter` is uniform in [0, 1).
duration backoff_of(const limits& x, std::uint32_t count, double jitter);

/// The children are known by their place in the order of their start. Whoever drives a plan tells it what happened and
/// then carries out what `next` answers until it has nothing more; a start is reported before `next` is called again.
class plan {
public:
  struct start {
    std::size_t child = 0;
    bool operator==(const start&) const = default;
  };
  /// Ask it to end, and report when it has.
  struct stop {
    std::size_t child = 0;
    bool operator==(const stop&) const = default;
  };
  /// It is never started again.
  struct close {
    std::size_t child = 0;
    bool operator==(const close&) const = default;
  };
  /// Every child has ended. `escalated`: they failed too often.
  struct finish {
    bool escalated = false;
    bool operator==(const finish&) const = default;
  };
  using step = std::variant<start, stop, close, finish>;

  plan(strategy how, limits within, std::vector<restart> children);

  /// All children are wanted from now on.
  void begin(instant now);

  void started(std::size_t child);

  /// A child has ended, for whatever reason, or could not be started. `jitter` is uniform in [0, 1).
  void ended(std::size_t child, ending how, instant now, double jitter);

  /// No child is wanted any more.
  void shut_down();

  std::optional<step> next(instant now);

  /// When `next` has something that it has not now; nothing while only an end is waited for.
  std::optional<instant> wake_at() const;

  bool is_up(std::size_t child) const { return children_[child].phase == phase::up; }
  bool gives_up() const { return escalated_; }

private:
  enum class phase : std::uint8_t { down, starting, up, stopping };

  struct child_state {
    restart kind = restart::permanent;
    plan::phase phase = phase::down;
    bool wanted = false;
    bool must_stop = false; // because of another child's failure
    bool must_close = false;
    instant due;
  };

  void unwanted(child_state& x);
  void restart_group(std::size_t failed, instant due);
  std::optional<step> stop_last(bool all);

  strategy how_;
  limits limits_;
  std::vector<child_state> children_;
  std::deque<instant> restarts_; // within limits_.within
  bool ending_ = false;
  bool escalated_ = false;
  bool finished_ = false;
};

} // namespace troupe::supervision

// actors/dead_letter/replay_job.hpp: the replay of a whole group of letters. No CAF, no clock, no I/O.
#pragma once

#include "actors/dead_letter/dead_letter.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace troupe::dead_letter {

using job_id = id<struct job_tag>; // a UUIDv7

/// Where in a list of letters, oldest first, one is.
struct cursor {
  time_point recorded_at;
  letter_id id;

  auto operator<=>(const cursor&) const = default;
};

namespace job {

inline constexpr std::uint32_t rate_max = 1'000; // letters a second

// Commands ask. Each is safe to repeat.

/// Begins to replay the letters of a group that are open now; those that come later are left.
struct begin {
  job_id id;
  std::string group;
  std::uint32_t rate_per_second = 10;
  std::string reason;
};

/// Stops it where it is.
struct stop_job {
  job_id id;
  std::string reason;
};

/// What became of the letters up to `to`, those since the last note.
struct note_progress {
  cursor to;
  std::uint32_t replayed = 0;
  std::uint32_t failed = 0;  // they are open again
  std::uint32_t skipped = 0; // somebody else was faster, or they cannot be replayed
};

/// There are no further letters.
struct note_end {};

// Events are facts, stored for ever: fields are added, never renamed or removed.

struct begun {
  std::string group;
  std::uint32_t rate_per_second = 0;
  std::string reason;
  std::string by;

  bool operator==(const begun&) const = default;
};
struct advanced {
  cursor to;
  std::uint32_t replayed = 0;
  std::uint32_t failed = 0;
  std::uint32_t skipped = 0;

  bool operator==(const advanced&) const = default;
};
struct ended {
  bool operator==(const ended&) const = default;
};
struct stopped {
  std::string reason;
  std::string by;

  bool operator==(const stopped&) const = default;
};

using event = std::variant<begun, advanced, ended, stopped>;

enum class rejection : std::uint8_t {
  unknown_job = 1,
  no_reason,
  wrong_rate, // none, or above rate_max
};

using decision = std::variant<std::vector<event>, rejection>;

enum class status : std::uint8_t { none = 1, running, ended, stopped };

std::string_view name_of(status x);

struct state {
  job::status status = status::none;
  std::string group;
  std::uint32_t rate_per_second = 0;
  std::string reason;
  std::string by;
  time_point begun_at;
  time_point last_at; // of the last event
  cursor done;        // up to here; empty at first
  // What was done right before a crash is not counted: those letters are not open any more when the job goes on.
  std::uint64_t replayed = 0;
  std::uint64_t failed = 0;
  std::uint64_t skipped = 0;
  std::string stop_reason;
  std::string stopped_by;

  bool operator==(const state&) const = default;

  void apply(const event& e, time_point at); // the only writer; cannot fail, an event has happened
};

decision decide(const state& s, const begin& cmd, const std::string& by);
decision decide(const state& s, const stop_job& cmd, const std::string& by);
decision decide(const state& s, const note_progress& cmd);
decision decide(const state& s, const note_end& cmd);

} // namespace job

} // namespace troupe::dead_letter

// actors/dead_letter/dead_letter.hpp: a message that was given up on. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/error.hpp"
#include "actors/kernel/id.hpp"
#include "actors/kernel/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::dead_letter {

using letter_id = id<struct letter_tag>; // a UUID made of what was given up: see id_of

inline constexpr std::size_t summary_max = 500; // bytes; longer ones are cut
inline constexpr std::size_t label_max = 128;   // bytes of a code, a place, an origin
inline constexpr std::size_t reason_max = 500;  // bytes
inline constexpr std::size_t sealed_max = 1 << 20;
inline constexpr std::size_t replays_max = 100; // of one letter

/// What kind of thing was given up on.
enum class source : std::uint8_t {
  undeliverable_message = 1, // a message to an actor that is gone, or whose buffer was full
  exhausted_effect,          // a saga's step whose retries are used up
  poisoned_event,            // a stored event that cannot be read or told
  outlet_gave_up,            // an event that its sink would not take
  refused_webhook,           // verified, and not what its sender documents
};

std::string_view name_of(source x); // "poisoned_event"; stable
std::optional<source> parse_source(std::string_view name);

/// Where the whole of it can be found. An event has context, key and version; an effect its idempotency key.
struct reference {
  std::string context;
  std::string key;
  std::uint64_t version = 0;
  std::string effect;

  bool operator==(const reference&) const = default;
};

/// What is known of it. Nothing here is secret or personal but what `sealed` hides.
struct letter {
  dead_letter::source source = source::undeliverable_message;
  std::string code;    // why, in snake_case and stable: "refused"
  std::string place;   // who gave up: "outlet/webhooks/order"
  std::string summary; // for people, redacted
  reference about;
  std::string sealed; // a payload that is found nowhere else; opaque; may be empty
  std::uint32_t attempts = 0;
  std::string origin; // whose request it was: a principal
  std::string trace;  // traceparent, or empty

  bool operator==(const letter&) const = default;
};

/// The same for the same thing given up, so that recording it twice leaves one letter. `name` is what makes it unique:
/// "outlet/webhooks/order/<id>/7".
letter_id id_of(std::string_view name);

// Commands ask. Each is safe to repeat.

/// Stores a letter. One that is known stays as it is, unless it was given up more often than is known of it: then it is
/// open again.
struct record {
  letter_id id;
  dead_letter::letter letter;
  std::uint32_t occurrence = 1; // how often it has been given up by now
};

/// Tries it again. A second one while the first is on its way changes nothing.
struct replay {
  letter_id id;
  std::string reason;
  std::string job; // the replay job that asks; it asks once for each letter. Empty for a person
};

/// What the replay came to.
struct note_replay {
  std::uint32_t replay = 0;
  std::optional<ec> failed;
};

/// Lets it go.
struct discard {
  letter_id id;
  std::string reason;
};

// Events are facts, stored for ever: fields are added, never renamed or removed.

struct recorded {
  dead_letter::letter letter;

  bool operator==(const recorded&) const = default;
};
struct replay_requested {
  std::string reason;
  std::string by;
  std::string job;

  bool operator==(const replay_requested&) const = default;
};
struct replayed {
  std::uint32_t replay = 0; // its number

  bool operator==(const replayed&) const = default;
};
struct replay_failed {
  std::uint32_t replay = 0;
  ec code = ec::unavailable;

  bool operator==(const replay_failed&) const = default;
};
struct discarded {
  std::string reason;
  std::string by;

  bool operator==(const discarded&) const = default;
};

/// It was tried again, and given up again.
struct recurred {
  std::uint32_t occurrence = 0; // how often by now
  std::string code;
  std::string summary;
  std::uint32_t attempts = 0;

  bool operator==(const recurred&) const = default;
};

using event = std::variant<recorded, replay_requested, replayed, replay_failed, discarded, recurred>;

enum class rejection : std::uint8_t {
  unknown_letter = 1,
  no_reason,        // an action without one
  not_open,         // it was replayed or discarded
  replaying,        // it cannot be discarded while a replay is on its way
  not_replayable,   // nobody here can replay what comes from this source
  too_many_replays, // see replays_max
  too_large,        // a payload above sealed_max
};

using decision = std::variant<std::vector<event>, rejection>;

enum class status : std::uint8_t { none = 1, open, replaying, replayed, discarded };

std::string_view name_of(status x);

/// What was done about a letter, and by whom: its audit trail.
struct action {
  std::string what; // "replay_requested", "replayed", "replay_failed", "discarded", "recurred"
  time_point at;
  std::string by;
  std::string reason; // or the code of a failure, or of a recurrence

  bool operator==(const action&) const = default;
};

struct state {
  dead_letter::status status = status::none;
  dead_letter::letter letter;
  time_point recorded_at;        // the last time that it was given up
  std::uint32_t occurrences = 0; // how often it was given up
  std::uint32_t replays = 0;     // how often one was asked for
  std::string last_job;
  std::vector<action> actions;

  bool operator==(const state&) const = default;

  void apply(const event& e, time_point at); // the only writer; cannot fail, an event has happened
};

decision decide(const state& s, const record& cmd);
/// `can_replay`: whether somebody here replays letters of its source.
decision decide(const state& s, const replay& cmd, const std::string& by, bool can_replay);
decision decide(const state& s, const note_replay& cmd);
decision decide(const state& s, const discard& cmd, const std::string& by);

/// The idempotency key of a letter's replay: the same when it is repeated after a crash.
std::string replay_key(const letter_id& id, std::uint32_t replay);

} // namespace troupe::dead_letter

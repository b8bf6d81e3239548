// actors/pause/pause.hpp: whether one thing stands still. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/time.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::pause {

enum class kind : std::uint8_t { provider = 1, outlet, saga, order };
std::string_view name_of(kind x);

/// What can be paused, in text "provider/<name>", "outlet/<name>", "saga/order", "order/<id>". A mail provider is named
/// as its guard is, "provider/email.<name>": payment providers have no dot in theirs.
struct target {
  pause::kind kind = pause::kind::order;
  std::string name;

  auto operator<=>(const target&) const = default;
};
std::string to_string(const target& x);

inline constexpr std::size_t name_bytes_max = 200;

/// Nothing for text that names no kind of thing, nothing of it, or a saga that does not exist.
std::optional<target> parse_target(std::string_view text);

inline constexpr std::string_view order_saga = "order"; // the only type of saga

/// The name by which a mail provider is paused.
inline std::string name_of_mailer(std::string_view provider) {
  return "email." + std::string{provider};
}

// Commands ask. Each is safe to repeat. `by` is the principal of the request.

/// Asked again with another reason, that reason counts from then on.
struct begin {
  target what;
  std::string reason; // never empty
};

struct resume {
  target what;
  std::string reason; // never empty
};

// Events are facts, stored for ever: fields are added, never renamed or removed.

struct paused {
  std::string reason;
  std::string by;
  time_point at; // since when it stands still: a new reason leaves it as it was

  bool operator==(const paused&) const = default;
};
struct resumed {
  std::string reason;
  std::string by;

  bool operator==(const resumed&) const = default;
};

using event = std::variant<paused, resumed>;

enum class rejection : std::uint8_t {
  no_reason = 1,
  too_many, // things are paused at the same time
};

/// The events to store, or the reason nothing may happen.
using decision = std::variant<std::vector<event>, rejection>;

/// A time in which something stood still.
struct span {
  time_point from;
  time_point until;

  bool operator==(const span&) const = default;
};

/// Of one thing. Older ones are told as one, as if it had stood still between them as well.
inline constexpr std::size_t spans_max = 20;

/// For how much of the time from `since` to `until` it stood still.
duration stood_still(const std::vector<span>& spans, time_point since, time_point until);

struct state {
  std::optional<paused> is; // nothing while it goes on
  std::vector<span> ended;  // the oldest first, at most spans_max

  bool operator==(const state&) const = default;

  /// `at` is when the event was recorded.
  void apply(const event& e, time_point at); // the only writer; cannot fail, an event has happened
};

decision decide(const state& s, const begin& cmd, const std::string& by, time_point now);
decision decide(const state& s, const resume& cmd, const std::string& by);

} // namespace troupe::pause

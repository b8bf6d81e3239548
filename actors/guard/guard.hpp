// actors/guard/guard.hpp: what operators did to one guard, and how they hold its breaker. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::guard {

enum class breaker_mode : std::uint8_t { automatic = 1, open, closed };
std::string_view name_of(breaker_mode x); // "auto", "open", "closed"
std::optional<breaker_mode> parse_breaker_mode(std::string_view text);

// Commands ask. Each is safe to repeat. `by` is the principal of the request.

/// Holds a breaker open or closed, or leaves it to its rules again. Over restarts, until the next of these.
struct set_breaker {
  std::string name;
  breaker_mode mode = breaker_mode::automatic;
  std::string reason; // of the operator; never empty
};

/// Puts a guard under another policy: a named one, with some of its rules changed. Until the configuration is read
/// again or the node ends.
struct set_policy {
  std::string name;
  std::string policy;                       // empty: the one that holds now
  std::map<std::string, std::string> rules; // as in the configuration: "breaker.open_time" is "10s"
  std::string reason;
};

// Events are facts, stored for ever: fields are added, never renamed or removed.

struct breaker_set {
  breaker_mode mode = breaker_mode::automatic;
  std::string reason;
  std::string by;

  bool operator==(const breaker_set&) const = default;
};
struct policy_set {
  std::string policy;
  std::map<std::string, std::string> rules;
  std::string reason;
  std::string by;

  bool operator==(const policy_set&) const = default;
};

using event = std::variant<breaker_set, policy_set>;

enum class rejection : std::uint8_t {
  unknown_guard = 1,
  unknown_policy,
  no_reason,
  bad_rule, // the error's context says which and why
};

/// The events to store, or the reason nothing may happen.
using outcome = std::variant<std::vector<event>, rejection>;

/// What an operator did.
struct action {
  time_point at;
  std::string what;   // "breaker", "policy"
  std::string detail; // "open"; "payment-api, breaker.open_time=10s"
  std::string by;
  std::string reason;

  bool operator==(const action&) const = default;
};

/// That are told of one guard; all are in the journal.
inline constexpr std::size_t actions_max = 100;

struct state {
  breaker_set breaker;         // the latest; automatic as long as there was none
  std::vector<action> actions; // the latest last, at most actions_max

  bool operator==(const state&) const = default;

  /// `at` is when the event was recorded.
  void apply(const event& e, time_point at); // the only writer; cannot fail, an event has happened
};

// Whether there is such a guard, policy or rule is not known here.
outcome decide(const state& s, const set_breaker& cmd, const std::string& by);
outcome decide(const state& s, const set_policy& cmd, const std::string& by);

} // namespace troupe::guard

// supervisors/resilience/circuit_breaker.hpp: stops calls to a service that fails, and looks for its recovery.
#pragma once

#include "supervisors/resilience/policy.hpp"
#include "supervisors/resilience/sliding_window.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::resilience {

enum class breaker_state : std::uint8_t { closed = 1, open, half_open };
std::string_view name_of(breaker_state x);

/// What an operator has decided: by the rules, or one state until further notice.
enum class breaker_mode : std::uint8_t { automatic = 1, forced_open, forced_closed };

/// Closed, it counts failures and opens on either trigger of its rules. Open, it admits nobody for the open time. Then
/// it is half open: it admits a few at a time, opens again when one of them fails, and closes when one succeeds, with
/// all counts at nothing. An answer counts only for the state in which its call was admitted.
class circuit_breaker {
public:
  /// The state in which a call was admitted, by number.
  using generation = std::uint64_t;

  explicit circuit_breaker(const breaker_rules& rules) : rules_(rules), window_(rules.window) {}

  /// Nothing when the call must not be made. Whoever gets a generation gives it back once, to one of the three below.
  std::optional<generation> admit(time_point now);

  void succeeded(generation x, time_point now);
  void failed(generation x, time_point now);
  void told_nothing(generation x, time_point now); // neither: the call was not made, or failed on our side

  /// Whether admit would say no.
  bool refuses(time_point now) const;

  /// How long from now until a call may be admitted: the rest of the open time; when half open and full, a while.
  duration wait(time_point now) const;

  breaker_state state() const { return state_; }
  breaker_mode mode() const { return mode_; }
  std::uint64_t failures() const { return failures_; } // in a row
  sliding_window::totals lately(time_point now) const { return window_.total(now); }

  /// Why it is not closed, for people, without the time that is left: "open after 5 consecutive failures".
  std::string reason() const;

  /// New rules keep the state and the failures in a row; the ratio is counted anew when its window changes.
  void configure(const breaker_rules& rules);

  /// Automatic again, it is closed anew after forced_closed, and half open after forced_open: one call finds out.
  void force(breaker_mode x, std::string why, time_point now);

  /// Another breaker in front of the same service has opened: closed, this one opens for `length`. Nothing happens to
  /// one that is not closed, or that an operator holds.
  void hear_opened(duration length, std::string why, time_point now);

  /// The other one has closed again: so does this one, unless it has found out by itself that the service fails.
  void hear_closed(time_point now);

  /// How often it has opened by what it counted itself. Open, half open and open again counts once.
  std::uint64_t openings() const { return openings_; }

  /// Whether the last of these openings is not over.
  bool is_open_by_itself() const { return by_itself_; }

  const std::string& cause() const { return why_; } // of its not being closed: "5 consecutive failures"

private:
  void enter(breaker_state x, time_point now);
  void give_back(generation x);
  void open_by_itself(std::string why, time_point now);
  duration open_time() const { return heard_for_.value_or(rules_.open_time); }
  std::string trigger(time_point now) const; // that has fired; empty for none

  breaker_rules rules_;
  breaker_state state_ = breaker_state::closed;
  breaker_mode mode_ = breaker_mode::automatic;
  generation generation_ = 1;
  std::uint64_t failures_ = 0;
  std::uint64_t probes_ = 0; // calls under way that were admitted half open
  sliding_window window_;
  time_point opened_at_;
  std::optional<duration> heard_for_; // how long it is open, when another one opened it
  std::uint64_t openings_ = 0;
  bool by_itself_ = false;
  std::string why_;
};

} // namespace troupe::resilience

// supervisors/resilience/leased_tokens.hpp: a node's part of a rate that holds for several nodes.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace troupe::resilience {

/// Tokens come from whoever keeps the rate for all, a few at a time, and are worth nothing after a while: so the keeper
/// knows by when each has been used. While it cannot be reached there are no others.
class leased_tokens {
public:
  struct question {
    std::uint64_t count = 0;
    duration lasts{0}; // from when it is asked
  };

  /// Of a rate in spans of `per`, at most `burst` tokens at once.
  void configure(duration per, std::uint64_t burst);

  bool take(time_point now);
  std::uint64_t left(time_point now) const;

  /// How long from now until there may be a token.
  duration wait(time_point now) const;

  /// Whether an answer is awaited that may bring tokens, or the next question would be asked at once.
  bool hopes(time_point now) const { return asks_ || now >= ask_at_; }

  /// What is to be asked now, if there was need of more than was left; then answered() is awaited, for a while.
  std::optional<question> ask(time_point now);

  /// `wait` is when there may be others, when there were none.
  void answered(std::uint64_t granted, duration wait, time_point now);

private:
  struct lease {
    std::uint64_t left = 0;
    time_point from; // a clock that was set back to before it makes it worth nothing, too
    time_point until;
  };

  static bool is_good(const lease& x, time_point now) { return x.left > 0 && x.from <= now && now < x.until; }

  duration lasts_{1'000};
  std::uint64_t burst_ = 1;
  std::deque<lease> leases_; // at most two: the one in use and the next
  std::uint64_t taken_ = 0;  // since the last answer
  bool lacked_ = false;      // a token, since then
  bool asks_ = false;
  time_point asked_at_;
  time_point ask_at_ = time_point::min();
};

} // namespace troupe::resilience

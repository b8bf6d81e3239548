// supervisors/resilience/token_bucket.hpp: keeps calls within a rate.
#pragma once

#include "supervisors/resilience/policy.hpp"

namespace troupe::resilience {

/// A bucket of `burst` tokens that is refilled so that no span of `per` ever sees more than `limit` calls. Kept as the
/// time at which it will be full again (the generic cell rate algorithm), so that nothing needs to be counted.
class token_bucket {
public:
  explicit token_bucket(const rate_rules& rules) { configure(rules); }

  bool limits() const { return rules_.limit > 0; }

  /// Takes a token, if there is one.
  bool take(time_point now);

  /// How long from now until there is a token.
  duration wait(time_point now) const;

  /// As wait, for a caller who is turned away: each gets a later time than the one before, so that they do not all come
  /// back for the same token.
  duration turn(time_point now);

  /// No token before `until`: the other side asked to be left alone.
  void pause(time_point until);

  std::uint64_t tokens(time_point now) const; // left

  /// As if all that may be taken at once had been. Whatever another bucket of the same rules gave before `now` and this
  /// one gives later then keeps to them together.
  void empty(time_point now);

  /// What was taken stays taken.
  void configure(const rate_rules& rules);

private:
  using nanoseconds = std::chrono::nanoseconds;

  nanoseconds missing(time_point now) const; // until there is a token; nothing or less when there is one
  nanoseconds latest_full(time_point now) const;

  rate_rules rules_;
  nanoseconds interval_{0}; // between two tokens
  nanoseconds full_at_{0};  // since the epoch
  nanoseconds paused_until_{0};
  nanoseconds last_turn_{0};
};

} // namespace troupe::resilience

// supervisors/resilience/call_rate.hpp: the rate of a guard's calls, its own or a part of one for all nodes.
#pragma once

#include "supervisors/resilience/leased_tokens.hpp"
#include "supervisors/resilience/token_bucket.hpp"

#include <algorithm>

namespace troupe::resilience {

/// As token_bucket, whose words mean the same here. Shared, its tokens are those that were leased.
class call_rate {
public:
  explicit call_rate(const rate_rules& rules) : own_(rules), rules_(rules) {
    leased_.configure(rules.per, rules.burst);
  }

  bool limits() const { return own_.limits(); }

  bool take(time_point now) { return is_shared() ? now >= paused_until_ && leased_.take(now) : own_.take(now); }

  duration wait(time_point now) const {
    return is_shared() ? std::max(leased_.wait(now), paused_until_ - now) : own_.wait(now);
  }

  duration turn(time_point now) { return is_shared() ? std::max(own_.turn(now), wait(now)) : own_.turn(now); }

  void pause(time_point until) {
    own_.pause(until);
    paused_until_ = std::max(paused_until_, until);
  }

  std::uint64_t tokens(time_point now) const {
    return is_shared() ? (now < paused_until_ ? 0 : leased_.left(now)) : own_.tokens(now);
  }

  void configure(const rate_rules& rules) {
    rules_ = rules;
    own_.configure(rules);
    leased_.configure(rules.per, rules.burst);
  }

  /// From now on the rate holds for several nodes.
  void share() { shared_ = true; }
  bool is_shared() const { return shared_ && limits(); }
  leased_tokens& leased() { return leased_; }

  /// Whether there is none, and there may be one as soon as an answer comes.
  bool awaits_lease(time_point now) const {
    return is_shared() && now >= paused_until_ && leased_.left(now) == 0 && leased_.hopes(now);
  }

  const rate_rules& rules() const { return rules_; }

private:
  token_bucket own_;
  leased_tokens leased_;
  rate_rules rules_;
  bool shared_ = false;
  time_point paused_until_{};
};

} // namespace troupe::resilience

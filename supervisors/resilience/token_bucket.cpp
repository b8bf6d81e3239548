#include "supervisors/resilience/token_bucket.hpp"

#include <algorithm>

namespace troupe::resilience {

namespace {

constexpr std::chrono::nanoseconds spread_max = std::chrono::minutes{5}; // callers who come back later find out then

std::chrono::nanoseconds since_epoch(time_point x) {
  return x.time_since_epoch();
}

duration rounded_up(std::chrono::nanoseconds x) {
  return std::max(std::chrono::ceil<duration>(x), duration{0});
}

} // namespace

void token_bucket::configure(const rate_rules& rules) {
  rules_ = rules;
  if (rules_.limit == 0)
    return;
  rules_.burst = std::clamp<std::uint64_t>(rules_.burst, 1, rules_.limit);
  // A span that begins with a full bucket sees the burst, and a token at each interval after that.
  interval_ = nanoseconds{rules_.per} / static_cast<std::int64_t>(rules_.limit - rules_.burst + 1);
}

std::chrono::nanoseconds token_bucket::missing(time_point now) const {
  const auto room = interval_ * static_cast<std::int64_t>(rules_.burst - 1);
  return std::max(std::min(full_at_, latest_full(now)) - room, paused_until_) - since_epoch(now);
}

// Of an empty bucket; later only after the clock was set back.
std::chrono::nanoseconds token_bucket::latest_full(time_point now) const {
  return since_epoch(now) + interval_ * static_cast<std::int64_t>(rules_.burst);
}

bool token_bucket::take(time_point now) {
  if (!limits())
    return true;
  full_at_ = std::min(full_at_, latest_full(now));
  if (missing(now) > nanoseconds{0})
    return false;
  full_at_ = std::max(full_at_, since_epoch(now)) + interval_;
  return true;
}

duration token_bucket::wait(time_point now) const {
  return limits() ? rounded_up(missing(now)) : duration{0};
}

duration token_bucket::turn(time_point now) {
  if (!limits())
    return duration{0};
  const auto at = since_epoch(now);
  last_turn_ = std::min(std::max(last_turn_ + interval_, at + missing(now)), at + spread_max);
  return rounded_up(last_turn_ - at);
}

void token_bucket::pause(time_point until) {
  paused_until_ = std::max(paused_until_, since_epoch(until));
}

void token_bucket::empty(time_point now) {
  full_at_ = latest_full(now);
}

std::uint64_t token_bucket::tokens(time_point now) const {
  if (!limits() || since_epoch(now) < paused_until_)
    return 0;
  const auto taken = std::max(full_at_ - since_epoch(now), nanoseconds{0});
  const auto gone = static_cast<std::uint64_t>((taken + interval_ - nanoseconds{1}) / interval_);
  return rules_.burst - std::min(rules_.burst, gone);
}

} // namespace troupe::resilience

#include "supervisors/resilience/leased_tokens.hpp"

#include <algorithm>

namespace troupe::resilience {

namespace {

constexpr duration lasts_min{100};
constexpr duration lasts_max{2'000};
constexpr duration answered_within{1'500}; // then it is asked once more
constexpr duration looks_again{50};        // while it is not known when there will be a token
constexpr duration asks_again_max{5'000};  // others may not have used theirs

} // namespace

void leased_tokens::configure(duration per, std::uint64_t burst) {
  lasts_ = std::clamp(per / 10, lasts_min, lasts_max);
  burst_ = std::max<std::uint64_t>(burst, 1);
}

bool leased_tokens::take(time_point now) {
  std::erase_if(leases_, [now](const lease& x) { return !is_good(x, now); });
  if (leases_.empty()) {
    lacked_ = true;
    return false;
  }
  --leases_.front().left;
  ++taken_;
  return true;
}

std::uint64_t leased_tokens::left(time_point now) const {
  std::uint64_t sum = 0;
  for (const auto& x : leases_)
    sum += is_good(x, now) ? x.left : 0;
  return sum;
}

duration leased_tokens::wait(time_point now) const {
  if (left(now) > 0)
    return duration{0};
  return hopes(now) ? looks_again : std::max(ask_at_ - now, looks_again);
}

// Half of what was used since the last answer is to be there still when the next one comes.
std::optional<leased_tokens::question> leased_tokens::ask(time_point now) {
  if (asks_ && now < asked_at_ + answered_within && asked_at_ <= now)
    return std::nullopt;
  if (now < ask_at_ && ask_at_ <= now + asks_again_max)
    return std::nullopt;
  const bool runs_low = taken_ > 1 && left(now) < taken_ / 2;
  if (!lacked_ && !runs_low)
    return std::nullopt;
  asks_ = true;
  asked_at_ = now;
  return question{std::clamp<std::uint64_t>(2 * taken_, 1, burst_), lasts_};
}

void leased_tokens::answered(std::uint64_t granted, duration wait, time_point now) {
  asks_ = false;
  taken_ = 0;
  lacked_ = false;
  if (granted > 0) {
    leases_.push_back({granted, asked_at_, asked_at_ + lasts_});
    if (leases_.size() > 2)
      leases_.pop_front();
    ask_at_ = now;
  } else {
    lacked_ = true; // as it was
    ask_at_ = now + std::clamp(wait, looks_again, asks_again_max);
  }
}

} // namespace troupe::resilience

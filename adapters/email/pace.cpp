#include "adapters/email/pace.hpp"

#include <algorithm>

namespace troupe::email {

void bucket::fill(time_point now) {
  if (!at_)
    at_ = now;
  if (now <= *at_)
    return;
  const auto full = rate_.per * rate_.burst;
  // A pause that fills it is cut first, so that the product cannot overflow.
  const auto pause = std::min<duration>(now - *at_, full);
  level_ = std::min<duration>(full, level_ + pause * rate_.mails);
  at_ = now;
}

std::optional<duration> bucket::take(time_point now) {
  fill(now);
  if (level_ >= rate_.per) {
    level_ -= rate_.per;
    return std::nullopt;
  }
  const auto missing = (rate_.per - level_).count();
  return duration{(missing + rate_.mails - 1) / rate_.mails};
}

} // namespace troupe::email

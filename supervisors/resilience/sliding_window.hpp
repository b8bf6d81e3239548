// supervisors/resilience/sliding_window.hpp: how many calls there were lately, and how many of them failed.
#pragma once

#include "actors/kernel/time.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace troupe::resilience {

/// Counts over the last `span`, in ten slices: a count leaves up to a tenth of the span early.
class sliding_window {
public:
  struct totals {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
  };

  explicit sliding_window(duration span) : slice_(std::max<std::int64_t>(span.count() / count, 1)) {}

  void add(time_point now, std::uint64_t calls, std::uint64_t failures) {
    const auto number = number_of(now);
    auto& x = slices_[static_cast<std::size_t>(number % count)];
    if (x.number != number)
      x = {number, {}};
    x.in.calls += calls;
    x.in.failures += failures;
  }

  totals total(time_point now) const {
    const auto number = number_of(now);
    totals out;
    for (const auto& x : slices_)
      if (x.number > number - count && x.number <= number) {
        out.calls += x.in.calls;
        out.failures += x.in.failures;
      }
    return out;
  }

  void clear() { slices_ = {}; }

private:
  static constexpr std::int64_t count = 10;

  struct slice {
    std::int64_t number = -1; // of the slices since the epoch
    totals in;
  };

  std::int64_t number_of(time_point now) const { return now.time_since_epoch().count() / slice_; }

  std::int64_t slice_; // in milliseconds
  std::array<slice, count> slices_{};
};

} // namespace troupe::resilience

// supervisors/cluster/own_lease.hpp: how long a node may believe in its own lease. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/time.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace troupe::cluster {

/// Instants of a clock that never jumps and counts while the machine is suspended: CLOCK_BOOTTIME. Whoever passes them
/// in reads it; steady_clock stands still during a suspension, and would make an old lease look fresh.
struct boot_clock {
  using duration = troupe::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<boot_clock>;
  static constexpr bool is_steady = true;
};
using boot_time = boot_clock::time_point;

/// The node's clock and the store's may run apart by this part of a lease, 1 in 20: hundreds of times what a healthy
/// clock drifts, and what remains of 2 s is still more than three renewals.
inline constexpr duration::rep drift_parts = 20;

/// Whether reads may still be answered without asking the store. A node that has lost its lease without noticing finds
/// here that it has, before anybody else may own its shards. Writes need none of this: epochs fence them.
class own_lease {
public:
  /// The store has renewed the lease for `length`; `sent_at` is when it was asked, because the lease begins no earlier
  /// than that. An answer that comes late, or out of order, shortens nothing.
  void renewed(boot_time sent_at, duration length) {
    const auto until = sent_at + length - margin_of(length);
    until_ = until_ ? std::max(*until_, until) : until;
  }

  /// The store has said that the lease is another's.
  void lost() { until_.reset(); }

  bool holds(boot_time now) const { return until_ && now < *until_; }

  /// When it ends unless it is renewed; nothing when there is none.
  std::optional<boot_time> until() const { return until_; }

  /// Rounded up, so that a short lease has a margin too.
  static constexpr duration margin_of(duration length) {
    return duration{(length.count() + drift_parts - 1) / drift_parts};
  }

private:
  std::optional<boot_time> until_;
};

} // namespace troupe::cluster

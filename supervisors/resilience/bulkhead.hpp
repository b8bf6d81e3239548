// supervisors/resilience/bulkhead.hpp: caps the calls under way, and keeps a short line of those that wait.
#pragma once

#include "supervisors/resilience/policy.hpp"

#include <array>
#include <deque>
#include <optional>

namespace troupe::resilience {

/// Which calls go first.
enum class priority : std::uint8_t { transactional, bulk };
inline constexpr std::array priorities{priority::transactional, priority::bulk};

class bulkhead {
public:
  using ticket = std::uint64_t; // a waiting call, by its owner's number

  struct waiting {
    bulkhead::ticket ticket = 0;
    time_point until; // it gives up then
  };

  bool full(const bulkhead_rules& rules) const { return rules.calls_max > 0 && under_way_ >= rules.calls_max; }
  void enter() { ++under_way_; }
  void leave() { under_way_ -= under_way_ > 0; }

  /// Joins the end of its line, unless all lines together are as long as they may be.
  bool join(ticket x, priority rank, time_point until, const bulkhead_rules& rules) {
    if (in_line() >= rules.queue_max || rules.queue_time <= duration::zero())
      return false;
    line(rank).push_back({x, until});
    return true;
  }

  /// Whether somebody waits who goes before a new call of this rank.
  bool precedes(priority rank) const {
    return !line(priority::transactional).empty() || (rank == priority::bulk && !line(priority::bulk).empty());
  }

  std::deque<waiting>& line(priority rank) { return lines_[static_cast<std::size_t>(rank)]; }
  const std::deque<waiting>& line(priority rank) const { return lines_[static_cast<std::size_t>(rank)]; }

  std::uint64_t under_way() const { return under_way_; }
  std::uint64_t in_line() const { return lines_[0].size() + lines_[1].size(); }

private:
  std::uint64_t under_way_ = 0;
  std::array<std::deque<waiting>, priorities.size()> lines_;
};

} // namespace troupe::resilience

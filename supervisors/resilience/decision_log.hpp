// supervisors/resilience/decision_log.hpp: what guards decide, as lines of the log.
#pragma once

#include "supervisors/resilience/guard.hpp"

#include <mutex>

namespace troupe::resilience {

/// Writes at most lines_max lines a second, and with the first line after that how many it left out: a guard that
/// refuses thousands of calls a second says why often enough. Breakers and operators always have their line. Safe on
/// any thread.
class decision_log {
public:
  static constexpr std::uint64_t lines_max = 20;

  void write(const decided& x, time_point now);

  /// How many lines stand for this one: none when it is to be left out, else it and those that were before it.
  std::uint64_t admit(std::string_view what, time_point now);

private:
  std::mutex mutex_;
  std::int64_t second_ = -1;
  std::uint64_t lines_ = 0;
  std::uint64_t left_out_ = 0;
};

} // namespace troupe::resilience

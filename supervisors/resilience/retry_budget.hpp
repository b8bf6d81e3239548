// supervisors/resilience/retry_budget.hpp: keeps retries a small part of all calls, so that they cannot feed an outage.
#pragma once

#include "supervisors/resilience/policy.hpp"
#include "supervisors/resilience/sliding_window.hpp"

namespace troupe::resilience {

inline constexpr duration budget_span = std::chrono::seconds{10};

class retry_budget {
public:
  struct left {
    std::uint64_t retries = 0;
    std::uint64_t calls = 0; // that the budget is reckoned from
  };

  void called(time_point now) { window_.add(now, 1, 0); }

  /// Spends one retry, or says no.
  bool spend(const retry_rules& rules, time_point now) {
    if (remaining(rules, now).retries == 0)
      return false;
    window_.add(now, 0, 1); // A failure of this window is a retry.
    return true;
  }

  left remaining(const retry_rules& rules, time_point now) const {
    const auto seen = window_.total(now);
    const auto allowed = std::max(rules.budget_floor, seen.calls * rules.budget_percent / 100);
    return {allowed - std::min(allowed, seen.failures), seen.calls};
  }

private:
  sliding_window window_{budget_span};
};

} // namespace troupe::resilience

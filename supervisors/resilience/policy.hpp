// supervisors/resilience/policy.hpp: the rules by which a guard shields a service. Values only.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <string>

namespace troupe::resilience {

/// At most `limit` calls in any span of `per`, at most `burst` of them at once. No limit at all when `limit` is 0.
struct rate_rules {
  std::uint64_t limit = 0;
  duration per{std::chrono::seconds{1}};
  std::uint64_t burst = 1;

  bool operator==(const rate_rules&) const = default;
};

struct bulkhead_rules {
  std::uint64_t calls_max = 0; // at a time; 0 for no cap
  std::uint64_t queue_max = 0; // calls that wait for a place or for the rate
  duration queue_time{0};      // how long they wait

  bool operator==(const bulkhead_rules&) const = default;
};

/// Opens on either of two triggers. A trigger of 0 never fires.
struct breaker_rules {
  std::uint64_t failures = 0;        // in a row
  std::uint64_t failure_percent = 0; // of the calls of the last `window`, once there are `calls_min`
  duration window{std::chrono::seconds{10}};
  std::uint64_t calls_min = 10;
  duration open_time{std::chrono::seconds{60}};
  std::uint64_t half_open_calls = 1; // at a time, until one of them succeeds

  bool operator==(const breaker_rules&) const = default;
};

enum class backoff : std::uint8_t { constant = 1, linear, exponential };

struct retry_rules {
  std::uint64_t attempts = 1;         // of one call, the first included
  std::uint64_t timeout_attempts = 0; // the same for a call that timed out; 0 for `attempts`
  resilience::backoff backoff = backoff::exponential;
  duration base{300};
  duration max{std::chrono::seconds{10}};
  std::uint64_t budget_percent = 20; // retries per hundred calls
  std::uint64_t budget_floor = 10;   // retries that are always allowed, in ten seconds

  bool operator==(const retry_rules&) const = default;
};

struct policy {
  std::string name;
  std::string source;                          // where it is configured: "troupe.yaml:42"; "default" for a shipped one
  duration timeout{std::chrono::seconds{30}};  // of one attempt
  duration deadline{std::chrono::seconds{35}}; // of a call with all its attempts; no attempt begins later
  rate_rules rate;
  rate_rules bulk_rate; // of bulk calls; they share `rate` when this has no limit
  bulkhead_rules bulkhead;
  breaker_rules breaker;
  retry_rules retry;
  duration hedge_after{0};    // of a read without an answer; 0 for never
  duration answer_age_max{0}; // of a good answer that stands in for a failed read; 0 for never

  bool operator==(const policy&) const = default;
};

/// `policy "payment-api" (troupe.yaml:42)`: how reasons name it.
std::string name_in_full(const policy& x);

/// The wait after the `failed`th failed attempt in a row, from 1. `jitter`, uniform in [0, 1) and drawn by the caller,
/// takes away up to half of it, so that many callers do not come back at one instant.
duration pause_after(std::uint64_t failed, const retry_rules& rules, double jitter);

/// "300 ms", "23 s", "5 min": for people, rounded up.
std::string span_text(duration x);

} // namespace troupe::resilience

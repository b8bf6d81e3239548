// supervisors/sandbox/faults.hpp: which requests of a sandbox go wrong, and how. No CAF, no clock, no I/O; seeded.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::sandbox {

/// How long an answer is held back.
struct no_delay {};
struct fixed_delay {
  duration length;
};
struct uniform_delay {
  duration from;
  duration to;
};
struct exponential_delay {
  duration mean;
  duration max;
};
struct percentile_delay {
  std::vector<std::pair<double, duration>> points; // percentile (0 to 100) and delay, both rising; linear between them
};
using latency = std::variant<no_delay, fixed_delay, uniform_delay, exponential_delay, percentile_delay>;

enum class fault_kind : std::uint8_t {
  none,              // delay only
  rate_limit,        // 429 with Retry-After, without acting
  error,             // 5xx, without acting
  drop_before,       // the connection is closed, without acting
  drop_after,        // acts, then the connection is closed
  timeout_after,     // acts, holds the answer for `hold`, then the connection is closed
  late_answer,       // acts, and answers after `hold`
  malformed,         // acts, and answers with a body that is no JSON
  truncate,          // acts, sends half of the body and closes the connection
  duplicate_webhook, // the events of the request are sent `copies` times
  late_webhook,      // the events of the request are sent after `webhook_delay`
};

struct fault_rule {
  std::string name;                   // as the ledger's calls show it
  std::string method;                 // upper case; empty: any
  std::string path = "/";             // whole segments that a path begins with; `*` stands for one segment
  double probability = 1;             // 0 to 1
  std::optional<std::uint64_t> times; // it goes wrong at most so often
  std::optional<duration> lasts;      // from when the plan was set
  latency delay;
  fault_kind kind = fault_kind::none;
  int status = 503;                 // of error
  std::optional<int> retry_after_s; // of rate_limit (1 when not given) and error
  duration hold{60'000};            // of timeout_after and late_answer
  std::uint32_t copies = 2;         // of duplicate_webhook
  duration webhook_delay{10'000};   // of late_webhook
};

struct fault_plan {
  std::uint64_t seed = 1;
  std::vector<fault_rule> rules;
};

/// What is wrong with a plan, and where: an RFC 6901 pointer.
struct plan_error {
  std::string pointer;
  std::string detail;
};

/// Reads `{"seed": 1, "rules": [...]}`; every mistake is named.
std::variant<fault_plan, std::vector<plan_error>> parse_plan(std::string_view text);

std::string_view name_of(fault_kind x);

/// What is to happen to one request.
struct injection {
  duration wait{0};                 // the delays of all rules that hit, added up
  const fault_rule* rule = nullptr; // the first that hit and has a fault; until the plan changes
};

/// A plan at work. The same seed and the same requests in the same order give the same faults; each rule throws dice of
/// its own, so that adding one leaves the others as they were.
class faults {
public:
  /// Starts the plan anew, at `now`.
  void set(fault_plan plan, time_point now);

  /// Decides about the next request.
  injection next(std::string_view method, std::string_view path, time_point now);

  /// The plan in the form that parse_plan reads, with `hits` of each rule and whether it still is `active`.
  std::string to_json(time_point now) const;

  bool empty() const { return plan_.rules.empty(); }

private:
  struct progress {
    std::uint64_t dice = 0;
    std::uint64_t hits = 0;
  };

  bool active(std::size_t i, time_point now) const;

  fault_plan plan_;
  std::vector<progress> progress_; // of each rule
  time_point since_{};
};

} // namespace troupe::sandbox

// actors/alarm/alarm.hpp: what operators are told without asking, and how often. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::alarm {

enum class kind : std::uint8_t {
  breaker_opened = 1,
  breaker_closed,
  dead_letter, // was recorded
  paused,
  resumed,
  queue_aged, // what waits has waited for too long
  queue_recovered,
  test, // somebody wants to know whether he is told
};

/// "breaker.opened"; stable.
std::string_view name_of(kind x);
/// Of those that can be chosen: a test is always told.
std::optional<kind> parse_kind(std::string_view name);

/// What it is about: facts of one family and subject replace each other. "breaker", "dead_letter", "pause", "queue" or
/// "webhook".
std::string_view family_of(kind x);

/// Something that happened. Holds nothing personal and nothing secret.
struct fact {
  kind what = kind::breaker_opened;
  std::string subject; // "payment.stripe", "outlet/email"
  std::string reason;  // for people; may be empty
  time_point at;
  std::uint64_t count = 1; // facts of this family and subject since the last one that was told

  bool operator==(const fact&) const = default;
};

/// The section of the runbooks that says what to do: "docs/runbooks.md#circuitbreakeropen".
std::string runbook_of(const fact& x);

/// Lets the first fact of each family and subject through at once, and then one in `every`: the latest, with the number
/// of those that it stands for. Beyond `subjects_max` at a time they share one subject, "others".
class coalescer {
public:
  explicit coalescer(duration every = std::chrono::minutes{1}, std::size_t subjects_max = 1'000)
    : every_(every), subjects_max_(subjects_max) {}

  /// The fact itself when it is to be told now; otherwise it is kept.
  std::optional<fact> add(fact x, time_point now);

  /// What was kept and is to be told by now.
  std::vector<fact> due(time_point now);

  /// When there is something again; nothing while nothing is kept.
  std::optional<time_point> next_at() const;

private:
  struct entry {
    time_point told;
    std::optional<fact> kept;
  };
  using subject = std::pair<std::string_view, std::string>; // family and name

  duration every_;
  std::size_t subjects_max_;
  std::map<subject, entry> entries_;
};

} // namespace troupe::alarm

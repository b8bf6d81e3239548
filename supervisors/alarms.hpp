// supervisors/alarms.hpp: finds out what operators want to be told of, and tells it until somebody has it.
#pragma once

#include "actors/alarm/receiver.hpp"
#include "actors/alarm/tester.hpp"
#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/kernel/live.hpp"
#include "actors/kernel/uuid.hpp"
#include "actors/outlet/outlet_actor.hpp"
#include "actors/pause/board.hpp"
#include "supervisors/health.hpp"
#include "supervisors/resilience/guard.hpp"
#include "supervisors/supervision/supervisor.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Takes facts. One that only repeats what was told last of its subject (it is paused for the same reason, its breaker
/// is open) is not told again. A test is sent at once, whatever waits and whatever is chosen to be told.
using alarm_actor =
  caf::typed_actor<caf::result<void>(alarm::fact), caf::result<alarm::tested>(request_context, alarm::send_test)>;

/// How a notice fared.
enum class notice_result : std::uint8_t {
  delivered = 1,
  failed,  // one try, with what its guard had repeated of it
  dropped, // too many waited, or nobody took it for too long
};
std::string_view name_of(notice_result x);

struct alarm_settings {
  std::string node;
  alarm::receiver_actor receiver;
  std::set<alarm::kind> told{}; // empty: all
  clock_fn now;
  random_fn random;

  // Looked at again and again, and all that stands there when it starts is told.
  std::shared_ptr<const supervision::tree> parts{};
  std::string own_path{}; // of parts that are not told of: those that tell
  live<slowness> limits{slowness{}};
  dead_letter::directory_actor letters{};
  live<pause::board> pauses{};
  std::function<std::vector<alarm::fact>()> breakers{}; // that are open

  duration look_every{1'000};
  duration letters_every{5'000};
  duration coalesce_for{60'000};
  std::size_t waiting_max = 1'000; // notices; beyond, the oldest is dropped
  duration keep{86'400'000};       // a notice is dropped when nobody took it for so long
  duration retry_min{5'000};       // after a failed try, doubling
  duration retry_max{300'000};
  /// Told how each notice fares, and how many wait then. Called on an actor's thread; returns at once.
  std::function<void(notice_result, std::size_t waiting, const caf::error& why)> observe{};
};

alarm_actor spawn_alarms(const supervision::place& where, alarm_settings with);

/// Leads to the alarms from those who were made before them. Safe on any thread.
class alarm_line {
public:
  void connect(const alarm_actor& x);

  /// Null where nobody is. A handle: let go of it before the actor system.
  alarm_actor connected() const;

  /// Nothing happens where nobody is connected.
  void raise(alarm::kind what, std::string subject, std::string reason, time_point at) const;

private:
  mutable std::mutex mutex_;
  caf::weak_actor_ptr to_; // Not a handle of its own: it lives longer than the actors.
};

using alarm_line_ptr = std::shared_ptr<alarm_line>;

/// `told`, and beside that the line: when a breaker has opened and when it has closed.
resilience::observer telling_of_breakers(resilience::observer told, alarm_line_ptr line, clock_fn now);

/// `told`, and beside that the line: what an outlet is behind by for longer than outlet_age_max, unless it is paused.
outlet::observer telling_of_lags(outlet::observer told, alarm_line_ptr line, clock_fn now);

inline constexpr duration outlet_age_max{60'000};

} // namespace troupe

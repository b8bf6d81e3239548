// supervisors/health.hpp: looks at what a node depends on, again and again.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/entity/journal_actor.hpp"
#include "actors/pause/board.hpp"
#include "actors/payment/provider.hpp"
#include "gateways/http/routes/services.hpp"
#include "supervisors/supervision/tree.hpp"

#include <caf/actor_system.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe {

/// What was found at the last look at each dependency. Safe on any thread.
class health_board {
public:
  void set(gateway::dependency x);
  void set_draining();
  gateway::health_report report() const;

  /// Messages wait so long that more of them would not be answered in time.
  void set_overloaded(bool on) { overloaded_.store(on, std::memory_order_relaxed); }
  bool is_overloaded() const { return overloaded_.load(std::memory_order_relaxed); }

private:
  mutable std::mutex mutex_;
  bool draining_ = false;
  std::atomic<bool> overloaded_{false};
  std::map<std::string, gateway::dependency> dependencies_;
};

/// From when on the parts of a node are too slow, by the age of the oldest message in a mailbox.
struct slowness {
  duration sheds_after{2'000};      // new work is refused
  duration not_ready_after{10'000}; // likewise when a part has been down for so long

  bool operator==(const slowness&) const = default;
};

/// What the parts of a node are together: "parts", required, down with the worst of them named in its detail.
gateway::dependency judge(const std::vector<supervision::row>& parts, const slowness& limits, time_point now);

/// The age of the oldest message in any mailbox.
duration oldest_message(const std::vector<supervision::row>& parts);

/// Work that is stored and waits for its time, as a queue that people look at.
struct watched_queue {
  std::string name;    // "payment.process"
  std::string context; // whose stored wake-ups it consists of
};

struct health_checks {
  journal::journal_actor journal;
  payment::providers providers;
  clock_fn now;
  duration store_every{1'000};
  duration store_retry{20};        // while it is down, as it is when a node starts
  duration provider_every{30'000}; // and no answer within provider_timeout is down
  duration provider_timeout{5'000};
  std::shared_ptr<const supervision::tree> parts{}; // looked at as often as the store, where there is one
  live<slowness> limits{slowness{}};
  dead_letter::directory_actor letters{}; // where there is one, its open letters are counted and told
  duration letters_every{5'000};
  std::function<void(dead_letter::source, std::size_t open)> letters_open{};
  live<pause::board> pauses{}; // a provider that is paused is not asked
  std::vector<watched_queue> queues{};
  duration queues_every{60'000};
  duration queues_retry{5'000};         // after one that could not be counted
  duration queues_ahead{60'000};        // what is due within this is in the queue
  live<std::uint64_t> depth_max{1'000}; // of a queue: from then on it is down
  /// Told of each count: `age` is how long the oldest has been overdue, 0 when none is.
  std::function<void(const std::string& name, std::uint64_t depth, duration age)> queue_counted{};
};

/// What is paused is told as that, whatever was found about it last; what nobody looks at stands there while it is
/// paused, named as pauses name it. Single orders do not.
void mark_paused(gateway::health_report& x, const pause::board& pauses);

/// Fills the board. The store is required; providers and queues ("queue/payment.process") are not, because orders wait.
caf::actor spawn_health_checks(caf::actor_system& system, health_checks checks, std::shared_ptr<health_board> board);

} // namespace troupe

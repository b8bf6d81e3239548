// supervisors/health.hpp: looks at what a node depends on, again and again.
#pragma once

#include "actors/entity/journal_actor.hpp"
#include "actors/payment/provider.hpp"
#include "gateways/http/routes/services.hpp"

#include <caf/actor_system.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace troupe {

/// What was found at the last look at each dependency. Safe on any thread.
class health_board {
public:
  void set(gateway::dependency x);
  void set_draining();
  gateway::health_report report() const;

private:
  mutable std::mutex mutex_;
  bool draining_ = false;
  std::map<std::string, gateway::dependency> dependencies_;
};

struct health_checks {
  journal::journal_actor journal;
  payment::providers providers;
  clock_fn now;
  duration store_every{1'000};
  duration store_retry{20};        // while it is down, as it is when a node starts
  duration provider_every{30'000}; // and no answer within provider_timeout is down
  duration provider_timeout{5'000};
};

/// Fills the board. The store is required; providers are not, because orders wait for them.
caf::actor spawn_health_checks(caf::actor_system& system, health_checks checks, std::shared_ptr<health_board> board);

} // namespace troupe

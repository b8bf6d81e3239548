// tests/simulation/sink.hpp: sinks of outlets that now and then will not take an event.
#pragma once

#include "actors/outlet/outlet_actor.hpp"
#include "tests/simulation/auditor.hpp"
#include "tests/simulation/world.hpp"

#include <map>
#include <memory>
#include <string>

namespace troupe::simulation {

/// Which events are refused, and how often still. Outlives every node.
struct sink_moods {
  double refuses = 0;                // an event, by probability: for good, or a number of times
  double silent = 0;                 // a delivery
  std::map<std::string, int> left{}; // by event
};

/// Stands before `behind`.
outlet::sink_actor spawn_moody_sink(world& w, std::shared_ptr<sink_moods> moods, outlet::sink_actor behind);

/// Takes each event of the orders itself, and tells the auditor.
outlet::sink_actor spawn_copying_sink(world& w, auditor& audit, std::shared_ptr<sink_moods> moods);

} // namespace troupe::simulation

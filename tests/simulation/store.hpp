// tests/simulation/store.hpp: the simulated disk with mishaps, watched by the auditor.
#pragma once

#include "adapters/simulated_store/simulated_store.hpp"
#include "tests/simulation/auditor.hpp"
#include "tests/simulation/world.hpp"

#include <memory>

namespace troupe::simulation {

struct disk_faults {
  double full = 0;    // of a commit
  double lost = 0;    // of a commit: the sync failed, nothing is there
  double unknown = 0; // of a commit: the sync failed, everything is there
  double unreadable = 0;
  double unopenable = 0;
};

/// Which parts of the store are replaced by ones that do wrong.
struct store_bugs {
  bool unsynced = false;        // acknowledges without syncing, mostly
  bool stale_snapshot = false;  // keeps the snapshot of before under the new version
  bool forgets_wake_up = false; // stores no wake-ups
  bool fences = true;           // else whoever has owned a shard writes to it
};

/// The store that a node opens. What it is asked to store passes the auditor once it is durable.
std::shared_ptr<journal::store_factory> make_store(world& w, auditor& audit, std::shared_ptr<simulated::disk> disk,
                                                   const disk_faults& faults, const store_bugs& bugs);

} // namespace troupe::simulation

// tests/simulation/bug.hpp: planted bugs, to prove that the simulation can find one. Each is a part that is put in the
// place of a right one; no product code knows of them.
#pragma once

#include "actors/entity/journal_actor.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/kernel/uuid.hpp"
#include "actors/outlet/outlet_actor.hpp"
#include "actors/payment/provider.hpp"
#include "supervisors/cluster/door.hpp"
#include "tests/simulation/store.hpp"
#include "tests/simulation/world.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace troupe::simulation {

enum class bug {
  none,
  missing_idempotency_key, // every call to the provider has a key of its own
  effect_before_commit,    // the journal acknowledges what is not stored yet
  lost_compensation,       // stock answers that it was given back, and keeps it sold
  immortal_hold,           // the clock of the stock stands still, so that no hold expires
  stale_snapshot,          // a snapshot has the state of the one before
  unsynced_write,          // the disk acknowledges what a crash will drop
  forgotten_wake_up,       // nobody is woken after a crash
  forgotten_key,           // every request with an Idempotency-Key is the first
  second_reservation,      // a repeated reservation is a new one
  hasty_refund,            // refunds are answered and not made
  breaker_stays_open,      // a breaker that has opened never lets a call through again
  retried_refusal,         // a guard repeats what was refused
  retries_without_budget,  // a guard repeats until it works, whatever happens
  lost_while_restarting,   // what is sent to the journal while it is down is lost, and nobody hears of it
  lost_dead_letter,        // whoever gives up tells of it once, and a crash takes that
  forgotten_pause,         // a node that starts finds nothing that was paused
  no_fencing,              // the store takes what an earlier owner of a shard writes
  lease_by_wall_clock,     // a node looks at the clock on the wall to see whether its lease has run out
  reply_before_hand_over,  // what is to let go of a shard says that it has, and goes on
  lost_at_hand_over,       // what another node asks of a shard that is on its way is lost
};

/// Those that need several nodes.
bool is_of_cluster(bug x);

/// Those that can be planted.
std::span<const bug> all_bugs();

std::string_view name_of(bug x);
std::optional<bug> parse_bug(std::string_view name);

store_bugs store_bugs_of(bug x);

// Each answers the part that `planted` puts before `behind`, or `behind` itself.
payment::provider_actor plant(world& w, bug planted, payment::provider_actor behind, random_fn random);
/// What `planted` has stand before the provider in the place of a guard; none for another bug.
payment::provider_actor plant_guard(world& w, bug planted, payment::provider_actor behind);
inventory::inventory_actor plant(world& w, bug planted, inventory::inventory_actor behind);
idempotency::idempotency_actor plant(world& w, bug planted, idempotency::idempotency_actor behind);
journal::journal_actor plant(world& w, bug planted, journal::journal_actor behind);
outlet::sink_actor plant(world& w, bug planted, outlet::sink_actor behind);
/// Whoever is told to let go of shards.
std::vector<caf::actor> plant_parts(world& w, bug planted, std::vector<caf::actor> behind);
/// The regions behind a door.
std::shared_ptr<const cluster::region_table> plant_regions(world& w, bug planted,
                                                           std::shared_ptr<const cluster::region_table> behind);

} // namespace troupe::simulation

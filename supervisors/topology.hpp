// supervisors/topology.hpp: which actors a node consists of, and how they hold on to one another.
#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "actors/entity/context.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/order/order_entity.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// The contexts whose entities a node keeps in its journal.
std::vector<std::string> stored_contexts();

/// The journal over a store's writing and reading actor.
journal::journal_actor spawn_journal(caf::actor_system& system, journal::writer_actor writer,
                                     journal::reader_actor reader, std::string node, clock_fn now);

// The shard regions. Each is a stable reference to its entities: it recovers them on demand and by stored wake-up, and
// an entity that ends for any reason is recovered from the journal when it is needed next.
inventory::inventory_actor spawn_inventories(caf::actor_system& system, entity::environment env,
                                             live<inventory::policy> rules);
catalog::catalog_actor spawn_products(caf::actor_system& system, entity::environment env);
idempotency::idempotency_actor spawn_idempotency_keys(caf::actor_system& system, entity::environment env);
order::order_actor spawn_orders(caf::actor_system& system, entity::environment env, order::dependencies deps);

} // namespace troupe

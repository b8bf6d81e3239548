#include "supervisors/topology.hpp"

#include "actors/catalog/catalog_entity.hpp"
#include "actors/idempotency/idempotency_entity.hpp"
#include "actors/inventory/inventory_entity.hpp"

namespace troupe {

namespace {

/// A region whose entities are `Entity` actors made with `args` beside what every entity gets.
template <class Traits, class Entity, class... Args>
auto spawn_region(caf::actor_system& system, const entity::environment& env, Args... args) {
  using impl = typename entity::entity_of<typename Traits::interface>::template stateful_impl<Entity>;
  auto spawn = [env, args...](caf::scheduled_actor* parent, std::string key,
                              entity::recovered<typename Traits::state> from, caf::actor region) {
    return parent->spawn<impl, caf::lazy_init>(std::move(key), env, std::move(from), std::move(region), args...);
  };
  return system.spawn<entity::region_impl<Traits>>(env, std::move(spawn));
}

} // namespace

std::vector<std::string> stored_contexts() {
  return {order::traits::context, inventory::traits::context, catalog::traits::context, idempotency::traits::context};
}

journal::journal_actor spawn_journal(caf::actor_system& system, journal::writer_actor writer,
                                     journal::reader_actor reader, std::string node, clock_fn now) {
  journal::options config;
  config.contexts = stored_contexts();
  config.node = std::move(node);
  return system.spawn<journal::journal_actor_impl>(
    std::move(config), journal::dependencies{std::move(writer), std::move(reader), std::move(now)});
}

inventory::inventory_actor spawn_inventories(caf::actor_system& system, entity::environment env,
                                             live<inventory::policy> rules) {
  return spawn_region<inventory::traits, inventory::inventory_entity>(system, env, rules);
}

catalog::catalog_actor spawn_products(caf::actor_system& system, entity::environment env) {
  return spawn_region<catalog::traits, catalog::catalog_entity>(system, env);
}

idempotency::idempotency_actor spawn_idempotency_keys(caf::actor_system& system, entity::environment env) {
  return spawn_region<idempotency::traits, idempotency::idempotency_entity>(system, env);
}

order::order_actor spawn_orders(caf::actor_system& system, entity::environment env, order::dependencies deps) {
  return spawn_region<order::traits, order::order_entity>(
    system, env, order::shared_dependencies{std::make_shared<const order::dependencies>(std::move(deps))});
}

} // namespace troupe

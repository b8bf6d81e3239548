// supervisors/topology.hpp: which actors a node consists of, who looks after whom, and why it is done that way.
#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/entity/context.hpp"
#include "actors/guard/directory.hpp"
#include "actors/guard/guard_actor.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/notification/notification_entity.hpp"
#include "actors/order/order_entity.hpp"
#include "actors/outlet/parking_entity.hpp"
#include "actors/pause/board.hpp"
#include "actors/pause/pause_actor.hpp"
#include "supervisors/cluster/assembly.hpp"
#include "supervisors/reader_pool.hpp"
#include "supervisors/supervision/supervisor.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The contexts whose entities a node keeps in its journal.
std::vector<std::string> stored_contexts();

/// The journal over a store's writing and reading actor; a member's owns nothing until it is told to.
journal::sharded_journal_actor spawn_journal(const supervision::place& where, journal::writer_actor writer,
                                             journal::reader_actor reader, std::string node, clock_fn now,
                                             bool member = false);

// The shard regions. Each is a stable reference to its entities: it recovers them on demand and by stored wake-up, and
// an entity that ends for any reason is recovered from the journal when it is needed next.
inventory::inventory_actor spawn_inventories(const supervision::place& where, entity::environment env,
                                             live<inventory::policy> rules);
catalog::catalog_actor spawn_products(const supervision::place& where, entity::environment env);
idempotency::idempotency_actor spawn_idempotency_keys(const supervision::place& where, entity::environment env);
notification::notification_actor spawn_notifications(const supervision::place& where, entity::environment env,
                                                     notification::dependencies deps);
pause::pause_actor spawn_pauses(const supervision::place& where, entity::environment env, pause::registry_ptr puts_up);
guard::trail_actor spawn_guard_trails(const supervision::place& where, entity::environment env);
order::order_actor spawn_orders(const supervision::place& where, entity::environment env, order::dependencies deps);

/// Dead letters: where they are recorded, listed and replayed.
struct dead_letters {
  dead_letter::directory_actor directory;
  dead_letter::dead_letter_actor letters;
  dead_letter::job::job_actor jobs;
};

/// `passes_on` is told what letters of this node tell the directory.
dead_letter::directory_actor spawn_letter_directory(const supervision::place& where, journal::journal_actor journal,
                                                    std::function<void(const dead_letter::changed&)> passes_on = {});
/// `replayers` may be filled in later, and grow: who replays often needs the letters first. So may `reachable`, the
/// places to which undeliverable messages can be sent again.
dead_letter::dead_letter_actor spawn_letters(const supervision::place& where, entity::environment env,
                                             dead_letter::directory_actor directory,
                                             live<dead_letter::replayers> replayers,
                                             live<std::set<std::string>> reachable = {});
dead_letter::job::job_actor spawn_replay_jobs(const supervision::place& where, entity::environment env,
                                              dead_letter::directory_actor directory,
                                              dead_letter::dead_letter_actor letters);

/// Records a letter for somebody who does not wait. Safe to repeat with the same id. What the journal cannot take is
/// tried again for a minute; `failed` is told when that did not help, on an actor's thread.
void record(caf::actor_system& system, const dead_letter::dead_letter_actor& letters, request_context context,
            dead_letter::record what, std::function<void(const caf::error&)> failed);

// What outlets park, who replays their dead letters, and the outlets themselves, each of which begins at once.
outlet::parking_actor spawn_parked_events(const supervision::place& where, entity::environment env,
                                          outlet::parking_dependencies deps);
dead_letter::replayer_actor spawn_outlet_replayer(const supervision::place& where, journal::journal_actor journal,
                                                  outlet::parking_actor parking);
outlet::outlet_actor spawn_outlet(const supervision::place& where, outlet::definition about, outlet::dependencies deps);

/// Puts something before a part, for whoever uses it: a wire that loses messages, say.
template <class Handle> using joint = std::function<Handle(Handle)>;

struct topology;

/// What differs between a node and a simulated one.
struct topology_settings {
  std::string node; // its name in the journal
  std::shared_ptr<journal::store_factory> stores;
  bool stores_block = true;                      // they need threads of their own
  std::optional<reader_pool_settings> readers{}; // `connect` is filled in; one connection without it
  /// Of a member of a cluster: entities are reached through routers, and what takes part is noted here.
  std::shared_ptr<cluster::assembly> member{};
  supervision::limits restarts{}; // of every supervisor
  /// Of the entities of a context; its journal is filled in.
  std::function<entity::environment(std::string_view context)> environment;
  /// Told of each entity that ended by a failure, see entity::population; on any thread.
  std::function<void(std::string_view context, const std::string& key, std::uint32_t in_a_row, const caf::error& why,
                     duration rest)>
    entity_failed{};
  live<inventory::policy> inventory;
  order::dependencies orders; // inventory, catalog, providers and pauses are filled in
  /// What is paused; whoever restarts the node gives it a new one. Made when it is null.
  pause::registry_ptr pauses{};
  /// Told, before anything is begun, how operators hold the breakers of guards. Without it nobody looks.
  std::function<void(const guard::trail&)> guard_found{};
  std::function<void(const std::string& guard, const caf::error& why)> guard_lost{}; // set with guard_found
  /// Adds the payment providers' actors to `to`.
  std::function<payment::providers(supervision::group& to)> providers;
  notification::dependencies notifications{}; // providers are filled in
  /// Adds the mail providers' actors to `to`; none without it.
  std::function<std::map<std::string, notification::mailer_actor>(supervision::group& to)> mailers{};

  /// Adds the sinks' actors to `to`, and says which outlets there are; none when it is empty.
  std::function<std::vector<outlet::definition>(supervision::group& to, const topology& made)> outlets{};
  live<outlet::policy> parking{};
  outlet::observer observe_outlets{};
  bool keeps_dead_letters = true; // and what is parked

  // Between those named first and those named after "for"; nothing stands there as long as they are empty.
  joint<journal::writer_actor> writer_for_journal{};
  joint<journal::reader_actor> reader_for_journal{};
  joint<journal::journal_actor> journal_for_entities{};
  joint<inventory::inventory_actor> inventory_for_orders{};
  joint<catalog::catalog_actor> catalog_for_orders{};
  joint<payment::provider_actor> provider_for_orders{};
};

/// The parts of a node that stores, entities and providers are. The handles survive every restart.
struct topology {
  supervision::group root;
  journal::journal_actor journal;
  inventory::inventory_actor inventory;
  catalog::catalog_actor catalog;
  idempotency::idempotency_actor keys;
  order::order_actor orders;
  payment::providers providers;
  notification::notification_actor notifications;
  troupe::dead_letters dead_letters{};
  live<dead_letter::replayers> replayers{}; // of dead letters; those of outlets are there
  pause::pause_actor pauses{};
  pause::registry_ptr paused{};
  guard::trail_actor guard_trails{};
  live<std::set<std::string>> reachable{}; // paths of parts to which undeliverable messages can be sent again
};

topology make_topology(caf::actor_system& system, topology_settings with);

} // namespace troupe

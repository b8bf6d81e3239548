#include "supervisors/topology.hpp"

#include "actors/catalog/catalog_entity.hpp"
#include "actors/dead_letter/dead_letter_entity.hpp"
#include "actors/dead_letter/directory.hpp"
#include "actors/dead_letter/replay_job_entity.hpp"
#include "actors/entity/store_actors.hpp"
#include "actors/guard/guard_entity.hpp"
#include "actors/idempotency/idempotency_entity.hpp"
#include "actors/inventory/inventory_entity.hpp"
#include "actors/pause/directory.hpp"
#include "actors/pause/pause_entity.hpp"
#include "supervisors/cluster/router.hpp"

#include <caf/event_based_actor.hpp>

namespace troupe {

namespace {

/// A region whose entities are `Entity` actors made with `args` beside what every entity gets.
template <class Traits, class Entity, class... Args>
auto spawn_region(const supervision::place& where, const entity::environment& env, Args... args) {
  using impl = typename entity::entity_of<typename Traits::interface>::template stateful_impl<Entity>;
  auto spawn = [env, args...](caf::scheduled_actor* parent, std::string key,
                              entity::recovered<typename Traits::state> from, caf::actor region) {
    return parent->spawn<impl, caf::lazy_init>(std::move(key), env, std::move(from), std::move(region), args...);
  };
  return where.spawn<entity::region_impl<Traits>>(env, std::move(spawn));
}

} // namespace

std::vector<std::string> stored_contexts() {
  return {order::traits::context,       inventory::traits::context,    catalog::traits::context,
          idempotency::traits::context, dead_letter::traits::context,  dead_letter::job::traits::context,
          outlet::traits::context,      notification::traits::context, pause::traits::context,
          guard::traits::context};
}

journal::sharded_journal_actor spawn_journal(const supervision::place& where, journal::writer_actor writer,
                                             journal::reader_actor reader, std::string node, clock_fn now,
                                             bool member) {
  journal::options config;
  config.contexts = stored_contexts();
  config.node = std::move(node);
  config.member = member;
  return where.spawn<journal::journal_actor_impl>(
    std::move(config), journal::dependencies{std::move(writer), std::move(reader), std::move(now)});
}

inventory::inventory_actor spawn_inventories(const supervision::place& where, entity::environment env,
                                             live<inventory::policy> rules) {
  return spawn_region<inventory::traits, inventory::inventory_entity>(where, env, rules);
}

catalog::catalog_actor spawn_products(const supervision::place& where, entity::environment env) {
  return spawn_region<catalog::traits, catalog::catalog_entity>(where, env);
}

idempotency::idempotency_actor spawn_idempotency_keys(const supervision::place& where, entity::environment env) {
  return spawn_region<idempotency::traits, idempotency::idempotency_entity>(where, env);
}

notification::notification_actor spawn_notifications(const supervision::place& where, entity::environment env,
                                                     notification::dependencies deps) {
  return spawn_region<notification::traits, notification::notification_entity>(
    where, env, notification::shared_dependencies{std::make_shared<const notification::dependencies>(std::move(deps))});
}

pause::pause_actor spawn_pauses(const supervision::place& where, entity::environment env, pause::registry_ptr puts_up) {
  return spawn_region<pause::traits, pause::pause_entity>(where, env, std::move(puts_up));
}

guard::trail_actor spawn_guard_trails(const supervision::place& where, entity::environment env) {
  return spawn_region<guard::traits, guard::guard_entity>(where, env);
}

order::order_actor spawn_orders(const supervision::place& where, entity::environment env, order::dependencies deps) {
  return spawn_region<order::traits, order::order_entity>(
    where, env, order::shared_dependencies{std::make_shared<const order::dependencies>(std::move(deps))});
}

dead_letter::directory_actor spawn_letter_directory(const supervision::place& where, journal::journal_actor journal,
                                                    std::function<void(const dead_letter::changed&)> passes_on) {
  dead_letter::directory_options with;
  with.passes_on = std::move(passes_on);
  return where.spawn<dead_letter::directory_impl>(std::move(journal), std::move(with));
}

dead_letter::dead_letter_actor spawn_letters(const supervision::place& where, entity::environment env,
                                             dead_letter::directory_actor directory,
                                             live<dead_letter::replayers> replayers,
                                             live<std::set<std::string>> reachable) {
  dead_letter::letter_dependencies deps{std::move(directory), std::move(replayers), std::move(reachable)};
  return spawn_region<dead_letter::traits, dead_letter::dead_letter_entity>(
    where, env,
    dead_letter::shared_letter_dependencies{std::make_shared<const dead_letter::letter_dependencies>(deps)});
}

dead_letter::job::job_actor spawn_replay_jobs(const supervision::place& where, entity::environment env,
                                              dead_letter::directory_actor directory,
                                              dead_letter::dead_letter_actor letters) {
  using namespace dead_letter::job;
  job_dependencies deps{std::move(directory), std::move(letters)};
  return spawn_region<traits, replay_job_entity>(
    where, env, shared_job_dependencies{std::make_shared<const job_dependencies>(deps)});
}

namespace {

constexpr duration record_again_after{2'000};
constexpr int record_tries_max = 30;

void try_to_record(caf::event_based_actor* self, const dead_letter::dead_letter_actor& letters,
                   const request_context& context, const dead_letter::record& what,
                   const std::function<void(const caf::error&)>& failed, int tries) {
  self->request(letters, caf::infinite, context, what)
    .then([](const dead_letter::view&) {},
          [=](const caf::error& why) {
            if (tries < record_tries_max && is_transient(code_of(why)))
              self->run_delayed(record_again_after, // It keeps this actor alive, which nobody else does.
                                [=] { try_to_record(self, letters, context, what, failed, tries + 1); });
            else if (failed)
              failed(why);
          });
}

} // namespace

void record(caf::actor_system& system, const dead_letter::dead_letter_actor& letters, request_context context,
            dead_letter::record what, std::function<void(const caf::error&)> failed) {
  system.spawn([letters, context = std::move(context), what = std::move(what), failed = std::move(failed)](
                 caf::event_based_actor* self) { try_to_record(self, letters, context, what, failed, 1); });
}

outlet::parking_actor spawn_parked_events(const supervision::place& where, entity::environment env,
                                          outlet::parking_dependencies deps) {
  return spawn_region<outlet::traits, outlet::parking_entity>(
    where, env,
    outlet::shared_parking_dependencies{std::make_shared<const outlet::parking_dependencies>(std::move(deps))});
}

dead_letter::replayer_actor spawn_outlet_replayer(const supervision::place& where, journal::journal_actor journal,
                                                  outlet::parking_actor parking) {
  return where.run<dead_letter::replayer_actor>(outlet::make_replayer, std::move(journal), std::move(parking));
}

outlet::outlet_actor spawn_outlet(const supervision::place& where, outlet::definition about,
                                  outlet::dependencies deps) {
  return where.spawn<outlet::outlet_actor_impl>(std::move(about), std::move(deps));
}

namespace {

using supervision::group;
using supervision::place;
using supervision::strategy;

// Requests of these wait for their next incarnation instead of failing; a restart takes milliseconds.
supervision::child_rules patient(std::size_t messages_max) {
  supervision::child_rules rules;
  rules.buffer.messages_max = messages_max;
  return rules;
}

template <class Handle> Handle join(const joint<Handle>& with, Handle x) {
  return with ? with(std::move(x)) : x;
}

template <class Handle, class Make> auto run_store_actor(Make make, const topology_settings& with) {
  return [make, stores = with.stores, blocks = with.stores_block](const place& where) {
    return blocks ? where.run<Handle, caf::detached>(make, stores) : where.run<Handle>(make, stores);
  };
}

std::function<journal::reader_actor(const place&)> run_reader(const topology_settings& with) {
  if (!with.readers)
    return run_store_actor<journal::reader_actor>(journal::make_reader, with);
  return [pool = *with.readers, stores = with.stores](const place& where) mutable {
    pool.connect = [&system = where.system(), stores] {
      return system.spawn<caf::detached>(journal::make_reader, stores);
    };
    return caf::actor_cast<journal::reader_actor>(where.spawn<reader_pool_impl>(pool));
  };
}

// A writer that ends takes the outcome of its last commit with it, so the journal, which stands on it, does not go on
// with what it believed but begins anew from the store. The reader is another connection, and nothing stands on what it
// remembers: whoever was reading tries again.
journal::journal_actor add_store(caf::actor_system& system, group& root, const topology_settings& with) {
  group store{system, "store", strategy::one_for_one, with.restarts};
  const auto reader = store.add<journal::reader_actor>("reader", run_reader(with), patient(8'192));
  group writing{system, "writing", strategy::rest_for_one, with.restarts};
  const auto writer = writing.add<journal::writer_actor>(
    "writer", run_store_actor<journal::writer_actor>(journal::make_writer, with), patient(64));
  const auto journal = writing.add<journal::sharded_journal_actor>(
    "journal",
    [writer = join(with.writer_for_journal, writer), reader = join(with.reader_for_journal, reader), node = with.node,
     now = with.environment({}).now, member = with.member != nullptr](const place& where) {
      return spawn_journal(where, writer, reader, node, now, member);
    },
    patient(65'536));
  if (with.member)
    with.member->journal = journal;
  store.add(std::move(writing));
  root.add(std::move(store));
  return journal;
}

/// What `Traits` has to know of its surroundings, with the journal and a population of its own in it.
template <class Traits>
entity::environment environment_of(const topology_settings& with, journal::journal_actor journal) {
  auto env = with.environment(Traits::context);
  env.journal = std::move(journal);
  if (with.member)
    env.held = with.member->held;
  entity::population::failed_fn told;
  if (with.entity_failed)
    told = [told = with.entity_failed](const std::string& key, std::uint32_t in_a_row, const caf::error& why,
                                       duration rest) { told(Traits::context, key, in_a_row, why, rest); };
  env.population = std::make_shared<entity::population>(std::move(told));
  return env;
}

/// Of a region with that environment.
supervision::child_rules shows_entities(const entity::environment& env) {
  supervision::child_rules rules;
  rules.keyed = [of = env.population] { return supervision::keyed_children{of->live(), of->failures()}; };
  return rules;
}

/// The way to a region's entities wherever they are, and the region of this node.
template <class Handle> struct way {
  Handle entities;
  Handle local;

  operator Handle() const { return entities; }
};

/// A region over `env`, which `spawn(place, env)` starts, as a child of `to`; before it, in a cluster, its router.
template <class Traits, class Spawn>
auto add_region(group& to, const std::string& id, const entity::environment& env, const topology_settings& with,
                Spawn spawn) {
  using handle = typename Traits::interface;
  const auto local = to.add<handle>(
    id, [env, spawn = std::move(spawn)](const place& where) { return spawn(where, env); }, shows_entities(env));
  if (!with.member)
    return way<handle>{local, local};
  auto& member = *with.member;
  cluster::add_region(member, caf::actor_cast<caf::actor>(local), typename Traits::commands{});
  const cluster::router_settings settings{member.self, member.held, member.now};
  const auto router = to.add<handle>("way to " + id, [local, settings](const place& where) {
    return where.spawn<cluster::router_impl<Traits>>(local, settings);
  });
  member.routers.push_back(caf::actor_cast<caf::actor>(router));
  return way<handle>{router, local};
}

// The directory hears from letters, jobs ask both, and each begins anew from the store alone.
void add_dead_letters(caf::actor_system& system, topology& made, const topology_settings& with,
                      const journal::journal_actor& journal) {
  using namespace dead_letter;
  group letters{system, "dead letters", strategy::one_for_one, with.restarts};
  auto& parts = made.dead_letters;
  std::function<void(const changed&)> passes_on;
  if (with.member)
    passes_on = [line = with.member->bulletin](const changed& x) { line->tell(x); };
  parts.directory = letters.add<directory_actor>("directory", [journal, passes_on](const place& where) {
    return spawn_letter_directory(where, journal, passes_on);
  });
  parts.letters = add_region<traits>(letters, "letters", environment_of<traits>(with, journal), with,
                                     [directory = parts.directory, replayers = made.replayers,
                                      reachable = made.reachable](const place& where, const auto& env) {
                                       return spawn_letters(where, env, directory, replayers, reachable);
                                     });
  parts.jobs = add_region<job::traits>(letters, "replay jobs", environment_of<job::traits>(with, journal), with,
                                       [parts](const place& where, const auto& env) {
                                         return spawn_replay_jobs(where, env, parts.directory, parts.letters);
                                       });
  made.root.add(std::move(letters));
}

/// Tells an outlet that it may go on.
pause::registry::told_fn wakes(const outlet::outlet_actor& outlet, const std::string& name) {
  // Not a handle of its own, as below.
  return [weak = caf::actor_cast<caf::weak_actor_ptr>(outlet), name](const pause::target& what,
                                                                     const std::optional<pause::paused>& how) {
    if (how || what.kind != pause::kind::outlet || what.name != name)
      return;
    if (const auto strong = weak.lock())
      caf::anon_send(caf::actor_cast<outlet::outlet_actor>(strong), outlet::look_again{});
  };
}

// An outlet that fails begins again behind its marks; what is parked goes on without it.
void add_outlets(caf::actor_system& system, topology& made, const topology_settings& with,
                 const journal::journal_actor& journal) {
  group outlets{system, "outlets", strategy::one_for_one, with.restarts};
  const auto wanted = with.outlets ? with.outlets(outlets, made) : std::vector<outlet::definition>{};
  outlet::parking_dependencies deps{
    {}, made.dead_letters.letters, with.parking, with.observe_outlets, made.paused->published()};
  for (const auto& x : wanted)
    deps.outlets.emplace(outlet::name_of(x.name, x.context), x);
  const auto env = environment_of<outlet::traits>(with, journal);
  const outlet::parking_actor parking =
    add_region<outlet::traits>(outlets, "parked events", env, with, [deps](const place& where, const auto& its) {
      return spawn_parked_events(where, its, deps);
    });
  const auto replayer = outlets.add<dead_letter::replayer_actor>(
    "replayer", [journal, parking](const place& where) { return spawn_outlet_replayer(where, journal, parking); });
  const outlet::dependencies outlet_deps{journal, parking, env.now, with.observe_outlets, made.paused->published(),
                                         env.held};
  for (const auto& x : wanted) {
    const auto made_outlet =
      outlets.add<outlet::outlet_actor>(x.name + " of " + x.context, [x, outlet_deps](const place& where) {
        return spawn_outlet(where, x, outlet_deps);
      });
    made.paused->observe(wakes(made_outlet, x.name));
    if (with.member)
      with.member->parts.push_back(caf::actor_cast<caf::actor>(made_outlet));
  }
  made.root.add(std::move(outlets));
  made.replayers.set(
    {{dead_letter::source::outlet_gave_up, replayer}, {dead_letter::source::poisoned_event, replayer}});
}

/// As far ahead as orders and mails that stand still may have put off being looked at.
constexpr duration looks_ahead = order::paused_look + entity::resumed_after;
constexpr duration mails_look_ahead = notification::paused_look + entity::resumed_after;

/// Wakes all entities of a region that want to be woken within `ahead`, a few at a time, in memory or not.
template <class Region> void look_at_all(const Region& x, duration ahead) {
  caf::anon_send(caf::actor_cast<caf::actor>(x), entity::look_ahead{ahead});
}

/// Tells orders that they may go on: one at once, all others a few at a time, whether they are in memory or not.
void wake_orders(const order::order_actor& orders, const pause::target& what) {
  if (what.kind == pause::kind::order)
    caf::anon_send(orders, request_context{"operator", {}, time_point::max()}, order::look{{what.name}});
  else
    look_at_all(orders, looks_ahead);
}

pause::registry::told_fn wakes(const order::order_actor& orders) {
  // Not a handle of its own: who is told lives as long as what is paused is known, which is longer than the orders.
  return [weak = caf::actor_cast<caf::weak_actor_ptr>(orders)](const pause::target& what,
                                                               const std::optional<pause::paused>& how) {
    const bool concerns_orders = what.kind != pause::kind::outlet && (!how || what.kind == pause::kind::order);
    if (const auto strong = concerns_orders ? weak.lock() : nullptr)
      wake_orders(caf::actor_cast<order::order_actor>(strong), what);
  };
}

/// Tells mails that they may go on.
pause::registry::told_fn wakes(const notification::notification_actor& mails) {
  return [weak = caf::actor_cast<caf::weak_actor_ptr>(mails)](const pause::target& what,
                                                              const std::optional<pause::paused>& how) {
    if (what.kind != pause::kind::provider || how)
      return;
    if (const auto strong = weak.lock())
      look_at_all(caf::actor_cast<notification::notification_actor>(strong), mails_look_ahead);
  };
}

// Until it is known what is paused, every order and every mail stands still. Before that is looked for, it is known
// which breakers are held: nothing may pass through one that operators had opened.
void add_directories(group& to, const topology& made, const order::order_actor& orders,
                     const notification::notification_actor& mails, const topology_settings& with,
                     const journal::journal_actor& journal) {
  const live<bool> guards_known{!with.guard_found};
  const auto paused = to.add<caf::actor>("pause directory",
                                         [journal, guards_known, pauses = made.pauses, puts_up = made.paused, orders,
                                          mails](const place& where) -> caf::actor {
                                           return where.spawn<pause::directory_impl>(
                                             journal, pauses, puts_up, guards_known, [orders, mails] {
                                               look_at_all(orders, looks_ahead);
                                               look_at_all(mails, mails_look_ahead);
                                             });
                                         });
  if (!with.guard_found)
    return;
  const guard::finder tells{with.guard_found, with.guard_lost, [guards_known, paused] {
                              guards_known.set(true);
                              caf::anon_send(paused, caf::unit);
                            }};
  to.add<caf::actor>("guard directory", [journal, tells, trails = made.guard_trails](const place& where) -> caf::actor {
    return where.spawn<guard::directory_impl>(journal, trails, tells);
  });
}

} // namespace

// Each region stands on its own streams alone, and recovers its entities from the journal; so does each provider on its
// own connection. Whatever of them fails is restarted alone. When restarts do not help, the node ends: its next start
// begins from the store, which is what every restart does anyway. The gateways, which only a real node has, come last:
// see supervisors/node.cpp.
topology make_topology(caf::actor_system& system, topology_settings with) {
  topology made{group{system, "node", strategy::one_for_one, with.restarts}, {}, {}, {}, {}, {}, {}, {}};
  made.paused = with.pauses ? with.pauses : std::make_shared<pause::registry>();
  made.journal = add_store(system, made.root, with);
  const auto journal = join(with.journal_for_entities, made.journal);

  group providers{system, "payment", strategy::one_for_one, with.restarts};
  made.providers = with.providers(providers);
  made.root.add(std::move(providers));

  auto mails = std::move(with.notifications);
  if (with.mailers) {
    group mailers{system, "email", strategy::one_for_one, with.restarts};
    mails.providers = with.mailers(mailers);
    made.root.add(std::move(mailers));
  }

  group entities{system, "entities", strategy::one_for_one, with.restarts};
  made.inventory = add_region<inventory::traits>(
    entities, "inventory", environment_of<inventory::traits>(with, journal), with,
    [rules = with.inventory](const place& where, const auto& env) { return spawn_inventories(where, env, rules); });
  made.catalog = add_region<catalog::traits>(entities, "catalog", environment_of<catalog::traits>(with, journal), with,
                                             spawn_products);
  made.keys = add_region<idempotency::traits>(
    entities, "idempotency keys", environment_of<idempotency::traits>(with, journal), with, spawn_idempotency_keys);
  made.pauses = add_region<pause::traits>(
    entities, "pauses", environment_of<pause::traits>(with, journal), with,
    [puts_up = made.paused](const place& where, const auto& env) { return spawn_pauses(where, env, puts_up); });
  made.guard_trails = add_region<guard::traits>(entities, "guard trails", environment_of<guard::traits>(with, journal),
                                                with, spawn_guard_trails);
  auto deps = std::move(with.orders);
  deps.pauses = made.paused->published();
  deps.inventory = join(with.inventory_for_orders, made.inventory);
  deps.catalog = join(with.catalog_for_orders, made.catalog);
  for (const auto& [name, provider] : made.providers)
    deps.providers[name] = {join(with.provider_for_orders, provider.actor), provider.key_lifetime};
  auto env_of_orders = environment_of<order::traits>(with, journal);
  env_of_orders.looks_ahead = looks_ahead;
  const auto orders = add_region<order::traits>(
    entities, "orders", env_of_orders, with,
    [deps = std::move(deps)](const place& where, const auto& env) { return spawn_orders(where, env, deps); });
  made.orders = orders;
  made.paused->observe(wakes(orders.local));
  mails.pauses = made.paused->published();
  auto env_of_mails = environment_of<notification::traits>(with, journal);
  env_of_mails.looks_ahead = mails_look_ahead;
  const auto notifications = add_region<notification::traits>(
    entities, "notifications", env_of_mails, with,
    [deps = std::move(mails)](const place& where, const auto& env) { return spawn_notifications(where, env, deps); });
  made.notifications = notifications;
  made.paused->observe(wakes(notifications.local));
  add_directories(entities, made, orders.local, notifications.local, with, journal);
  made.root.add(std::move(entities));
  if (with.keeps_dead_letters) {
    add_dead_letters(system, made, with, journal);
    add_outlets(system, made, with, journal);
  }
  return made;
}

} // namespace troupe

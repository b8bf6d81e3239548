#include "tests/simulation/node.hpp"

#include "actors/inventory/inventory_entity.hpp"
#include "adapters/payment/rest/rest.hpp"
#include "supervisors/resilience/payment_port.hpp"
#include "supervisors/topology.hpp"

#include <utility>

namespace troupe::simulation {

namespace {

payment::rest::options adapter_options() {
  payment::rest::options x;
  x.base_url = "http://provider";
  x.token = "token";
  x.timeout = std::chrono::seconds{3};
  return x;
}

} // namespace

node::node(world& w, auditor& audit, std::shared_ptr<journal::store_factory> stores, http::client_actor client,
           const node_options& setup, const node_faults& faults, bug planted)
  : world_(w), audit_(audit), stores_(std::move(stores)), client_(std::move(client)), options_(setup), faults_(faults),
    planted_(planted), made_at_(w.true_time()), random_(w.random().fork()) {
  for (auto& x : places_)
    x = make_place();
  front_.orders = w.wire<order::order_actor>(places_[orders]);
  front_.stock = w.wire<inventory::inventory_actor>(places_[inventories]);
  front_.products = w.wire<catalog::catalog_actor>(places_[products]);
  front_.pauses = w.wire<pause::pause_actor>(places_[pauses]);
  front_.keys = plant(w, planted, w.wire<idempotency::idempotency_actor>(places_[keys]));
}

entity::environment node::environment() const {
  entity::environment x;
  x.now = [this] { return world_.node_time(); };
  x.random = [self = const_cast<node*>(this)] { return self->random_(); };
  x.idle_timeout = options_.idle_timeout;
  x.snapshot_every = options_.snapshot_every;
  x.live_max = options_.live_max;
  return x;
}

order::dependencies node::order_dependencies() const {
  order::dependencies deps;
  order::policy rules;
  rules.retry_max = std::chrono::seconds{4};
  rules.hold_time = options_.hold_time;
  rules.capture_window = options_.capture_window;
  rules.paused_hold = std::chrono::minutes{1}; // An order in review leaves its units to their time.
  deps.policy.set(rules);
  deps.local_timeout = std::chrono::seconds{1};
  deps.provider_timeout = std::chrono::seconds{5};
  return deps;
}

// What an order sends is seen when it leaves the order, before any other part can hide it.
template <class Handle> Handle node::over_wire(const Handle& behind, bool doubles_requests) {
  auto faults = faults_.local;
  faults.doubles_requests = doubles_requests;
  auto to = std::make_shared<caf::strong_actor_ptr>(caf::actor_cast<caf::strong_actor_ptr>(behind));
  return world_.wire<Handle>(std::move(to), faults, [this](const caf::message& x) { audit_.left(x); });
}

template <class Handle> Handle node::behind_disk(const Handle& x) {
  return world_.wire<Handle>(std::make_shared<caf::strong_actor_ptr>(caf::actor_cast<caf::strong_actor_ptr>(x)),
                             faults_.disk);
}

payment::provider_actor node::guarded(const payment::provider_actor& adapter) {
  if (auto instead = plant_guard(world_, planted_, adapter))
    return instead;
  resilience::observer told;
  told.breaker = [this](std::string_view, resilience::breaker_state x) {
    world_.mishap("breaker " + std::string{resilience::name_of(x)});
  };
  told.decided = [this](const resilience::decided& x) { world_.mishap("guard: " + std::string{x.what}); };
  auto port = resilience::payment_port("default", options_.key_lifetime);
  port.held_back = [board = paused_->published()] {
    return std::string{board->stops(pause::kind::provider, "default") ? "paused" : ""};
  };
  return resilience::guard::spawn(
           world_.system(), caf::actor_cast<caf::strong_actor_ptr>(adapter), std::move(port), faults_.policy,
           [this] { return world_.node_time(); }, [this] { return random_(); }, std::move(told))
    .as<payment::provider_actor>();
}

topology_settings node::describe() {
  topology_settings with;
  with.node = "node-" + std::to_string(boots_);
  with.stores = stores_;
  with.stores_block = false;
  with.keeps_dead_letters = false; // Nobody here gives anything up.
  with.environment = [this](std::string_view context) {
    auto env = environment();
    if (planted_ == bug::immortal_hold && context == inventory::traits::context)
      env.now = [at = made_at_] { return at; };
    return env;
  };
  with.orders = order_dependencies();
  with.pauses = paused_ = std::make_shared<pause::registry>(); // A new node knows nothing.
  with.providers = [this](supervision::group& to) {
    payment::providers made;
    auto& configured = made["default"];
    configured.key_lifetime = options_.key_lifetime;
    const auto adapter = to.add<payment::provider_actor>("default", [this](const supervision::place& where) {
      return payment::rest::spawn_rest(
        where.system(), adapter_options(), client_, [this] { return world_.node_time(); },
        [this] { return random_(); });
    });
    configured.actor = guarded(adapter);
    return made;
  };
  with.writer_for_journal = [this](const journal::writer_actor& x) { return behind_disk(x); };
  with.reader_for_journal = [this](const journal::reader_actor& x) { return behind_disk(x); };
  with.journal_for_entities = [this](const journal::journal_actor& x) { return plant(world_, planted_, x); };
  with.inventory_for_orders = [this](const inventory::inventory_actor& x) {
    return over_wire(plant(world_, planted_, x), true);
  };
  with.catalog_for_orders = [this](const catalog::catalog_actor& x) { return over_wire(x, true); };
  // A call that surely failed must be the only one that was made, or nobody could ever give up an authorization: that
  // is what actors promise (at most once). The provider itself may still act twice.
  with.provider_for_orders = [this](const payment::provider_actor& x) {
    return over_wire(plant(world_, planted_, x, [this] { return random_(); }), false);
  };
  return with;
}

void node::start() {
  up_ = true;
  ++boots_;
  auto made = make_topology(world_.system(), describe());
  const auto put = [&](part x, const auto& actor) { *places_[x] = caf::actor_cast<caf::strong_actor_ptr>(actor); };
  put(journal_part, made.journal);
  put(inventories, made.inventory);
  put(products, made.catalog);
  put(keys, made.keys);
  put(orders, made.orders);
  put(pauses, made.pauses);
  supervision::surroundings with;
  with.now = [this] { return world_.true_time(); };
  with.jitter = [this] { return random_.unit(); };
  with.gave_up = [this, boot = boots_](const supervision::incident& x) {
    world_.mishap("gave up: " + x.path);
    world_.after(duration{0}, [this, boot] {
      if (up_ && boots_ == boot)
        end_and_start();
    });
  };
  root_ = supervision::spawn_supervisor(world_.system(), std::move(made.root), std::move(with));
}

void node::crash(simulated::disk& disk) {
  up_ = false;
  for (auto& x : places_)
    *x = nullptr;
  root_ = nullptr;
  world_.kill_all();
  disk.crash();
  audit_.crashed();
}

void node::on_death(caf::actor_id died) {
  if (root_ && root_->id() == died)
    end_and_start();
}

// As whoever starts processes does. What was not synced is there still, for the machine has not gone.
void node::end_and_start() {
  up_ = false;
  for (auto& x : places_)
    *x = nullptr;
  root_ = nullptr;
  world_.kill_all();
  world_.after(random_.between(duration{10}, faults_.restart_max), [this, boot = boots_] {
    if (!up_ && boots_ == boot)
      start();
  });
}

} // namespace troupe::simulation

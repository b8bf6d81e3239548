#include "tests/simulation/node.hpp"

#include "actors/entity/store_actors.hpp"
#include "adapters/payment/rest/rest.hpp"
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
    planted_(planted), random_(w.random().fork()) {
  for (auto& x : places_)
    x = make_place();
  writer_ = w.wire<journal::writer_actor>(places_[writer], faults.disk);
  reader_ = w.wire<journal::reader_actor>(places_[reader], faults.disk);
  journal_ = plant(w, planted, w.wire<journal::journal_actor>(places_[journal_part]));
  front_.orders = w.wire<order::order_actor>(places_[orders]);
  front_.stock = w.wire<inventory::inventory_actor>(places_[inventories]);
  front_.products = w.wire<catalog::catalog_actor>(places_[products]);
  front_.keys = plant(w, planted, w.wire<idempotency::idempotency_actor>(places_[keys]));
  // What an order sends is seen when it leaves the order, before any other part can hide it.
  const auto watch = [this](const caf::message& x) { audit_.left(x); };
  const auto over_wire = [&](const auto& behind, bool doubles_requests) {
    auto faults = faults_.local;
    faults.doubles_requests = doubles_requests;
    auto to = std::make_shared<caf::strong_actor_ptr>(caf::actor_cast<caf::strong_actor_ptr>(behind));
    return w.wire<std::decay_t<decltype(behind)>>(std::move(to), faults, watch);
  };
  auto& deps = order_dependencies_;
  deps.inventory = over_wire(plant(w, planted, front_.stock), true);
  deps.catalog = over_wire(front_.products, true);
  const auto provider = w.wire<payment::provider_actor>(places_[adapter]);
  auto& configured = deps.providers["default"];
  // A call that surely failed must be the only one that was made, or nobody could ever give up an authorization: that
  // is what actors promise (at most once). The provider itself may still act twice.
  configured.actor = over_wire(plant(w, planted, provider, [this] { return random_(); }), false);
  configured.key_lifetime = setup.key_lifetime;
  order::policy rules;
  rules.retry_max = std::chrono::seconds{4};
  rules.hold_time = setup.hold_time;
  rules.capture_window = setup.capture_window;
  deps.policy.set(rules);
  deps.local_timeout = std::chrono::seconds{1};
  deps.provider_timeout = std::chrono::seconds{5};
}

entity::environment node::environment() const {
  entity::environment x;
  x.journal = journal_;
  x.now = [this] { return world_.node_time(); };
  x.random = [self = const_cast<node*>(this)] { return self->random_(); };
  x.idle_timeout = options_.idle_timeout;
  x.snapshot_every = options_.snapshot_every;
  x.live_max = options_.live_max;
  return x;
}

void node::start() {
  up_ = true;
  ++boots_;
  for (std::size_t x = 0; x < part_count; ++x)
    start(static_cast<part>(x));
}

void node::start(part x) {
  auto& system = world_.system();
  const auto put = [&](const auto& actor) { *places_[x] = caf::actor_cast<caf::strong_actor_ptr>(actor); };
  switch (x) {
    case writer: return put(system.spawn(journal::make_writer, stores_));
    case reader: return put(system.spawn(journal::make_reader, stores_));
    case journal_part:
      return put(spawn_journal(system, writer_, reader_, "node-" + std::to_string(boots_),
                               [this] { return world_.node_time(); }));
    case inventories: {
      auto env = environment();
      if (planted_ == bug::immortal_hold)
        env.now = [at = world_.true_time()] { return at; };
      return put(spawn_inventories(system, std::move(env), {}));
    }
    case products: return put(spawn_products(system, environment()));
    case keys: return put(spawn_idempotency_keys(system, environment()));
    case orders: return put(spawn_orders(system, environment(), order_dependencies_));
    case adapter:
      return put(payment::rest::spawn_rest(
        system, adapter_options(), client_, [this] { return world_.node_time(); }, [this] { return random_(); }));
    case part_count: return;
  }
}

void node::crash(simulated::disk& disk) {
  up_ = false;
  for (auto& x : places_)
    *x = nullptr;
  world_.kill_all();
  disk.crash();
  audit_.crashed();
}

void node::on_death(caf::actor_id died) {
  for (std::size_t x = 0; x < part_count; ++x) {
    if (!*places_[x] || (*places_[x])->id() != died)
      continue;
    *places_[x] = nullptr;
    const auto boot = boots_;
    world_.after(random_.between(duration{0}, faults_.restart_max), [this, x, boot] {
      if (up_ && boots_ == boot && !*places_[x])
        start(static_cast<part>(x));
    });
  }
}

} // namespace troupe::simulation

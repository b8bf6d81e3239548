#include "tests/simulation/node.hpp"

#include "actors/inventory/inventory_entity.hpp"
#include "adapters/email/registry.hpp"
#include "adapters/payment/rest/rest.hpp"
#include "supervisors/confirmation_sink.hpp"
#include "supervisors/dead_letters/effects.hpp"
#include "supervisors/dead_letters/mails.hpp"
#include "supervisors/dead_letters/reviews.hpp"
#include "supervisors/resilience/mail_port.hpp"
#include "supervisors/resilience/payment_port.hpp"
#include "supervisors/topology.hpp"

#include <algorithm>
#include <utility>

namespace troupe::simulation {

namespace {

constexpr duration mail_lifetime = std::chrono::seconds{60};

/// Parsed once: it depends on nothing that a seed decides.
std::shared_ptr<const email::renderer> templates() {
  static const auto built_in = std::make_shared<const email::renderer>();
  return built_in;
}

/// Looks less often at what is the same mostly: a virtual second passes often here.
outlet::definition shortened(outlet::definition x) {
  x.save_every = duration{5'000};
  x.timeout = duration{15'000};
  x.retry_max = duration{2'000};
  return x;
}

/// As a node has one in each of its groups of providers. Whom `out` names is part of the call's URL.
http::client_actor add_client(supervision::group& to, std::map<std::string, http::client_actor> out) {
  return to.add<http::client_actor>("http client", [out = std::move(out)](const supervision::place& where) {
    return where.run<http::client_actor>(
      [](http::client_actor::pointer self,
         std::map<std::string, http::client_actor> behind) -> http::client_actor::behavior_type {
        return {[self, behind](http::call& x) -> caf::result<http::response> {
          for (const auto& [name, client] : behind)
            if (x.base_url.find(name) != std::string::npos)
              return self->delegate(client, std::move(x));
          return caf::make_error(ec::unavailable);
        }};
      },
      out);
  });
}

payment::rest::options adapter_options() {
  payment::rest::options x;
  x.base_url = "http://provider";
  x.token = "token";
  x.timeout = std::chrono::seconds{3};
  return x;
}

} // namespace

node::node(world& w, auditor& audit, std::shared_ptr<journal::store_factory> stores, clients out,
           const node_options& setup, const node_faults& faults, bug planted)
  : world_(w), audit_(audit), stores_(std::move(stores)), out_(std::move(out)), options_(setup),
    now_(setup.member ? setup.member->now : [this] { return world_.node_time(); }), faults_(faults), planted_(planted),
    made_at_(w.true_time()), random_(w.random().fork()) {
  for (auto& x : places_)
    x = make_place();
  front_.orders = w.wire<order::order_actor>(places_[orders]);
  front_.stock = w.wire<inventory::inventory_actor>(places_[inventories]);
  front_.products = w.wire<catalog::catalog_actor>(places_[products]);
  front_.pauses = w.wire<pause::pause_actor>(places_[pauses]);
  front_.directory = w.wire<dead_letter::directory_actor>(places_[directory]);
  front_.letters = w.wire<dead_letter::dead_letter_actor>(places_[letters]);
  front_.jobs = w.wire<dead_letter::job::job_actor>(places_[jobs]);
  front_.keys = plant(w, planted, w.wire<idempotency::idempotency_actor>(places_[keys]));
}

entity::environment node::environment() const {
  entity::environment x;
  x.now = now_;
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
  return world_.wire<Handle>(std::move(to), faults, [this](const caf::message& x, caf::actor_id) { audit_.left(x); });
}

template <class Handle> Handle node::behind_disk(const Handle& x) {
  return world_.wire<Handle>(std::make_shared<caf::strong_actor_ptr>(caf::actor_cast<caf::strong_actor_ptr>(x)),
                             faults_.disk);
}

resilience::observer node::observe_guard(const std::string& name) {
  resilience::observer told;
  told.breaker = [this, name](std::string_view, resilience::breaker_state x) {
    world_.mishap(name + "breaker " + std::string{resilience::name_of(x)});
  };
  told.decided = [this, name](const resilience::decided& x) { world_.mishap(name + "guard: " + std::string{x.what}); };
  return told;
}

payment::provider_actor node::guarded(const payment::provider_actor& adapter) {
  if (auto instead = plant_guard(world_, planted_, adapter))
    return instead;
  auto port = resilience::payment_port("default", options_.key_lifetime);
  port.held_back = [board = paused_->published()] {
    return std::string{board->stops(pause::kind::provider, "default") ? "paused" : ""};
  };
  return resilience::guard::spawn(
           world_.system(), caf::actor_cast<caf::strong_actor_ptr>(adapter), std::move(port), faults_.policy, now_,
           [this] { return random_(); }, observe_guard({}))
    .as<payment::provider_actor>();
}

notification::dependencies node::notification_dependencies() {
  notification::dependencies deps;
  deps.from = {"shop@example.com", "Shop"};
  deps.timeout = std::chrono::seconds{10};
  notification::policy rules;
  rules.providers = options_.mail_providers;
  rules.retry_base = std::chrono::seconds{1};
  rules.rate_limit_wait = std::chrono::seconds{3};
  rules.lifetime = mail_lifetime;
  deps.policy.set(std::move(rules));
  if (planted_ == bug::lost_dead_letter)
    deps.gave_up = [this](const notification::mail_view& x) {
      record(world_.system(), letters_, {"email", {}, time_point::max()}, given_up_mail(x), {});
    };
  return deps;
}

// As supervisors/node.cpp has it: the guard stands before the handle that survives restarts.
std::map<std::string, notification::mailer_actor> node::add_mailers(supervision::group& to) {
  std::map<std::string, notification::mailer_actor> result;
  const auto client = add_client(to, out_.mail);
  for (const auto& name : options_.mail_providers) {
    email::provider_options configured;
    configured.name = configured.kind = name;
    configured.api_key = "key";
    configured.timeout = std::chrono::seconds{3};
    const auto adapter = to.add<notification::mailer_actor>(name, [this, configured,
                                                                   client](const supervision::place& where) {
      return email::spawn_mailer({where.system(), client, now_, [this] { return random_(); }, templates()}, configured);
    });
    const auto guarded =
      resilience::guard::spawn(
        world_.system(), caf::actor_cast<caf::strong_actor_ptr>(adapter), resilience::mail_port(name), faults_.policy,
        now_, [this] { return random_(); }, observe_guard("mail "))
        .as<notification::mailer_actor>();
    auto faults = faults_.local;
    faults.doubles_requests = false;
    auto behind = std::make_shared<caf::strong_actor_ptr>(caf::actor_cast<caf::strong_actor_ptr>(guarded));
    result[name] = world_.wire<notification::mailer_actor>(
      std::move(behind), faults, [this, name](const caf::message& x, caf::actor_id by) {
        if (x.match_elements<request_context, notification::send_mail>())
          audit_.mails().left(name, x.get_as<notification::send_mail>(1), by);
      });
  }
  return result;
}

std::vector<outlet::definition> node::add_outlets(supervision::group& to, const topology& made) {
  outlet::definition email;
  email.name = "email";
  email.context = order::traits::context;
  email.types = confirmation_types();
  email.sink =
    to.add<outlet::sink_actor>("email sink", [this, orders = made.orders, mails = made.notifications,
                                              pauses = made.paused->published()](const supervision::place& where) {
      return spawn_confirmation_sink(where, orders, mails, now_, std::chrono::hours{1}, pauses);
    });
  email.sink = spawn_moody_sink(world_, options_.moods, email.sink);
  outlet::definition copy;
  copy.name = "copy";
  copy.context = order::traits::context;
  copy.sink = spawn_copying_sink(world_, audit_, options_.moods);
  letters_ = made.dead_letters.letters;
  auto of_mails = mail_letters(to.add<outlet::sink_actor>(
    "letter sink", [mails = made.notifications, letters = letters_](const supervision::place& where) {
      return spawn_mail_letter_sink(where, mails, letters);
    }));
  of_mails.sink = plant(world_, planted_, of_mails.sink);
  auto of_orders = review_letters(to.add<outlet::sink_actor>(
    "review sink", [orders = made.orders, letters = letters_](const supervision::place& where) {
      return spawn_review_letter_sink(where, orders, letters);
    }));
  return {shortened(std::move(email)), shortened(std::move(copy)), shortened(std::move(of_mails)),
          shortened(std::move(of_orders))};
}

topology_settings node::describe() {
  topology_settings with;
  with.node = options_.member ? options_.member->name : "node-" + std::to_string(boots_);
  with.stores = stores_;
  with.stores_block = false;
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
    const auto client = add_client(to, {{"provider", out_.payment}});
    const auto adapter = to.add<payment::provider_actor>("default", [this, client](const supervision::place& where) {
      return payment::rest::spawn_rest(where.system(), adapter_options(), client, now_, [this] { return random_(); });
    });
    configured.actor = guarded(adapter);
    return made;
  };
  with.notifications = notification_dependencies();
  with.mailers = [this](supervision::group& to) { return add_mailers(to); };
  with.outlets = [this](supervision::group& to, const topology& made) { return add_outlets(to, made); };
  with.parking.set({5, std::chrono::seconds{1}, std::chrono::seconds{8}});
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
  if (options_.member)
    options_.member->describe(with);
  return with;
}

void node::start() {
  up_ = true;
  ++boots_;
  if (options_.member)
    world_.as(options_.member->of, [this] { begin(); });
  else
    begin();
}

void node::begin() {
  auto made = make_topology(world_.system(), describe());
  auto replayers = *made.replayers;
  replayers[dead_letter::source::exhausted_effect] = made.root.add<dead_letter::replayer_actor>(
    "effect replayer", [mails = made.notifications, orders = made.orders](const supervision::place& where) {
      return spawn_effect_replayer(where, mails, orders);
    });
  made.replayers.set(std::move(replayers));
  const auto put = [&](part x, const auto& actor) { *places_[x] = caf::actor_cast<caf::strong_actor_ptr>(actor); };
  put(journal_part, made.journal);
  put(inventories, made.inventory);
  put(products, made.catalog);
  put(keys, made.keys);
  put(orders, made.orders);
  put(pauses, made.pauses);
  put(directory, made.dead_letters.directory);
  put(letters, made.dead_letters.letters);
  put(jobs, made.dead_letters.jobs);
  if (options_.member)
    options_.member->complete(made);
  tree_.clear();
  collect(made.root, made.root.id());
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

void node::collect(const supervision::group& from, const std::string& path) {
  for (const auto& x : from.children()) {
    tree_.emplace_back(path + '/' + x.id, x.handle);
    if (x.children)
      collect(*x.children, path + '/' + x.id);
  }
}

std::vector<std::string> node::paths() const {
  std::vector<std::string> result{"node"};
  for (const auto& [path, handle] : tree_)
    result.push_back(path);
  return result;
}

caf::strong_actor_ptr node::find(std::string_view path) const {
  if (path == "node")
    return caf::actor_cast<caf::strong_actor_ptr>(root_);
  const auto found = std::find_if(tree_.begin(), tree_.end(), [&](const auto& x) { return x.first == path; });
  return found == tree_.end() ? nullptr : supervision::reference_behind(found->second).child();
}

void node::end_all() {
  up_ = false;
  for (auto& x : places_)
    *x = nullptr;
  root_ = nullptr;
  letters_ = nullptr;
  tree_.clear();
  if (!options_.member)
    return world_.kill_all();
  options_.member->ended();
  world_.kill_group(options_.member->of);
}

void node::crash(simulated::disk& disk) {
  end_all();
  disk.crash();
  audit_.crashed();
}

void node::on_death(caf::actor_id died) {
  if (root_ && root_->id() == died)
    end_and_start();
}

// As whoever starts processes does. What was not synced is there still, for the machine has not gone.
void node::end_and_start() {
  end_all();
  world_.after(random_.between(duration{10}, faults_.restart_max), [this, boot = boots_] {
    if (!up_ && boots_ == boot)
      start();
  });
}

} // namespace troupe::simulation

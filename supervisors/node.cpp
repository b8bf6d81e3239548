#include "supervisors/node.hpp"

#include "actors/entity/store_actors.hpp"
#include "actors/idempotency/idempotency_entity.hpp"
#include "adapters/http_client/curl_client.hpp"
#include "gateways/http/openapi.hpp"
#include "gateways/http/routes/routes.hpp"
#include "supervisors/cluster_sharing.hpp"
#include "supervisors/dead_letters/messages.hpp"
#include "supervisors/dead_letters/rehearsal.hpp"
#include "supervisors/dead_letters/replayers.hpp"
#include "supervisors/dead_letters/sealer.hpp"
#include "supervisors/demo.hpp"
#include "supervisors/entropy.hpp"
#include "supervisors/gateway_actor.hpp"
#include "supervisors/health.hpp"
#include "supervisors/observability/log.hpp"
#include "supervisors/observability/metrics.hpp"
#include "supervisors/observability/outlets.hpp"
#include "supervisors/operator_key.hpp"
#include "supervisors/outlets.hpp"
#include "supervisors/pauses.hpp"
#include "supervisors/provider_webhooks.hpp"
#include "supervisors/public_forms.hpp"
#include "supervisors/resilience/decision_log.hpp"
#include "supervisors/resilience/guards.hpp"
#include "supervisors/resilience/mail_port.hpp"
#include "supervisors/resilience/payment_port.hpp"
#include "supervisors/scheduler/asio_coordinator.hpp"
#include "supervisors/topology.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/after.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

namespace troupe {

namespace {

struct system_config : caf::actor_system_config {
  system_config(std::size_t threads, const cluster_settings& cluster) {
    set("caf.logger.console.verbosity", "quiet");
    set("caf.logger.file.verbosity", "quiet");
    scheduler::load_asio_scheduler(*this, threads);
    load_cluster(*this, cluster);
  }
};

/// What was held when the node ended, of a guard that may have left the configuration since.
void hold_again(resilience::guard_list& list, const guard::trail& x) {
  if (x.breaker.mode == guard::breaker_mode::automatic) {
    list.hold(x);
    return;
  }
  const auto* text = list.hold(x) ? "A breaker is held as it was" : "A breaker that was held has no guard any more";
  log::warn(text,
            {{"guard", x.name}, {"mode", name_of(x.breaker.mode)}, {"by", x.breaker.by}, {"reason", x.breaker.reason}});
}

/// Waits until it is known what was paused: before that, orders would be taken that stand still for no reason that
/// anybody could be told. Not for long, as below.
void await_pauses(const pause::registry& paused) {
  constexpr int looks = 500;
  for (int i = 0; i < looks && !paused.published()->is_known(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
}

/// Waits until the journal writes. Not for long: one whose disk is full or fails goes on by itself when the disk does,
/// and the node is up and not ready until then.
void await_open(caf::actor_system& system, const journal::journal_actor& journal) {
  constexpr int looks = 500;
  constexpr auto between = std::chrono::milliseconds{10};
  caf::scoped_actor self{system};
  bool open = false;
  for (int i = 0; i < looks && !open; ++i) {
    self->request(journal, caf::infinite, journal::get_health{})
      .receive([&](const journal::health& x) { open = x.writable; }, [](const caf::error&) {});
    if (!open)
      self->receive([](caf::unit_t) {}, caf::after(between) >> [] {});
  }
}

} // namespace

class node::impl {
public:
  explicit impl(node_settings settings)
    : settings_(std::move(settings)), key_(load_operator_key(settings_.operator_key_file)),
      seals_(std::make_shared<const sealer>(dead_letter_key_file())), stores_(make_stores(settings_.store)),
      config_(settings_.threads, settings_.cluster) {
    tune(settings_.tuning);
    refuse_unusable_store(settings_.store); // A store that fails later mends itself, and the journal waits for it.
    system_ = std::make_unique<caf::actor_system>(config_);
    try {
      start();
    } catch (...) {
      stop();
      throw;
    }
  }

  ~impl() { stop(); }

  void tune(const node_tuning& x) {
    limits_.set(x.limits);
    orders_.set(x.orders);
    inventory_.set(x.inventory);
    hold_time_.set(x.orders.hold_time);
    slowness_.set(x.slowness);
    queue_depth_max_.set(x.queue_depth_max);
    gateway::order_defaults defaults{x.default_provider, {}, x.capture_at_once};
    for (const auto& configured : settings_.providers)
      defaults.providers.insert(configured.name);
    ordering_.set(std::move(defaults));
    guards_->configure(x.policies, x.guard_policies);
    if (cluster_)
      cluster_->renew_certificate();
  }

  bool stop() {
    if (!system_)
      return true;
    board_->set_draining();
    // Everybody else is up and restarted meanwhile, so that what is in flight can be answered.
    const bool served = commerce_.close();
    const bool whole = operations_.close() && served;
    if (cluster_)
      cluster_->drain(*system_); // Where that does not help, the lease ends by itself.
    end_tree();
    if (cluster_)
      cluster_->close(*system_);
    cluster_.reset();
    // The routers hold handles, and a live handle keeps its actor and so the system from ending.
    commerce_ = {};
    operations_ = {};
    guards_ = std::make_shared<resilience::guard_list>();
    operators_guards_ = nullptr;
    survey_ = nullptr;
    rehearsals_ = nullptr;
    system_.reset();
    return whole;
  }

  node_settings settings_;
  operator_key key_;
  std::shared_ptr<const sealer> seals_; // of payloads in dead letters
  std::shared_ptr<journal::store_factory> stores_;
  live<gateway::limits> limits_;
  live<order::policy> orders_;
  live<inventory::policy> inventory_;
  live<duration> hold_time_;
  live<gateway::order_defaults> ordering_;
  live<slowness> slowness_;
  live<std::uint64_t> queue_depth_max_;
  std::shared_ptr<resilience::guard_list> guards_ = std::make_shared<resilience::guard_list>();
  system_config config_;
  std::shared_ptr<health_board> board_ = std::make_shared<health_board>();
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<request_metrics> commerce_metrics_;
  std::unique_ptr<request_metrics> operations_metrics_;
  std::shared_ptr<node_metrics> node_metrics_;
  supervised_gateway commerce_;
  supervised_gateway operations_;
  std::shared_ptr<supervision::tree> tree_ = std::make_shared<supervision::tree>();
  pause::registry_ptr pauses_;
  std::optional<cluster_node> cluster_;
  std::optional<topology> parts_;
  caf::actor root_; // of the tree

private:
  std::filesystem::path dead_letter_key_file() const {
    return settings_.dead_letter_key_file.empty() ? settings_.operator_key_file.parent_path() / "dead-letters.key"
                                                  : settings_.dead_letter_key_file;
  }

  void end_tree() {
    pauses_.reset();
    parts_.reset();
    if (!root_)
      return;
    caf::scoped_actor self{*system_};
    self->send_exit(root_, caf::exit_reason::user_shutdown);
    self->wait_for(std::exchange(root_, {}));
  }

  void start() {
    auto& system = *system_;
    const auto now = system_clock();
    const auto random = system_random();
    started_at_ = now();
    node_metrics_ = std::make_shared<node_metrics>(system);

    if (settings_.cluster.enabled)
      cluster_.emplace(settings_.name, settings_.cluster, settings_.store.postgres, now);
    topology_settings with;
    with.node = settings_.name;
    if (cluster_)
      with.member = cluster_->assembly();
    with.stores = stores_;
    with.readers = reader_pools_of(settings_.store, now, random);
    with.restarts = settings_.restarts;
    with.environment = [this, now, random](std::string_view) {
      entity::environment env{{}, now, random};
      env.idle_timeout = settings_.idle_timeout;
      env.snapshot_every = settings_.snapshot_every;
      env.live_max = settings_.live_max;
      return env;
    };
    pauses_ = std::make_shared<pause::registry>();
    pauses_->observe(telling_of_pauses(system, alarms_, now, settings_.paused));
    with.pauses = pauses_;
    with.guard_found = [list = guards_](const guard::trail& x) { hold_again(*list, x); };
    with.guard_lost = [](const std::string& name, const caf::error& why) {
      log::error("It is not known how operators hold a breaker", {{"guard", name}, {"reason", to_string(why)}});
    };
    with.entity_failed = observe_failed_entities();
    with.inventory = inventory_;
    with.orders.policy = orders_;
    with.orders.ended = observe_ends();
    for (const auto& configured : settings_.providers)
      with.orders.provider_timeout = std::max({with.orders.provider_timeout, configured.timeout + longer_,
                                               policy_of("payment." + configured.name).deadline + longer_});
    with.providers = [this, now, random](supervision::group& to) { return add_providers(to, now, random); };
    with.observe_outlets = observe_outlets(system, now);
    if (tells_operators())
      with.observe_outlets = telling_of_lags(std::move(with.observe_outlets), alarms_, now);
    with.mailers = [this, now, random](supervision::group& to) { return add_mailers(to, now, random); };
    with.notifications = describe_notifications();
    with.outlets = [this, now](supervision::group& to, const topology& made) {
      auto result = add_outlets(to, made, now, confirms_within());
      for (const auto& x : result)
        outlets_.insert(x.name);
      return result;
    };
    parts_.emplace(make_topology(system, std::move(with)));
    auto& parts = *parts_;
    add_replayers(parts, seals_);
    if (tells_operators())
      parts.root.add(webhook_parts(parts, now, random));

    parts.root.add<caf::actor>(
      "health", [checks = health_checks_of(parts, now), board = board_](const supervision::place& where) {
        return spawn_health_checks(where.system(), checks, board);
      });
    operators_guards_ = parts.root.add<guard::guards_actor>(
      "guards", [list = guards_, trails = parts.guard_trails](const supervision::place& where) {
        return resilience::spawn_guards(where.system(), list, trails);
      });
    rehearsals_ = parts.root.add<dead_letter::rehearsal_actor>(
      "rehearsals", [with = describe_rehearsals(now, random)](const supervision::place& where) {
        return spawn_rehearsals(where, with);
      });
    if (cluster_) {
      survey_ = share_state(parts, cluster_->assembly(), {guards_, operators_guards_, tree_});
      cluster_->add_parts(system, parts, settings_.restarts);
    }
    add_gateways(parts, now, random);
    root_ = supervision::spawn_supervisor(system, parts.root, surroundings(now));

    await_open(system, parts.journal);
    await_pauses(*pauses_);
    if (settings_.demo_catalog)
      if (const auto failed = stock_demo_catalog(system, parts.catalog, parts.inventory))
        log::warn("The demo catalog could not be stored", {{"reason", to_string(failed)}});
    if (settings_.cluster.roles.gateway)
      commerce_.open();
    operations_.open();
  }

  /// How old a confirmed order may be to be worth a mail.
  std::optional<duration> confirms_within() const {
    return settings_.email.providers.empty() ? std::nullopt : std::optional{settings_.email.policy.lifetime};
  }

  /// The same rules, in a world in which nobody outside is called.
  std::shared_ptr<const rehearsal_settings> describe_rehearsals(const clock_fn& now, const random_fn& random) {
    auto with = std::make_shared<rehearsal_settings>();
    with->stores = stores_;
    with->seals = seals_;
    with->now = now;
    with->random = random;
    for (const auto& configured : settings_.providers)
      with->payment_providers[configured.name] = configured.key_lifetime;
    auto mails = settings_.email.policy;
    for (const auto& configured : settings_.email.providers) {
      with->mail_providers.push_back(configured.name);
      mails.providers.push_back(configured.name);
    }
    with->mails.set(std::move(mails));
    with->orders = orders_;
    with->inventory = inventory_;
    with->from = settings_.email.from;
    with->told = [](const request_context& who, const dead_letter::rehearse& what, const dead_letter::rehearsed& how) {
      log::info(
        "A replay was rehearsed",
        {{"by", who.principal}, {"reason", what.reason}, {"letters", static_cast<std::int64_t>(how.letters.size())}});
    };
    with->outlets = [this](supervision::group& to, const topology& made, const clock_fn& its_time) {
      return add_outlets(to, made, its_time, confirms_within());
    };
    return with;
  }

  /// For what hands over a letter and goes on.
  void record_letter(const dead_letter::record& what, const request_context& context) {
    if (parts_)
      record(*system_, parts_->dead_letters.letters, context, what, [](const caf::error& why) {
        log::error("A dead letter could not be stored", {{"reason", to_string(why)}});
      });
  }

  bool tells_operators() const { return !settings_.webhook.receiver.url.empty(); }

  supervision::group webhook_parts(const topology& parts, const clock_fn& now, const random_fn& random) {
    operators_webhook with{settings_.webhook.receiver, settings_.client, settings_.restarts, {}, guards_, {}};
    with.guarded = [this, now, random](const alarm::receiver_actor& x, const resilience::port& port) {
      return guarded(x, port, observer_of(webhook_guard, port, now), now, random);
    };
    with.alarms.node = settings_.name;
    with.alarms.told = settings_.webhook.told;
    with.alarms.now = now;
    with.alarms.random = random;
    with.alarms.parts = tree_;
    with.alarms.limits = slowness_;
    with.alarms.letters = parts.dead_letters.directory;
    with.alarms.pauses = pauses_->published();
    return make_operators_webhook(*system_, std::move(with), *alarms_);
  }

  health_checks health_checks_of(const topology& parts, const clock_fn& now) {
    health_checks checks{parts.journal, parts.providers, now};
    checks.parts = tree_;
    checks.limits = slowness_;
    checks.letters = parts.dead_letters.directory;
    checks.letters_open = [metrics = node_metrics_](dead_letter::source x, std::size_t open) {
      metrics->dead_letters(name_of(x), open);
    };
    checks.pauses = pauses_->published();
    checks.queues = {{"payment.process", order::traits::context}, {"email.send", notification::traits::context}};
    checks.depth_max = queue_depth_max_;
    checks.queue_counted = [metrics = node_metrics_](const std::string& name, std::uint64_t depth, duration age) {
      metrics->queue(name, depth, age);
    };
    return checks;
  }

  /// What stands in front of `adapter` for everybody else; known to operators by the port's service.
  template <class Port>
  Port guarded(const Port& adapter, const resilience::port& port, const std::string& target, const clock_fn& now,
               const random_fn& random) {
    return guarded(adapter, port, telling_of_breakers(observer_of(target, port, now), alarms_, now), now, random);
  }

  template <class Port>
  Port guarded(const Port& adapter, const resilience::port& port, resilience::observer told, const clock_fn& now,
               const random_fn& random) {
    auto guard =
      resilience::guard::spawn(*system_, caf::actor_cast<caf::strong_actor_ptr>(adapter), port, policy_of(port.service),
                               now, random, resilience::telling(std::move(told), guards_));
    auto result = guard.template as<Port>();
    guards_->add(port.service, std::move(guard));
    return result;
  }

  payment::providers add_providers(supervision::group& to, const clock_fn& now, const random_fn& random) {
    const auto client = to.add<http::client_actor>("http client", [with = settings_.client](const auto& where) {
      return http::spawn_curl_client(where.system(), with);
    });
    payment::providers result;
    for (const auto& configured : settings_.providers) {
      auto& made = result[configured.name];
      made.key_lifetime = configured.key_lifetime;
      const auto adapter = placed<payment::provider_actor>(cluster_, *system_, to, "payment." + configured.name, [&] {
        return to.add<payment::provider_actor>(configured.name, [configured, client, now, random](const auto& where) {
          return payment::spawn_provider(where.system(), configured, client, now, random).actor;
        });
      });
      // Before the handle that survives restarts, so that it remembers across them what it has seen.
      auto port = resilience::payment_port(configured.name, configured.key_lifetime);
      port.held_back = [pauses = pauses_->published(), name = configured.name] { return why_paused(*pauses, name); };
      made.actor = guarded(adapter, port, configured.name, now, random);
    }
    return result;
  }

  std::map<std::string, notification::mailer_actor> add_mailers(supervision::group& to, const clock_fn& now,
                                                                const random_fn& random) {
    std::map<std::string, notification::mailer_actor> result;
    if (settings_.email.providers.empty())
      return result;
    const auto templates = std::make_shared<const email::renderer>(settings_.email.templates);
    for (const auto& problem : templates->problems())
      log::warn("A mail template cannot be used; the default one takes its place", {{"problem", problem}});
    const auto client = to.add<http::client_actor>("http client", [with = settings_.client](const auto& where) {
      return http::spawn_curl_client(where.system(), with);
    });
    for (const auto& configured : settings_.email.providers) {
      auto port = resilience::mail_port(configured.name);
      port.held_back = [pauses = pauses_->published(), name = pause::name_of_mailer(configured.name)] {
        return why_paused(*pauses, name);
      };
      const auto mailer = placed<notification::mailer_actor>(cluster_, *system_, to, "email." + configured.name, [&] {
        return to.add<notification::mailer_actor>(
          configured.name,
          [configured, client, now, random, templates, ca_file = settings_.client.ca_file](const auto& where) {
            return email::spawn_mailer({where.system(), client, now, random, templates, ca_file, {}}, configured);
          });
      });
      result[configured.name] = guarded(mailer, port, configured.name, now, random);
    }
    return result;
  }

  notification::dependencies describe_notifications() {
    notification::dependencies deps;
    deps.from = settings_.email.from;
    auto rules = settings_.email.policy;
    for (const auto& configured : settings_.email.providers) {
      // A mail may first wait for those before it.
      deps.timeout = std::max(deps.timeout, configured.timeout + duration{30'000});
      rules.providers.push_back(configured.name);
    }
    deps.policy.set(std::move(rules));
    deps.ended = [metrics = std::make_shared<mail_metrics>(*system_)](const std::string& id, notification::status how,
                                                                      const std::string& why) {
      metrics->ended(notification::name_of(how));
      if (how == notification::status::skipped)
        log::warn("A mail was skipped", {{"mail", id}, {"reason", why}});
      else if (how == notification::status::given_up)
        log::warn("A mail was given up", {{"mail", id}, {"reason", why}});
    };
    deps.domain_blocked = [](const std::string& id, const std::string& provider) {
      log::error("A mail provider blocks a domain: is the one in email.from verified there?",
                 {{"mail", id}, {"service", provider}});
    };
    return deps;
  }

  // Of those that nobody waits for an answer to: whoever asked is told, and decides himself.
  void lose_message(const supervision::undelivered& x) {
    log::warn("A message reached nobody", {{"part", x.path}, {"message", x.message}, {"reason", to_string(x.why)}});
    // It would go the same way, and nothing is told of those who tell.
    if (x.path.starts_with("node/dead letters") || x.path.starts_with(operators_webhook_path))
      return;
    const auto id = dead_letter::id_of(make_uuid7(system_clock()(), system_random()));
    record_letter(lost_message(x, id, *system_, *seals_), {"node", {}, time_point::max()});
  }

  /// Whether there is something of that name in the configuration; an order is looked for where orders are.
  std::function<bool(const pause::target&)> can_pause() const {
    std::set<pause::target> known{{pause::kind::saga, std::string{pause::order_saga}}};
    for (const auto& configured : settings_.providers)
      known.insert({pause::kind::provider, configured.name});
    for (const auto& configured : settings_.email.providers)
      known.insert({pause::kind::provider, pause::name_of_mailer(configured.name)});
    for (const auto& name : outlets_)
      known.insert({pause::kind::outlet, name});
    return [known = std::move(known)](const pause::target& x) { return known.contains(x); };
  }

  supervision::surroundings surroundings(const clock_fn& now) {
    supervision::surroundings with;
    with.now = now;
    with.jitter = [random = system_random()] { return static_cast<double>(random() >> 11) * 0x1.0p-53; };
    with.tree = tree_;
    with.refuse.error = [](supervision::failure why, const std::string& path) {
      return caf::make_error(ec::unavailable, path + ": " + to_string(why));
    };
    with.refuse.lost = [this](const supervision::undelivered& x) { lose_message(x); };
    with.failed = [](const supervision::incident& x) {
      log::error("A part of the node failed", {{"part", x.path},
                                               {"reason", x.error},
                                               {"restarts", std::int64_t{x.restarts}},
                                               {"supervisor", x.escalates ? "gives up" : "restarts it"}});
    };
    with.gave_up = [failed = settings_.failed](const supervision::incident& x) {
      if (failed)
        failed(x.path, x.error);
    };
    return with;
  }

  resilience::policy policy_of(const std::string& guard) const {
    const auto& tuning = settings_.tuning;
    const auto found = tuning.guard_policies.find(guard);
    return tuning.policies.find(found == tuning.guard_policies.end() ? "default" : found->second);
  }

  resilience::observer observer_of(const std::string& target, const resilience::port& port, const clock_fn& now) {
    std::vector<std::string> endpoints;
    for (const auto& each : port.operations)
      endpoints.emplace_back(each.name);
    const auto metrics = std::make_shared<service_metrics>(*system_, target, port.service, endpoints);
    resilience::observer out;
    out.attempted = [metrics, endpoints](const resilience::finished_attempt& x) {
      if (!x.attempted)
        return metrics->refused(x.failure);
      metrics->finished(x.operation, x.answered ? std::nullopt : std::optional{x.failure}, x.took);
      // Whatever fails for a while is tried again and counted; these two do not mend themselves.
      if (!x.answered && (x.failure == ec::bad_response || x.failure == ec::denied))
        log::warn("A provider cannot be used", {{"service", x.service},
                                                {"operation", endpoints[x.operation]},
                                                {"caller", x.context.principal},
                                                {"reason", name_of(x.failure)},
                                                {"durationMs", std::int64_t{x.took.count()}},
                                                {"correlationId", x.context.trace.trace_id()}});
    };
    out.decided = [written = std::make_shared<resilience::decision_log>(), now](const resilience::decided& x) {
      written->write(x, now());
    };
    out.breaker = [metrics](std::string_view, resilience::breaker_state x) {
      metrics->breaker(resilience::name_of(x));
    };
    return out;
  }

  static auto observe_failed_entities() -> decltype(topology_settings::entity_failed) {
    return [](std::string_view context, const std::string& key, std::uint32_t in_a_row, const caf::error& why,
              duration rest) {
      const bool clients_own = context == idempotency::traits::context; // the key, which may be anything
      log::error("An entity failed", {{"context", context},
                                      {"key", clients_own ? std::string_view{"-"} : std::string_view{key}},
                                      {"inARow", std::int64_t{in_a_row}},
                                      {"reason", to_string(why)},
                                      {"restMs", std::int64_t{rest.count()}}});
    };
  }

  auto observe_ends() -> decltype(order::dependencies::ended) {
    return [metrics = std::make_shared<order_metrics>(*system_)](const std::string& id, order::status how,
                                                                 const std::string& why) {
      metrics->ended(order::name_of(how));
      if (how == order::status::review)
        log::warn("An order needs people", {{"order", id}, {"reason", why}});
    };
  }

  gateway::options gateway_options(const std::string& address, std::uint16_t port, request_metrics& metrics) {
    gateway::options with;
    with.address = address;
    with.port = port;
    with.limits = limits_;
    with.operator_key = key_.key;
    with.now = system_clock();
    with.random = system_random();
    with.observe = [&metrics, service = settings_.name](const gateway::finished& x) {
      metrics.finished(x.method, x.route, x.status, x.took);
      if (log::enabled(log::level::debug) || x.status >= 500)
        log::write(
          x.status >= 500 ? log::level::warn : log::level::debug, "API call completed",
          {{"service", service},
           {"endpoint", x.route.empty() ? std::string_view{"-"} : x.route},
           {"method", x.method},
           {"statusCode", std::int64_t{x.status}},
           {"durationMs", static_cast<double>(x.took.count()) / 1000.0},
           {"correlationId", x.correlation.empty() ? x.context.trace.trace_id() : std::string{x.correlation}}});
    };
    return with;
  }

  // Clients come last and leave first, and each of the gateways is alone with its fault: without the one nobody orders,
  // without the other nobody sees why.
  void add_gateways(topology& parts, const clock_fn& now, const random_fn& random) {
    gateway::services behind{parts.orders,
                             parts.inventory,
                             parts.catalog,
                             parts.keys,
                             parts.journal,
                             now,
                             random,
                             ordering_,
                             hold_time_,
                             {},
                             [board = board_] { return board->is_overloaded(); }};
    behind.webhooks =
      provider_webhooks(*system_, settings_.providers, parts.orders, parts.dead_letters.letters, seals_, now);
    supervision::group gateways{*system_, "gateways", supervision::strategy::one_for_one, settings_.restarts};
    commerce_metrics_ = std::make_unique<request_metrics>(*system_, "commerce");
    commerce_ = supervised_gateway(
      *system_, gateways, "commerce",
      gateway_options(settings_.commerce_address, settings_.commerce_port, *commerce_metrics_), [behind] {
        gateway::router table;
        gateway::add_commerce_routes(table, behind);
        gateway::add_openapi_route(table, {"troupe commerce", TROUPE_VERSION, "Orders that cannot be lost."});
        return table;
      });
    operations_metrics_ = std::make_unique<request_metrics>(*system_, "operations");
    operations_ =
      supervised_gateway(*system_, gateways, "operations",
                         gateway_options(settings_.operations_address, settings_.operations_port, *operations_metrics_),
                         [behind = operations_of(behind)] {
                           gateway::router table;
                           gateway::add_operations_routes(table, behind);
                           return table;
                         });
    parts.root.add(std::move(gateways));
  }

  gateway::operations operations_of(const gateway::services& behind) {
    return {behind.now,
            started_at_,
            TROUPE_VERSION,
            [board = board_, pauses = pauses_->published()] {
              auto report = board->report();
              mark_paused(report, *pauses);
              return report;
            },
            [this] { return metrics_text(); },
            [system = system_.get(), tree = tree_] { return gateway_parts(*tree, *system); },
            operators_guards_,
            {parts_->dead_letters.directory, parts_->dead_letters.letters, parts_->dead_letters.jobs, behind.now,
             behind.random, rehearsals_, desk_of(cluster_)},
            {parts_->pauses, pauses_->published(), behind.orders, can_pause()},
            {behind.journal, stored_contexts(), any_public_form()},
            alarms_->connected(),
            desk_of(cluster_),
            survey_};
  }

  std::string metrics_text() {
    using condition = gateway::dependency::condition;
    const auto report = board_->report();
    bool ready = !report.draining;
    for (const auto& x : report.dependencies) {
      ready = ready && (!x.required || x.is == condition::up);
      node_metrics_->dependency(x.name, x.is == condition::up);
    }
    node_metrics_->ready(ready);
    for (const auto& x : tree_->rows(system_->scheduler().clock().now()))
      node_metrics_->part(x);
    return prometheus_text(*system_);
  }

  static std::optional<gateway::part::population> population_of(const supervision::row& x) {
    return x.keyed ? std::optional{gateway::part::population{x.keyed->live, x.keyed->failures}} : std::nullopt;
  }

  static std::vector<gateway::part> gateway_parts(const supervision::tree& tree, caf::actor_system& system) {
    std::vector<gateway::part> result;
    for (auto& x : tree.rows(system.scheduler().clock().now()))
      result.push_back({std::move(x.path), std::move(x.about), std::string{name_of(x.is)}, x.since, x.restarts,
                        std::move(x.last_error), x.failed_at, x.mailbox, x.oldest, x.buffered, population_of(x)});
    return result;
  }

  static constexpr duration longer_{10'000}; // that an order waits than a provider and its guard take
  guard::guards_actor operators_guards_;
  cluster::survey_actor survey_;
  dead_letter::rehearsal_actor rehearsals_;
  std::set<std::string> outlets_; // their names
  alarm_line_ptr alarms_ = std::make_shared<alarm_line>();
  time_point started_at_;
};

node::node(node_settings settings) : impl_(std::make_unique<impl>(std::move(settings))) {}

node::~node() = default;

std::uint16_t node::commerce_port() const {
  return impl_->commerce_.port();
}

std::uint16_t node::operations_port() const {
  return impl_->operations_.port();
}

const std::filesystem::path& node::operator_key_file() const {
  return impl_->key_.file;
}

bool node::operator_key_made() const {
  return impl_->key_.made;
}

const topology& node::parts() const {
  return *impl_->parts_;
}

void node::tune(const node_tuning& x) {
  impl_->tune(x);
}

void node::announce_end() {
  impl_->board_->set_draining();
}

bool node::stop() {
  return impl_->stop();
}

} // namespace troupe

#include "tests/simulation/scenario.hpp"

#include "actors/kernel/hash.hpp"
#include "supervisors/topology.hpp"
#include "tests/simulation/client.hpp"
#include "tests/simulation/cluster/cluster_scenario.hpp"
#include "tests/simulation/mail_provider.hpp"
#include "tests/simulation/node.hpp"
#include "tests/simulation/provider.hpp"
#include "tests/simulation/shop.hpp"
#include "tests/simulation/store.hpp"
#include "tests/simulation/world.hpp"

#include <algorithm>
#include <array>
#include <sstream>

namespace troupe::simulation {

namespace {

constexpr duration trouble_min = std::chrono::seconds{30}; // in which things go wrong
constexpr duration trouble_max = std::chrono::seconds{90};
constexpr duration patience = std::chrono::seconds{280};    // until every order must have ended
constexpr duration holds_end = std::chrono::seconds{120};   // longer than any hold, and than the clock is set back
constexpr duration kill_patience = std::chrono::seconds{5}; // for somebody to have something to do
constexpr duration marks_end = std::chrono::seconds{15};    // until outlets have looked at everything and said so
constexpr duration clock_step_max = std::chrono::seconds{20};
constexpr duration darkness_max = std::chrono::minutes{1};
constexpr duration pause_max = std::chrono::seconds{25};
constexpr duration short_key_lifetime = std::chrono::seconds{10};
constexpr duration in_flight_max = std::chrono::seconds{20}; // from a call's departure until it acts at the latest
constexpr std::uint64_t steps_max = 5'000'000;

class scenario {
public:
  explicit scenario(const options& x)
    : options_(x), world_(x.seed), disk_(std::make_shared<simulated::disk>()), audit_(*disk_, books_),
      random_(world_.random().fork()), shop_(world_, audit_, random_, x.orders, all_) {
    if (x.trace)
      world_.set_trace(x.trace);
    // Each run has its own mixture of troubles: none of a kind, some, or plenty.
    const auto odds = [&](double most) {
      const auto u = random_.unit();
      const auto plenty = u < 0.3 ? 0.0 : u < 0.9 ? 1.0 : 4.0;
      return std::min(0.4, x.faults * plenty * most * random_.unit());
    };
    trouble_ = random_.chance(0.8) ? trouble_min : trouble_max;
    kill_ = odds(0.004);
    crash_ = odds(1);
    world_.set_early_timer(odds(0.05));
    const disk_faults disk{odds(0.03), odds(0.02), odds(0.02), odds(0.01), odds(0.1)};
    const auto wire = [&] {
      return remote_faults{odds(0.06), odds(0.06), odds(0.06), odds(0.04), odds(0.04), odds(0.04),
                           odds(0.1),  odds(0.06), odds(0.06), odds(0.04), odds(0.04)};
    };
    const provider_faults provider{wire(), odds(0.4), odds(0.05)};
    node_faults local;
    local.local = {odds(0.08), odds(0.08), odds(0.08)};
    local.disk.delay = odds(0.2);
    local.disk.delay_max = duration{300};
    local.disk.in_order = true; // as a mailbox is: what a dead journal asked for comes before its successor's
    local.policy = guard_policy();
    node_options setup;
    if (random_.chance(0.5))
      setup.hold_time = random_.between(duration{3'000}, duration{30'000});
    setup.moods->refuses = odds(0.03);
    setup.moods->silent = odds(0.03);
    setup.snapshot_every = 1 + random_.below(6);
    setup.idle_timeout = random_.between(duration{500}, duration{8'000});
    if (x.faults > 0 && random_.chance(0.1))
      setup.live_max = 3 + x.orders / 8;
    // The clocks of the node and of the provider must agree about the age of a key, so only one of both is odd.
    steps_clock_ = random_.chance(0.7);
    if (x.faults > 0 && !steps_clock_ && random_.chance(0.3)) {
      setup.key_lifetime = short_key_lifetime;
      conditions_.key_lifetime = short_key_lifetime + in_flight_max;
      audit_.allow_old_keys();
    }
    clients out;
    out.payment = spawn_provider(world_, audit_, books_, provider, conditions_, counts_);
    for (const auto name : mail_providers) {
      out.mail.emplace(name, spawn_mail_provider(world_, audit_, name, wire(), mail_conditions_[name]));
      setup.mail_providers.emplace_back(name);
    }
    if (random_.chance(0.5))
      std::swap(setup.mail_providers.front(), setup.mail_providers.back());
    const auto stores = make_store(world_, audit_, disk_, disk, store_bugs_of(x.planted));
    node_ = std::make_unique<node>(world_, audit_, stores, std::move(out), setup, local, x.planted);
  }

  // Actors refer to everything here, and a new one begins before it ends.
  ~scenario() { world_.end_all(); }
  scenario(const scenario&) = delete;
  scenario& operator=(const scenario&) = delete;

  result run() {
    node_->start();
    paths_ = node_->paths();
    open_shop();
    live();
    result out{audit_.violation(), world_.steps(), world_.hash(), world_.elapsed(), finished(), killed_, paths_, {}};
    out.names.insert(world_.names().begin(), world_.names().end());
    return out;
  }

private:
  /// Times as short as everything here: what takes a node minutes takes seconds.
  resilience::policy guard_policy() {
    resilience::policy x;
    x.name = "simulated";
    x.source = "scenario.cpp";
    x.timeout = std::chrono::seconds{3};
    x.deadline = std::chrono::seconds{4};
    x.breaker.failures = 3 + random_.below(4);
    x.breaker.open_time = random_.between(duration{500}, duration{4'000});
    x.breaker.half_open_calls = 1 + random_.below(3);
    if (random_.chance(0.5))
      x.breaker.failure_percent = 50;
    x.retry.attempts = 1 + random_.below(3);
    x.retry.base = duration{100};
    // A guard that refuses is trouble, too.
    if (options_.faults > 0 && random_.chance(0.3))
      x.bulkhead = {2 + random_.below(4), random_.below(8), duration{500}};
    if (options_.faults > 0 && random_.chance(0.2))
      x.rate = {20, std::chrono::seconds{1}, 5};
    return x;
  }

  /// What a guard lets through while nobody hears the provider: what is under way when it goes dark, what the breaker
  /// needs to open, each time the node starts, and then a few calls each time it looks again.
  void check_the_dark(duration lasted, std::uint64_t calls, std::uint64_t starts) {
    const auto looks = 3 * static_cast<std::uint64_t>(lasted / duration{500} + 1);
    const auto limit = (4 * options_.orders + 10) * (1 + starts) + looks;
    if (calls > limit)
      audit_.fail("the provider was called " + std::to_string(calls) + " times in the dark, and "
                  + std::to_string(limit) + " would be many");
  }

  /// Runs until nobody is busy; false when that takes too long or something is wrong.
  bool until_idle(duration deadline, std::string_view who) {
    while (all_->busy > 0 && audit_.violation().empty()) {
      if (world_.elapsed() > deadline || world_.steps() > steps_max) {
        audit_.fail(std::to_string(all_->busy) + " of " + std::string{who} + " did not come to an end");
        return false;
      }
      if (!step())
        return false;
    }
    return audit_.violation().empty();
  }

  bool step() {
    if (world_.faults_on() && random_.chance(kill_))
      if (const auto died = world_.kill_one())
        node_->on_death(died);
    if (options_.kill && !killed_ && opened_)
      kill_as_planned(*options_.kill);
    if (world_.step())
      return true;
    audit_.fail("nothing is left to happen");
    return false;
  }

  void kill_as_planned(const planned_kill& x) {
    const auto due = *opened_ + x.at;
    if (world_.elapsed() < due)
      return;
    constexpr std::string_view any = "any ";
    const auto who =
      x.whom.starts_with(any) ? world_.find_alive(std::string_view{x.whom}.substr(any.size())) : node_->find(x.whom);
    if (!who || (!world::is_busy(who) && world_.elapsed() < due + kill_patience))
      return;
    killed_ = true;
    world_.note("kills " + x.whom);
    world_.kill(who);
    node_->on_death(who->id());
  }

  void open_shop() {
    shop_.open(node_->reach());
    until_idle(patience, "those who stock");
  }

  void live() {
    world_.set_faults(options_.faults > 0);
    const auto opens = world_.elapsed();
    opened_ = opens;
    shop_.invite(node_->reach());
    spawn_clerk(world_, audit_, node_->reach(), {duration{0}, opens + trouble_ + std::chrono::seconds{30}}, all_);
    if (options_.faults > 0) {
      plan_mishaps();
      plan_mail_outage();
      plan_pauses();
      world_.after(trouble_, [this] {
        world_.note("no more trouble");
        world_.set_faults(false);
        world_.step_clock(duration{0});
      });
    }
    // With little room in memory, orders wait for one another.
    const auto long_enough = patience + std::chrono::seconds{options_.orders};
    if (!until_idle(opens + long_enough, "the clients"))
      return;
    const auto quiet_at = std::max(world_.elapsed(), opens + trouble_) + holds_end;
    while (world_.elapsed() < quiet_at && audit_.violation().empty() && step()) {
    }
    // Nobody has asked for anything for long, so nothing has a reason to be in memory.
    for (const auto& context : stored_contexts())
      if (const auto alive = world_.count_alive(context) - lasting(context); alive > 0 && audit_.violation().empty())
        audit_.fail(std::to_string(alive) + " of \"" + context + "\" stay in memory");
    // What is read at the end is what a new node finds on the disk.
    disk_->sync();
    node_->crash(*disk_);
    node_->start();
    const auto reading = spawn_reader(world_, audit_, node_->reach(), audit_.acknowledged(), shop_.skus(), all_);
    if (!until_idle(world_.elapsed() + patience, "the last readers"))
      return;
    audit_.close(reading->orders, reading->stocks);
    audit_.close_outlets(reading->orders, reading->letters);
    check_marks();
    counts_.mails = audit_.mails().ends();
    counts_.letters = audit_.letters().ends();
    for (const auto& x : reading->orders)
      ++counts_.ends[std::string{name_of(x.status)}];
    counts_.orders = reading->orders.size();
  }

  /// Of those that go by the name of a context, how many live as long as the node.
  static std::size_t lasting(std::string_view context) { return context == "outlet" ? node::outlets : 0; }

  /// What a new node has looked at is behind the marks of its outlets, unless somebody does not come to an end.
  void check_marks() {
    const auto until = world_.elapsed() + marks_end;
    while (world_.elapsed() < until && audit_.violation().empty() && step()) {
    }
    for (const auto& [outlet, context] : node::outlets_of_contexts())
      for (std::uint16_t shard = 0; shard < shard_count; ++shard)
        if (const auto mark = disk_->mark(outlet, context, shard), last = disk_->last_offset(context, shard);
            mark != last)
          audit_.fail("outlet " + outlet + " stands at " + std::to_string(mark) + " of " + std::to_string(last)
                      + " in shard " + std::to_string(shard) + " of " + context);
  }

  void plan_mishaps() {
    for (std::size_t i = 0; i < 3; ++i) {
      if (random_.chance(crash_))
        world_.after(random_.between(duration{0}, trouble_), [this] { crash(); });
      if (steps_clock_ && random_.chance(0.3))
        world_.after(random_.between(duration{0}, trouble_), [this] {
          world_.mishap("clock set");
          world_.step_clock(random_.between(-clock_step_max, clock_step_max));
        });
    }
    if (random_.chance(0.3)) {
      const auto begins = random_.between(duration{0}, trouble_ / 2);
      world_.after(begins, [this] {
        world_.mishap("provider: dark");
        conditions_.dark = true;
        conditions_.refuses_connections = random_.chance(0.5);
        dark_since_ = world_.elapsed();
        boots_before_ = node_->boots();
        calls_before_ = conditions_.calls_in_the_dark;
      });
      world_.after(begins + random_.between(duration{1}, darkness_max), [this] {
        world_.note("the provider is heard again");
        conditions_.dark = false;
        check_the_dark(world_.elapsed() - dark_since_, conditions_.calls_in_the_dark - calls_before_,
                       node_->boots() - boots_before_);
      });
    }
  }

  void plan_mail_outage() {
    if (!random_.chance(0.3))
      return;
    auto& conditions = mail_conditions_[mail_providers[random_.below(mail_providers.size())]];
    const auto begins = random_.between(duration{0}, trouble_ / 2);
    world_.after(begins, [this, &conditions] {
      world_.mishap("mail provider: dark");
      conditions.dark = true;
      conditions.refuses_connections = random_.chance(0.5);
    });
    world_.after(begins + random_.between(duration{1}, darkness_max), [this, &conditions] {
      world_.note("the mail provider is heard again");
      conditions.dark = false;
    });
  }

  void plan_pauses() {
    std::vector<pause::target> what;
    if (random_.chance(0.2))
      what.push_back({pause::kind::provider, "default"});
    if (random_.chance(0.2))
      what.push_back({pause::kind::saga, std::string{pause::order_saga}});
    if (random_.chance(0.3))
      what.push_back({pause::kind::order, shop_.chosen().value});
    for (auto& x : what) {
      world_.mishap("paused: " + std::string{name_of(x.kind)});
      spawn_operator(world_, audit_, node_->reach(),
                     {random_.between(duration{0}, trouble_), std::move(x), random_.between(duration{1}, pause_max)},
                     all_);
    }
  }

  void crash() {
    if (!node_->is_up() || !world_.faults_on())
      return;
    world_.mishap("crash");
    node_->crash(*disk_);
    world_.after(random_.between(duration{10}, duration{3'000}), [this] {
      world_.note("the node starts");
      node_->start();
    });
  }

  tally finished() {
    counts_.commits = disk_->commits();
    counts_.mishaps = world_.mishaps();
    return counts_;
  }

  options options_;
  world world_;
  std::shared_ptr<simulated::disk> disk_;
  payment::ledger books_;
  provider_conditions conditions_;
  std::map<std::string_view, remote_conditions> mail_conditions_;
  auditor audit_;
  tally counts_;
  random_source random_;
  std::shared_ptr<attendance> all_ = std::make_shared<attendance>();
  shop shop_;
  std::unique_ptr<node> node_;
  std::vector<std::string> paths_;
  std::optional<duration> opened_;
  bool killed_ = false;
  duration trouble_{0};
  double kill_ = 0;
  double crash_ = 0;
  bool steps_clock_ = false;
  duration dark_since_{0};
  std::uint64_t boots_before_ = 0;
  std::uint64_t calls_before_ = 0;
};

} // namespace

result run(const options& x) {
  if (x.nodes > 1)
    return run_cluster(x);
  return scenario{x}.run();
}

std::set<std::string> everybody() {
  constexpr std::uint64_t runs = 20;
  std::set<std::string> found;
  options what;
  for (what.seed = 1; what.seed <= runs; ++what.seed) {
    const auto one = run(what);
    found.insert(one.paths.begin(), one.paths.end());
    for (const auto& name : one.names)
      found.insert("any " + name);
  }
  return found;
}

planned_kill kill_in(std::uint64_t seed, const std::string& whom) {
  const auto moment = fnv1a(whom, seed) % static_cast<std::uint64_t>(opening_hours.count());
  return {whom, duration{static_cast<duration::rep>(moment)}};
}

std::string command_line(const options& x) {
  const options defaults;
  std::ostringstream text;
  text << "troupe-simulate --seed " << x.seed << " --seeds 1";
  if (x.orders != defaults.orders)
    text << " --orders " << x.orders;
  if (x.nodes != defaults.nodes)
    text << " --nodes " << x.nodes;
  if (x.faults != defaults.faults)
    text << " --faults " << x.faults;
  if (x.planted != bug::none)
    text << " --bug " << name_of(x.planted);
  if (x.kill)
    text << " --kill \"" << x.kill->whom << "\" --kill-at " << x.kill->at.count();
  text << " --trace";
  return text.str();
}

} // namespace troupe::simulation

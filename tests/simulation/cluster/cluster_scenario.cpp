#include "tests/simulation/cluster/cluster_scenario.hpp"

#include "tests/simulation/client.hpp"
#include "tests/simulation/cluster/entrance.hpp"
#include "tests/simulation/cluster/member_part.hpp"
#include "tests/simulation/cluster/network.hpp"
#include "tests/simulation/mail_provider.hpp"
#include "tests/simulation/node.hpp"
#include "tests/simulation/provider.hpp"
#include "tests/simulation/shop.hpp"
#include "tests/simulation/store.hpp"
#include "tests/simulation/world.hpp"

#include <algorithm>
#include <optional>

namespace troupe::simulation {

namespace {

constexpr duration trouble_min = std::chrono::seconds{30}; // in which things go wrong
constexpr duration trouble_max = std::chrono::seconds{60};
constexpr duration patience = std::chrono::seconds{280};  // until every order must have ended
constexpr duration holds_end = std::chrono::seconds{120}; // longer than any hold, and than a clock is set back
constexpr duration marks_end = std::chrono::seconds{30};  // until outlets have looked at everything and said so
constexpr duration clock_step_max = std::chrono::seconds{20};
constexpr duration looks_every{25};
constexpr duration drain_within = std::chrono::seconds{30};
constexpr duration noticed_within{500}; // by whoever balances: that a node wants no more requests
constexpr double drift_max = 0.045;     // of a boot clock; own_lease bears 0.05
constexpr std::uint64_t steps_max = 20'000'000;

/// A node's machine.
struct machine {
  std::unique_ptr<member_part> part;
  std::unique_ptr<troupe::simulation::node> node;
  std::shared_ptr<gateway_seat> seat = std::make_shared<gateway_seat>();
  bool wanted = false; // to be up
  bool paused = false;
  bool draining = false;
};

class cluster_scenario {
public:
  explicit cluster_scenario(const options& x)
    : options_(x), world_(x.seed), disk_(std::make_shared<simulated::disk>()),
      leases_(std::make_shared<simulated::lease_table>([this] { return world_.true_time(); })), audit_(*disk_, books_),
      random_(world_.random().fork()), shop_(world_, audit_, random_, x.orders, all_) {
    if (x.trace)
      world_.set_trace(x.trace);
    disk_->set_leases(leases_);
    audit_.allow_overtaking();
    audit_.set_watch([this](const journal::stored_event& e) { check_owner(e); });
    is_planned_ = x.faults == 0 || random_.chance(0.25);
    trouble_ = random_.between(trouble_min, trouble_max);
    const auto odds = [&](double most) { return draw_odds(most); };
    kill_ = odds(0.002);
    world_.set_early_timer(odds(0.02));
    world_.spare_name("door"); // Nobody starts it anew: see supervisors/cluster_node.cpp.
    const disk_faults disk{odds(0.01), odds(0.01), odds(0.01), odds(0.005), odds(0.03)};
    const auto wire = [&] {
      return remote_faults{odds(0.06), odds(0.06), odds(0.06), odds(0.04), odds(0.04), odds(0.04),
                           odds(0.1),  odds(0.06), odds(0.06), odds(0.04), odds(0.04)};
    };
    const provider_faults provider{wire(), odds(0.4), odds(0.05)};
    clients out;
    out.payment = spawn_provider(world_, audit_, books_, provider, conditions_, counts_);
    std::vector<std::string> mailers;
    for (const auto name : mail_providers) {
      out.mail.emplace(name, spawn_mail_provider(world_, audit_, name, wire(), mail_conditions_[name]));
      mailers.emplace_back(name);
    }
    network_faults net;
    net.latency_max = duration{static_cast<std::int64_t>(1 + random_.below(40))};
    net.slow = odds(0.1);
    net.reset = odds(0.02);
    net.news_lost = odds(0.3);
    net.news_doubled = odds(0.3);
    network_ = std::make_unique<network>(world_, net, [this](std::string what) { audit_.fail(std::move(what)); });
    store_link_faults link;
    link.slow = odds(0.1);
    link.lost = odds(0.02);
    link.lost_answer = odds(0.02);
    link.late = odds(0.3);
    const auto stores = make_store(world_, audit_, disk_, disk, store_bugs_of(x.planted));
    const bool has_limits = random_.chance(0.5);
    const auto moves = static_cast<std::uint32_t>(32u << random_.below(4));
    node_faults local;
    local.local = {odds(0.04), odds(0.04), odds(0.04)};
    local.policy = guard_policy();
    for (std::size_t i = 0; i < std::max<std::size_t>(x.nodes, 1); ++i) {
      member_plan plan;
      plan.name = std::string{"node-"} + static_cast<char>('a' + i % 26) + (i >= 26 ? std::to_string(i / 26) : "");
      plan.of = static_cast<group>(i + 1);
      plan.clocks.rate = 1 + (is_planned_ ? 0.01 : drift_max) * (2 * random_.unit() - 1);
      plan.clocks.booted = random_.between(duration{0}, std::chrono::hours{500});
      plan.settings.self.roles = {true, true};
      plan.settings.self.version = "simulated";
      if (has_limits)
        plan.settings.limits.moves_at_once = moves;
      plan.link = link;
      plan.planted = x.planted;
      auto& at = machines_.emplace_back();
      at.part = std::make_unique<member_part>(world_, *network_, stores, leases_, std::move(plan));
      node_options setup;
      setup.mail_providers = mailers;
      setup.moods = moods_;
      setup.snapshot_every = 1 + random_.below(6);
      setup.idle_timeout = random_.between(duration{500}, duration{8'000});
      setup.member = at.part->seat();
      at.node = std::make_unique<troupe::simulation::node>(world_, audit_, stores, out, setup, local, x.planted);
      at.seat->of = at.node.get();
      seats_.push_back(at.seat);
    }
    entrance_ = std::make_unique<entrance>(world_, seats_);
  }

  // Actors refer to everything here, and a new one begins before it ends.
  ~cluster_scenario() { world_.end_all(); }
  cluster_scenario(const cluster_scenario&) = delete;
  cluster_scenario& operator=(const cluster_scenario&) = delete;

  result run() {
    // One may come later.
    const auto late = machines_.size() > 2 && random_.chance(0.3) ? machines_.size() - 1 : machines_.size();
    for (std::size_t i = 0; i < late; ++i)
      begin(machines_[i]);
    paths_ = machines_[0].node->paths();
    if (owned_again("at the start") && open())
      live(late);
    result out{audit_.violation(), world_.steps(), world_.hash(), world_.elapsed(), finished(), false, paths_, {}};
    out.names.insert(world_.names().begin(), world_.names().end());
    return out;
  }

private:
  double draw_odds(double most) {
    const auto u = random_.unit();
    const auto plenty = u < 0.3 ? 0.0 : u < 0.9 ? 1.0 : 4.0;
    const auto drawn = std::min(0.4, options_.faults * plenty * most * random_.unit());
    return is_planned_ ? 0 : drawn;
  }

  static resilience::policy guard_policy() {
    resilience::policy x;
    x.name = "simulated";
    x.source = "cluster_scenario.cpp";
    x.timeout = std::chrono::seconds{3};
    x.deadline = std::chrono::seconds{4};
    x.breaker.failures = 4;
    x.breaker.open_time = std::chrono::seconds{1};
    x.breaker.half_open_calls = 2;
    x.retry.attempts = 2;
    x.retry.base = duration{100};
    return x;
  }

  bool holds() const { return audit_.violation().empty(); }

  bool step() {
    if (world_.faults_on() && random_.chance(kill_))
      if (const auto died = world_.kill_one())
        for (auto& x : machines_)
          x.node->on_death(died);
    if (world_.steps() > steps_max)
      audit_.fail("too much happens");
    if (world_.step())
      return true;
    audit_.fail("nothing is left to happen");
    return false;
  }

  /// Runs until then; false when something is wrong.
  bool until(duration when) {
    world_.after(std::max(when - world_.elapsed(), duration{0}), [] {}); // So that time does not pass it by.
    while (world_.elapsed() < when && holds() && step()) {
    }
    return holds();
  }

  bool until_idle(duration deadline, std::string_view who) {
    while (all_->busy > 0 && holds()) {
      if (world_.elapsed() > deadline)
        audit_.fail(std::to_string(all_->busy) + " of " + std::string{who} + " did not come to an end");
      else
        step();
    }
    return holds();
  }

  // ---- who owns what -----------------------------------------------------------------------------------------------

  std::size_t served() const {
    journal::shard_set all;
    for (const auto& x : machines_)
      if (x.node->is_up() && !x.paused)
        for (std::uint16_t shard = 0; shard < shard_count; ++shard)
          if (x.part->held().serves(shard))
            all.set(shard);
    return all.count();
  }

  /// Whoever else believes that it may answer for the shard would tell clients what is not so any more.
  void check_owner(const journal::stored_event& e) {
    for (const auto& x : machines_)
      if (x.node->is_up() && x.part->name() != e.node && x.part->held().serves(e.shard))
        audit_.fail(e.node + " writes to shard " + std::to_string(e.shard) + " at epoch " + std::to_string(e.epoch)
                    + ", and " + x.part->name() + " believes that it may answer for it");
  }

  bool owned_again(std::string_view when) {
    const auto begins = world_.elapsed();
    while (served() < shard_count) {
      if (world_.elapsed() - begins > owned_again_within)
        audit_.fail("nobody serves " + std::to_string(shard_count - served()) + " shards "
                    + std::to_string(owned_again_within.count()) + " ms later: " + std::string{when});
      if (!until(world_.elapsed() + looks_every))
        return false;
    }
    longest_ = std::max(longest_, world_.elapsed() - begins);
    return true;
  }

  // ---- nodes -------------------------------------------------------------------------------------------------------

  void begin(machine& x) {
    x.wanted = true;
    x.draining = false;
    if (x.node->is_up())
      return;
    world_.note(x.part->name() + " starts");
    x.node->start();
    x.seat->is_ready = true;
  }

  void wake(machine& x) {
    if (!std::exchange(x.paused, false))
      return;
    world_.note(x.part->name() + " is woken");
    network_->set_paused(x.part->name(), false);
    world_.wake(x.part->of());
  }

  void kill(machine& x, duration for_so_long) {
    if (!x.node->is_up() || x.draining)
      return;
    world_.mishap("node killed");
    world_.note(x.part->name() + " is killed");
    x.paused = false;
    x.node->end_all();
    x.seat->in_flight = 0;
    world_.after(for_so_long, [this, &x] {
      if (x.wanted)
        begin(x);
    });
  }

  void pause(machine& x, duration for_so_long) {
    if (!x.node->is_up() || x.paused || x.draining)
      return;
    world_.mishap(for_so_long > cluster::default_lease ? "node paused beyond its lease" : "node paused");
    world_.note(x.part->name() + " is paused");
    x.paused = true;
    network_->set_paused(x.part->name(), true);
    world_.pause(x.part->of());
    world_.after(for_so_long, [this, &x] { wake(x); });
  }

  /// As SIGTERM does: no more requests, then no more shards, then the end.
  void drain(machine& x, duration away) {
    if (!x.node->is_up() || x.paused || x.draining)
      return;
    world_.mishap("node drained");
    world_.note(x.part->name() + " is drained");
    x.draining = true;
    x.seat->is_ready = false;
    world_.after(noticed_within, [this, &x, away] { close_doors(x, away, world_.elapsed() + duration{6'000}); });
  }

  void close_doors(machine& x, duration away, duration at_the_latest) {
    if (!x.draining || !x.node->is_up())
      return;
    if (x.seat->in_flight > 0 && world_.elapsed() < at_the_latest)
      return world_.after(duration{100}, [this, &x, away, at_the_latest] { close_doors(x, away, at_the_latest); });
    const auto boots = x.node->boots();
    x.part->drain(drain_within, [this, &x, boots, away](bool whole) {
      world_.after(duration{0}, [this, &x, boots, away, whole] {
        if (!x.draining || !x.node->is_up() || x.node->boots() != boots)
          return;
        if (!whole && is_planned_)
          audit_.fail(x.part->name() + " was not drained within " + std::to_string(drain_within.count()) + " ms");
        world_.mishap(whole ? "drain ended" : "drain given up");
        end(x, away);
      });
    });
  }

  void end(machine& x, duration away) {
    x.node->end_all();
    x.draining = false;
    x.paused = false;
    x.seat->in_flight = 0;
    world_.after(away, [this, &x] {
      if (x.wanted)
        begin(x);
    });
  }

  machine& any() { return machines_[random_.below(machines_.size())]; }
  duration some(duration::rep least, duration::rep most) { return random_.between(duration{least}, duration{most}); }

  // ---- what goes wrong ---------------------------------------------------------------------------------------------

  void cut(machine& from, machine& to, bool both, duration for_so_long) {
    if (&from == &to)
      return;
    const auto& a = from.part->name();
    const auto& b = to.part->name();
    world_.mishap(both ? "nodes cut off from one another" : "nodes cut off one way");
    world_.note(a + (both ? " <-> " : " -> ") + b + " is cut");
    network_->cut(a, b);
    if (both)
      network_->cut(b, a);
    world_.after(for_so_long, [this, a, b, both] {
      network_->heal(a, b);
      if (both)
        network_->heal(b, a);
    });
  }

  void cut_store(machine& x, bool there, bool back, duration for_so_long) {
    world_.mishap(there && back ? "node cut off from the store" : "node cut off from the store one way");
    world_.note(x.part->name() + " is cut off from the store");
    auto& weather = x.part->weather();
    weather.there_cut = there;
    weather.back_cut = back;
    world_.after(for_so_long, [&weather] { weather = {}; });
  }

  void isolate(machine& x, bool from_store, duration for_so_long) {
    world_.mishap(from_store ? "node cut off from everything" : "node cut off from the others");
    for (auto& other : machines_)
      cut(x, other, true, for_so_long);
    if (from_store)
      cut_store(x, true, true, for_so_long);
  }

  void set_clock(machine& x) {
    world_.mishap("clock set");
    x.part->clocks().wall_step = random_.between(-clock_step_max, clock_step_max);
  }

  void one_mishap() {
    if (!world_.faults_on())
      return;
    auto& x = any();
    const auto a_while = some(300, 12'000);
    if (random_.chance(0.3)) // As after a machine was asleep, say.
      set_clock(x);
    switch (random_.below(12)) {
      case 0:
      case 1: return kill(x, some(50, 6'000));
      case 2: return pause(x, some(100, 1'900));
      case 3: return pause(x, some(2'000, 15'000));
      case 4: return cut(x, any(), true, a_while);
      case 5: return cut(x, any(), false, a_while);
      case 6: return isolate(x, random_.chance(0.5), a_while);
      case 7: return cut_store(x, true, true, a_while);
      case 8: {
        const bool there = random_.chance(0.5);
        return cut_store(x, there, !there, a_while);
      }
      case 9:
        world_.mishap("store away");
        for (auto& each : machines_)
          cut_store(each, true, true, a_while / 2);
        return;
      case 10: return drain(x, some(100, 4'000));
      case 11: return set_clock(x);
    }
  }

  void plan_mishaps() {
    const auto count = 1 + random_.below(10);
    for (std::size_t i = 0; i < count; ++i)
      world_.after(random_.between(duration{0}, trouble_), [this] { one_mishap(); });
  }

  /// What operators do on purpose, and nobody may notice.
  void plan_restarts() {
    duration when = some(1'000, 5'000);
    const bool rolling = random_.chance(0.5);
    for (auto& x : machines_) {
      if (rolling || random_.chance(0.4))
        world_.after(when, [this, &x] { drain(x, some(100, 3'000)); });
      when += some(12'000, 16'000);
    }
  }

  void end_trouble() {
    world_.note("no more trouble");
    world_.set_faults(false);
    network_->heal_all();
    for (auto& x : machines_) {
      x.part->weather() = {};
      x.part->clocks().wall_step = duration{0};
      wake(x);
      if (x.wanted && !x.node->is_up())
        begin(x);
    }
  }

  // ---- a run -------------------------------------------------------------------------------------------------------

  bool open() {
    shop_.open(entrance_->reach());
    return until_idle(patience, "those who stock");
  }

  void live(std::size_t late) {
    world_.set_faults(!is_planned_);
    const auto opens = world_.elapsed();
    shop_.invite(entrance_->reach());
    if (is_planned_) {
      entrance_->watch(duration{4'900},
                       [this](std::string what) { audit_.fail("nothing went wrong, and yet: " + std::move(what)); });
      plan_restarts();
    } else {
      plan_mishaps();
    }
    if (late < machines_.size())
      world_.after(random_.between(duration{0}, trouble_), [this, late] {
        world_.mishap("node added");
        begin(machines_[late]);
      });
    if (!until(opens + trouble_))
      return;
    end_trouble();
    // Who is on its way out may go, and come back.
    if (!is_planned_ && !owned_again("after the trouble"))
      return;
    if (!until_idle(opens + patience, "the clients"))
      return;
    if (!until(std::max(world_.elapsed(), opens + trouble_) + holds_end))
      return;
    entrance_->watch(duration{0}, nullptr);
    check_memory();
    read_at_the_end();
  }

  /// Nobody has asked for anything for long, so nothing has a reason to be in memory.
  void check_memory() {
    const auto up = static_cast<std::size_t>(
      std::count_if(machines_.begin(), machines_.end(), [](const machine& x) { return x.node->is_up(); }));
    for (const auto& context : stored_contexts()) {
      const auto alive = world_.count_alive(context);
      if (const auto lasting = context == "outlet" ? up * node::outlets : 0; alive > lasting)
        audit_.fail(std::to_string(alive - lasting) + " of \"" + context + "\" stay in memory");
    }
  }

  /// What is read at the end is what a node finds that starts alone.
  void read_at_the_end() {
    for (auto& x : machines_) {
      x.wanted = false;
      x.seat->is_ready = false;
      x.node->end_all();
    }
    disk_->sync();
    begin(machines_[0]);
    if (!holds() || !owned_again("after all have ended and one has started"))
      return;
    const auto reading = spawn_reader(world_, audit_, entrance_->reach(), audit_.acknowledged(), shop_.skus(), all_);
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

  void check_marks() {
    if (!until(world_.elapsed() + marks_end))
      return;
    for (const auto& [outlet, context] : node::outlets_of_contexts())
      for (std::uint16_t shard = 0; shard < shard_count; ++shard)
        if (const auto mark = disk_->mark(outlet, context, shard), last = disk_->last_offset(context, shard);
            mark != last)
          audit_.fail("outlet " + outlet + " stands at " + std::to_string(mark) + " of " + std::to_string(last)
                      + " in shard " + std::to_string(shard) + " of " + context);
  }

  tally finished() {
    counts_.commits = disk_->commits();
    counts_.mishaps = world_.mishaps();
    counts_.requests = entrance_->counts().requests;
    counts_.failed_requests = entrance_->counts().failed;
    counts_.longest_without_owner = longest_;
    return counts_;
  }

  options options_;
  world world_;
  std::shared_ptr<simulated::disk> disk_;
  std::shared_ptr<simulated::lease_table> leases_;
  payment::ledger books_;
  provider_conditions conditions_;
  std::map<std::string_view, remote_conditions> mail_conditions_;
  auditor audit_;
  tally counts_;
  random_source random_;
  std::shared_ptr<attendance> all_ = std::make_shared<attendance>();
  shop shop_;
  std::shared_ptr<sink_moods> moods_ = std::make_shared<sink_moods>();
  std::unique_ptr<network> network_;
  std::deque<machine> machines_;
  std::vector<std::shared_ptr<gateway_seat>> seats_;
  std::unique_ptr<entrance> entrance_;
  std::vector<std::string> paths_;
  bool is_planned_ = false; // nothing goes wrong, and nodes come and go
  duration trouble_{0};
  duration longest_{0};
  double kill_ = 0;
};

} // namespace

result run_cluster(const options& x) {
  return cluster_scenario{x}.run();
}

} // namespace troupe::simulation

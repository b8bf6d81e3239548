#include "tests/simulation/world.hpp"

#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/monitorable_actor.hpp>

#include <algorithm>
#include <utility>

namespace troupe::simulation {

namespace {

using time_unit = caf::actor_clock::duration_type;

// So that no instant of the virtual clock is its epoch, which some take for "never".
constexpr duration clock_offset = std::chrono::hours{1};

caf::scheduled_actor* actor_of(caf::resumable* job) {
  return job->subtype() == caf::resumable::scheduled_actor ? static_cast<caf::scheduled_actor*>(job) : nullptr;
}

/// Ends an actor before it handles another message: what its mailbox has is passed over.
void end(const caf::strong_actor_ptr& who) {
  who->enqueue(nullptr, caf::make_message_id(caf::message_priority::high),
               caf::make_message(caf::exit_msg{who->address(), caf::exit_reason::kill}), nullptr);
}

bool is_alive(const caf::strong_actor_ptr& who) {
  return who && !static_cast<caf::scheduled_actor*>(who->get())->mailbox().closed();
}

} // namespace

/// Stands for an actor that is reached over something that may fail. Handles nothing itself.
class wire_actor : public caf::monitorable_actor {
public:
  wire_actor(caf::actor_config& config, world& w, place to, wire_faults faults, wire_watch watch)
    : caf::monitorable_actor(config), world_(w), to_(std::move(to)), faults_(faults), watch_(std::move(watch)) {}

  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) override {
    if (watch_)
      watch_(x->payload, x->sender ? x->sender->id() : 0);
    if (!*to_) {
      caf::detail::sync_request_bouncer bounce{caf::make_error(caf::exit_reason::unreachable)};
      bounce(*x);
      return false;
    }
    if (faults_.in_order && home_system().clock().now() < late_until_)
      return meet(fate_of::delayed, std::move(x), unit);
    const bool can_fail = faults_.drop > 0 || faults_.duplicate > 0 || faults_.delay > 0;
    if (!world_.faults_on() || !can_fail)
      return (*to_)->enqueue(std::move(x), unit);
    // The answer's fate is drawn now: only an answer that is to fail needs a wire of its own.
    if (x->mid.is_request() && x->sender)
      if (const auto fate = draw(); fate != fate_of::arrives)
        x->sender = world_.make_wire(std::make_shared<caf::strong_actor_ptr>(x->sender), only(fate), {});
    auto fate = draw();
    if (fate == fate_of::duplicated && !faults_.doubles_requests)
      fate = fate_of::arrives;
    return meet(fate, std::move(x), unit);
  }

  void setup_metrics() {}

private:
  enum class fate_of { arrives, dropped, duplicated, delayed };

  fate_of draw() {
    auto u = world_.random().unit();
    if (u < faults_.drop)
      return fate_of::dropped;
    u -= faults_.drop;
    if (u < faults_.duplicate)
      return fate_of::duplicated;
    u -= faults_.duplicate;
    return u < faults_.delay ? fate_of::delayed : fate_of::arrives;
  }

  wire_faults only(fate_of x) const {
    return {x == fate_of::dropped ? 1.0 : 0.0,
            x == fate_of::duplicated ? 1.0 : 0.0,
            x == fate_of::delayed ? 1.0 : 0.0,
            faults_.delay_max,
            true,
            false};
  }

  bool meet(fate_of fate, caf::mailbox_element_ptr x, caf::execution_unit* unit) {
    const auto to = *to_;
    switch (fate) {
      case fate_of::arrives: return to->enqueue(std::move(x), unit);
      case fate_of::dropped: world_.mishap("message lost"); return true;
      case fate_of::duplicated:
        world_.mishap("message doubled");
        to->enqueue(caf::make_mailbox_element(x->sender, x->mid, {}, x->payload), unit);
        return to->enqueue(std::move(x), unit);
      case fate_of::delayed: {
        world_.mishap("message late");
        auto& clock = home_system().clock();
        auto due = clock.now() + world_.random().between(duration{1}, faults_.delay_max);
        if (faults_.in_order)
          due = late_until_ = std::max(due, late_until_);
        clock.schedule_message(due, to, std::move(x));
        return true;
      }
    }
    return false;
  }

  world& world_;
  place to_;
  wire_faults faults_;
  wire_watch watch_;
  caf::actor_clock::time_point late_until_; // when the last of those that are late arrives
};

world::config::config() {
  set("caf.scheduler.policy", "testing");
  set("caf.logger.file.verbosity", "quiet");
  set("caf.logger.console.verbosity", "quiet");
}

world::world(std::uint64_t seed)
  : system_(config_), scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), random_(seed) {
  scheduler_.clock().current_time += clock_offset;
}

world::~world() {
  end_all();
}

void world::end_all() {
  faults_on_ = false;
  trace_ = nullptr;
  agenda_.clear();
  while (!paused_.empty())
    wake(paused_.begin()->first);
  scheduler_.clock().schedule.clear();
  // Whoever runs now ends, and what it sends runs and ends: an actor that lives keeps the system from ending.
  kill_all();
  for (const auto& x : std::exchange(outside_, {}))
    end(x);
  while (scheduler_.has_job())
    scheduler_.try_run_once();
}

duration world::elapsed() const {
  return std::chrono::duration_cast<duration>(scheduler_.clock().now().time_since_epoch()) - clock_offset;
}

void world::after(duration delay, std::function<void()> what) {
  agenda_.emplace(elapsed() + delay, std::move(what));
}

bool world::step() {
  if (!agenda_.empty() && agenda_.begin()->first <= elapsed()) {
    const auto next = agenda_.extract(agenda_.begin());
    ++steps_;
    next.mapped()();
    return true;
  }
  auto& jobs = scheduler_.jobs;
  if (!paused_.empty())
    set_aside_the_paused();
  const bool early = !jobs.empty() && faults_on_ && random_.chance(early_timer_);
  if (early)
    mishap("early timer");
  if (jobs.empty() || early)
    if (pass_time() || jobs.empty())
      return !jobs.empty() || !agenda_.empty() || !scheduler_.clock().schedule.empty();
  run_job(jobs.size() > 1 ? random_.below(jobs.size()) : 0);
  return true;
}

// True when time has moved or a timer has fired.
bool world::pass_time() {
  auto& clock = scheduler_.clock();
  const bool has_timer = !clock.schedule.empty();
  if (!agenda_.empty()) {
    const auto due = caf::actor_clock::time_point{time_unit{agenda_.begin()->first + clock_offset}};
    if (!has_timer || due < clock.schedule.begin()->first) {
      clock.current_time = std::max(clock.current_time, due);
      return true;
    }
  }
  if (!has_timer)
    return false;
  // One and no more: trigger_timeout() would look for one that somebody still waits for, past the agenda.
  auto next = clock.schedule.extract(clock.schedule.begin());
  clock.current_time = std::max(clock.current_time, next.key());
  if (next.mapped().f.run() == caf::action::transition::success) {
    ++steps_;
    mix(static_cast<std::uint64_t>(elapsed().count()));
    if (trace_)
      note("a timer fires");
  }
  return true;
}

void world::run_job(std::size_t position) {
  auto& jobs = scheduler_.jobs;
  std::swap(jobs.front(), jobs[position]);
  if (auto* who = actor_of(jobs.front())) {
    meet(*who);
    mix(who->id());
    if (const auto* next = who->peek_at_next_mailbox_element()) {
      for (const auto type : next->payload.types())
        mix(type);
      mix(next->mid.integer_value());
    }
    if (trace_)
      describe(*who);
  }
  ++steps_;
  if (groups_.empty()) {
    scheduler_.try_run_once();
    return;
  }
  const auto* who = actor_of(jobs.front());
  as(who ? group_of(who->id()) : 0, [this] { scheduler_.try_run_once(); });
}

void world::own_since(caf::actor_id first) {
  const auto last = system_.latest_actor_id();
  if (last < first || (current_ == 0 && groups_.empty()))
    return;
  if (last >= groups_.size())
    groups_.resize(static_cast<std::size_t>(last) * 2 + 64);
  // Those that were spawned for another group meanwhile have theirs already.
  for (auto id = first; id <= last; ++id)
    if (groups_[id] == 0)
      groups_[id] = current_;
}

void world::pause(group who) {
  paused_.try_emplace(who);
}

void world::wake(group who) {
  auto waiting = paused_.extract(who);
  if (waiting.empty())
    return;
  for (auto* job : waiting.mapped())
    scheduler_.jobs.push_back(job);
}

void world::set_aside_the_paused() {
  auto& jobs = scheduler_.jobs;
  for (auto next = jobs.begin(); next != jobs.end();) {
    const auto* who = actor_of(*next);
    const auto found = who ? paused_.find(group_of(who->id())) : paused_.end();
    if (found == paused_.end()) {
      ++next;
    } else {
      found->second.push_back(*next);
      next = jobs.erase(next);
    }
  }
}

void world::meet(caf::scheduled_actor& who) {
  const auto id = static_cast<std::size_t>(who.id());
  if (id >= met_.size())
    met_.resize(id * 2 + 64);
  if (met_[id])
    return;
  met_[id] = true;
  inside_.push_back({who.id(), group_of(who.id()), caf::weak_actor_ptr{who.ctrl()}});
  if (!names_.contains(std::string_view{who.name()}))
    names_.emplace(who.name());
}

void world::spare(caf::strong_actor_ptr who) {
  const auto id = static_cast<std::size_t>(who->id());
  if (id >= met_.size())
    met_.resize(id * 2 + 64);
  met_[id] = true; // Known, and not inside.
  if (current_ != 0 || !groups_.empty()) {
    if (id >= groups_.size())
      groups_.resize(id * 2 + 64);
    groups_[id] = outside_all;
  }
  outside_.push_back(std::move(who));
}

caf::strong_actor_ptr world::make_wire(place to, const wire_faults& faults, wire_watch watch) {
  caf::actor_config config{system_.dummy_execution_unit()};
  return caf::make_actor<wire_actor, caf::strong_actor_ptr>(system_.next_actor_id(), system_.node(), &system_, config,
                                                            *this, std::move(to), faults, std::move(watch));
}

caf::actor_id world::kill_one() {
  while (!inside_.empty()) {
    const auto chosen = random_.below(inside_.size());
    const auto who = caf::actor_cast<caf::strong_actor_ptr>(inside_[chosen].who);
    if (is_alive(who)) {
      if (spared_.contains(std::string_view{static_cast<caf::scheduled_actor*>(who->get())->name()}))
        return 0;
      kill(who);
      return who->id();
    }
    inside_[chosen] = inside_.back();
    inside_.pop_back();
  }
  return 0;
}

void world::kill(const caf::strong_actor_ptr& who) {
  mix(who->id());
  mishap(std::string{"killed: "} + static_cast<caf::scheduled_actor*>(who->get())->name());
  if (trace_)
    note('#' + std::to_string(who->id()) + " was killed");
  end(who);
}

bool world::is_busy(const caf::strong_actor_ptr& who) {
  return is_alive(who) && !static_cast<caf::scheduled_actor*>(who->get())->mailbox().empty();
}

caf::strong_actor_ptr world::find_alive(std::string_view name) const {
  caf::strong_actor_ptr result;
  for (const auto& x : inside_) {
    auto who = caf::actor_cast<caf::strong_actor_ptr>(x.who);
    if (!is_alive(who) || static_cast<caf::scheduled_actor*>(who->get())->name() != name)
      continue;
    result = std::move(who);
    if (is_busy(result))
      break;
  }
  return result;
}

std::size_t world::count_alive(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(inside_.begin(), inside_.end(), [&](const known_actor& x) {
    const auto who = caf::actor_cast<caf::strong_actor_ptr>(x.who);
    return is_alive(who) && static_cast<caf::scheduled_actor*>(who->get())->name() == name;
  }));
}

void world::kill_group(group who) {
  wake(who);
  kill_all(who);
}

void world::kill_all(std::optional<group> who) {
  auto& jobs = scheduler_.jobs;
  for (auto* job : jobs)
    if (auto* one = actor_of(job))
      meet(*one);
  // The exit stands before everything else in a mailbox, so it is the next and last that each of them handles.
  std::vector<known_actor> others_known;
  for (const auto& x : std::exchange(inside_, {}))
    if (who && x.of != *who)
      others_known.push_back(x);
    else if (const auto one = caf::actor_cast<caf::strong_actor_ptr>(x.who); is_alive(one)) {
      mix(x.id);
      end(one);
    }
  inside_ = std::move(others_known);
  std::deque<caf::resumable*> others;
  while (!jobs.empty()) {
    auto* job = jobs.front();
    auto* one = actor_of(job);
    const bool inside = one && (!who || group_of(one->id()) == *who) && one->mailbox().peek()
                        && one->mailbox().peek()->payload.match_elements<caf::exit_msg>();
    if (inside) {
      ++steps_;
      scheduler_.try_run_once();
    } else {
      others.push_back(job);
      jobs.pop_front();
    }
  }
  jobs = std::move(others);
}

void world::mix(std::uint64_t x) {
  hash_ = (hash_ ^ x) * 1099511628211ull;
  hash_ ^= hash_ >> 29;
}

void world::note(std::string_view what) {
  if (trace_)
    trace_(std::to_string(elapsed().count()) + " ms  " + std::string{what});
}

void world::mishap(std::string_view what) {
  if (const auto known = mishaps_.find(what); known != mishaps_.end())
    ++known->second;
  else
    mishaps_.emplace(what, 1);
  note(what);
}

void world::describe(caf::scheduled_actor& who) {
  std::string text{who.name()};
  text += '#' + std::to_string(who.id());
  if (const auto* next = who.peek_at_next_mailbox_element()) {
    text += next->mid.is_request() ? " is asked " : next->mid.is_response() ? " is answered " : " is told ";
    text += to_string(next->payload);
  }
  note(text);
}

} // namespace troupe::simulation

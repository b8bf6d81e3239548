#include "supervisors/health.hpp"

#include "actors/order/order_entity.hpp"
#include "actors/timer.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

void health_board::set(gateway::dependency x) {
  const std::lock_guard guard{mutex_};
  dependencies_[x.name] = std::move(x);
}

void health_board::set_draining() {
  const std::lock_guard guard{mutex_};
  draining_ = true;
}

gateway::health_report health_board::report() const {
  const std::lock_guard guard{mutex_};
  gateway::health_report result;
  result.draining = draining_;
  for (const auto& [name, dependency] : dependencies_)
    result.dependencies.push_back(dependency);
  return result;
}

gateway::dependency judge(const std::vector<supervision::row>& parts, const slowness& limits, time_point now) {
  using condition = gateway::dependency::condition;
  gateway::dependency result{"parts", condition::up, true, {}, now};
  auto worst = limits.not_ready_after;
  for (const auto& x : parts) {
    const bool down = x.is == supervision::condition::waiting || x.is == supervision::condition::starting;
    const auto age = down ? now - x.since : x.oldest;
    if (age < worst)
      continue;
    worst = age;
    result.is = condition::down;
    result.detail = x.path + (down ? " has been down for " : ": a message has waited for ")
                    + std::to_string(age.count()) + " ms"
                    + (down && !x.last_error.empty() ? ": " + x.last_error : std::string{});
  }
  return result;
}

duration oldest_message(const std::vector<supervision::row>& parts) {
  duration result{0};
  for (const auto& x : parts)
    result = std::max(result, x.oldest);
  return result;
}

namespace {

constexpr std::string_view payment_prefix = "payment/"; // of a provider's dependency

}

void mark_paused(gateway::health_report& x, const pause::board& pauses) {
  for (const auto& each : pauses.all()) {
    const auto& [what, how] = *each;
    if (what.kind == pause::kind::order)
      continue;
    const auto name = what.kind == pause::kind::provider ? std::string{payment_prefix} + what.name : std::string{};
    auto found = std::find_if(x.dependencies.begin(), x.dependencies.end(),
                              [&](const gateway::dependency& y) { return y.name == name; });
    if (found == x.dependencies.end())
      found = x.dependencies.insert(found, {to_string(what), {}, false, {}, {}});
    found->is = gateway::dependency::condition::paused;
    found->detail = "paused by " + how.by + ": " + how.reason;
    found->checked_at = how.at;
  }
}

namespace {

class health_state {
public:
  static constexpr const char* name = "health";

  health_state(caf::event_based_actor* self, health_checks checks, std::shared_ptr<health_board> board)
    : self_(self), checks_(std::move(checks)), board_(std::move(board)) {}

  caf::behavior make_behavior() {
    using condition = gateway::dependency::condition;
    board_->set({"store", condition::unknown, true, "not checked yet", {}});
    for (const auto& [provider, about] : checks_.providers)
      board_->set({"payment/" + provider, condition::unknown, false, "not checked yet", {}});
    look_at_store();
    if (checks_.parts)
      look_at_parts();
    if (checks_.letters)
      count_letters();
    counts_.resize(checks_.queues.size());
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      board_->set({name_of(i), condition::unknown, false, "not counted yet", {}});
      count_queue(i);
    }
    if (!counts_.empty())
      heed_limit();
    for (const auto& [provider, about] : checks_.providers)
      look_at_provider(provider, about.actor);
    return {[](caf::unit_t) {}};
  }

private:
  using condition = gateway::dependency::condition;

  void look_at_store() {
    self_->request(checks_.journal, checks_.provider_timeout, journal::get_health{})
      .then(
        [this](const journal::health& x) {
          if (x.writable)
            read_store();
          else
            store_looked(condition::down, x.reason);
        },
        [this](const caf::error& x) { store_looked(condition::down, to_string(x)); });
  }

  void look_at_parts() {
    const auto rows = checks_.parts->rows(self_->clock().now());
    board_->set(judge(rows, *checks_.limits, checks_.now()));
    board_->set_overloaded(oldest_message(rows) >= checks_.limits->sheds_after);
    run_later(self_, checks_.store_every, [this] { look_at_parts(); });
  }

  void count_letters() {
    self_->request(checks_.letters, checks_.provider_timeout, dead_letter::list_groups{})
      .then([this](const dead_letter::group_list& x) { counted(x); },
            [this](const caf::error&) { run_later(self_, checks_.letters_every, [this] { count_letters(); }); });
  }

  void counted(const dead_letter::group_list& x) {
    using dead_letter::source;
    std::map<source, std::size_t> open;
    for (const auto each : {source::undeliverable_message, source::exhausted_effect, source::poisoned_event,
                            source::outlet_gave_up, source::refused_webhook})
      open[each] = 0;
    for (const auto& group : x.groups)
      open[group.cause.source] += group.count;
    for (const auto& [each, count] : open)
      checks_.letters_open(each, count);
    run_later(self_, checks_.letters_every, [this] { count_letters(); });
  }

  struct counted_queue {
    std::uint64_t depth = 0;
    time_point at;
    bool known = false;
  };

  std::string name_of(std::size_t queue) const { return "queue/" + checks_.queues[queue].name; }

  void count_queue(std::size_t i) {
    self_
      ->request(checks_.journal, checks_.provider_timeout,
                journal::read_due_count{checks_.queues[i].context, checks_.now() + checks_.queues_ahead})
      .then(
        [this, i](const journal::due_count& x) {
          counts_[i] = {x.count, checks_.now(), true};
          if (checks_.queue_counted)
            checks_.queue_counted(checks_.queues[i].name, x.count,
                                  x.oldest ? std::max(counts_[i].at - *x.oldest, duration{0}) : duration{0});
          judge_queue(i);
          run_later(self_, checks_.queues_every, [this, i] { count_queue(i); });
        },
        [this, i](const caf::error& x) {
          counts_[i].known = false;
          found(name_of(i), condition::unknown, false, "cannot be counted: " + to_string(x));
          run_later(self_, checks_.queues_retry, [this, i] { count_queue(i); });
        });
  }

  void judge_queue(std::size_t i) {
    const auto& x = counts_[i];
    if (!x.known)
      return;
    const auto most = *checks_.depth_max;
    gateway::dependency result{name_of(i), condition::up, false, {}, x.at};
    if (x.depth >= most) {
      result.is = condition::down;
      result.detail = std::to_string(x.depth) + " wait, and operations.queue_depth_max is " + std::to_string(most);
    }
    board_->set(std::move(result));
  }

  // Another limit holds at once, without another count.
  void heed_limit() {
    if (const auto most = *checks_.depth_max; most != judged_by_) {
      judged_by_ = most;
      for (std::size_t i = 0; i < counts_.size(); ++i)
        judge_queue(i);
    }
    run_later(self_, checks_.store_every, [this] { heed_limit(); });
  }

  // A disk may take what is written and not give it back. What was due at the beginning of time is nothing, but to say
  // so the file must be read.
  void read_store() {
    self_
      ->request(checks_.journal, checks_.provider_timeout,
                journal::read_due{order::traits::context, time_point{}, std::nullopt, 1})
      .then([this](const journal::due_page&) { store_looked(condition::up, {}); },
            [this](const caf::error& x) { store_looked(condition::down, "cannot be read: " + to_string(x)); });
  }

  void store_looked(condition is, std::string detail) {
    found("store", is, true, std::move(detail));
    run_later(self_, is == condition::up ? checks_.store_every : checks_.store_retry, [this] { look_at_store(); });
  }

  // Looking for a payment that nobody made costs the provider little, and shows address, credentials and answers.
  void look_at_provider(const std::string& provider, const payment::provider_actor& actor) {
    if (checks_.pauses->stops(pause::kind::provider, provider)) {
      run_later(self_, checks_.store_every, [this, provider, actor] { look_at_provider(provider, actor); });
      return;
    }
    self_
      ->request(actor, checks_.provider_timeout, request_context{"health", {}, time_point::max()},
                payment::find_payments{payment::probe_reference})
      .then([this, provider, actor](const payment::payments&) { looked(provider, actor, condition::up, {}); },
            [this, provider, actor](const caf::error& x) { looked(provider, actor, condition::down, to_string(x)); });
  }

  void looked(const std::string& provider, const payment::provider_actor& actor, condition is, std::string detail) {
    found("payment/" + provider, is, false, std::move(detail));
    run_later(self_, checks_.provider_every, [this, provider, actor] { look_at_provider(provider, actor); });
  }

  void found(std::string dependency, condition is, bool required, std::string detail) {
    board_->set({std::move(dependency), is, required, std::move(detail), checks_.now()});
  }

  caf::event_based_actor* self_;
  health_checks checks_;
  std::shared_ptr<health_board> board_;
  std::vector<counted_queue> counts_; // one per queue
  std::uint64_t judged_by_ = 0;       // the limit
};

} // namespace

caf::actor spawn_health_checks(caf::actor_system& system, health_checks checks, std::shared_ptr<health_board> board) {
  return system.spawn<caf::stateful_actor<health_state>>(std::move(checks), std::move(board));
}

} // namespace troupe

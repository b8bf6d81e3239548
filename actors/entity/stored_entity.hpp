// actors/entity/stored_entity.hpp: what every stored entity's actor does alike: recovery, commit, snapshots,
// passivation.
#pragma once

#include "actors/entity/context.hpp"
#include "actors/timer.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::entity {

/// The messages of an entity that only its region sends. `Interface` is what the rest of the system sees.
template <class Interface>
using entity_of =
  typename Interface::template extend<caf::result<void>(wake), caf::result<bool>(stop)>; // stop answers whether it ends

/// What an entity's state is after recovery.
template <class State> struct recovered {
  State state;
  std::uint64_t version = 0;
  std::uint64_t snapshot_version = 0;
  time_point recorded_at; // of the last event
  trace_context trace;    // of the last event that has one and is not in the snapshot
};

/// Base of an entity's actor state. `Traits` names the context's parts:
///
///   using state, event, rejection, interface
///   static constexpr const char* context
///   static void apply(state&, const event&, time_point recorded_at)
///   static journal::encoded_event encode(const event&)
///   static caf::expected<event> decode(const journal::stored_event&)
///   static constexpr std::uint16_t snapshot_schema
///   static std::string encode_snapshot(const state&)
///   static caf::expected<state> decode_snapshot(const journal::snapshot&)
///   static std::size_t size(const state&): of the collections in it, to space snapshots by
///
/// An event is applied when it is decided, so that the next command decides on it; whatever leaves the actor leaves
/// when the journal has acknowledged every event that it may have seen. When an append fails, the actor answers the
/// error and ends; the next command or wake-up recovers it.
template <class Traits> class stored_entity {
public:
  using state_type = typename Traits::state;
  using event_type = typename Traits::event;
  using outcome_type = std::variant<std::vector<event_type>, typename Traits::rejection>;
  using handle_type = entity_of<typename Traits::interface>;
  using pointer = typename handle_type::pointer;

  static constexpr const char* name = Traits::context; // in logs and metrics

  stored_entity(pointer self, std::string key, environment env, recovered<state_type> from, caf::actor region)
    : self_(self), env_(std::move(env)), key_(std::move(key)), state_(std::move(from.state)), version_(from.version),
      stored_(from.version), snapshot_version_(from.snapshot_version), recorded_at_(from.recorded_at),
      region_(std::move(region)), armed_unknown_(from.version > 0) {}

  virtual ~stored_entity() { idle_timer_.dispose(); }
  stored_entity(const stored_entity&) = delete;
  stored_entity& operator=(const stored_entity&) = delete;

protected:
  /// Stores what was decided and then answers with `make_answer(state, version)`, taken now, or with the refusal. When
  /// too many answers wait for the journal already, nothing is stored and the answer is overloaded.
  template <class Answer, class MakeAnswer>
  caf::result<Answer> commit(const request_context& context, outcome_type outcome, MakeAnswer make_answer) {
    if (waiting_.size() >= env_.buffered_max)
      return caf::make_error(ec::overloaded);
    const bool refused = outcome.index() == 1;
    append_events(context, outcome);
    caf::expected<Answer> answer = refused ? caf::expected<Answer>{caf::make_error(std::get<1>(outcome))}
                                           : caf::expected<Answer>{make_answer(state_, version_)};
    if (version_ == stored_ && !writing()) {
      if (answer)
        return std::move(*answer);
      return std::move(answer.error());
    }
    auto promise = self_->template make_response_promise<Answer>();
    when_stored([promise, answer = std::move(answer)](const caf::error& failed) mutable {
      if (failed)
        promise.deliver(failed);
      else if (answer)
        promise.deliver(std::move(*answer));
      else
        promise.deliver(std::move(answer.error()));
    });
    return promise;
  }

  /// The same without anybody to answer.
  void commit(const request_context& context, outcome_type outcome) { append_events(context, outcome); }

  /// Called when events have become durable, before those who wait for that are answered; more may be on their way
  /// (see writing).
  virtual void on_durable() {}

  /// Called when everything decided so far is durable: the place for timers, effects and messages to others.
  virtual void on_stored() {}

  /// When to be woken if this actor is gone by then. Stored with each append whose answer makes it earlier, or clears
  /// it; a stored wake-up may be early, never late.
  virtual std::optional<time_point> wake_up() const { return std::nullopt; }

  /// Whether the next append takes back a stored wake-up that nobody wants any more. Where not, it comes when it is due
  /// and finds nothing to do: cheaper for what is wanted and given up many times before that.
  virtual bool takes_back_wake_up() const { return true; }

  /// Whether this actor could be stopped now without losing anything but memory.
  virtual bool can_stop() const { return true; }

  /// Every entity's behaviour calls this once.
  void started() { arm_idle_timer(); }

  /// Call for every command.
  void touched() { active_ = true; }

  /// The answer to `stop`.
  bool on_stop() {
    if (!can_stop() || writing()) {
      arm_idle_timer();
      return false;
    }
    caf::anon_send(env_.journal, journal::forget{{Traits::context, key_}});
    self_->quit();
    return true;
  }

  /// Call at the end of every `wake`: moves the stored wake-up when the one that was due is not wanted any more.
  void rearm_wake_up() {
    if (writing() || failed_)
      return;
    if (auto change = changed_wake_up()) {
      journal::append request;
      request.stream = {Traits::context, key_};
      request.expected_version = version_;
      request.recorded_at = recorded_at_;
      request.wake_up = std::move(change);
      send(std::move(request));
    }
  }

  /// Asks to be stopped without waiting for the idle timeout.
  void retire() { caf::anon_send(region_, idle{key_}); }

  /// The same when nothing is stored of this entity and nothing is about to be: call after whatever may be refused, so
  /// that asking for what does not exist takes no memory.
  void retire_if_empty() {
    if (version_ == 0 && !writing())
      retire();
  }

  bool writing() const { return appends_in_flight_ > 0; }
  bool failed() const { return failed_; }
  const state_type& state() const { return state_; }
  std::uint64_t version() const { return version_; }
  const std::string& key() const { return key_; }
  const environment& env() const { return env_; }
  pointer self() const { return self_; }

private:
  struct waiting {
    std::uint64_t version = 0; // is answered when this one is stored
    std::function<void(const caf::error&)> then;
  };

  void append_events(const request_context& context, outcome_type& outcome) {
    auto* events = std::get_if<0>(&outcome);
    if (!events || events->empty() || failed_)
      return;
    recorded_at_ = std::max(recorded_at_, env_.now()); // A stream's time never goes back, whatever the clock does.
    journal::append request;
    request.stream = {Traits::context, key_};
    request.expected_version = version_;
    request.recorded_at = recorded_at_;
    request.principal = context.principal;
    if (context.trace.span != 0)
      request.trace = context.trace.traceparent();
    request.events.reserve(events->size());
    for (const auto& e : *events) {
      Traits::apply(state_, e, recorded_at_);
      request.events.push_back(Traits::encode(e));
    }
    version_ += events->size();
    // Proportional to the state's size, because a snapshot of a large state costs as much as many events.
    if (version_ - snapshot_version_ >= std::max<std::uint64_t>(env_.snapshot_every, Traits::size(state_))) {
      request.snapshot =
        journal::snapshot{version_, Traits::snapshot_schema, Traits::encode_snapshot(state_), recorded_at_};
      snapshot_version_ = version_;
    }
    request.wake_up = changed_wake_up();
    send(std::move(request));
  }

  void send(journal::append request) {
    ++appends_in_flight_;
    self_->request(env_.journal, caf::infinite, std::move(request))
      .then([this](journal::appended x) { on_appended(x.version); }, [this](const caf::error& x) { on_failed(x); });
  }

  std::optional<journal::wake_up_change> changed_wake_up() {
    const auto wanted = wake_up();
    const bool armed_ahead = armed_ && *armed_ > env_.now();
    const bool in_time = wanted ? armed_ahead && *armed_ <= *wanted
                                : !armed_unknown_ && (!armed_ || (armed_ahead && !takes_back_wake_up()));
    if (in_time)
      return std::nullopt;
    armed_ = wanted;
    armed_unknown_ = false;
    return journal::wake_up_change{wanted};
  }

  void on_appended(std::uint64_t version) {
    --appends_in_flight_;
    stored_ = std::max(stored_, version);
    on_durable();
    answer_waiting({});
    if (appends_in_flight_ == 0 && !failed_)
      on_stored();
  }

  void on_failed(const caf::error& reason) {
    --appends_in_flight_;
    failed_ = true;
    answer_waiting(reason);
    // A sick store is not a reason to restart; whoever needs this entity next recovers it.
    self_->quit();
  }

  void when_stored(std::function<void(const caf::error&)> then) { waiting_.push_back({version_, std::move(then)}); }

  void answer_waiting(const caf::error& failure) {
    // Taken out first: whoever is answered may wait again.
    const auto end =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const waiting& x) { return !failure && x.version > stored_; });
    std::vector<waiting> ready(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    for (auto& x : ready)
      x.then(failure);
  }

  void arm_idle_timer() {
    idle_timer_ = run_later(self_, env_.idle_timeout, [this] {
      if (std::exchange(active_, false) || writing() || !can_stop())
        arm_idle_timer();
      else
        caf::anon_send(region_, idle{key_});
    });
  }

  pointer self_;
  environment env_;
  std::string key_;
  state_type state_;
  std::uint64_t version_ = 0; // of state_
  std::uint64_t stored_ = 0;  // what the journal has acknowledged
  std::uint64_t snapshot_version_ = 0;
  time_point recorded_at_;
  caf::actor region_;
  caf::disposable idle_timer_;
  std::optional<time_point> armed_; // the stored wake-up, as far as this incarnation knows
  bool armed_unknown_;              // there may be one from before
  std::uint32_t appends_in_flight_ = 0;
  bool failed_ = false;
  bool active_ = true;
  std::vector<waiting> waiting_; // by version; not a deque, which takes 576 bytes when it is empty
};

} // namespace troupe::entity

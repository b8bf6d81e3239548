#include "supervisors/resilience/guard.hpp"

#include "supervisors/resilience/answer_cache.hpp"
#include "supervisors/resilience/effects.hpp"

#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_config.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/sec.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe::resilience {

namespace {

// A number of ours is a slot in its low bits and how often numbers were given above: a late answer finds another
// number.
constexpr std::uint64_t slot_bits = 24;
constexpr std::uint64_t slot_mask = (std::uint64_t{1} << slot_bits) - 1;
constexpr std::uint64_t number_mask = caf::message_id::request_id_mask;
constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

const request_context nobody;

} // namespace

class guard::shield final : public caf::monitorable_actor {
public:
  shield(caf::actor_config& config, caf::actor_system& system, caf::strong_actor_ptr shielded, port what, policy rules,
         clock_fn now, random_fn random, observer told)
    : monitorable_actor(config), system_(system), shielded_(std::move(shielded)), port_(std::move(what)),
      now_(std::move(now)), random_(std::move(random)), told_(std::move(told)), core_(std::move(rules)) {}

  const char* name() const override { return "guard"; }

  void setup_metrics() {} // CAF calls it; this actor has no mailbox to measure

  /// Once there is a handle.
  void begin() {
    shielded_->get()->attach_functor([weak = caf::weak_actor_ptr{ctrl()}](const caf::error& reason) {
      if (const auto strong = weak.lock())
        of(strong).cleanup(caf::error{reason}, nullptr);
    });
  }

  static shield& of(const caf::strong_actor_ptr& x) {
    return static_cast<shield&>(*caf::actor_cast<caf::abstract_actor*>(x));
  }

  bool enqueue(caf::mailbox_element_ptr what, caf::execution_unit* unit) override {
    if (what->mid.is_response()) {
      hear(std::move(what), unit);
      return true;
    }
    const auto found = find(what->payload);
    if (found == nowhere) {
      if (what->payload.match_elements<caf::exit_msg>())
        return pass_on(std::move(what), unit);
      if (!handle_system_message(*what, unit, false))
        bounce(what, caf::make_error(caf::sec::unexpected_message));
      return true;
    }
    return ask(std::move(what), found, unit);
  }

  bool cleanup(caf::error&& reason, caf::execution_unit* unit) override {
    if (!monitorable_actor::cleanup(std::move(reason), unit))
      return false;
    close(unit);
    return true;
  }

  snapshot look() {
    const std::lock_guard guard{mutex_};
    const auto now = now_();
    const auto& breaker = core_.breaker();
    snapshot out;
    out.service = port_.service;
    out.policy = core_.policy();
    out.state = breaker.state();
    out.mode = breaker.mode();
    out.reason = breaker.reason();
    out.wait = breaker.wait(now);
    out.failures = breaker.failures();
    out.under_way = core_.places().under_way();
    out.in_line = core_.places().in_line();
    out.budget = core_.budget(now);
    out.tokens = std::as_const(core_).bucket(priority::transactional).tokens(now);
    out.bulk_tokens = std::as_const(core_).bucket(priority::bulk).tokens(now);
    out.calls = calls_;
    out.refused = refused_;
    out.retried = retried_;
    out.failed = failed_;
    out.recent.assign(recent_.begin(), recent_.end());
    return out;
  }

  breaker_view breaker() {
    const std::lock_guard guard{mutex_};
    const auto& x = core_.breaker();
    return {x.mode(), x.openings(), x.is_open_by_itself(), x.wait(now_()), x.cause()};
  }

  void hear(bool opened, duration left, const std::string& why) {
    change([&](effects&, time_point now) {
      if (!opened)
        return core_.hear_closed(now);
      const duration more{static_cast<std::int64_t>(drawn() * static_cast<double>(others_first_.count()))};
      core_.hear_opened(left + others_first_ + more, why, now);
    });
  }

  void share(rate_sharing with) {
    const std::lock_guard guard{mutex_};
    sharing_ = std::move(with);
    core_.share_rates();
  }

  void granted(bool bulk, std::uint64_t tokens, duration wait) {
    change([&](effects&, time_point now) { core_.granted(bulk, tokens, wait, now); });
  }

  /// `by` an operator, or by nobody.
  void configure(policy x, const std::string& why, const std::string& by) {
    change([&](effects& out, time_point now) {
      if (!by.empty())
        note(out, now, "operator", nullptr, {}, "policy \"" + x.name + "\": " + why, by);
      core_.configure(std::move(x));
    });
  }

  void force(breaker_mode mode, const std::string& why, const std::string& by) {
    change([&](effects& out, time_point now) {
      core_.force(mode, why, now);
      const char* what = mode == breaker_mode::automatic     ? "breaker back to automatic: "
                         : mode == breaker_mode::forced_open ? "breaker held open: "
                                                             : "breaker held closed: ";
      note(out, now, "operator", nullptr, {}, what + why, by);
    });
  }

private:
  using number = std::uint64_t;

  struct trial {
    number id = 0; // 0 while there is none
    attempt is;
    time_point begun;
  };

  enum class stage : std::uint8_t { free, in_line, trying, pausing };

  struct slot {
    shield::stage stage = shield::stage::free;
    number id = 0; // of the call while it waits, and of its hedge while it is trying
    std::size_t operation = 0;
    call is;
    std::array<trial, 2> trials; // the second one is a hedge
    ec last{};                   // the failure before a pause
    caf::strong_actor_ptr asker;
    caf::message_id question_id;
    caf::message question;
    std::unique_ptr<std::vector<kept_decision>> done; // for operation::tell; null for most
  };

  struct due {
    time_point at;
    number id;
    bool operator<(const due& other) const { return at > other.at; } // the soonest is the top of the heap
  };

  /// What was decided before may be decided otherwise now.
  template <class What> void change(What what) {
    effects out;
    {
      const std::lock_guard guard{mutex_};
      const auto now = now_();
      what(out, now);
      let_in(out, now);
      arm(now);
    }
    carry_out(out, nullptr);
  }

  // ---- questions ---------------------------------------------------------------------------------------------------

  /// An exit is meant for what is shielded. When that is a handle that survives restarts, this guard survives as well.
  bool pass_on(caf::mailbox_element_ptr what, caf::execution_unit* unit) {
    caf::strong_actor_ptr shielded;
    {
      const std::lock_guard guard{mutex_};
      shielded = shielded_;
    }
    return shielded && shielded->enqueue(std::move(what), unit);
  }

  std::size_t find(const caf::message& question) const {
    const auto types = question.types();
    for (std::size_t i = 0; i < port_.operations.size(); ++i)
      if (port_.operations[i].asked == types)
        return i;
    return nowhere;
  }

  const operation& operation_of(const slot& x) const { return port_.operations[x.operation]; }

  static const request_context& context_of(const caf::message& question) {
    return question.empty() ? nobody : question.get_as<request_context>(0);
  }

  std::optional<refusal> held_back(const slot& x, time_point now) const {
    if (!port_.held_back)
      return std::nullopt;
    auto why = port_.held_back();
    if (why.empty())
      return std::nullopt;
    return core_.give_up(x.is, ec::circuit_open, held_back_for_, std::move(why), now);
  }

  bool ask(caf::mailbox_element_ptr what, std::size_t found, caf::execution_unit* unit) {
    effects out;
    {
      std::unique_lock guard{mutex_};
      if (closed_) {
        guard.unlock();
        bounce(what);
        return false;
      }
      const auto now = now_();
      const auto& rules = core_.policy();
      const auto& kind = port_.operations[found];
      const auto index = take_slot();
      auto& x = slots_[index];
      ++calls_;
      x.operation = found;
      x.is = {kind.repeats, kind.rank, now, std::min(context_of(what->payload).deadline, now + rules.deadline), 0, {}};
      if (port_.key_lifetime != duration::max())
        x.is.deadline = std::min(x.is.deadline, now + port_.key_lifetime);
      x.asker = std::move(what->sender);
      x.question_id = what->mid;
      x.id = new_number(index);
      if (auto held = held_back(x, now)) {
        x.question = std::move(what->payload);
        refuse(out, index, std::move(*held), now);
        guard.unlock();
        carry_out(out, unit);
        return true;
      }
      auto decided = core_.begin(x.is, x.id, now);
      if (auto* started = std::get_if<attempt>(&decided)) {
        // The message is ours alone still, so that this copies nothing.
        what->payload.get_mutable_as<request_context>(0).deadline = started->deadline;
        x.question = what->payload;
        run(out, x, index, *started, 0, std::move(what), now);
        watch_breaker(out, now);
      } else {
        x.question = std::move(what->payload);
        if (std::holds_alternative<in_line>(decided))
          x.stage = stage::in_line;
        else
          refuse(out, index, std::get<refusal>(std::move(decided)), now);
      }
      arm(now);
    }
    carry_out(out, unit);
    return true;
  }

  void run(effects& out, slot& x, std::size_t index, const attempt& started, std::size_t which,
           caf::mailbox_element_ptr envelope, time_point now) {
    const auto& rules = core_.policy();
    x.stage = stage::trying;
    x.trials[which] = {new_number(index), started, now};
    const auto id = x.trials[which].id;
    wake_at(started.deadline + lateness_, id);
    if (which == 0 && rules.hedge_after > duration::zero() && x.is.repeats == repeatable::any_time) {
      x.id = new_number(index);
      wake_at(now + rules.hedge_after, x.id);
    }
    envelope->sender = caf::strong_actor_ptr{ctrl()};
    envelope->mid = caf::make_message_id(id);
    envelope->stages.clear();
    out.send(shielded_, std::move(envelope));
  }

  /// Another attempt: the question once more, with the time that it has now.
  void repeat(effects& out, slot& x, std::size_t index, const attempt& started, std::size_t which, time_point now) {
    auto question = x.question;
    question.get_mutable_as<request_context>(0).deadline = started.deadline; // a copy, while others read the first
    run(out, x, index, started, which,
        caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(question)), now);
  }

  // ---- answers -----------------------------------------------------------------------------------------------------

  void hear(caf::mailbox_element_ptr what, caf::execution_unit* unit) {
    effects out;
    {
      const std::lock_guard guard{mutex_};
      const auto id = what->mid.request_id().integer_value();
      const auto index = id & slot_mask;
      if (index >= slots_.size())
        return;
      auto& x = slots_[index];
      const auto which = x.trials[0].id == id ? 0u : 1u;
      if (x.trials[which].id != id || x.stage != stage::trying)
        return; // It had been given up.
      const auto now = now_();
      const auto how = outcome_of(what->payload, x.is.repeats != repeatable::any_time);
      attempt_ended(out, index, which, how, std::move(what), now);
      let_in(out, now);
      arm(now);
    }
    carry_out(out, unit);
  }

  /// `envelope` holds the answer, if there is one.
  void attempt_ended(effects& out, std::size_t index, std::size_t which, const outcome& how,
                     caf::mailbox_element_ptr envelope, time_point now) {
    auto& x = slots_[index];
    const auto over = std::exchange(x.trials[which], {});
    const auto& other = x.trials[1 - which];
    tell(out, {x.operation, how, true, std::max(now - over.begun, duration{0}), x.question});
    if (how.answered) {
      core_.succeeded(over.is, now);
      watch_breaker(out, now);
      if (other.id != 0)
        core_.abandoned(other.is, now);
      if (const auto kept_as = operation_of(x).kept_as; kept_as && core_.policy().answer_age_max > duration::zero()
                                                        && !envelope->payload.match_elements<caf::error>())
        answers_.keep(kept_as(x.question), envelope->payload, now);
      return answer(out, index, std::move(envelope));
    }
    core_.failed(over.is, how.code, now);
    watch_breaker(out, now);
    if (other.id != 0)
      return; // It may answer still.
    auto next = core_.after_failure(x.is, how.code, how.asked, drawn(), now);
    if (const auto* wait = std::get_if<pause>(&next)) {
      ++retried_;
      did(out, now, "retried", x, wait->why);
      x.stage = stage::pausing;
      x.last = how.code;
      x.id = new_number(index);
      return wake_at(now + wait->length, x.id);
    }
    refuse(out, index, std::get<refusal>(std::move(next)), now);
  }

  double drawn() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  // ---- the end of a call -------------------------------------------------------------------------------------------

  void answer(effects& out, std::size_t index, caf::mailbox_element_ptr envelope) {
    auto& x = slots_[index];
    if (x.asker && x.question_id.is_request()) {
      if (x.done) [[unlikely]]
        operation_of(x).tell(envelope->payload, *x.done);
      envelope->sender = nullptr; // Nobody asks whose answer it is, and this may be our own end.
      envelope->mid = x.question_id.response_id();
      envelope->stages.clear();
      out.send(std::move(x.asker), std::move(envelope));
    }
    free_slot(index);
  }

  void answer(effects& out, std::size_t index, caf::message what) {
    answer(out, index, caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(what)));
  }

  void refuse(effects& out, std::size_t index, refusal why, time_point now) {
    auto& x = slots_[index];
    const auto& kind = operation_of(x);
    const bool tried = x.is.attempts > 0;
    ++(tried ? failed_ : refused_);
    if (!tried)
      tell(out, {x.operation, {false, why.code, {}}, false, duration{0}, x.question});
    if (kind.kept_as && core_.policy().answer_age_max > duration::zero())
      if (const auto kept = answers_.find(kind.kept_as(x.question), now, core_.policy().answer_age_max)) {
        did(out, now, "cached", x, why.why + "; the answer of " + span_text(now - kept->at) + " ago stands in");
        return answer(out, index, kept->answer);
      }
    if (kind.fallback)
      if (auto instead = kind.fallback(x.question); !instead.empty()) {
        did(out, now, "fell_back", x, why.why + "; the fallback stands in");
        return answer(out, index, std::move(instead));
      }
    note(out, now, tried ? "gave_up" : "refused", &x, x.question, why.why);
    answer(out, index, caf::make_message(make_failure(why.code, why.wait, std::move(why.why))));
  }

  // ---- those who wait ----------------------------------------------------------------------------------------------

  /// Whoever's turn has come.
  void let_in(effects& out, time_point now) {
    while (const auto turn = core_.next(now)) {
      const auto index = turn->ticket & slot_mask;
      auto& x = slots_[index];
      if (x.stage != stage::in_line || x.id != turn->ticket)
        continue;
      if (auto held = held_back(x, now)) {
        refuse(out, index, std::move(*held), now);
        continue;
      }
      auto entered = core_.enter(x.is, *turn, now);
      if (const auto* started = std::get_if<attempt>(&entered))
        repeat(out, x, index, *started, 0, now);
      else
        refuse(out, index, std::get<refusal>(std::move(entered)), now);
    }
    watch_breaker(out, now);
  }

  void wake_at(time_point at, number id) {
    dues_.push_back({at, id});
    std::push_heap(dues_.begin(), dues_.end());
  }

  bool is_live(number id) const {
    const auto& x = slots_[id & slot_mask];
    return x.stage != stage::free && (x.id == id || x.trials[0].id == id || x.trials[1].id == id);
  }

  /// One timer at a time, for what comes first. What was answered in time leaves the heap late.
  void arm(time_point now) {
    if (sharing_)
      while (const auto wish = core_.wishes(now))
        sharing_(port_.service, *wish);
    if (dues_.size() > 1024 && dues_.size() > 4 * live_) {
      std::erase_if(dues_, [this](const due& x) { return !is_live(x.id); });
      std::make_heap(dues_.begin(), dues_.end());
    }
    auto at = dues_.empty() ? time_point::max() : dues_.front().at;
    if (core_.places().in_line() > 0)
      at = std::min(at, core_.next_at(now).value_or(at));
    if (at >= armed_ || closed_)
      return;
    armed_ = at;
    auto& clock = system_.clock();
    const auto delay = std::clamp(at - now, duration{0}, timer_max_);
    // On the clock's own thread: there is no mailbox that it would have to go through.
    clock.schedule(clock.now() + delay, caf::make_action([weak = caf::weak_actor_ptr{ctrl()}] {
                     if (const auto strong = weak.lock())
                       of(strong).wake();
                   }));
  }

  void wake() {
    effects out;
    {
      const std::lock_guard guard{mutex_};
      const auto now = now_();
      armed_ = time_point::max();
      while (!dues_.empty() && dues_.front().at <= now) {
        std::pop_heap(dues_.begin(), dues_.end());
        const auto id = dues_.back().id;
        dues_.pop_back();
        if (is_live(id))
          come_due(out, id, now);
      }
      let_in(out, now);
      arm(now);
    }
    carry_out(out, nullptr);
  }

  void come_due(effects& out, number id, time_point now) {
    const auto index = id & slot_mask;
    auto& x = slots_[index];
    if (x.stage == stage::pausing && x.id == id) {
      if (auto held = held_back(x, now))
        return refuse(out, index, std::move(*held), now);
      auto next = core_.try_again(x.is, x.last, now);
      if (const auto* started = std::get_if<attempt>(&next))
        return repeat(out, x, index, *started, 0, now);
      if (const auto* wait = std::get_if<pause>(&next))
        return wake_at(now + wait->length, id);
      return refuse(out, index, std::get<refusal>(std::move(next)), now);
    }
    if (x.stage != stage::trying)
      return;
    if (x.id == id) {
      if (held_back(x, now))
        return;
      if (const auto started = core_.hedge(x.is, now)) {
        did(out, now, "hedged", x, "no answer for " + span_text(now - x.is.begun));
        repeat(out, x, index, *started, x.trials[0].id == 0 ? 0 : 1, now);
      }
      return;
    }
    // Its adapter was to keep the time.
    attempt_ended(out, index, x.trials[0].id == id ? 0 : 1, {false, ec::timed_out, {}}, nullptr, now);
  }

  // ---- slots -------------------------------------------------------------------------------------------------------

  std::size_t take_slot() {
    if (free_.empty()) {
      slots_.emplace_back();
      free_.push_back(slots_.size() - 1);
    }
    const auto index = free_.back();
    free_.pop_back();
    ++live_;
    return index;
  }

  void free_slot(std::size_t index) {
    slots_[index] = slot{};
    free_.push_back(index);
    --live_;
  }

  number new_number(std::size_t index) {
    last_number_ = (last_number_ + slot_mask + 1) & number_mask & ~slot_mask;
    if (last_number_ == 0) // They have wrapped around; those below are no requests to CAF.
      last_number_ = slot_mask + 1;
    return last_number_ | index;
  }

  // ---- what is told ------------------------------------------------------------------------------------------------

  static void tell(effects& out, effects::ended_attempt x) {
    if (!out.ended)
      out.ended = std::move(x);
    else
      out.more_ended.push_back(std::move(x));
  }

  void note(effects& out, time_point now, std::string_view what, const slot* x, const caf::message& question,
            std::string why, const std::string& by = {}) {
    auto context = context_of(question);
    if (!by.empty())
      context.principal = by;
    const std::string_view operation = x ? operation_of(*x).name : std::string_view{};
    if (recent_.size() == decisions_max)
      recent_.pop_front();
    recent_.push_back({now, std::string{what}, std::string{operation}, context.principal, why});
    out.notes.push_back({what, operation, std::move(why), std::move(context)});
  }

  /// Notes what is told with the answer as well.
  void did(effects& out, time_point now, std::string_view what, slot& x, std::string why) {
    note(out, now, what, &x, x.question, std::move(why));
    if (!operation_of(x).tell)
      return;
    if (!x.done)
      x.done = std::make_unique<std::vector<kept_decision>>();
    if (x.done->size() == done_max)
      x.done->pop_back();
    x.done->push_back(recent_.back());
  }

  void watch_breaker(effects& out, time_point now) {
    const auto state = core_.breaker().state();
    if (state == told_state_)
      return;
    told_state_ = state;
    auto why = core_.breaker().reason();
    if (why.empty())
      why = name_of(state);
    note(out, now, "breaker", nullptr, {}, name_in_full(core_.policy()) + ": " + why);
    out.breaker.push_back(state);
  }

  void carry_out(effects& out, caf::execution_unit* unit) {
    if (out.first.what)
      out.first.to->enqueue(std::move(out.first.what), unit);
    for (auto& x : out.more)
      x.to->enqueue(std::move(x.what), unit);
    if (told_.attempted) {
      const auto report = [this](const effects::ended_attempt& x) {
        told_.attempted(
          {port_.service, x.operation, x.how.code, x.how.answered, x.attempted, x.took, context_of(x.question)});
      };
      if (out.ended)
        report(*out.ended);
      std::for_each(out.more_ended.begin(), out.more_ended.end(), report);
    }
    if (told_.decided)
      for (const auto& x : out.notes)
        told_.decided({port_.service, x.what, x.operation, x.why, x.context});
    if (told_.breaker)
      for (const auto x : out.breaker)
        told_.breaker(port_.service, x);
  }

  // ---- the end -----------------------------------------------------------------------------------------------------

  void close(caf::execution_unit* unit) {
    effects out;
    caf::strong_actor_ptr shielded; // let go of without the lock: its end may come back here
    {
      const std::lock_guard guard{mutex_};
      closed_ = true;
      shielded = std::exchange(shielded_, nullptr);
      for (std::size_t i = 0; i < slots_.size(); ++i) {
        auto& x = slots_[i];
        if (x.stage == stage::free)
          continue;
        const bool acting = x.stage == stage::trying && x.is.repeats != repeatable::any_time;
        const auto code = x.is.uncertain.value_or(acting ? ec::interrupted : ec::shutting_down);
        answer(out, i, caf::make_message(make_failure(code, duration{0}, "its guard ended")));
      }
      dues_.clear();
    }
    carry_out(out, unit);
  }

  static constexpr duration lateness_{250}; // that an answer at the last moment may have
  static constexpr duration timer_max_ = std::chrono::hours{1};
  static constexpr duration others_first_{1'000};   // at least: whoever opened its breaker is the first to try again
  static constexpr duration held_back_for_{30'000}; // nobody knows; a while that does no harm

  caf::actor_system& system_;
  std::mutex mutex_; // held while anything below is touched
  caf::strong_actor_ptr shielded_;
  const port port_;
  const clock_fn now_;
  const random_fn random_;
  const observer told_;
  guard_core core_;
  rate_sharing sharing_;
  answer_cache answers_;
  bool closed_ = false;
  std::deque<slot> slots_;
  std::vector<std::size_t> free_;
  std::size_t live_ = 0;
  number last_number_ = 0;
  std::vector<due> dues_; // a heap
  time_point armed_ = time_point::max();
  breaker_state told_state_ = breaker_state::closed;
  std::deque<kept_decision> recent_;
  std::uint64_t calls_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t retried_ = 0;
  std::uint64_t failed_ = 0;
};

guard guard::spawn(caf::actor_system& system, caf::strong_actor_ptr shielded, port what, policy rules, clock_fn now,
                   random_fn random, observer told) {
  caf::actor_config config;
  guard made{caf::make_actor<shield, caf::strong_actor_ptr>(
    system.next_actor_id(), system.node(), &system, config, system, std::move(shielded), std::move(what),
    std::move(rules), std::move(now), std::move(random), std::move(told))};
  made.self().begin();
  return made;
}

guard::shield& guard::self() const {
  return shield::of(actor_);
}

snapshot guard::look() const {
  return self().look();
}

void guard::configure(policy x) const {
  self().configure(std::move(x), {}, {});
}

void guard::configure(policy x, const std::string& why, const std::string& by) const {
  self().configure(std::move(x), why, by);
}

breaker_view guard::breaker() const {
  return self().breaker();
}

void guard::hear_opened(duration left, const std::string& why) const {
  self().hear(true, left, why);
}

void guard::hear_closed() const {
  self().hear(false, {}, {});
}

void guard::share(rate_sharing with) const {
  self().share(std::move(with));
}

void guard::granted(bool bulk, std::uint64_t tokens, duration wait) const {
  self().granted(bulk, tokens, wait);
}

void guard::force(breaker_mode x, const std::string& why, const std::string& by) const {
  self().force(x, why, by);
}

} // namespace troupe::resilience

#include "supervisors/resilience/guard_core.hpp"

#include <algorithm>
#include <utility>

namespace troupe::resilience {

namespace {

std::string figure(std::uint64_t x) {
  return std::to_string(x);
}

constexpr std::uint64_t lease_queue_max = 1'000;
constexpr duration lease_time{1'000};

/// Whether a failure tells that the service is in trouble. One that answers with a refusal works.
bool is_trouble(ec code) {
  switch (code) {
    case ec::unavailable:
    case ec::timed_out:
    case ec::interrupted:
    case ec::bad_response: return true;
    default: return false;
  }
}

/// Whether the service was reached at all, so that it can be judged by what came of it.
bool tells_something(ec code) {
  return code != ec::overloaded && code != ec::deadline && code != ec::shutting_down && code != ec::circuit_open;
}

} // namespace

guard_core::guard_core(resilience::policy x)
  : policy_(std::move(x)), breaker_(policy_.breaker), rate_(policy_.rate), bulk_rate_(policy_.bulk_rate) {}

void guard_core::configure(resilience::policy x) {
  policy_ = std::move(x);
  breaker_.configure(policy_.breaker);
  rate_.configure(policy_.rate);
  bulk_rate_.configure(policy_.bulk_rate);
}

const call_rate& guard_core::bucket(priority x) const {
  return x == priority::bulk && bulk_rate_.limits() ? bulk_rate_ : rate_;
}

call_rate& guard_core::bucket(priority x) {
  return x == priority::bulk && bulk_rate_.limits() ? bulk_rate_ : rate_;
}

// ---- shared rates --------------------------------------------------------------------------------------------------

void guard_core::share_rates() {
  rate_.share();
  bulk_rate_.share();
}

std::optional<guard_core::wish> guard_core::wishes(time_point now) {
  for (auto* x : {&rate_, &bulk_rate_})
    if (x->is_shared())
      if (const auto what = x->leased().ask(now))
        return wish{x == &bulk_rate_, x->rules(), *what};
  return std::nullopt;
}

void guard_core::granted(bool bulk, std::uint64_t tokens, duration wait, time_point now) {
  (bulk ? bulk_rate_ : rate_).leased().answered(tokens, wait, now);
}

// A token may be on its way, which whoever keeps the rate has already: that is no queue of ours.
bulkhead_rules guard_core::line_of(priority x, time_point now) const {
  auto rules = policy_.bulkhead;
  if (!bulkhead_.full(rules) && bucket(x).awaits_lease(now)) {
    rules.queue_max = std::max(rules.queue_max, lease_queue_max);
    rules.queue_time = std::max(rules.queue_time, lease_time);
  }
  return rules;
}

// ---- the first attempt ---------------------------------------------------------------------------------------------

std::variant<attempt, in_line, refusal> guard_core::begin(call& x, bulkhead::ticket ticket, time_point now) {
  if (now >= x.deadline)
    return give_up(x, ec::deadline, duration{0}, "its deadline had passed before its first attempt", now);
  if (breaker_.refuses(now))
    return circuit_open(x, now);
  const bool full = bulkhead_.full(policy_.bulkhead);
  if (!full && !bulkhead_.precedes(x.rank) && bucket(x.rank).take(now))
    return start(x, now);
  const auto line = line_of(x.rank, now);
  const auto until = std::min(now + line.queue_time, x.deadline);
  const bool in_vain = !full && now + bucket(x.rank).wait(now) > until; // Its token comes too late.
  if (!in_vain && bulkhead_.join(ticket, x.rank, until, line))
    return in_line{until};
  if (!full && bucket(x.rank).wait(now) > duration::zero())
    return rate_used_up(x, now);
  return give_up(x, ec::overloaded, policy_.bulkhead.queue_time,
                 figure(bulkhead_.under_way()) + " calls are under way and " + figure(bulkhead_.in_line())
                   + " wait, of at most " + figure(policy_.bulkhead.calls_max) + " and "
                   + figure(policy_.bulkhead.queue_max),
                 now);
}

std::optional<guard_core::turn> guard_core::next(time_point now) {
  for (const auto rank : priorities) {
    auto& line = bulkhead_.line(rank);
    if (line.empty())
      continue;
    const auto first = line.front();
    const bool too_late = now >= first.until;
    if (!too_late && !breaker_.refuses(now) && (bulkhead_.full(policy_.bulkhead) || !bucket(rank).take(now)))
      continue;
    line.pop_front();
    return turn{first.ticket, too_late};
  }
  return std::nullopt;
}

std::variant<attempt, refusal> guard_core::enter(call& x, const turn& of, time_point now) {
  if (of.too_late)
    return give_up(x, ec::overloaded, policy_.bulkhead.queue_time,
                   "it waited " + span_text(now - x.begun) + " for its turn, behind " + figure(bulkhead_.under_way())
                     + " calls under way",
                   now);
  if (breaker_.refuses(now))
    return circuit_open(x, now);
  return start(x, now);
}

std::optional<time_point> guard_core::next_at(time_point now) const {
  std::optional<time_point> at;
  for (const auto rank : priorities) {
    const auto& line = bulkhead_.line(rank);
    if (line.empty())
      continue;
    auto due = line.front().until;
    if (!bulkhead_.full(policy_.bulkhead))
      due = std::min(due, now + bucket(rank).wait(now));
    at = at ? std::min(*at, due) : due;
  }
  return at;
}

attempt guard_core::start(call& x, time_point now) {
  bulkhead_.enter();
  if (x.attempts++ == 0)
    budget_.called(now);
  return {breaker_.admit(now).value_or(0), std::min(now + policy_.timeout, x.deadline)};
}

// ---- what came of it -----------------------------------------------------------------------------------------------

void guard_core::succeeded(const attempt& x, time_point now) {
  bulkhead_.leave();
  breaker_.succeeded(x.admitted, now);
}

void guard_core::abandoned(const attempt& x, time_point now) {
  bulkhead_.leave();
  breaker_.told_nothing(x.admitted, now);
}

void guard_core::failed(const attempt& x, ec code, time_point now) {
  if (!tells_something(code))
    return abandoned(x, now);
  bulkhead_.leave();
  if (is_trouble(code))
    breaker_.failed(x.admitted, now);
  else
    breaker_.succeeded(x.admitted, now);
}

std::variant<pause, refusal> guard_core::after_failure(call& x, ec code, std::optional<duration> asked, double jitter,
                                                       time_point now) {
  if (may_have_acted(code) && x.repeats != repeatable::any_time) // What changes nothing cannot have acted.
    x.uncertain = code;
  const auto& rules = policy_.retry;
  const auto wait = asked.value_or(duration{0});
  const auto limit = code == ec::timed_out && rules.timeout_attempts > 0 ? rules.timeout_attempts : rules.attempts;
  const auto no = [&](std::string why) -> std::variant<pause, refusal> {
    return give_up(x, code, wait,
                   "attempt " + figure(x.attempts) + " of " + figure(limit) + ": " + to_string(code) + ", " + why, now);
  };
  // A rate that the service keeps holds for every call to it, where we are to keep a rate as well.
  if (code == ec::rate_limited && asked && bucket(x.rank).limits())
    bucket(x.rank).pause(now + *asked);
  if (!is_transient(code))
    return no("which the same request cannot mend");
  if (code == ec::deadline || code == ec::shutting_down || code == ec::conflict)
    return no(code == ec::conflict ? "which has to be looked up first" : "so that there is no time to repeat it");
  if (may_have_acted(code) && x.repeats == repeatable::never)
    return no("and it must not be done twice");
  if (x.attempts >= limit)
    return no("given up");
  const auto length = std::max(wait, pause_after(x.attempts, rules, jitter));
  if (now + length >= x.deadline)
    return no((asked && *asked >= length ? "the service asks to wait " : "the next would be in ") + span_text(length)
              + ", after the call's deadline");
  if (breaker_.refuses(now + length))
    return no("not repeated while the breaker is " + breaker_.reason());
  if (!budget_.spend(rules, now)) {
    const auto left = budget_.remaining(rules, now);
    return no("not repeated: the retry budget of " + figure(rules.budget_percent) + " % of " + figure(left.calls)
              + " calls, at least " + figure(rules.budget_floor) + ", is spent");
  }
  return pause{length, name_in_full(policy_) + ": attempt " + figure(x.attempts) + " of " + figure(limit) + ": "
                         + to_string(code) + ", again in " + span_text(length) + "; "
                         + figure(budget_.remaining(rules, now).retries) + " retries left in the budget"};
}

std::variant<attempt, pause, refusal> guard_core::try_again(call& x, ec code, time_point now) {
  if (now >= x.deadline)
    return give_up(x, code, duration{0}, to_string(code) + ", no time for another attempt", now);
  if (breaker_.refuses(now))
    return give_up(x, code, breaker_.wait(now),
                   to_string(code) + ", not repeated while the breaker is " + breaker_.reason(), now);
  if (bulkhead_.full(policy_.bulkhead))
    return give_up(x, code, duration{0}, to_string(code) + ", no place for another attempt", now);
  if (const bool may = bucket(x.rank).take(now); !may && bucket(x.rank).awaits_lease(now))
    return pause{bucket(x.rank).wait(now), {}};
  else if (!may)
    return give_up(x, code, bucket(x.rank).turn(now), to_string(code) + ", not repeated because " + rate_text(x.rank),
                   now);
  return start(x, now);
}

std::optional<attempt> guard_core::hedge(call& x, time_point now) {
  if (x.repeats != repeatable::any_time || now >= x.deadline || bulkhead_.full(policy_.bulkhead)
      || breaker_.state() != breaker_state::closed || breaker_.refuses(now))
    return std::nullopt;
  if (bucket(x.rank).wait(now) > duration::zero() || !budget_.spend(policy_.retry, now))
    return std::nullopt;
  bucket(x.rank).take(now);
  return start(x, now);
}

// ---- refusals ------------------------------------------------------------------------------------------------------

refusal guard_core::give_up(const call& x, ec code, duration wait, std::string why, time_point now) const {
  // Whatever is certain about the last attempt says nothing about those before it.
  const auto told = x.uncertain && !may_have_acted(code) ? *x.uncertain : code;
  if (breaker_.refuses(now))
    wait = std::max(wait, breaker_.wait(now)); // Who comes earlier is only refused.
  return {told, wait, name_in_full(policy_) + ": " + std::move(why)};
}

refusal guard_core::circuit_open(const call& x, time_point now) {
  // Not all at once when the time is over: each a little after the one before, within half of the open time.
  constexpr std::uint64_t steps = 1'000;
  const auto left = breaker_.wait(now);
  const auto spread = duration{policy_.breaker.open_time.count() * static_cast<std::int64_t>(refused_++ % steps)
                               / static_cast<std::int64_t>(2 * steps)};
  auto out = give_up(x, ec::circuit_open, left + spread, {}, now);
  out.why = "breaker \"" + policy_.name + "\" (" + policy_.source + "): " + breaker_.reason();
  if (breaker_.mode() == breaker_mode::automatic)
    out.why += ", tries again in " + span_text(left);
  return out;
}

refusal guard_core::rate_used_up(const call& x, time_point now) {
  const auto wait = bucket(x.rank).turn(now);
  return give_up(x, ec::rate_limited, wait, rate_text(x.rank) + ", its turn is in " + span_text(wait), now);
}

std::string guard_core::rate_text(priority x) const {
  const auto& rules = x == priority::bulk && bulk_rate_.limits() ? policy_.bulk_rate : policy_.rate;
  return "the rate of " + figure(rules.limit) + " calls in " + span_text(rules.per) + " is used up";
}

} // namespace troupe::resilience

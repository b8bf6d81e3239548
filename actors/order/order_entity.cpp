#include "actors/order/order_entity.hpp"

#include <algorithm>
#include <utility>

namespace troupe::order {

namespace {

constexpr duration ended_lingers{250}; // in memory, for those who ask how it ended

// How long a provider is asked what became of a step whose key has died; then people ask.
constexpr duration given_up_after{std::chrono::hours{24}};

bool is_nothing(const decision& x) {
  const auto* events = std::get_if<std::vector<event>>(&x);
  return !events || events->empty();
}

/// Steps that every line takes on its own.
bool is_taken_by_lines(step x) {
  return x == step::reserve || x == step::allocate || x == step::return_stock;
}

} // namespace

order_entity::order_entity(pointer self, std::string key, entity::environment env,
                           const entity::recovered<order::state>& from, caf::actor region, shared_dependencies deps)
  : super(self, std::move(key), std::move(env), from, std::move(region)), deps_(std::move(deps)), trace_(from.trace),
    told_(state().status), recovered_(version() > 0) {}

order_entity::handle_type::behavior_type order_entity::make_behavior() {
  started();
  if (recovered_ && step_in_progress(state()))
    caf::anon_send(self(), entity::wake{}); // Nobody else is at it.
  return {
    [this](const request_context& context, const place& command) {
      touched();
      return answer(context, decide(state(), command));
    },
    [this](const request_context& context, const get_order&) -> caf::result<view> {
      touched();
      if (state().phase == phase::none) {
        retire_if_empty();
        return caf::make_error(rejection::unknown_order);
      }
      return answer(context, std::vector<event>{});
    },
    [this](const request_context& context, const await_end&) {
      touched();
      return wait_for_end(context);
    },
    [this](const request_context& context, const cancel& command) {
      touched();
      return answer(context, decide(state(), command));
    },
    [this](const request_context& context, const capture& command) {
      touched();
      return answer(context, decide(state(), command));
    },
    [this](const request_context& context, const reopen& command) {
      touched();
      return answer(context, decide(state(), command));
    },
    [this](const request_context&, const payment_news&) { on_payment_news(); },
    [this](const request_context&, const look&) {
      retire_if_empty();
      advance();
    },
    [this](entity::wake) {
      advance();
      rearm_wake_up();
    },
    [this](entity::stop) { return on_stop(); },
  };
}

template <class Outcome> caf::result<view> order_entity::answer(const request_context& context, Outcome outcome) {
  decision decided{std::move(outcome)};
  if (const auto* events = std::get_if<std::vector<event>>(&decided); events && !events->empty())
    trace_ = context.trace;
  auto result = commit<view>(context, std::move(decided),
                             [this](const order::state& s, std::uint64_t at) { return make_view({key()}, s, at); });
  retire_if_empty();
  return result;
}

caf::result<view> order_entity::wait_for_end(const request_context& context) {
  if (state().phase == phase::none) {
    retire_if_empty();
    return caf::make_error(rejection::unknown_order);
  }
  if (is_terminal(state().status))
    return answer(context, std::vector<event>{});
  expire_waiters();
  if (waiters_.size() >= deps_->waiters_max)
    return caf::make_error(ec::overloaded);
  auto promise = self()->make_response_promise<view>();
  waiters_.push_back({promise, context.deadline});
  watch_deadlines();
  return promise;
}

void order_entity::expire_waiters() {
  const auto now = env().now();
  const auto expired =
    std::stable_partition(waiters_.begin(), waiters_.end(), [now](const waiter& x) { return x.deadline > now; });
  for (auto x = expired; x != waiters_.end(); ++x)
    x->promise.deliver(caf::make_error(ec::deadline));
  waiters_.erase(expired, waiters_.end());
}

// One timer, for the deadline that comes first. None while the first attempt of a step is under way: most orders end
// that soon, and a timer for each costs more than all the rest of waiting.
void order_entity::watch_deadlines() {
  if (step_in_progress(state()) && state().attempts == 0 && !stands_still())
    return;
  auto first = time_point::max();
  for (const auto& x : waiters_)
    first = std::min(first, x.deadline);
  if (first == time_point::max() || (deadlines_at_ && *deadlines_at_ <= first))
    return;
  deadlines_at_ = first;
  run_later(self(), first - env().now(), [this] {
    deadlines_at_.reset();
    expire_waiters();
    watch_deadlines();
  });
}

void order_entity::on_stored() {
  if (is_terminal(state().status)) {
    if (std::exchange(told_, state().status) != state().status && deps_->ended)
      deps_->ended(key(), state().status, state().reason);
    answer_waiters();
    run_later(self(), ended_lingers, [this] {
      if (is_terminal(state().status)) // It may have been taken up again meanwhile.
        retire();
    });
  } else {
    told_ = state().status;
  }
  if (!waiters_.empty()) {
    expire_waiters();
    watch_deadlines();
  }
  advance();
}

void order_entity::answer_waiters() {
  if (waiters_.empty())
    return;
  const auto end = make_view({key()}, state(), version());
  for (auto& x : std::exchange(waiters_, {}))
    x.promise.deliver(end);
}

std::optional<time_point> order_entity::wake_up() const {
  if (stands_still()) // Nothing comes of looking more often; whoever resumes what was paused wakes it.
    return env().now() + paused_look;
  const auto wanted = order::wake_up(state(), policy());
  return wanted ? std::optional{std::max(*wanted, env().now() + entity::resumed_after)} : std::nullopt;
}

bool order_entity::can_stop() const {
  return in_flight_.empty() && waiters_.empty() && lines_to_keep_ == 0;
}

order::policy order_entity::policy() const {
  auto result = *deps_->policy;
  if (const auto* configured = provider())
    result.key_lifetime = configured->key_lifetime;
  return result;
}

const payment::provider* order_entity::provider() const {
  const auto found = deps_->providers.find(state().provider);
  return found == deps_->providers.end() ? nullptr : &found->second;
}

request_context order_entity::effect_context() const {
  return {"order/" + key(), trace_, time_point::max()};
}

// Whatever guards and adapters still do for a call ends before this order stops waiting for it, and says how it ended.
request_context order_entity::provider_context() const {
  auto result = effect_context();
  result.deadline = env().now() + deps_->provider_timeout - deps_->provider_timeout / 10;
  return result;
}

void order_entity::advance() {
  if (writing() || failed())
    return;
  const auto stops = what_stops();
  const auto now = env().now();
  const auto rules = policy();
  const bool still = order::stands_still(state(), stops, now, rules);
  if (in_flight_.empty()) {
    auto passed = decide(state(), stops, !recovered_, now, rules);
    if (is_nothing(passed) && !still)
      passed = decide(state(), time_passed{.seen_all = !recovered_}, now, rules);
    if (!is_nothing(passed))
      return commit(effect_context(), passed);
    if (still)
      keep_holds();
  }
  if (still)
    watch_deadlines();
  for (const auto& what : outstanding({key()}, state(), now, rules, stops))
    run(what);
  look_again();
}

// Takes the next attempt's time as come; looking first, it repeats nothing that was done.
void order_entity::on_payment_news() {
  retire_if_empty();
  if (writing() || failed() || state().attempts == 0)
    return;
  for (const auto& what : outstanding({key()}, state(), std::max(env().now(), state().next_at), policy(), what_stops()))
    run(what);
}

// Stored wake-ups are for orders that nobody holds in memory; this one is looked at in time.
void order_entity::look_again() {
  const auto at = order::wake_up(state(), policy());
  const auto now = env().now();
  if (!at || *at <= now || (timer_at_ && *timer_at_ <= *at && *timer_at_ > now))
    return;
  timer_at_ = at;
  run_later(self(), *at - now, [this] {
    timer_at_.reset();
    advance();
  });
}

void order_entity::remember(step which, const std::vector<payment::tried>& what) {
  if (retried_.step != which)
    retried_ = {which, {}};
  for (const auto& x : what)
    add_retry(retried_, {x.at, x.operation, x.what, x.why});
}

void order_entity::store(decision outcome) {
  commit(effect_context(), after_retries(std::move(outcome), std::exchange(retried_, {})));
}

void order_entity::conclude_with(decision outcome) {
  store(std::move(outcome));
  if (!writing()) // It changed nothing: a late or repeated answer.
    advance();
}

ec order_entity::code_of_failure(const caf::error& error, ec when_unclear) {
  if (error == caf::sec::request_timeout)
    return ec::timed_out;
  return code_of(error, when_unclear);
}

void order_entity::fail(step which, const caf::error& error, ec when_unclear) {
  // Another line of this step has failed already; all are tried again together. A failure about money always counts: it
  // may be the only trace of what was done, and may come before the next attempt is due, because the provider gave news
  // or the clock was set back.
  if (is_taken_by_lines(which) && state().attempts > 0 && state().failing_step == which
      && state().next_at > env().now())
    return look_again();
  const auto code = code_of_failure(error, when_unclear);
  if (!may_have_acted(code) && stands_still())
    return advance(); // Refused because it was paused meanwhile, or of no account now: it did not fail.
  const auto jitter = static_cast<double>(env().random() >> 11) * 0x1p-53;
  store(decide(state(), step_failed{which, code, payment::retry_after(error), jitter, reason_of(error)}, env().now(),
               policy()));
}

void order_entity::fail_or_give_up(step which, const caf::error& error, ec when_unclear, time_point key_dies_at) {
  if (env().now() >= std::max(key_dies_at, state().reopened_at) + given_up_after && !stands_still())
    conclude(step_impossible{which, review_reason::no_answer});
  else
    fail(which, error, when_unclear);
}

bool order_entity::names_another_amount(const payment::payment& x) const {
  return x.amount != money{} && x.amount != state().total;
}

void order_entity::run(const effect_t& what) {
  std::visit([this](const auto& x) { run(x); }, what);
}

// ---- stock ---------------------------------------------------------------------------------------------------------

void order_entity::finish_line(step which, std::size_t line) {
  lines_.at(line).done = true;
  for (const auto& x : lines_)
    if (!x.done)
      return;
  switch (which) {
    case step::reserve: {
      stock_ready ready{{}, time_point::max()};
      for (const auto& x : lines_) {
        ready.prices.push_back(*x.price);
        ready.expires_at = std::min(ready.expires_at, x.held_until);
      }
      return conclude(ready);
    }
    case step::allocate: return conclude(stock_taken{});
    case step::return_stock: return conclude(stock_returned{});
    case step::authorize:
    case step::capture:
    case step::void_payment:
    case step::refund: return;
  }
}

void order_entity::on_line_ready(std::size_t line) {
  // Another line was refused meanwhile. This one is over all the same, or the order could never be passivated.
  if (lines_step_ != step::reserve)
    return ended(step::reserve, line);
  const auto& progress = lines_.at(line);
  if (!progress.price || !progress.held)
    return;
  ended(step::reserve, line);
  finish_line(step::reserve, line);
}

void order_entity::run(const effect::price_and_reserve& what) {
  const auto line = what.line;
  if (lines_step_ != step::reserve || lines_.size() != state().items.size()) {
    lines_step_ = step::reserve;
    lines_.assign(state().items.size(), {});
  }
  if (lines_[line].done || !in_flight_.emplace(step::reserve, line).second)
    return;
  const auto& item = state().items.at(line);
  const auto failed = [this, line](const caf::error& error) {
    ended(step::reserve, line);
    if (error.category() == caf::type_id_v<inventory::rejection>)
      return conclude(line_refused{line, to_string(static_cast<inventory::rejection>(error.code()))});
    if (error.category() == caf::type_id_v<catalog::rejection>)
      return conclude(line_refused{line, to_string(static_cast<catalog::rejection>(error.code()))});
    fail(step::reserve, error, ec::unavailable);
  };
  if (!lines_[line].price)
    self()
      ->request(deps_->catalog, deps_->local_timeout, effect_context(), catalog::get_product{item.sku})
      .then(
        [this, line](const catalog::product& x) {
          if (lines_step_ == step::reserve)
            lines_.at(line).price = x.price;
          on_line_ready(line);
        },
        failed);
  if (!lines_[line].held) {
    const auto hold_time = deps_->policy->hold_time;
    self()
      ->request(deps_->inventory, deps_->local_timeout, effect_context(),
                inventory::reserve{item.sku, reservation_of({key()}, line), item.units, hold_time})
      .then(
        [this, line, until = env().now() + hold_time](const inventory::stock&) {
          if (lines_step_ == step::reserve) {
            lines_.at(line).held = true;
            lines_.at(line).held_until = until;
          }
          on_line_ready(line);
        },
        failed);
  }
}

void order_entity::run(const effect::allocate& what) {
  const auto line = what.line;
  if (lines_step_ != step::allocate) {
    lines_step_ = step::allocate;
    lines_.assign(state().items.size(), {});
  }
  if (lines_[line].done || !in_flight_.emplace(step::allocate, line).second)
    return;
  self()
    ->request(deps_->inventory, deps_->local_timeout, effect_context(),
              inventory::allocate{state().items.at(line).sku, reservation_of({key()}, line)})
    .then(
      [this, line](const inventory::stock&) {
        ended(step::allocate, line);
        if (lines_step_ == step::allocate)
          finish_line(step::allocate, line);
      },
      [this, line](const caf::error& error) {
        ended(step::allocate, line);
        if (error.category() == caf::type_id_v<inventory::rejection>)
          conclude(hold_lost{line});
        else
          fail(step::allocate, error, ec::unavailable);
      });
}

template <class Message> void order_entity::return_line(Message message, std::size_t line) {
  if (lines_step_ != step::return_stock) {
    lines_step_ = step::return_stock;
    lines_.assign(state().items.size(), {});
  }
  if (lines_[line].done || !in_flight_.emplace(step::return_stock, line).second)
    return;
  self()
    ->request(deps_->inventory, deps_->local_timeout, effect_context(), std::move(message))
    .then(
      [this, line](const inventory::stock&) {
        ended(step::return_stock, line);
        finish_line(step::return_stock, line);
      },
      [this, line](const caf::error& error) {
        ended(step::return_stock, line);
        if (error == inventory::rejection::too_many_units)
          conclude(step_impossible{step::return_stock, "the stock has no room for what was to be given back"});
        else if (error.category() == caf::type_id_v<inventory::rejection>)
          finish_line(step::return_stock, line); // There is nothing of ours to give back.
        else
          fail(step::return_stock, error, ec::unavailable);
      });
}

void order_entity::run(const effect::release& what) {
  return_line(inventory::release{state().items.at(what.line).sku, reservation_of({key()}, what.line)}, what.line);
}

void order_entity::run(const effect::take_back& what) {
  const auto& item = state().items.at(what.line);
  // Before all lines were allocated it is not known which of them are sold.
  const auto sold = state().phase >= phase::allocated ? item.units : 0;
  return_line(inventory::take_back{item.sku, reservation_of({key()}, what.line), sold}, what.line);
}

} // namespace troupe::order

#include "actors/order/order_entity.hpp"

#include <algorithm>
#include <utility>

namespace troupe::order {

namespace {

constexpr duration ended_lingers{250}; // in memory, for those who ask how it ended
constexpr std::size_t only = 0;        // the "line" of a step that an order takes once

// How long a provider is asked what became of a step whose key has died; then people ask.
constexpr duration given_up_after{std::chrono::hours{24}};
constexpr const char* given_up = "the provider has not answered for too long";
constexpr const char* another_amount = "the provider names another amount";

/// What a failed request means; `when_unclear` for an answer that never came.
ec code_of_failure(const caf::error& error, ec when_unclear) {
  if (error == caf::sec::request_timeout)
    return ec::timed_out;
  return code_of(error, when_unclear);
}

bool may_work_later(ec code) {
  // Credentials and unknown forms are mended by people; the order waits for them.
  return code != ec::refused;
}

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
    run_later(self(), ended_lingers, [this] { retire(); });
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
  if (env().now() >= key_dies_at + given_up_after && !stands_still())
    conclude(step_impossible{which, given_up});
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

// ---- money ---------------------------------------------------------------------------------------------------------

void order_entity::run(const effect::authorize& what) {
  if (!in_flight_.emplace(step::authorize, only).second)
    return;
  if (!provider()) {
    ended(step::authorize);
    return fail_or_give_up(step::authorize, caf::make_error(ec::unavailable), ec::unavailable, what.key_dies_at);
  }
  if (!what.look_first && !recovered_)
    return authorize(what);
  self()
    ->request(provider()->actor, deps_->provider_timeout, provider_context(), payment::find_payments{key()})
    .then([this, what](const payment::payments& x) { on_found(what, x); },
          [this, key_dies_at = what.key_dies_at](const caf::error& error) {
            ended(step::authorize);
            remember(step::authorize, payment::tried_before(error));
            // Looking does not move money, but what is looked for may have moved.
            fail_or_give_up(step::authorize, error, ec::timed_out, key_dies_at);
          });
}

void order_entity::on_found(const effect::authorize& what, const payment::payments& found) {
  remember(step::authorize, found.tried);
  const payment::payment* declined = nullptr;
  const payment::payment* pending = nullptr;
  for (const auto& x : found.items) {
    switch (x.status) {
      case payment::payment_status::authorized:
      case payment::payment_status::captured:
        ended(step::authorize);
        if (names_another_amount(x))
          return conclude(step_impossible{step::authorize, another_amount});
        return conclude(payment_answered{x.id, true, x.status == payment::payment_status::captured, {}});
      case payment::payment_status::declined: declined = &x; break;
      case payment::payment_status::pending: pending = &x; break;
      case payment::payment_status::voided: break;
    }
  }
  if (!pending && declined) {
    ended(step::authorize);
    return conclude(payment_answered{declined->id, false, false, declined->reason});
  }
  if (env().now() >= what.key_dies_at) {
    ended(step::authorize);
    return conclude(step_impossible{step::authorize, "the outcome is unknown and its key is too old to ask again"});
  }
  if (pending) {
    ended(step::authorize);
    return fail(step::authorize, caf::make_error(ec::timed_out), ec::timed_out);
  }
  authorize(what);
}

void order_entity::authorize(const effect::authorize& what) {
  if (stands_still()) { // Since it was looked for.
    ended(step::authorize);
    return advance();
  }
  self()
    ->request(provider()->actor, deps_->provider_timeout, provider_context(),
              payment::authorize{key(), what.key, state().total, state().method})
    .then(
      [this](const payment::payment& x) {
        ended(step::authorize);
        remember(step::authorize, x.tried);
        switch (x.status) {
          case payment::payment_status::authorized:
          case payment::payment_status::captured:
            if (names_another_amount(x))
              return conclude(step_impossible{step::authorize, another_amount});
            return conclude(payment_answered{x.id, true, x.status == payment::payment_status::captured, {}});
          case payment::payment_status::declined: return conclude(payment_answered{x.id, false, false, x.reason});
          case payment::payment_status::pending:
          case payment::payment_status::voided:
            return fail(step::authorize, caf::make_error(ec::timed_out), ec::timed_out);
        }
      },
      [this](const caf::error& error) { on_authorize_error(error); });
}

void order_entity::on_authorize_error(const caf::error& error) {
  ended(step::authorize);
  remember(step::authorize, payment::tried_before(error));
  const auto code = code_of_failure(error, ec::interrupted);
  if (may_work_later(code))
    fail(step::authorize, error, ec::interrupted);
  else if (state().authorize_uncertain || recovered_)
    fail(step::authorize, caf::make_error(ec::timed_out), ec::timed_out);
  else
    conclude(payment_answered{{}, false, false, "refused"});
}

void order_entity::run(const effect::capture& what) {
  if (!in_flight_.emplace(step::capture, only).second)
    return;
  if (!provider()) {
    ended(step::capture);
    return fail_or_give_up(step::capture, caf::make_error(ec::unavailable), ec::unavailable, what.key_dies_at);
  }
  if (!what.look_first && !recovered_)
    return capture_now(what);
  self()
    ->request(provider()->actor, deps_->provider_timeout, provider_context(), payment::find_payments{key()})
    .then([this, what](const payment::payments& x) { on_found(what, x); },
          [this, key_dies_at = what.key_dies_at](const caf::error& error) {
            ended(step::capture);
            remember(step::capture, payment::tried_before(error));
            fail_or_give_up(step::capture, error, ec::timed_out, key_dies_at);
          });
}

void order_entity::on_found(const effect::capture& what, const payment::payments& found) {
  remember(step::capture, found.tried);
  for (const auto& x : found.items) {
    if (x.id != state().payment)
      continue;
    if (x.status == payment::payment_status::captured) {
      ended(step::capture);
      if (names_another_amount(x))
        return conclude(step_impossible{step::capture, another_amount});
      return conclude(money_taken{});
    }
    if (x.status == payment::payment_status::voided || x.status == payment::payment_status::declined) {
      ended(step::capture);
      return conclude(step_impossible{step::capture, "the provider has voided the payment"});
    }
  }
  if (env().now() >= what.key_dies_at) {
    ended(step::capture);
    return conclude(step_impossible{step::capture, "the outcome is unknown and its key is too old to ask again"});
  }
  capture_now(what);
}

void order_entity::capture_now(const effect::capture& what) {
  if (stands_still()) {
    ended(step::capture);
    return advance();
  }
  self()
    ->request(provider()->actor, deps_->provider_timeout, provider_context(),
              payment::capture{state().payment, what.key, state().total})
    .then(
      [this](const payment::payment& x) {
        ended(step::capture);
        remember(step::capture, x.tried);
        if (x.status == payment::payment_status::captured && names_another_amount(x))
          conclude(step_impossible{step::capture, another_amount});
        else if (x.status == payment::payment_status::captured)
          conclude(money_taken{});
        else if (x.status == payment::payment_status::voided || x.status == payment::payment_status::declined)
          conclude(step_impossible{step::capture, "the provider answered " + to_string(x.status)});
        else
          fail(step::capture, caf::make_error(ec::timed_out), ec::timed_out);
      },
      [this](const caf::error& error) {
        ended(step::capture);
        remember(step::capture, payment::tried_before(error));
        if (may_work_later(code_of_failure(error, ec::interrupted)))
          fail(step::capture, error, ec::interrupted);
        else
          conclude(step_impossible{step::capture, "the provider refused to capture"});
      });
}

void order_entity::run(const effect::void_payment& what) {
  if (!in_flight_.emplace(step::void_payment, only).second)
    return;
  const auto key_dies_at = state().undo_since + policy().key_lifetime;
  if (!provider()) {
    ended(step::void_payment);
    return fail_or_give_up(step::void_payment, caf::make_error(ec::unavailable), ec::unavailable, key_dies_at);
  }
  self()
    ->request(provider()->actor, deps_->provider_timeout, provider_context(),
              payment::void_payment{state().payment, what.key})
    .then(
      [this, key_dies_at](const payment::payment& x) {
        ended(step::void_payment);
        remember(step::void_payment, x.tried);
        if (x.status == payment::payment_status::voided)
          conclude(money_released{});
        else if (x.status == payment::payment_status::captured)
          conclude(step_impossible{step::void_payment, "the provider had captured the payment"});
        else
          fail_or_give_up(step::void_payment, caf::make_error(ec::timed_out), ec::timed_out, key_dies_at);
      },
      [this, key_dies_at](const caf::error& error) {
        ended(step::void_payment);
        remember(step::void_payment, payment::tried_before(error));
        if (may_work_later(code_of_failure(error, ec::interrupted)))
          fail_or_give_up(step::void_payment, error, ec::interrupted, key_dies_at);
        else
          conclude(step_impossible{step::void_payment, "the provider refused to void"});
      });
}

void order_entity::run(const effect::refund& what) {
  if (!in_flight_.emplace(step::refund, only).second)
    return;
  if (!provider()) {
    ended(step::refund);
    return fail(step::refund, caf::make_error(ec::unavailable), ec::unavailable);
  }
  if (env().now() >= what.key_dies_at) {
    ended(step::refund);
    return conclude(step_impossible{step::refund, "its key is too old to ask again"});
  }
  self()
    ->request(provider()->actor, deps_->provider_timeout, provider_context(),
              payment::refund{state().payment, what.key, what.amount})
    .then(
      [this](const payment::refunded& x) {
        ended(step::refund);
        remember(step::refund, x.tried);
        if (x.status == payment::refund_status::failed)
          conclude(step_impossible{step::refund, "the provider could not refund"});
        else
          conclude(money_returned{x.id, x.status == payment::refund_status::pending});
      },
      [this](const caf::error& error) {
        ended(step::refund);
        remember(step::refund, payment::tried_before(error));
        if (may_work_later(code_of_failure(error, ec::interrupted)))
          fail(step::refund, error, ec::interrupted);
        else
          conclude(step_impossible{step::refund, "the provider refused to refund"});
      });
}

} // namespace troupe::order

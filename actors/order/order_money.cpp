// How an order's actor moves money: by asking its payment provider.
#include "actors/order/order_entity.hpp"

namespace troupe::order {

namespace {

constexpr std::size_t only = 0; // the "line" of a step that an order takes once

bool may_work_later(ec code) {
  // Credentials and unknown forms are mended by people; the order waits for them.
  return code != ec::refused;
}

} // namespace

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
          return conclude(step_impossible{step::authorize, review_reason::another_amount});
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
    return conclude(step_impossible{step::authorize, review_reason::unknown_outcome});
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
              return conclude(step_impossible{step::authorize, review_reason::another_amount});
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
        return conclude(step_impossible{step::capture, review_reason::another_amount});
      return conclude(money_taken{});
    }
    if (x.status == payment::payment_status::voided || x.status == payment::payment_status::declined) {
      ended(step::capture);
      return conclude(step_impossible{step::capture, review_reason::was_voided});
    }
  }
  if (env().now() >= what.key_dies_at) {
    ended(step::capture);
    return conclude(step_impossible{step::capture, review_reason::unknown_outcome});
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
          conclude(step_impossible{step::capture, review_reason::another_amount});
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
          conclude(step_impossible{step::capture, review_reason::capture_refused});
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
          conclude(step_impossible{step::void_payment, review_reason::was_captured});
        else
          fail_or_give_up(step::void_payment, caf::make_error(ec::timed_out), ec::timed_out, key_dies_at);
      },
      [this, key_dies_at](const caf::error& error) {
        ended(step::void_payment);
        remember(step::void_payment, payment::tried_before(error));
        if (may_work_later(code_of_failure(error, ec::interrupted)))
          fail_or_give_up(step::void_payment, error, ec::interrupted, key_dies_at);
        else
          conclude(step_impossible{step::void_payment, review_reason::void_refused});
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
    return conclude(step_impossible{step::refund, review_reason::old_refund});
  }
  self()
    ->request(provider()->actor, deps_->provider_timeout, provider_context(),
              payment::refund{state().payment, what.key, what.amount})
    .then(
      [this](const payment::refunded& x) {
        ended(step::refund);
        remember(step::refund, x.tried);
        if (x.status == payment::refund_status::failed)
          conclude(step_impossible{step::refund, review_reason::refund_failed});
        else
          conclude(money_returned{x.id, x.status == payment::refund_status::pending});
      },
      [this](const caf::error& error) {
        ended(step::refund);
        remember(step::refund, payment::tried_before(error));
        if (may_work_later(code_of_failure(error, ec::interrupted)))
          fail(step::refund, error, ec::interrupted);
        else
          conclude(step_impossible{step::refund, review_reason::refund_refused});
      });
}

} // namespace troupe::order

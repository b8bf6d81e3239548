// supervisors/resilience/payment_port.hpp: what a guard may do with the calls to a payment provider.
#pragma once

#include "actors/payment/provider.hpp"
#include "supervisors/resilience/guard.hpp"

namespace troupe::resilience {

/// Writes carry an idempotency key, so they may be done again, one after another; looking may be done at any time. No
/// answer is ever kept: an old "there is no payment" would have an order paid twice.
inline port payment_port(const std::string& provider, duration key_lifetime) {
  port out;
  out.service = "payment." + provider;
  out.operations = {operation_of<payment::authorize>("authorize", repeatable::one_by_one),
                    operation_of<payment::capture>("capture", repeatable::one_by_one),
                    operation_of<payment::void_payment>("void", repeatable::one_by_one),
                    operation_of<payment::refund>("refund", repeatable::one_by_one),
                    operation_of<payment::find_payments>("find", repeatable::any_time)};
  out.key_lifetime = key_lifetime;
  return out;
}

} // namespace troupe::resilience

// supervisors/resilience/payment_port.hpp: what a guard may do with the calls to a payment provider.
#pragma once

#include "actors/payment/provider.hpp"
#include "supervisors/resilience/guard.hpp"

namespace troupe::resilience {

/// Writes carry an idempotency key, so they may be done again, one after another; looking may be done at any time. No
/// answer is ever kept: an old "there is no payment" would have an order paid twice. What was tried before an answer is
/// told with it.
port payment_port(const std::string& provider, duration key_lifetime);

} // namespace troupe::resilience

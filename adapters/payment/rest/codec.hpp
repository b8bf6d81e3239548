// adapters/payment/rest/codec.hpp: the wire form of the REST payment provider. No clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "actors/payment/provider.hpp"

#include <optional>
#include <string>

namespace troupe::payment::rest {

// Requests, without credentials. Amounts are in minor units; every write carries its Idempotency-Key.

http::request encode(const authorize& x);     // POST /payments
http::request encode(const capture& x);       // POST /payments/{id}/capture
http::request encode(const void_payment& x);  // POST /payments/{id}/void
http::request encode(const refund& x);        // POST /refunds
http::request encode(const find_payments& x); // GET /payments?reference=

// Answers. Each fails as failure_of says, and with bad_response for a body that is not of its form. A status that is
// not known is pending. A 402 is a decline.
//
// A 409 says that the payment's state forbids the step, or that another call with the same key is under way. Only where
// its error code is one of those that we know to mean the first (`not_authorized`, `already_voided`,
// `exceeds_authorized`, `not_captured`, `exceeds_captured`) it is refused; otherwise it may have acted, and is a
// conflict.

caf::expected<payment> decode(const authorize& asked, const http::response& answer, time_point now);
caf::expected<payment> decode(const capture& asked, const http::response& answer, time_point now);
caf::expected<payment> decode(const void_payment& asked, const http::response& answer, time_point now);
caf::expected<refunded> decode(const refund& asked, const http::response& answer, time_point now);
caf::expected<payments> decode(const find_payments& asked, const http::response& answer, time_point now);

} // namespace troupe::payment::rest

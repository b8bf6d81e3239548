// adapters/payment/stripe/codec.hpp: PaymentIntents with manual capture, and refunds. No clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "actors/payment/provider.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::payment::stripe {

/// Stripe's smallest unit of a currency. It is that of ISO 4217 but for ISK and UGX, which Stripe counts in hundredths,
/// and MGA, which it does not. Nothing when the amount cannot be said in it.
std::optional<std::int64_t> to_stripe_units(const money& x);
money from_stripe_units(std::int64_t units, troupe::currency currency);

// Requests, without credentials and version. Every write carries its Idempotency-Key. Authorizing, capturing and
// refunding fail with refused when the amount cannot be said in Stripe's units.

/// Creates and confirms a PaymentIntent. One that would need the customer to act is declined instead
/// (`authentication_required`): whoever placed the order is not there to act.
caf::expected<http::request> encode(const authorize& x);
caf::expected<http::request> encode(const capture& x);
caf::expected<http::request> encode(const void_payment& x);
caf::expected<http::request> encode(const refund& x);

http::request encode_search(std::string_view reference);
http::request encode_retrieve(const payment_id& id);
/// PaymentIntents made at `from` or later, newest first; the page after the one that ended with `after`, if given.
http::request encode_list(time_point from, const payment_id& after);

// Answers. Each fails as failure_of says, and with bad_response for a body that is not of its form.
//
// - A card error (402) is a decline, its reason the decline_code.
// - A step that the state forbids (`payment_intent_unexpected_state`) comes with the PaymentIntent as it is: that is
// the
//   answer. So voiding what is voided and capturing what is captured succeed.
// - `idempotency_key_in_use` (409) may be acting right now: conflict. A key with other parameters (400) is refused.
// - `lock_timeout` (429) is rate_limited, with a wait of a second.

caf::expected<payment> decode(const authorize& asked, const http::response& answer, time_point now);
caf::expected<payment> decode(const capture& asked, const http::response& answer, time_point now);
caf::expected<payment> decode(const void_payment& asked, const http::response& answer, time_point now);
caf::expected<refunded> decode(const refund& asked, const http::response& answer, time_point now);

caf::expected<payment> decode_retrieved(const http::response& answer, time_point now);

/// A page of PaymentIntents, of which `items` are those with the reference that was asked for.
struct page {
  std::vector<payment> items;
  payment_id last; // of the whole page; empty when the page is
  bool more = false;
};

/// Of a search or a list.
caf::expected<page> decode_page(std::string_view reference, const http::response& answer, time_point now);

} // namespace troupe::payment::stripe

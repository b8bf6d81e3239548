// adapters/payment/stripe/twin.hpp: a sandbox of Stripe, in its wire form. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "actors/kernel/uuid.hpp"
#include "adapters/payment/ledger.hpp"
#include "adapters/payment/wire_text.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::payment::stripe {

struct twin_options {
  std::string api_key;                           // the key that is accepted; empty accepts any
  std::string webhook_secret;                    // signs events; empty makes none
  std::string api_version = "2024-06-20";        // that events say they are in
  std::string reference_field = "reference";     // of metadata: search by it needs no scan
  duration pending_for{5'000};                   // until `pm_card_processing` is decided
  duration key_lifetime{std::chrono::hours{24}}; // of idempotency keys
  duration search_lag{0};                        // before a new PaymentIntent can be found by search
};

/// A webhook event on its way to whoever has the endpoint.
struct delivery {
  std::string id; // of the event: the same when it is delivered again
  std::string type;
  std::string body;
};

/// The value of `Stripe-Signature` for a body sent at `at`.
std::string signature_of(std::string_view secret, std::string_view body, time_point at);

/// Stripe as its callers see it: PaymentIntents with manual capture, their list and search, refunds, idempotency, test
/// cards and events. Everything it knows is in the ledger, so a ledger that is replayed is a twin that goes on; only
/// events not yet taken are lost with it. Not for two threads at once.
class twin {
public:
  twin(twin_options options, ledger& books, random_fn random)
    : options_(std::move(options)), books_(books), random_(std::move(random)) {}

  /// Acts and answers. `r.target` begins at the provider's base URL: `/v1/payment_intents`.
  http::response handle(const http::request& r, time_point now);

  /// Decides the pending charges that are due by `now`; `handle` does so first.
  void settle(time_point now);

  /// Events since the last time, in order. Each is signed when it is sent, with `signature_of`.
  std::vector<delivery> take_deliveries() { return std::exchange(deliveries_, {}); }

  const twin_options& options() const { return options_; }

  /// The answer of a provider that will not or cannot serve, in its own form.
  static http::response failure(int status);

private:
  struct view; // of a PaymentIntent as it was at some time

  http::response route(const http::request& r, std::string_view path, std::string_view query, time_point now);
  http::response write(const http::request& r, std::string_view path, time_point now);
  http::response create(const wire::fields& form, posting& x);
  http::response confirm(const wire::fields& form, std::uint32_t number, posting& x);
  http::response capture_intent(const wire::fields& form, std::uint32_t number, posting& x);
  http::response cancel(const wire::fields& form, std::uint32_t number, posting& x);
  http::response refund_intent(const wire::fields& form, posting& x);
  http::response retrieve(std::uint32_t number) const;
  http::response list(const wire::fields& query) const;
  http::response search(const wire::fields& query, time_point now) const;
  http::response retrieve_refund(std::string_view id) const;
  http::response list_refunds(const wire::fields& query) const;

  http::response post(const posting& x);
  http::response answer(std::uint32_t entry_number) const;
  void announce(std::uint32_t entry_number);
  void announce(std::uint32_t entry_number, char part, std::string_view type, std::string_view object);
  bool allowed(const http::request& r) const;
  bool has_metadata(const charge& x, std::string_view name, std::string_view value) const;

  view view_now(std::uint32_t number) const;
  view view_after(const entry& e) const;
  void append_intent(std::string& out, const view& x) const;
  void append_refund(std::string& out, std::uint32_t entry_number) const;
  void append_charge(std::string& out, std::uint32_t number) const;
  void append_metadata(std::string& out, const charge& x) const;
  std::string charge_id_of(std::uint32_t number) const;

  twin_options options_;
  ledger& books_;
  random_fn random_;
  std::vector<delivery> deliveries_;
};

} // namespace troupe::payment::stripe

// adapters/payment/rest/twin.hpp: a sandbox of the REST payment provider, in its wire form. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "actors/kernel/uuid.hpp"
#include "adapters/payment/ledger.hpp"

#include <optional>
#include <string>

namespace troupe::payment::rest {

struct twin_options {
  std::string token;     // the static bearer token that is accepted; empty accepts any
  std::string client_id; // of POST /oauth/token; empty accepts any credentials
  std::string client_secret;
  duration token_lifetime{std::chrono::hours{1}};
  duration pending_for{5'000};                   // until `tok_pending` is decided
  duration key_lifetime{std::chrono::hours{24}}; // of idempotency keys
};

/// The provider as its callers see it. Everything it knows is in the ledger, so a ledger that is replayed is a twin
/// that goes on. Not for two threads at once.
class twin {
public:
  twin(twin_options options, ledger& books, random_fn random)
    : options_(std::move(options)), books_(books), random_(std::move(random)) {}

  /// Acts and answers. `r.target` begins at the provider's base URL.
  http::response handle(const http::request& r, time_point now);

  /// Decides the pending charges that are due by `now`; `handle` does so first.
  void settle(time_point now);

  /// The answer of a provider that will not or cannot serve, in its own form.
  static http::response failure(int status);

private:
  http::response route(const http::request& r, std::string_view path, std::string_view query, time_point now);
  http::response write(const http::request& r, std::string_view path, time_point now);
  http::response create(const http::request& r, posting& x);
  http::response change(const http::request& r, std::string_view id, std::string_view action, posting& x);
  http::response refund(const http::request& r, posting& x);
  http::response find(std::string_view query);
  http::response grant(const http::request& r, time_point now);
  http::response post(const posting& x);
  http::response answer(std::uint32_t entry_number) const;
  bool allowed(const http::request& r, time_point now) const;
  std::uint64_t seal_of(std::int64_t expires_s) const;

  twin_options options_;
  ledger& books_;
  random_fn random_;
};

} // namespace troupe::payment::rest

// adapters/payment/rest/token.hpp: OAuth 2.0 client credentials (RFC 6749, section 4.4). No clock, no I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "adapters/http_client/http_client.hpp"
#include "adapters/payment/rest/options.hpp"

#include <caf/expected.hpp>

#include <string>

namespace troupe::payment::rest {

struct access_token {
  std::string value;     // empty: none
  time_point refresh_at; // from then on a new one is fetched while this one still serves
  time_point expires_at;
};

/// Asks `x.token_url` for a token.
http::call token_call(const oauth_options& x, duration timeout);

/// Fails with denied (the client is not known there), rate_limited, or unavailable: whatever went wrong, the provider
/// was never asked to move money.
caf::expected<access_token> decode_token(const http::response& answer, time_point now);

} // namespace troupe::payment::rest

// adapters/http_client/exchange.hpp: how an adapter calls its provider.
#pragma once

#include "actors/kernel/uuid.hpp"
#include "adapters/http_client/http_client.hpp"

#include <string>
#include <string_view>

namespace troupe::http {

inline constexpr std::size_t answer_bytes_max = 256 << 10;

/// What every call of one adapter has in common.
struct way_out {
  client_actor client;
  std::string base_url;
  duration timeout{30'000};
  clock_fn now;
  random_fn random;
};

/// The call that carries `message`: with the trace of `context` as traceparent and its id as x-correlation-id, and no
/// more time than its deadline leaves. Fails with deadline when that has passed.
caf::expected<call> make_call(const way_out& way, const request_context& context, request message);

/// `text` with everything but letters, digits and `-._~` as %XX: fit for a path segment, a query and a form.
std::string percent_encoded(std::string_view text);

} // namespace troupe::http

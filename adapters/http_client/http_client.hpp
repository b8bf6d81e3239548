// adapters/http_client/http_client.hpp: port: outbound HTTP as the adapters see it.
#pragma once

#include "actors/kernel/caf.hpp"
#include "actors/kernel/http.hpp"

#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <string>

namespace troupe::http {

/// One call to another server. `message.target` is the path below `base_url`.
struct call {
  std::string base_url; // "https://api.stripe.com"; scheme, host, port and an optional path
  request message;
  duration timeout{30'000};             // for the whole call
  std::size_t body_bytes_max = 1 << 20; // of the response; more is a bad_response
};

/// Any status is an answer. Fails with unavailable (never connected: nothing was sent), timed_out or interrupted (it
/// may have been received), bad_response, overloaded (too many calls wait).
using client_actor = caf::typed_actor<caf::result<response>(call)>;

template <class Inspector> bool inspect(Inspector& f, call& x) {
  auto get = [&x] { return static_cast<std::int64_t>(x.timeout.count()); };
  auto set = [&x](std::int64_t milliseconds) {
    x.timeout = duration{milliseconds};
    return true;
  };
  return f.object(x).fields(f.field("base_url", x.base_url), f.field("message", x.message),
                            f.field("timeout", get, set), f.field("body_bytes_max", x.body_bytes_max));
}

} // namespace troupe::http

CAF_BEGIN_TYPE_ID_BLOCK(troupe_http_client, caf::first_custom_type_id + 800)
  CAF_ADD_TYPE_ID(troupe_http_client, (troupe::http::call))
CAF_END_TYPE_ID_BLOCK(troupe_http_client)

// adapters/payment/exchange.hpp: how a payment adapter calls its provider.
#pragma once

#include "actors/kernel/uuid.hpp"
#include "actors/payment/provider.hpp"
#include "adapters/http_client/http_client.hpp"
#include "adapters/payment/failure.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <string>
#include <string_view>

namespace troupe::payment {

inline constexpr std::size_t answer_bytes_max = 256 << 10;

/// What every call of one adapter has in common.
struct way_out {
  http::client_actor client;
  std::string base_url;
  duration timeout{30'000};
  clock_fn now;
  random_fn random;
};

/// The call that carries `message`: with the trace of `context` as traceparent and its id as x-correlation-id, and no
/// more time than its deadline leaves. Fails with deadline when that has passed.
caf::expected<http::call> make_call(const way_out& way, const request_context& context, http::request message);

/// `text` with everything but letters, digits and `-._~` as %XX: fit for a path segment, a query and a form.
std::string percent_encoded(std::string_view text);

/// `Authorization: Basic`.
std::string basic_credentials(std::string_view user, std::string_view password);

/// Calls once and delivers what `decode` makes of the answer. `decode` takes a `const http::response&`, answers a
/// `caf::expected<Answer>` and does not throw.
template <class Answer, class Decode>
void exchange(provider_actor::pointer self, const way_out& way, http::call x, effect what,
              caf::typed_response_promise<Answer> reply, Decode decode) {
  // The client keeps the time: a timer of CAF's would only cost.
  self->request(way.client, caf::infinite, std::move(x))
    .then([reply, decode = std::move(decode)](const http::response& answer) mutable { reply.deliver(decode(answer)); },
          [reply, what](const caf::error& e) mutable { reply.deliver(failure_of(e, what)); });
}

} // namespace troupe::payment

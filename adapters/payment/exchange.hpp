// adapters/payment/exchange.hpp: how a payment adapter calls its provider.
#pragma once

#include "actors/payment/provider.hpp"
#include "adapters/http_client/exchange.hpp"
#include "adapters/payment/failure.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <string>
#include <string_view>

namespace troupe::payment {

using http::make_call;
using http::percent_encoded;
using http::way_out;

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

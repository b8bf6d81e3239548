// adapters/payment/failure.hpp: what an answer without a result means, the same for every provider over HTTP.
#pragma once

#include "actors/payment/provider.hpp"
#include "adapters/http_client/failure.hpp"

namespace troupe::payment {

/// A write could have moved money.
using http::effect;

using http::failure;
using http::parse_retry_after;

/// The error that a status stands for, see http::code_of_status.
caf::error failure_of(const http::response& answer, effect what, time_point now);

/// The error of a call without any answer.
caf::error failure_of(const caf::error& x, effect what);

} // namespace troupe::payment

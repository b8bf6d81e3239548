// adapters/payment/failure.hpp: what an answer without a result means, the same for every provider over HTTP.
#pragma once

#include "actors/kernel/http.hpp"
#include "actors/payment/provider.hpp"

#include <optional>
#include <string_view>

namespace troupe::payment {

/// Whether a call could have moved money.
enum class effect : std::uint8_t { read = 1, write };

/// The value of Retry-After: seconds, or a date in any of the three forms of RFC 9110. At most a day, never negative.
std::optional<duration> parse_retry_after(std::string_view value, time_point now);

/// `code`, with the wait that the answer asks for, if it does.
caf::error failure(ec code, const http::headers& fields, time_point now);

/// The error that a status stands for:
/// - 401, 403: denied. The credentials are wrong; whoever operates must act.
/// - 408, 425, 503: unavailable. The provider says that it did not begin.
/// - 409: conflict. Another call about the same thing is under way, or its state has moved: it has to be looked up.
/// - 429: rate_limited.
/// - Any other 4xx: refused. The same request cannot work later.
/// - Any other 5xx: of a write interrupted, because it may have broken after it acted; of a read unavailable.
/// - Anything else: bad_response. Redirects and informational answers are part of no provider's interface.
caf::error failure_of(const http::response& answer, effect what, time_point now);

/// The error of a call without any answer. Of our HTTP client these are codes already; a client that dies leaves open
/// whether it had sent something.
caf::error failure_of(const caf::error& x, effect what);

} // namespace troupe::payment

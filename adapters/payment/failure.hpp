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
///
/// | status             | code         | because                                                                       |
/// |--------------------|--------------|-------------------------------------------------------------------------------|
/// | 401, 403           | denied       | the credentials are wrong; whoever operates must act                          |
/// | 408, 425, 503      | unavailable  | the provider says that it did not begin                                       |
/// | 409                | interrupted  | another call about the same thing is under way, or its state has moved: look  |
/// | 429                | rate_limited |                                                                               |
/// | other 4xx          | refused      | the same request cannot work later                                            |
/// | other 5xx          | interrupted  | it may have broken after it acted; of a read unavailable                      |
/// | anything else      | bad_response | redirects and informational answers are not part of any provider's interface  |
caf::error failure_of(const http::response& answer, effect what, time_point now);

/// The error of a call without any answer. Of our HTTP client these are codes already; a client that dies leaves open
/// whether it had sent something.
caf::error failure_of(const caf::error& x, effect what);

} // namespace troupe::payment

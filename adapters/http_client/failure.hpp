// adapters/http_client/failure.hpp: what an answer without a result means, the same for everybody who is called over
// HTTP.
#pragma once

#include "actors/kernel/caf.hpp"
#include "actors/kernel/http.hpp"
#include "actors/kernel/time.hpp"

#include <optional>
#include <string_view>

namespace troupe::http {

/// Whether a call could have changed something on the other side.
enum class effect : std::uint8_t { read = 1, write };

/// The value of Retry-After: seconds, or a date in any of the three forms of RFC 9110. At most a day, never negative.
std::optional<duration> parse_retry_after(std::string_view value, time_point now);

/// `code`, with the wait that the answer asks for, if it does.
caf::error failure(ec code, const headers& fields, time_point now);

/// What a status without a result stands for:
/// - 401, 403: denied. The credentials are wrong; whoever operates must act.
/// - 408, 425, 503: unavailable. The other side says that it did not begin.
/// - 409: conflict. Another call about the same thing is under way, or its state has moved: it has to be looked up.
/// - 429: rate_limited.
/// - Any other 4xx: refused. The same request cannot work later.
/// - Any other 5xx: of a write interrupted, because it may have broken after it acted; of a read unavailable.
/// - Anything else: bad_response. Redirects and informational answers are part of no interface of ours.
ec code_of_status(int status, effect what);

/// The error of a call without any answer. Of our HTTP client these are codes already; a client that dies leaves open
/// whether it had sent something.
caf::error failure_without_answer(const caf::error& x, effect what);

} // namespace troupe::http

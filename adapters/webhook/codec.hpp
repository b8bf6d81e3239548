// adapters/webhook/codec.hpp: a notice as Standard Webhooks want it. No clock, no I/O.
#pragma once

#include "actors/alarm/receiver.hpp"
#include "actors/kernel/http.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::webhook {

/// The key of a secret in its text form, "whsec_" and 24 to 64 bytes in Base64; nothing for another text.
std::optional<std::string> parse_secret(std::string_view text);

/// The value of webhook-signature: "v1," and HMAC-SHA256 of "id.seconds.body" in Base64.
std::string sign(std::string_view id, std::int64_t seconds, std::string_view body, std::string_view key);

/// {"type", "timestamp", "data": {"node", "subject", "reason", "count", "runbook"}}
std::string body_of(const alarm::notice& x);

/// The request, signed as of `now`. Its target is empty: the URL names it.
http::request encode(const alarm::notice& x, time_point now, std::string_view key);

/// Nothing for a status of success, what it means for any other.
caf::error decode(const http::response& answer, time_point now);

} // namespace troupe::webhook

// gateways/http/routes/preference.hpp: the two request header fields that orders understand.
#pragma once

#include "actors/kernel/http.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace troupe::gateway {

/// At most this long does `Prefer: wait` hold a request.
inline constexpr std::chrono::seconds wait_max{30};

/// How long the client prefers to wait for the end, by RFC 7240: the first `wait` of all `Prefer` fields, cut to
/// wait_max. Nothing when there is none or it is not a number, which RFC 7240 has ignored.
std::optional<std::chrono::seconds> preferred_wait(const http::headers& fields);

inline constexpr std::size_t idempotency_key_bytes_max = 255;

/// There is no Idempotency-Key.
struct no_key {};
/// What is wrong with it.
struct bad_key {
  std::string why;
};

/// The `Idempotency-Key`, quoted as the IETF draft asks (a structured-field string) or bare, of printable ASCII.
std::variant<no_key, bad_key, std::string> idempotency_key(const http::headers& fields);

} // namespace troupe::gateway

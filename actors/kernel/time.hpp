// actors/kernel/time.hpp: instants and lengths of time, as stored and as sent.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// UTC, in milliseconds: what is stored and what people read.
using time_point = std::chrono::sys_time<std::chrono::milliseconds>;
using duration = std::chrono::milliseconds;

/// Where an actor gets the time from. Passed in, so that a test or the simulation owns it.
using clock_fn = std::function<time_point()>;

/// RFC 3339 in UTC with milliseconds: `2026-03-01T12:00:00.000Z`.
std::string to_rfc3339(time_point x);

/// Accepts what to_rfc3339 writes, any number of decimals (cut to milliseconds) and an offset such as `+01:00`.
std::optional<time_point> parse_rfc3339(std::string_view text);

} // namespace troupe

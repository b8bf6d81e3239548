// config/value.hpp: how values are written.
#pragma once

#include "config/options.hpp"

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace troupe::config {

/// "300ms", "90s", "15m", "24h", "7d", or several of them: "1h30m". "0" needs no unit. Nothing for other text, or for
/// more than 10,000 days.
std::optional<duration> parse_duration(std::string_view text);
std::string to_text(duration x); // with the largest unit that is exact

/// "16KiB", "1MiB", "2GiB", "512B" or a number of bytes. Nothing for other text, KB and MB among it.
std::optional<byte_size> parse_bytes(std::string_view text);
std::string to_text(byte_size x);

/// A member of the options; its type says how it is written.
using field = std::variant<std::string*, bool*, std::uint64_t*, std::uint16_t*, duration*, byte_size*, secret*>;

/// What a value must keep to. Numbers count in the member's unit: milliseconds for times, bytes for sizes.
struct limits {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  std::string_view choices{}; // "json|text"; empty for any text
};

/// Writes `text` to the member; on failure changes nothing and answers what was expected, without the text itself.
std::optional<std::string> assign(const field& to, std::string_view text, const limits& within);

/// As it would stand in a file; secrets as ***.
std::string to_text(const field& x);

} // namespace troupe::config

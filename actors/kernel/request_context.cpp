#include "actors/kernel/request_context.hpp"

#include <charconv>

namespace troupe {

namespace {

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
      return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// Sixteen digits.
void write_hex(char* to, std::uint64_t x) {
  for (int i = 15; i >= 0; --i, x >>= 4)
    to[i] = "0123456789abcdef"[x & 15];
}

} // namespace

std::optional<trace_context> trace_context::parse(std::string_view text) {
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-' || text.substr(0, 2) == "ff")
    return std::nullopt;
  if (text.substr(0, 2) == "00" ? text.size() != 55 : text.size() > 55 && text[55] != '-')
    return std::nullopt;
  const auto version = parse_hex(text.substr(0, 2));
  const auto high = parse_hex(text.substr(3, 16));
  const auto low = parse_hex(text.substr(19, 16));
  const auto span = parse_hex(text.substr(36, 16));
  const auto flags = parse_hex(text.substr(53, 2));
  if (!version || !high || !low || !span || !flags || (*high == 0 && *low == 0) || *span == 0)
    return std::nullopt;
  return trace_context{*high, *low, *span, (*flags & 1) != 0};
}

// This is written with every event and every call, so without a format string.
std::string trace_context::traceparent() const {
  std::string out = "00-00000000000000000000000000000000-0000000000000000-00";
  write_hex(out.data() + 3, trace_high);
  write_hex(out.data() + 19, trace_low);
  write_hex(out.data() + 36, span);
  if (sampled)
    out.back() = '1';
  return out;
}

std::string trace_context::trace_id() const {
  std::string out(32, '0');
  write_hex(out.data(), trace_high);
  write_hex(out.data() + 16, trace_low);
  return out;
}

} // namespace troupe

#include "actors/kernel/request_context.hpp"

#include <charconv>
#include <cstdio>

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

std::string trace_context::traceparent() const {
  char out[56];
  std::snprintf(out, sizeof out, "00-%016llx%016llx-%016llx-%02x", static_cast<unsigned long long>(trace_high),
                static_cast<unsigned long long>(trace_low), static_cast<unsigned long long>(span), sampled ? 1u : 0u);
  return {out, 55};
}

std::string trace_context::trace_id() const {
  return traceparent().substr(3, 32);
}

} // namespace troupe

// actors/kernel/request_context.hpp: what travels beside every command.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// W3C Trace Context, level 1: the ids of `traceparent`.
struct trace_context {
  std::uint64_t trace_high = 0;
  std::uint64_t trace_low = 0;
  std::uint64_t span = 0;
  bool sampled = false;

  bool operator==(const trace_context&) const = default;

  /// `00-<32 hex>-<16 hex>-<2 hex>`; nothing for another form or an id of zeros.
  static std::optional<trace_context> parse(std::string_view traceparent);
  std::string traceparent() const;
  std::string trace_id() const; // 32 hex digits
};

struct request_context {
  std::string principal; // who asks: "operator", "anonymous", "order/<id>"
  trace_context trace;
  time_point deadline{time_point::max()}; // by this node's clock; remaining time when it crosses nodes
};

template <class Inspector> bool inspect(Inspector& f, trace_context& x) {
  return f.object(x).fields(f.field("trace_high", x.trace_high), f.field("trace_low", x.trace_low),
                            f.field("span", x.span), f.field("sampled", x.sampled));
}

} // namespace troupe

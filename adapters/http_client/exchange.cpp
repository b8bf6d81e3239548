#include "adapters/http_client/exchange.hpp"

#include <algorithm>

namespace troupe::http {

caf::expected<call> make_call(const way_out& way, const request_context& context, request message) {
  auto timeout = way.timeout;
  if (context.deadline != time_point::max())
    timeout = std::min(timeout, context.deadline - way.now());
  if (timeout <= duration::zero())
    return caf::make_error(ec::deadline);
  if (context.trace.trace_high != 0 || context.trace.trace_low != 0) {
    auto trace = context.trace;
    trace.span = way.random() | 1; // a span of its own; never the zeros that mean none
    message.fields.emplace_back("traceparent", trace.traceparent());
    message.fields.emplace_back("x-correlation-id", trace.trace_id()); // for those who do not know the other
  }
  return call{way.base_url, std::move(message), timeout, answer_bytes_max};
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
                       || c == '.' || c == '_' || c == '~';
    if (plain) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += '%';
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result;
}

} // namespace troupe::http

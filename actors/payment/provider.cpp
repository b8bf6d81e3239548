#include "actors/payment/provider.hpp"

#include "actors/kernel/enum_names.hpp"

#include <utility>

namespace troupe::payment {

std::optional<duration> retry_after(const caf::error& x) {
  return wait_of(x);
}

caf::error after_tries(caf::error x, std::vector<tried> what) {
  const auto wait = wait_of(x);
  if (!wait)
    return x;
  return caf::make_error(code_of(x), static_cast<std::int64_t>(wait->count()), reason_of(x), std::move(what));
}

std::vector<tried> tried_before(const caf::error& x) {
  if (!x.context().match_elements<std::int64_t, std::string, std::vector<tried>>())
    return {};
  return x.context().get_as<std::vector<tried>>(2);
}

std::string to_string(payment_status x) {
  switch (x) {
    case payment_status::authorized: return "authorized";
    case payment_status::captured: return "captured";
    case payment_status::declined: return "declined";
    case payment_status::pending: return "pending";
    case payment_status::voided: return "voided";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, payment_status& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, payment_status& x) {
  return find_by_name(text, x);
}

std::string to_string(refund_status x) {
  switch (x) {
    case refund_status::succeeded: return "succeeded";
    case refund_status::pending: return "pending";
    case refund_status::failed: return "failed";
  }
  return "invalid";
}

bool from_integer(std::uint8_t value, refund_status& x) {
  return find_by_number(value, x);
}

bool from_string(caf::string_view text, refund_status& x) {
  return find_by_name(text, x);
}

} // namespace troupe::payment

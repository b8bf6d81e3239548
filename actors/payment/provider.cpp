#include "actors/payment/provider.hpp"

namespace troupe::payment {

namespace {

template <class Enum> bool find_by_name(caf::string_view text, Enum& x) {
  for (std::uint8_t value = 1; from_integer(value, x); ++value)
    if (std::string_view{text.data(), text.size()} == to_string(x))
      return true;
  return false;
}

} // namespace

std::optional<duration> retry_after(const caf::error& x) {
  if (x.category() != caf::type_id_v<ec> || !x.context().match_elements<std::int64_t>())
    return std::nullopt;
  return duration{x.context().get_as<std::int64_t>(0)};
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
  x = static_cast<payment_status>(value);
  return to_string(x) != "invalid";
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
  x = static_cast<refund_status>(value);
  return to_string(x) != "invalid";
}

bool from_string(caf::string_view text, refund_status& x) {
  return find_by_name(text, x);
}

} // namespace troupe::payment

// tests/fuzz/order_event_fuzz.cpp: arbitrary bytes as each stored form of an order. What can be read is written and
// read again without a change, can be applied and told; what cannot is an error, never a crash.
#include "actors/order/stored.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace troupe;

void require(bool holds) {
  if (!holds)
    std::abort();
}

std::string type_of(std::uint8_t choice) {
  static constexpr const char* types[] = {"placed",
                                          "priced",
                                          "stock_reserved",
                                          "rejected",
                                          "payment_authorized",
                                          "payment_declined",
                                          "stock_allocated",
                                          "hold_expired",
                                          "capture_requested",
                                          "payment_captured",
                                          "confirmed",
                                          "cancel_requested",
                                          "payment_voided",
                                          "payment_refunded",
                                          "stock_released",
                                          "attempt_failed",
                                          "sent_to_review",
                                          "closed",
                                          "paused",
                                          "hold_extended",
                                          "resumed",
                                          "call_retried"};
  return "order." + std::string{types[choice % std::size(types)]};
}

void read_event(std::uint8_t choice, std::string data, std::string personal) {
  journal::stored_event stored;
  stored.stream = {"order", "0195c2f0-0000-7000-8000-000000000001"};
  stored.version = 1;
  stored.type = type_of(choice);
  stored.data = std::move(data);
  stored.personal = std::move(personal);
  const auto decoded = order::decode(stored);
  if (!decoded)
    return;
  const auto form = order::encode(*decoded);
  stored.data = form.data;
  stored.personal = form.personal;
  const auto again = order::decode(stored);
  require(again && *again == *decoded);
  order::state s;
  s.apply(*decoded, stored.recorded_at);
  order::to_public(stored);
}

void read_snapshot(const std::string& data) {
  const auto decoded = order::decode_snapshot(data, order::snapshot_schema);
  if (!decoded)
    return;
  const auto form = order::encode_snapshot(*decoded);
  const auto again = order::decode_snapshot(form, order::snapshot_schema);
  require(again && order::encode_snapshot(*again) == form);
  order::outstanding("0195c2f0-0000-7000-8000-000000000001", *decoded, decoded->updated_at, {});
  order::wake_up(*decoded, {});
  order::message_of(*decoded);
}

} // namespace

/// The first byte chooses the form; a newline parts `data` from `personal`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string text{reinterpret_cast<const char*>(bytes) + 1, size - 1};
  if (bytes[0] == 0xFF) {
    read_snapshot(text);
    return 0;
  }
  const auto end = text.find('\n');
  read_event(bytes[0], text.substr(0, end), end == std::string::npos ? std::string{} : text.substr(end + 1));
  return 0;
}

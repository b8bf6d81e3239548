// tests/fuzz/entity_event_fuzz.cpp: arbitrary bytes as each stored form of a SKU's stock, of a product, of a claimed
// key, of parked events, of a dead letter and of a replay job. What can be read is written and read again without a
// change, can be applied and told; what cannot is an error, never a crash.
#include "actors/catalog/stored.hpp"
#include "actors/dead_letter/stored.hpp"
#include "actors/idempotency/stored.hpp"
#include "actors/inventory/stored.hpp"
#include "actors/outlet/stored.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace troupe;

void require(bool holds) {
  if (!holds)
    std::abort();
}

template <class Event, class State>
void read_event(const journal::stored_event& stored, caf::expected<Event> (*decode)(const journal::stored_event&),
                journal::encoded_event (*encode)(const Event&)) {
  const auto decoded = decode(stored);
  if (!decoded)
    return;
  auto written = stored;
  const auto form = encode(*decoded);
  require(form.type == stored.type);
  written.data = form.data;
  const auto again = decode(written);
  require(again && *again == *decoded);
  State s;
  if constexpr (requires { s.apply(*decoded, time_point{}); })
    s.apply(*decoded, time_point{});
  else
    s.apply(*decoded);
}

template <class State>
void read_snapshot(std::string_view data, std::uint16_t schema,
                   caf::expected<State> (*decode)(std::string_view, std::uint16_t),
                   std::string (*encode)(const State&)) {
  const auto decoded = decode(data, schema);
  if (!decoded)
    return;
  const auto form = encode(*decoded);
  const auto again = decode(form, schema);
  require(again && encode(*again) == form);
}

constexpr std::array<std::string_view, 26> types{
  "inventory.adjusted",     "inventory.reserved",        "inventory.released",
  "inventory.hold_expired", "inventory.allocated",       "inventory.taken_back",
  "inventory.low_stock",    "catalog.product_created",   "catalog.product_retitled",
  "catalog.price_changed",  "idempotency.claimed",       "outlet.parked",
  "outlet.delivered",       "outlet.delivery_failed",    "outlet.given_up",
  "outlet.letter_recorded", "dead_letter.recorded",      "dead_letter.replay_requested",
  "dead_letter.replayed",   "dead_letter.replay_failed", "dead_letter.discarded",
  "replay_job.begun",       "replay_job.advanced",       "replay_job.ended",
  "replay_job.stopped",     "inventory.hold_extended"};

void read_as_event(std::string_view type, std::string data) {
  journal::stored_event stored;
  stored.stream = {std::string{type.substr(0, type.find('.'))}, "demo-mug"};
  stored.version = 1;
  stored.type = type;
  stored.data = std::move(data);
  if (stored.stream.context == "inventory") {
    read_event<inventory::event, inventory::state>(stored, inventory::decode, inventory::encode);
    inventory::to_public(stored);
  } else if (stored.stream.context == "catalog") {
    read_event<catalog::event, catalog::state>(stored, catalog::decode, catalog::encode);
    catalog::to_public(stored);
  } else if (stored.stream.context == "outlet") {
    read_event<outlet::event, outlet::state>(stored, outlet::decode, outlet::encode);
  } else if (stored.stream.context == "dead_letter") {
    read_event<dead_letter::event, dead_letter::state>(stored, dead_letter::decode, dead_letter::encode);
  } else if (stored.stream.context == "replay_job") {
    read_event<dead_letter::job::event, dead_letter::job::state>(stored, dead_letter::job::decode,
                                                                 dead_letter::job::encode);
  } else {
    read_event<idempotency::event, idempotency::state>(stored, idempotency::decode, idempotency::encode);
  }
}

void read_as_snapshot(std::uint8_t choice, std::string_view data) {
  switch (choice % 6) {
    case 0:
      return read_snapshot(data, inventory::snapshot_schema, inventory::decode_snapshot, inventory::encode_snapshot);
    case 1: return read_snapshot(data, catalog::snapshot_schema, catalog::decode_snapshot, catalog::encode_snapshot);
    case 3: return read_snapshot(data, outlet::snapshot_schema, outlet::decode_snapshot, outlet::encode_snapshot);
    case 4:
      return read_snapshot(data, dead_letter::snapshot_schema, dead_letter::decode_snapshot,
                           dead_letter::encode_snapshot);
    case 5:
      return read_snapshot(data, dead_letter::job::snapshot_schema, dead_letter::job::decode_snapshot,
                           dead_letter::job::encode_snapshot);
    default:
      return read_snapshot(data, idempotency::snapshot_schema, idempotency::decode_snapshot,
                           idempotency::encode_snapshot);
  }
}

} // namespace

/// The first byte chooses the form: from '!' on an event's type, and from 'a' on a snapshot.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string text{reinterpret_cast<const char*>(bytes) + 1, size - 1};
  if (bytes[0] >= 'a')
    read_as_snapshot(static_cast<std::uint8_t>(bytes[0] - 'a'), text);
  else
    read_as_event(types[static_cast<std::uint8_t>(bytes[0] - '!') % types.size()], text);
  return 0;
}

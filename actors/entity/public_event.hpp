// actors/entity/public_event.hpp: events as the outside sees them, in one envelope.
#pragma once

#include "actors/entity/stored_event.hpp"

#include <optional>
#include <string>

namespace troupe {

/// The fields of a domain event's envelope. `data` and `metadata` are JSON objects. Never holds personal data.
struct public_event {
  std::string event_id;   // a UUID, always the same for the same stored event
  std::string event_type; // "OrderCreated"
  time_point event_time;
  std::string aggregate_id;
  std::string aggregate_type; // "order"
  std::uint64_t version = 0;  // of the aggregate
  std::string data;
  std::string metadata; // source, principal, trace
};

/// The envelope with the outer fields filled from `x`; the caller gives type and data.
public_event make_public_event(const journal::stored_event& x, std::string event_type, std::string data);

/// {"eventId":…, "eventType":…, "eventTime":…, "aggregateId":…, "aggregateType":…, "version":…, "data":…, "metadata":…}
std::string to_json(const public_event& x);

} // namespace troupe

#include "actors/entity/public_event.hpp"

#include "actors/kernel/json_writer.hpp"
#include "actors/kernel/uuid.hpp"

#include <utility>

namespace troupe {

namespace {

// Of the public forms: raised when one changes in a way that a reader of the version before would not understand.
constexpr int schema_version = 1;

std::string metadata_of(const journal::stored_event& x) {
  std::string out;
  json_writer w{out};
  w.begin_object().member("source", "troupe/" + x.stream.context).member("schemaVersion", schema_version);
  if (!x.principal.empty())
    w.member("principal", x.principal);
  if (!x.trace.empty())
    w.member("trace", x.trace);
  w.end_object();
  return out;
}

} // namespace

public_event make_public_event(const journal::stored_event& x, std::string event_type, std::string data) {
  public_event out;
  out.event_id = make_named_uuid(x.stream.context + '/' + x.stream.key + '/' + std::to_string(x.version));
  out.event_type = std::move(event_type);
  out.event_time = x.recorded_at;
  out.aggregate_id = x.stream.key;
  out.aggregate_type = x.stream.context;
  out.version = x.version;
  out.data = std::move(data);
  out.metadata = metadata_of(x);
  return out;
}

std::string to_json(const public_event& x) {
  std::string out;
  out.reserve(256 + x.data.size() + x.metadata.size());
  json_writer w{out};
  w.begin_object()
    .member("eventId", x.event_id)
    .member("eventType", x.event_type)
    .member("eventTime", to_rfc3339(x.event_time))
    .member("aggregateId", x.aggregate_id)
    .member("aggregateType", x.aggregate_type)
    .member("version", x.version);
  w.key("data").raw(x.data);
  w.key("metadata").raw(x.metadata);
  w.end_object();
  return out;
}

} // namespace troupe

#include "adapters/postgres/reader.hpp"

#include "adapters/postgres/latest.hpp"
#include "adapters/postgres/migrations.hpp"
#include "adapters/postgres/row.hpp"
#include "adapters/postgres/server.hpp"

#include <algorithm>
#include <limits>

namespace troupe::postgres {

namespace {

std::int64_t at_most(std::uint64_t x) {
  return static_cast<std::int64_t>(
    std::min<std::uint64_t>(x, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())));
}

std::int64_t milliseconds(time_point x) {
  return x.time_since_epoch().count();
}

pqxx::binarystring as_bytes(const std::string& x) {
  return pqxx::binarystring{x};
}

std::string events_of(const std::string& in) {
  return std::string{"SELECT "} + event_columns + " FROM " + in + ".events ";
}

} // namespace

reader::reader(const options& config) : db_(config, "reader") {
  if (version_of(db_) == 0)
    throw failure{ec::store_unavailable, "the database has no schema of troupe yet; run `troupe migrate up`"};
  db_.run("SET statement_timeout = '5s'"); // Every read is of a page; one that takes longer waits for what hangs.
}

template <class Body>
auto reader::read(const std::string& context, Body&& body) -> caf::expected<decltype(body(std::string{}))> {
  return guarded([&]() -> decltype(body(std::string{})) {
    if (!enter(context))
      return {};
    return body(quoted(context));
  });
}

bool reader::enter(const std::string& context) {
  if (inside_ == context)
    return true;
  auto known = roles_.find(context);
  if (known == roles_.end()) {
    leave();
    const auto rows = db_.query("SELECT role FROM troupe.contexts WHERE name = $1", context);
    if (rows.empty())
      return false;
    known = roles_.emplace(context, text(rows[0][0])).first;
  }
  db_.run("SET ROLE " + quoted(known->second));
  inside_ = context;
  return true;
}

void reader::leave() {
  if (!inside_.empty())
    db_.run("RESET ROLE");
  inside_.clear();
}

caf::expected<journal::recovered_stream> reader::load(const journal::stream_name& stream) {
  return read(stream.context, [&](const std::string& in) {
    journal::recovered_stream result;
    const auto key = as_bytes(stream.key);
    // One statement sees one state: the snapshot, the events after it, and how far they must go.
    const auto rows = db_.query(
      "WITH s AS (SELECT version, schema, recorded_at, checksum, data FROM " + in + ".snapshots WHERE key = $1) "
        + "SELECT NULL::int2, NULL::int8, NULL::bytea, version, schema, recorded_at, 0::int8, checksum, '', '', "
          "NULL::bytea, NULL::bytea, data, NULL::bytea FROM s UNION ALL SELECT * FROM ("
        + events_of(in)
        + "WHERE shard = $2 AND key = $1 AND version > coalesce((SELECT version FROM s), 0) ORDER BY version) AS e "
          "UNION ALL SELECT NULL, NULL, NULL, version, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM "
        + in + ".streams WHERE key = $1",
      key, stream.shard());
    std::uint64_t version = 0;
    for (const auto& row : rows) {
      if (!row[0].is_null())
        result.events.push_back(event_of(row, stream.context));
      else if (!row[7].is_null()) {
        journal::snapshot base;
        base.version = number(row[3]);
        base.schema = static_cast<std::uint16_t>(number(row[4]));
        base.recorded_at = time_point{duration{integer(row[5])}};
        base.data = bytes(row[12]);
        if (checksum_of(stream.key, base) != number(row[7]))
          damaged(stream, base.version, "the checksum of its snapshot does not hold");
        result.base = std::move(base);
      } else
        version = number(row[3]);
    }
    auto expected = result.base ? result.base->version : 0;
    for (const auto& x : result.events)
      if (x.version != ++expected)
        damaged(stream, expected, "it is missing");
    if (expected != version)
      damaged(stream, version, "the stream ends at " + std::to_string(expected));
    return result;
  });
}

caf::expected<std::vector<journal::stored_event>> reader::read_stream(const journal::stream_name& stream,
                                                                      std::uint64_t first_version, std::size_t limit) {
  return read(stream.context, [&](const std::string& in) {
    std::vector<journal::stored_event> result;
    const auto first = std::max<std::uint64_t>(first_version, 1);
    for (const auto& row :
         db_.query(events_of(in) + "WHERE shard = $1 AND key = $2 AND version >= $3 ORDER BY version LIMIT $4",
                   stream.shard(), as_bytes(stream.key), at_most(first), at_most(limit)))
      result.push_back(event_of(row, stream.context));
    auto expected = first;
    for (const auto& x : result)
      if (x.version != expected++)
        damaged(stream, expected - 1, "it is missing");
    return result;
  });
}

caf::expected<std::vector<journal::stored_event>> reader::read_shard(const std::string& context, std::uint16_t shard,
                                                                     std::uint64_t first_offset, std::size_t limit) {
  return read(context, [&](const std::string& in) {
    std::vector<journal::stored_event> result;
    auto expected = std::max<std::uint64_t>(first_offset, 1);
    for (const auto& row :
         db_.query(events_of(in) + "WHERE shard = $1 AND shard_offset >= $2 ORDER BY shard_offset LIMIT $3", shard,
                   at_most(expected), at_most(limit))) {
      result.push_back(event_of(row, context));
      if (result.back().offset != expected++)
        throw failure{ec::store_damaged, "shard " + std::to_string(shard) + " of " + context
                                           + " has no event at offset " + std::to_string(expected - 1)
                                           + "; it was dropped, or a backup is needed"};
    }
    return result;
  });
}

caf::expected<std::vector<journal::wake_up>> reader::due(const std::string& context, time_point until,
                                                         const std::optional<journal::wake_up>& after,
                                                         std::size_t limit) {
  return read(context, [&](const std::string& in) {
    std::vector<journal::wake_up> result;
    const auto from = after ? milliseconds(after->at) : std::numeric_limits<std::int64_t>::min();
    const auto key = as_bytes(after ? after->stream.key : std::string{});
    for (const auto& row : db_.query("SELECT key, wake_at FROM " + in
                                       + ".streams WHERE wake_at IS NOT NULL AND wake_at <= $1 AND (wake_at, key) > "
                                         "($2, $3) ORDER BY wake_at, key LIMIT $4",
                                     milliseconds(until), from, key, at_most(limit)))
      result.push_back({{context, bytes(row[0])}, time_point{duration{integer(row[1])}}});
    return result;
  });
}

caf::expected<std::vector<journal::outlet_position>> reader::positions(const std::string& outlet,
                                                                       const std::string& context) {
  return read(context, [&](const std::string& in) {
    std::vector<journal::outlet_position> result;
    for (const auto& row : db_.query("SELECT l.shard, coalesce(o.shard_offset, 0), l.last FROM ("
                                       + last_offsets_statement(context) + ") AS l (shard, last) LEFT JOIN " + in
                                       + ".outlets AS o ON o.outlet = $1 AND o.shard = l.shard::int2 ORDER BY 1",
                                     outlet))
      result.push_back({static_cast<std::uint16_t>(number(row[0])), number(row[1]), number(row[2])});
    return result;
  });
}

caf::expected<std::vector<journal::stored_mark>> reader::marks(const std::string& context) {
  return read(context, [&](const std::string& in) {
    std::vector<journal::stored_mark> result;
    for (const auto& row :
         db_.query("SELECT outlet, shard, shard_offset FROM " + in + ".outlets ORDER BY outlet COLLATE \"C\", shard"))
      result.push_back({text(row[0]), static_cast<std::uint16_t>(number(row[1])), number(row[2])});
    return result;
  });
}

caf::expected<std::vector<std::string>> reader::contexts() {
  return guarded([&] {
    leave();
    std::vector<std::string> result;
    for (const auto& row : db_.query("SELECT name FROM troupe.contexts ORDER BY name COLLATE \"C\""))
      result.push_back(text(row[0]));
    return result;
  });
}

caf::expected<std::vector<std::string>> reader::keys(const std::string& context, const std::string& after,
                                                     std::size_t limit) {
  return read(context, [&](const std::string& in) {
    std::vector<std::string> result;
    for (const auto& row : db_.query("SELECT key FROM " + in
                                       + ".streams WHERE key > $1 AND version > 0 ORDER BY key "
                                         "LIMIT $2",
                                     as_bytes(after), at_most(limit)))
      result.push_back(bytes(row[0]));
    return result;
  });
}

caf::expected<journal::latest_events> reader::latest(const journal::event_filter& filter,
                                                     std::optional<std::uint64_t> before, std::size_t limit) {
  return guarded([&] {
    leave();
    return latest_events(db_, filter, before, limit);
  });
}

caf::expected<journal::due_count> reader::count_due(const std::string& context, time_point until) {
  return read(context, [&](const std::string& in) {
    const auto rows =
      db_.query("SELECT count(*), min(wake_at) FROM " + in + ".streams WHERE wake_at IS NOT NULL AND wake_at <= $1",
                milliseconds(until));
    journal::due_count result{number(rows[0][0]), {}};
    if (!rows[0][1].is_null())
      result.oldest = time_point{duration{integer(rows[0][1])}};
    return result;
  });
}

} // namespace troupe::postgres

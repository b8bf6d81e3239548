#include "adapters/postgres/latest.hpp"

#include "adapters/postgres/row.hpp"
#include "adapters/postgres/server.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace troupe::postgres {

namespace {

constexpr int place_bits = 20;
constexpr std::int64_t first_window = 256; // transactions

struct view {
  std::vector<std::string> contexts;
  std::int64_t horizon = 0;  // places from here on may still change
  std::uint64_t settled = 0; // events below it
};

/// `part` of each context as one SELECT; `nothing` when there is none.
template <class Part> std::string of_all(const std::vector<std::string>& contexts, Part part, std::string nothing) {
  for (const auto& name : contexts)
    nothing += " UNION ALL " + part(name);
  return nothing;
}

/// Of one moment: to be called in a transaction that sees one state.
view look(connection& db) {
  view result;
  for (const auto& row : db.run("SELECT name FROM troupe.contexts ORDER BY name"))
    result.contexts.push_back(text(row[0]));
  result.horizon = integer(db.run("SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::int8 + place_base) << "
                                  + std::to_string(place_bits) + " FROM troupe.meta")[0][0]);
  const auto horizon = std::to_string(result.horizon);
  const auto count = of_all(
    result.contexts,
    [&](const std::string& name) {
      return "SELECT (SELECT coalesce(sum(x.last), 0) FROM (" + last_offsets_statement(name)
             + ") AS x (shard, last)) - (SELECT count(*) FROM " + quoted(name) + ".events WHERE place >= " + horizon
             + ")";
    },
    "SELECT 0::numeric AS n");
  result.settled = number(db.run("SELECT sum(n)::int8 FROM (" + count + ") AS c")[0][0]);
  return result;
}

/// Context, shard and offset of the newest `latest_max`, newest first, with all that a filter needs.
pqxx::result newest(connection& db, const view& now) {
  constexpr auto max = journal::latest_max;
  for (auto window = first_window;; window *= 16) {
    const auto from = std::max<std::int64_t>(now.horizon - (window << place_bits), 0);
    const auto range = " WHERE place >= " + std::to_string(from) + " AND place < " + std::to_string(now.horizon);
    const auto all = of_all(
      now.contexts,
      [&](const std::string& name) {
        return "SELECT " + db.link().quote(name) + ", shard, shard_offset, key, type, place FROM " + quoted(name)
               + ".events" + range;
      },
      "SELECT ''::text AS context, 0::int2 AS shard, 0::int8 AS shard_offset, ''::bytea AS key, ''::text AS type, "
      "0::int8 AS place WHERE false");
    auto rows = db.run("SELECT context, shard, shard_offset, key, type FROM (" + all
                       + ") AS e ORDER BY place DESC LIMIT " + std::to_string(max));
    if (rows.size() == max || from == 0)
      return rows;
  }
}

} // namespace

journal::latest_events latest_events(connection& db, const journal::event_filter& filter,
                                     std::optional<std::uint64_t> before, std::size_t limit) {
  return db.in_transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", [&] {
    journal::latest_events result;
    const auto now = look(db);
    result.newest = now.settled;
    auto position = now.settled + 1;
    for (const auto& row : newest(db, now)) {
      --position;
      const auto context = text(row[0]);
      if (before && position >= *before)
        continue;
      if (result.events.size() >= limit)
        break;
      if ((!filter.context.empty() && context != filter.context)
          || (!filter.type.empty() && text(row[4]) != filter.type)
          || (!filter.key.empty() && bytes(row[3]) != filter.key))
        continue;
      const auto found = db.query(std::string{"SELECT "} + event_columns + " FROM " + quoted(context)
                                    + ".events WHERE shard = $1 AND shard_offset = $2",
                                  integer(row[1]), integer(row[2]));
      result.events.push_back({position, event_of(found.at(0), context)});
    }
    return result;
  });
}

} // namespace troupe::postgres

#include "adapters/postgres/server.hpp"

namespace troupe::postgres {

namespace {

std::string setting(connection& to, const std::string& name) {
  return text(to.run("SHOW " + name)[0][0]);
}

} // namespace

void refuse_weak_durability(connection& to, const options& config) {
  const auto commit = setting(to, "synchronous_commit");
  std::string weak;
  if (commit != "on" && commit != "remote_apply")
    weak = "synchronous_commit is " + commit;
  else if (setting(to, "fsync") == "off")
    weak = "fsync is off";
  else if (setting(to, "full_page_writes") == "off")
    weak = "full_page_writes is off";
  if (!weak.empty() && !config.allow_weak_durability)
    throw failure{ec::store_unavailable, "the server acknowledges what it may lose: " + weak
                                           + "; switch it on, or allow it with store.postgres.allow_weak_durability"};
}

void refuse_half_filled(connection& to, const options& config) {
  if (config.fills) {
    to.run("UPDATE troupe.meta SET filling = true WHERE NOT EXISTS (SELECT FROM troupe.shards WHERE epoch > 0)");
    if (!to.run("SELECT FROM troupe.meta WHERE filling").empty())
      return;
    throw failure{ec::store_foreign, "the database is in use already: copy into an empty one"};
  }
  if (!to.run("SELECT FROM troupe.meta WHERE filling").empty())
    throw failure{ec::store_foreign,
                  "a copy into this database has not come to its end; run `troupe store copy` again"};
}

void recognize_server(connection& to) {
  const auto now = to.run("SELECT system_identifier::text, (SELECT timeline_id FROM pg_control_checkpoint()), "
                          "current_setting('synchronous_standby_names') <> '' FROM pg_control_system()");
  const auto known = to.run("SELECT system_identifier, timeline, synchronous FROM troupe.meta");
  const auto identifier = text(now[0][0]);
  const auto timeline = number(now[0][1]);
  if (identifier == text(known[0][0]) && timeline == number(known[0][1])
      && now[0][2].as<bool>() == known[0][2].as<bool>())
    return;
  if (identifier != text(known[0][0])) {
    std::string places = "SELECT 0::int8 AS place";
    for (const auto& row : to.run("SELECT name FROM troupe.contexts"))
      places += " UNION ALL SELECT max(place) FROM " + quoted(text(row[0])) + ".events";
    to.run("UPDATE troupe.meta SET place_base = greatest(0, (SELECT max(place) >> 20 FROM (" + places
           + ") AS x) + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::int8)");
  }
  to.query("UPDATE troupe.meta SET system_identifier = $1, timeline = $2, synchronous = $3", identifier, timeline,
           now[0][2].as<bool>());
}

std::string last_offsets_statement(const std::string& context, const std::string& shards) {
  const auto in = quoted(context);
  return "SELECT s.shard, greatest(e.shard_offset, d.shard_offset) FROM " + shards
         + " AS s (shard) LEFT JOIN LATERAL (SELECT shard_offset FROM " + in
         + ".events WHERE shard = s.shard::int2 ORDER BY shard_offset DESC LIMIT 1) AS e ON true LEFT JOIN " + in
         + ".dropped AS d ON d.shard = s.shard WHERE e.shard_offset IS NOT NULL OR d.shard_offset IS NOT NULL";
}

} // namespace troupe::postgres

#include "adapters/postgres/server.hpp"

#include <map>

namespace troupe::postgres {

namespace {

std::string setting(connection& to, const std::string& name) {
  return text(to.run("SHOW " + name)[0][0]);
}

[[noreturn]] void lacking(const std::string& why) {
  throw failure{
    ec::store_unavailable,
    "the server may lack what was acknowledged: " + why
      + "; nothing is written until an operator decides: go back to the server before it, or look into what "
        "is missing and go on without it by `troupe store accept --reason ...`"};
}

void refuse_gone_offsets(connection& to, const acknowledged& known) {
  std::map<std::string, std::map<std::uint16_t, std::uint64_t>> wanted; // by context
  for (const auto& [where, last] : known.offsets())
    wanted[where.first][where.second] = last;
  for (const auto& [context, shards] : wanted) {
    std::map<std::uint16_t, std::uint64_t> there;
    if (!to.query("SELECT FROM troupe.contexts WHERE name = $1", context).empty())
      for (const auto& row : to.run(last_offsets_statement(context)))
        there[static_cast<std::uint16_t>(number(row[0]))] = number(row[1]);
    for (const auto& [shard, last] : shards)
      if (there[shard] < last)
        lacking("shard " + std::to_string(shard) + " of " + context + " ends at offset " + std::to_string(there[shard])
                + ", and offset " + std::to_string(last) + " was acknowledged to this process");
  }
}

void move_places(connection& to) {
  std::string places = "SELECT 0::int8 AS place";
  for (const auto& row : to.run("SELECT name FROM troupe.contexts"))
    places += " UNION ALL SELECT max(place) FROM " + quoted(text(row[0])) + ".events";
  to.run("UPDATE troupe.meta SET place_base = greatest(0, (SELECT max(place) >> 20 FROM (" + places
         + ") AS x) + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::int8)");
}

void note_server(connection& to, const server_state& now) {
  to.query("UPDATE troupe.meta SET system_identifier = $1, timeline = $2, synchronous = $3", now.system_identifier,
           now.timeline, now.synchronous);
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

bool recognize_server(connection& to, acknowledged& known) {
  const auto now = state_of(to);
  known.accept(integer(to.run("SELECT coalesce(max(accepted_at), 0) FROM troupe.acceptances")[0][0]));
  const bool same_system = now.system_identifier == now.noted_system_identifier;
  if (same_system && now.timeline != now.noted_timeline && !now.was_synchronous)
    lacking("a standby was promoted (timeline " + std::to_string(now.noted_timeline) + " became "
            + std::to_string(now.timeline) + "), and the server before it had not waited for a standby");
  refuse_gone_offsets(to, known);
  if (same_system && now.timeline == now.noted_timeline && now.synchronous == now.was_synchronous)
    return now.synchronous;
  if (!same_system)
    move_places(to);
  note_server(to, now);
  return now.synchronous;
}

void note_synchronous(connection& to, bool synchronous) {
  to.query("UPDATE troupe.meta SET synchronous = $1", synchronous);
}

server_state state_of(connection& to) {
  // The checkpoint's timeline is the old one until the first checkpoint after a promotion; the log's is not.
  const auto row = to.run(std::string{"SELECT c.system_identifier::text, "
                                      "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int, "}
                          + waits_for_standby
                          + ", m.system_identifier, m.timeline, m.synchronous FROM pg_control_system() AS c, "
                            "troupe.meta AS m")[0];
  server_state result;
  result.system_identifier = text(row[0]);
  result.timeline = static_cast<std::uint32_t>(number(row[1]));
  result.synchronous = row[2].as<bool>();
  result.noted_system_identifier = text(row[3]);
  result.noted_timeline = static_cast<std::uint32_t>(number(row[4]));
  result.was_synchronous = row[5].as<bool>();
  return result;
}

std::vector<server_state::context> contexts_of(connection& to) {
  std::vector<server_state::context> result;
  for (const auto& context : to.run("SELECT name FROM troupe.contexts ORDER BY name")) {
    const auto name = text(context[0]);
    const auto counted = to.run(
      "SELECT coalesce(sum(x.last), 0)::int8, coalesce((SELECT to_char(to_timestamp(max(e.recorded_at) / 1000.0) "
      "AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM (SELECT recorded_at FROM "
      + quoted(name) + ".events WHERE (shard, shard_offset) IN (SELECT shard::int2, last FROM ("
      + last_offsets_statement(name) + ") AS l (shard, last))) AS e), '') FROM (" + last_offsets_statement(name)
      + ") AS x (shard, last)")[0];
    result.push_back({name, number(counted[0]), text(counted[1])});
  }
  return result;
}

void accept_server(connection& to, const std::string& reason) {
  to.in_transaction("BEGIN", [&] {
    const auto now = state_of(to);
    to.query("INSERT INTO troupe.acceptances (system_identifier, timeline, reason) VALUES ($1, $2, $3)",
             now.system_identifier, now.timeline, reason);
    if (now.system_identifier != now.noted_system_identifier)
      move_places(to);
    note_server(to, now);
  });
}

std::string last_offsets_statement(const std::string& context, const std::string& shards) {
  const auto in = quoted(context);
  return "SELECT s.shard, greatest(e.shard_offset, d.shard_offset) FROM " + shards
         + " AS s (shard) LEFT JOIN LATERAL (SELECT shard_offset FROM " + in
         + ".events WHERE shard = s.shard::int2 ORDER BY shard_offset DESC LIMIT 1) AS e ON true LEFT JOIN " + in
         + ".dropped AS d ON d.shard = s.shard WHERE e.shard_offset IS NOT NULL OR d.shard_offset IS NOT NULL";
}

} // namespace troupe::postgres

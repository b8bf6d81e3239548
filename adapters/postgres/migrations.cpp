#include "adapters/postgres/migrations.hpp"

#include "actors/kernel/hash.hpp"
#include "adapters/postgres/lease_schema.hpp"
#include "adapters/postgres/schema.hpp"

namespace troupe::postgres {

namespace {

constexpr migration all[] = {
  {1, "journal", schema_1},
  {2, "leases", lease_schema},
};

constexpr const char* lock = "SELECT pg_advisory_lock(1953656933)"; // "trpe"
constexpr const char* unlock = "SELECT pg_advisory_unlock(1953656933)";

std::string checksum_of(const migration& x) {
  return std::to_string(fnv1a(x.sql));
}

bool has_schema(connection& to) {
  return !to.run("SELECT FROM pg_namespace WHERE nspname = 'troupe'").empty();
}

bool has_table(connection& to, const std::string& name) {
  // By the catalogue, which tells also of what we may not use.
  return !to.query("SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
                   "WHERE n.nspname = 'troupe' AND c.relname = $1",
                   name)
            .empty();
}

[[noreturn]] void foreign(const std::string& how) {
  throw failure{ec::store_foreign, "the database is not one of troupe's: " + how
                                     + "; name another one with store.postgres.url, or make one with CREATE DATABASE"};
}

// What was stored must be what this release would have done.
void compare(connection& to) {
  const auto rows = to.run("SELECT version, name, checksum FROM troupe.migrations ORDER BY version");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto version = number(rows[static_cast<int>(i)][0]);
    if (version != i + 1)
      foreign("its migrations leave a gap at " + std::to_string(i + 1));
    if (version > newest_version())
      throw failure{ec::store_newer, "the database is at version " + std::to_string(version)
                                       + " and this release knows " + std::to_string(newest_version())
                                       + "; run the newer release"};
    if (text(rows[static_cast<int>(i)][2]) != checksum_of(all[i]))
      foreign("its migration " + std::to_string(version) + " (" + text(rows[static_cast<int>(i)][1])
              + ") is another one than this release's");
  }
}

void apply(connection& to, const migration& x) {
  to.in_transaction("BEGIN", [&] {
    to.run(x.sql);
    to.query("INSERT INTO troupe.migrations (version, name, checksum) VALUES ($1, $2, $3)", x.version,
             std::string{x.name}, checksum_of(x));
  });
}

} // namespace

std::span<const migration> migrations() {
  return all;
}

std::uint32_t newest_version() {
  return all[std::size(all) - 1].version;
}

std::uint32_t version_of(connection& to) {
  if (!has_schema(to))
    return 0;
  if (!has_table(to, "migrations"))
    foreign("it has a schema troupe without migrations");
  compare(to);
  const auto version =
    static_cast<std::uint32_t>(number(to.run("SELECT coalesce(max(version), 0) FROM troupe.migrations")[0][0]));
  if (version == 0)
    foreign("its list of migrations is empty");
  const auto shards = number(to.run("SELECT count(*) FROM troupe.shards")[0][0]);
  if (shards != shard_count)
    foreign("it has " + std::to_string(shards) + " shards, not " + std::to_string(shard_count));
  return version;
}

void require_newest(connection& to) {
  if (const auto version = version_of(to); version < newest_version())
    throw failure{ec::store_unavailable, "the database is at version " + std::to_string(version)
                                           + " and this release needs " + std::to_string(newest_version())
                                           + "; run `troupe migrate up`"};
}

std::vector<applied_migration> history_of(connection& to) {
  std::vector<applied_migration> result;
  const auto version = version_of(to);
  pqxx::result done;
  if (version > 0)
    done = to.run("SELECT version, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
                  "FROM troupe.migrations ORDER BY version");
  for (const auto& x : all)
    result.push_back({x.version, x.name, x.version <= version ? text(done[static_cast<int>(x.version) - 1][1]) : ""});
  return result;
}

std::vector<applied_migration> migrate(connection& to) {
  std::vector<applied_migration> result;
  if (version_of(to) == newest_version())
    return result;
  to.run(lock);
  const auto before = version_of(to); // Somebody may have been faster.
  for (const auto& x : all)
    if (x.version > before) {
      apply(to, x);
      result.push_back({x.version, x.name, {}});
    }
  to.run(unlock);
  return result;
}

} // namespace troupe::postgres

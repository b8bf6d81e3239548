// adapters/postgres/store.hpp: the journal's store in a PostgreSQL database.
#pragma once

#include "actors/entity/store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::postgres {

struct options {
  std::string url;                    // "postgresql://troupe@db/troupe", or libpq's "host=... dbname=..."
  bool migrate = true;                // open_writer brings the schema up to this release; else it refuses an older one
  bool allow_weak_durability = false; // a server that acknowledges before it has stored
  bool fills = false;                 // a store is copied into it: nobody else may use it until finish_filling
};

/// "db:5432/troupe": which server and database, without user and password. What cannot be read as libpq would is "?".
std::string describe(const options& config);

/// The store in that database, whose schema `troupe` the first writer makes if it is missing. A later writer fences an
/// earlier one instead of being refused. A database that is not ours fails with store_foreign, one of a newer release
/// with store_newer; such a database is left as it is. store_unavailable while the server cannot be reached, refuses
/// us, or would acknowledge what it may lose; the error's text says what to do.
std::shared_ptr<journal::store_factory> make_store(options config);

/// From now on the database may be used. May be repeated.
caf::expected<void> finish_filling(const options& config);

struct applied_migration {
  std::uint32_t version = 0;
  std::string name;
  std::string applied_at; // the server's time; empty when it is still to come
};

/// All that this release knows of, in order; changes nothing. Fails like opening does.
caf::expected<std::vector<applied_migration>> migration_history(const options& config);

/// Applies what is missing and returns it; of several that do so at once one does it, and the others wait. May be
/// repeated. Fails like opening does.
caf::expected<std::vector<applied_migration>> migrate(const options& config);

} // namespace troupe::postgres

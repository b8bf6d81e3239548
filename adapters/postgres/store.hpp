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
/// us, would acknowledge what it may lose, or may lack what was acknowledged; the error's text says what to do.
std::shared_ptr<journal::store_factory> make_store(options config);

/// From now on the database may be used. May be repeated.
caf::expected<void> finish_filling(const options& config);

/// A server, and what the one before it was that the store has noted.
struct server_state {
  struct context {
    std::string name;
    std::uint64_t events = 0;
    std::string newest; // when the newest was recorded; empty when there is none
  };

  std::string system_identifier;
  std::uint32_t timeline = 0; // another one after each promotion of a standby
  bool synchronous = false;   // acknowledges only what a standby has
  std::string noted_system_identifier;
  std::uint32_t noted_timeline = 0;
  bool was_synchronous = false;
  std::vector<context> contexts;
};

/// Changes nothing. Fails like opening does, but not for what a server may lack.
caf::expected<server_state> look_at_server(const options& config);

/// An operator decides to go on with the server, though it may lack what was acknowledged: opening a writer refuses it
/// for that no longer. The reason is kept. May be repeated.
caf::expected<void> accept_server(const options& config, const std::string& reason);

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

// adapters/postgres/store.hpp: the journal's store in a PostgreSQL database.
#pragma once

#include "actors/entity/store.hpp"

#include <memory>
#include <string>

namespace troupe::postgres {

struct options {
  std::string url;                    // "postgresql://troupe@db/troupe", or libpq's "host=... dbname=..."
  bool migrate = true;                // open_writer brings the schema up to this release; else it refuses an older one
  bool allow_weak_durability = false; // a server that acknowledges before it has stored
};

/// "db:5432/troupe": which server and database, without user and password. What cannot be read as libpq would is "?".
std::string describe(const options& config);

/// The store in that database, whose schema `troupe` the first writer makes if it is missing. A later writer fences an
/// earlier one instead of being refused. A database that is not ours fails with store_foreign, one of a newer release
/// with store_newer; such a database is left as it is. store_unavailable while the server cannot be reached, refuses
/// us, or would acknowledge what it may lose; the error's text says what to do.
std::shared_ptr<journal::store_factory> make_store(options config);

} // namespace troupe::postgres

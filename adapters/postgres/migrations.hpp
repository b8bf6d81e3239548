// adapters/postgres/migrations.hpp: the database's form, version after version.
#pragma once

#include "adapters/postgres/connection.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace troupe::postgres {

/// What brings a database from version - 1 to `version`, in one transaction. Never changed once released: stored is
/// what it did, and a database whose history differs is refused.
struct migration {
  std::uint32_t version;
  const char* name;
  const char* sql;
};

std::span<const migration> migrations();

/// The version that this release works with.
std::uint32_t newest_version();

/// Of the database; 0 when it is empty. Throws failure: store_foreign when its schema `troupe` is not ours or was made
/// for another number of shards, store_newer when a newer release wrote it.
std::uint32_t version_of(connection& to);

/// Throws failure, as version_of does, and for a database that is older than this release or empty: what to do.
void require_newest(connection& to);

/// All that this release knows of, in order.
std::vector<applied_migration> history_of(connection& to);

/// Applies what is missing and returns it, under a lock, so that of several nodes that start one does it and the
/// others wait. May be repeated.
std::vector<applied_migration> migrate(connection& to);

} // namespace troupe::postgres

// supervisors/store_commands.hpp: `troupe store` and `troupe migrate`. Each prints what it finds and returns the exit
// status.
#pragma once

#include "supervisors/stores.hpp"

#include <filesystem>
#include <string>

namespace troupe {

/// Checks every event of the store. 1 when something is wrong inside, 2 when it cannot be looked at.
int check_store(const store_settings& x);

/// Copies a stopped SQLite file into the PostgreSQL database, and compares. Goes on where it was interrupted.
int copy_store_file(const std::filesystem::path& file, const store_settings& to);

/// An operator goes on with a server that may lack what was acknowledged, for this reason: prints what is known of it.
int accept_store(const store_settings& x, const std::string& reason);

int print_migrations(const store_settings& x);
int migrate_up(const store_settings& x);

} // namespace troupe

// supervisors/stores.hpp: which store a node keeps its journal in.
#pragma once

#include "actors/entity/store.hpp"
#include "actors/kernel/uuid.hpp"
#include "adapters/postgres/store.hpp"
#include "config/options.hpp"
#include "supervisors/reader_pool.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

struct store_settings {
  std::filesystem::path file; // SQLite's; its folder must exist
  postgres::options postgres; // in the file's place, when it has a URL

  pool_size pool;
  pool_size order_pool{10, 30};

  bool on_postgres() const { return !postgres.url.empty(); }
};

store_settings to_store(const config::store_options& x);

std::shared_ptr<journal::store_factory> make_stores(const store_settings& x);

/// How a node reads that store: through pools from PostgreSQL, and nothing for SQLite, where one connection is as
/// quick.
std::optional<reader_pool_settings> reader_pools_of(const store_settings& x, clock_fn now, random_fn random);

/// For people, without the password.
std::string describe(const store_settings& x);

/// Why a store cannot be used, for people: which one, and what to do.
std::string problem_with_store(const store_settings& x, const caf::error& why);

/// Throws std::runtime_error, with a text that says what to do, for a store that will not mend itself: foreign, newer,
/// damaged or in use; or, being a server, cannot be reached. Makes one that is not there yet.
void refuse_unusable_store(const store_settings& x);

/// The text of an error, which its context has when it says what to do.
std::string text_of(const caf::error& why);

} // namespace troupe

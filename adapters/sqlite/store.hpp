// adapters/sqlite/store.hpp: the journal's store in one SQLite file.
#pragma once

#include "actors/entity/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::sqlite {

struct options {
  std::string file;                       // its folder must exist; `<file>.lock`, `-wal` and `-shm` lie beside it
  std::string vfs;                        // the name of a registered SQLite VFS; the system's when empty
  std::uint32_t checkpoint_pages = 2'000; // of the log, of 4 KiB, until it is copied into the file
  std::uint32_t index_every = 16'384;     // events, until a batch indexes their shards; what opening reads at most
};

/// The store in that file, which the first writer creates if it is missing. One writer at a time in all processes:
/// another one fails with store_in_use. A file that is not ours fails with store_foreign, one of a newer release with
/// store_newer, one that is broken or made for another number of shards with store_damaged or store_foreign; such a
/// file is left as it is, and the error's text says what to do. A writer that was refused may be tried again.
std::shared_ptr<journal::store_factory> make_store(options config);

struct check_progress {
  std::string_view phase; // "pages", "events", "streams", "shards"
  std::uint64_t done = 0;
  std::uint64_t total = 0; // 0 when not known
};

struct check_report {
  std::uint64_t streams = 0;
  std::uint64_t events = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t problems = 0;
  std::vector<std::string> first_problems; // each with its place

  bool ok() const { return problems == 0; }
};

/// Reads the whole file and changes nothing: pages, checksums, versions and offsets without gaps, times that never
/// decrease within a stream, snapshots and indexes of events that exist. Takes the writer's lock: store_in_use while a
/// node runs on the file. Fails like opening does; what is wrong inside is in the report.
caf::expected<check_report> check_store(const std::string& file,
                                        const std::function<void(const check_progress&)>& on_progress = {},
                                        std::size_t problems_max = 100);

} // namespace troupe::sqlite

// adapters/sqlite/file.hpp: what is checked and done before SQLite may touch a store's file.
#pragma once

#include <cstdint>
#include <string>

namespace troupe::sqlite {

/// Holds `<file>.lock` until it is destroyed; the system releases it when the process ends, however it ends.
class file_lock {
public:
  /// Throws failure: store_in_use when another writer holds it, store_unavailable when it cannot be made.
  explicit file_lock(const std::string& file);
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;
  ~file_lock();

private:
  int fd_ = -1;
};

bool file_exists(const std::string& file);

/// Throws failure unless the first 100 bytes are those of a store of ours. Reads only.
void check_header(const std::string& file);

/// Throws failure unless the file is whole and made for our number of shards. Reads only; the lock must be held.
void check_contents(const std::string& file, const std::string& vfs);

/// Makes an empty store, which appears under its name whole or not at all. The lock must be held.
void create_file(const std::string& file, const std::string& vfs);

/// Writes the log again as it is and syncs it. After a failed sync the system may have dropped what it still shows;
/// only what is written anew can be trusted. The lock must be held.
void renew_log(const std::string& file);

} // namespace troupe::sqlite

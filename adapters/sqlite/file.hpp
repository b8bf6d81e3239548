// adapters/sqlite/file.hpp: what is checked and done before SQLite may touch a store's file.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
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

/// Stands for a connection of this process to the file: make it before that connection, destroy it after. While one
/// exists, nothing in this folder closes a descriptor of the file, because that would drop SQLite's locks on it.
class file_use {
public:
  /// Throws failure when there is no such file.
  explicit file_use(const std::string& file);
  file_use(const file_use&) = delete;
  file_use& operator=(const file_use&) = delete;
  ~file_use();

  /// From here to the destruction no other use of any file begins or ends, so that one connection is surely the last.
  void begin_closing();

private:
  dev_t device_ = 0;
  ino_t number_ = 0;
  std::unique_lock<std::mutex> closing_;
};

bool file_exists(const std::string& file);

/// 0 when there is none.
std::uint64_t size_of(const std::string& file);

/// Throws failure unless the first 100 bytes are those of a store of ours. Reads only.
void check_header(const std::string& file);

/// Throws failure unless the file is whole and made for our number of shards. Reads only; the lock must be held. A file
/// that this process uses was checked when it was opened, and is not checked again.
void check_contents(const std::string& file, const std::string& vfs);

/// Makes an empty store, which appears under its name whole or not at all. The lock must be held.
void create_file(const std::string& file, const std::string& vfs);

/// Writes the log again as it is and syncs it. After a failed sync the system may have dropped what it still shows;
/// only what is written anew can be trusted. The lock must be held.
void renew_log(const std::string& file);

} // namespace troupe::sqlite

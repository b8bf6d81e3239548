// tests/adapters/sqlite/faulty_vfs.hpp: the system's files, with failures on demand.
#pragma once

#include <sqlite3.h>

#include <list>

namespace troupe::test {

/// Registered under `name` for the rest of the process. Failures hold until they are cleared.
class faulty_vfs {
public:
  static constexpr const char* name = "faulty";

  int fail_log_sync = SQLITE_OK; // what syncing a log answers
  int fail_log_write = SQLITE_OK;
  int fail_file_sync = SQLITE_OK;
  int log_syncs = 0;

  static faulty_vfs& get() {
    static faulty_vfs only;
    return only;
  }

  void heal() { fail_log_sync = fail_log_write = fail_file_sync = SQLITE_OK; }

private:
  /// The system's functions for one kind of file, with some of them replaced.
  struct table {
    sqlite3_io_methods methods; // first, so that a file's table leads to the rest
    const sqlite3_io_methods* base;
    bool is_log;
  };

  faulty_vfs() {
    base_ = sqlite3_vfs_find(nullptr);
    mine_ = *base_;
    mine_.zName = name;
    mine_.pNext = nullptr;
    mine_.xOpen = open;
    sqlite3_vfs_register(&mine_, 0);
  }

  static int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out) {
    auto& self = get();
    const int code = self.base_->xOpen(self.base_, path, file, flags, out);
    if (file->pMethods)
      file->pMethods = &self.table_for(file->pMethods, (flags & SQLITE_OPEN_WAL) != 0).methods;
    return code;
  }

  table& table_for(const sqlite3_io_methods* base, bool is_log) {
    for (auto& x : tables_)
      if (x.base == base && x.is_log == is_log)
        return x;
    auto& x = tables_.emplace_back(table{*base, base, is_log});
    x.methods.xSync = sync;
    x.methods.xWrite = write;
    return x;
  }

  static const table& table_of(sqlite3_file* file) { return *reinterpret_cast<const table*>(file->pMethods); }

  static int sync(sqlite3_file* file, int flags) {
    auto& self = get();
    const auto& x = table_of(file);
    self.log_syncs += x.is_log ? 1 : 0;
    const int failure = x.is_log ? self.fail_log_sync : self.fail_file_sync;
    return failure ? failure : x.base->xSync(file, flags);
  }

  static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 at) {
    const auto& x = table_of(file);
    const int failure = x.is_log ? get().fail_log_write : SQLITE_OK;
    return failure ? failure : x.base->xWrite(file, bytes, count, at);
  }

  sqlite3_vfs* base_ = nullptr;
  sqlite3_vfs mine_{};
  std::list<table> tables_;
};

} // namespace troupe::test

#include "adapters/sqlite/connection.hpp"

#include <sqlite3.h>

#include <system_error>

namespace troupe::sqlite {

namespace {

ec code_for(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ec::store_damaged;
    case SQLITE_CONSTRAINT: return ec::version_conflict;
    default: return ec::store_unavailable;
  }
}

} // namespace

connection::connection(const std::string& name, int flags, const std::string& vfs) {
  // The library's count of its memory takes a lock at every allocation, and nobody reads it.
  [[maybe_unused]] static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  const int code = sqlite3_open_v2(name.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                   vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    const auto reason = db_ ? last_failure("cannot open " + name) : failure{ec::store_unavailable, "out of memory"};
    sqlite3_close(db_);
    throw reason;
  }
  sqlite3_busy_timeout(db_, 2'000);
}

connection::~connection() {
  sqlite3_close_v2(db_);
}

void connection::run(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw last_failure(sql);
}

void connection::leave_as_is(bool on) {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 1 : 0, nullptr);
}

failure connection::last_failure(const std::string& what) const {
  const int code = sqlite3_extended_errcode(db_);
  auto text = what + ": " + sqlite3_errmsg(db_);
  const int kind = code & 0xFF; // The others do not come from the system, whose last error is then an old one.
  const int number =
    kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN || kind == SQLITE_FULL ? sqlite3_system_errno(db_) : 0;
  if (number != 0)
    text += " (" + std::generic_category().message(number) + ")";
  if (code_for(code) == ec::store_damaged)
    text += "; stop the node, keep a copy of the file, run `troupe store check` and restore a backup";
  return {code_for(code), std::move(text), code};
}

statement::statement(connection& db, const char* sql) : db_(db) {
  if (sqlite3_prepare_v3(db.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt_, nullptr) != SQLITE_OK)
    throw db.last_failure(sql);
}

statement::~statement() {
  sqlite3_finalize(stmt_);
}

std::int64_t statement::cursor::integer(int column) const {
  return sqlite3_column_int64(owner_.stmt_, column);
}

bool statement::cursor::is_null(int column) const {
  return sqlite3_column_type(owner_.stmt_, column) == SQLITE_NULL;
}

std::string_view statement::cursor::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(owner_.stmt_, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(owner_.stmt_, column))};
}

void statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(stmt_, index, value);
}

void statement::bind(int index, std::string_view text) {
  // A view of nothing has no address, and SQLite takes that for NULL.
  const char* bytes = text.data() ? text.data() : "";
  if (sqlite3_bind_text64(stmt_, index, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
    throw db_.last_failure("bind");
}

void statement::bind(int index, const std::optional<std::int64_t>& value) {
  if (value)
    sqlite3_bind_int64(stmt_, index, *value);
  else
    sqlite3_bind_null(stmt_, index);
}

bool statement::step() {
  const int code = sqlite3_step(stmt_);
  if (code == SQLITE_ROW)
    return true;
  if (code == SQLITE_DONE)
    return false;
  const auto reason = db_.last_failure(sqlite3_sql(stmt_));
  sqlite3_reset(stmt_);
  throw reason;
}

void statement::step_to_end() {
  while (step())
    continue;
  sqlite3_reset(stmt_);
}

void statement::reset() {
  sqlite3_reset(stmt_);
}

transaction::~transaction() {
  if (sqlite3_get_autocommit(db_.get()))
    return; // Committed, or rolled back by SQLite itself.
  try {
    rollback_.run();
  } catch (const failure&) {
    // Nothing is committed either way; the handle is thrown away by whoever saw the first failure.
  }
}

} // namespace troupe::sqlite

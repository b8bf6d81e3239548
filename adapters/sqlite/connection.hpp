// adapters/sqlite/connection.hpp: SQLite's C interface with owners. Only this folder includes it.
#pragma once

#include "actors/kernel/caf.hpp"

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace troupe::sqlite {

/// Carries a failure to the edge of this folder, where it becomes a caf::error; never leaves it.
class failure : public std::exception {
public:
  failure(ec code, std::string text, int sqlite_code = 0)
    : code_(code), text_(std::move(text)), sqlite_code_(sqlite_code) {}

  ec code() const { return code_; }
  const std::string& text() const { return text_; }
  int sqlite_code() const { return sqlite_code_; } // 0 when SQLite said nothing
  const char* what() const noexcept override { return text_.c_str(); }

private:
  ec code_;
  std::string text_;
  int sqlite_code_;
};

/// Runs `body` and turns whatever it throws into an error.
template <class Body> auto guarded(Body&& body) -> caf::expected<decltype(body())> {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return caf::unit;
    } else {
      return body();
    }
  } catch (const failure& x) {
    return caf::make_error(x.code(), x.text());
  } catch (const std::exception& x) {
    return caf::make_error(ec::store_unavailable, std::string{x.what()});
  }
}

class connection {
public:
  /// `flags` are SQLite's; `name` is a path, or a URI when the flags say so. Throws failure.
  connection(const std::string& name, int flags, const std::string& vfs);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  void run(const std::string& sql);
  sqlite3* get() const { return db_; }

  /// Closing then leaves the file as it is, instead of copying the log into it.
  void leave_as_is(bool on = true);

  /// What SQLite last said, with the code that fits it.
  failure last_failure(const std::string& what) const;

private:
  sqlite3* db_ = nullptr;
};

/// A prepared statement. One use at a time: run it, or walk over its rows until the cursor dies.
class statement {
public:
  statement(connection& db, const char* sql);
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;
  ~statement();

  /// For statements without rows.
  template <class... Values> void run(const Values&... values) {
    bind_all(values...);
    step_to_end();
  }

  class cursor {
  public:
    explicit cursor(statement& owner) : owner_(owner) {}
    cursor(const cursor&) = delete;
    cursor& operator=(const cursor&) = delete;
    ~cursor() { owner_.reset(); }

    bool next() { return owner_.step(); }
    std::int64_t integer(int column) const;
    std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
    bool is_null(int column) const;
    std::string_view text(int column) const; // until the next step
    std::string string(int column) const { return std::string{text(column)}; }

  private:
    statement& owner_;
  };

  /// The values must live as long as the cursor.
  template <class... Values> cursor rows(const Values&... values) {
    bind_all(values...);
    return cursor{*this};
  }

private:
  template <class... Values> void bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
  }

  void bind(int index, std::int64_t value);
  void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::uint16_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::string_view text);
  void bind(int index, const std::string& text) { bind(index, std::string_view{text}); }
  void bind(int index, const std::optional<std::int64_t>& value);
  bool step();
  void step_to_end();
  void reset();

  connection& db_;
  sqlite3_stmt* stmt_ = nullptr;
};

/// Rolls back unless committed.
class transaction {
public:
  /// `begin`: "BEGIN" to read one state, "BEGIN IMMEDIATE" to write.
  transaction(connection& db, statement& begin, statement& commit, statement& rollback)
    : db_(db), commit_(commit), rollback_(rollback) {
    begin.run();
  }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction();

  void commit() { commit_.run(); }

private:
  connection& db_;
  statement& commit_;
  statement& rollback_;
};

} // namespace troupe::sqlite

// adapters/postgres/connection.hpp: libpqxx with owners, our errors, and our settings. Only this folder includes it.
#pragma once

#include "actors/kernel/caf.hpp"
#include "adapters/postgres/store.hpp"

#include <pqxx/pqxx>

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::postgres {

/// Carries a failure to the edge of this folder, where it becomes a caf::error; never leaves it.
class failure : public std::exception {
public:
  failure(ec code, std::string text, std::string sqlstate = {})
    : code_(code), text_(std::move(text)), sqlstate_(std::move(sqlstate)) {}

  ec code() const { return code_; }
  const std::string& text() const { return text_; }
  const std::string& sqlstate() const { return sqlstate_; } // empty when the server said nothing
  const char* what() const noexcept override { return text_.c_str(); }

private:
  ec code_;
  std::string text_;
  std::string sqlstate_;
};

/// Carries an error that is none of PostgreSQL's to the same edge.
struct refusal {
  caf::error why;
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
  } catch (const refusal& x) {
    return x.why;
  } catch (const failure& x) {
    return caf::make_error(x.code(), x.text());
  } catch (const std::exception& x) {
    return caf::make_error(ec::store_unavailable, std::string{x.what()});
  }
}

/// What our functions in the database raise.
inline constexpr std::string_view stale_shards = "TR001";  // the message lists them
inline constexpr std::string_view wrong_version = "TR002"; // the message says of which stream
inline constexpr std::string_view unique_violation = "23505";

/// Whether a statement that failed may have changed something nevertheless. One that the server refused has not; one
/// whose answer is missing may have, and so may one that was ended by an operator while it waited for a standby.
bool is_unknown(const failure& x);

/// Whether the server has acknowledged what its synchronous standby does not have, which it does when it is told to
/// stop waiting.
bool warns_of_standby(const std::vector<std::string>& notices);

/// A name as SQL takes it: "order".
std::string quoted(std::string_view name);

/// One connection. It is never opened again behind our back: what was prepared and set would be gone.
class connection {
public:
  /// Throws failure: store_unavailable when nobody answers, for so many seconds (2 or more) a host, or refuses us.
  connection(const options& config, const std::string& purpose, int seconds_to_connect = 5);
  ~connection();

  /// Runs statements without parameters.
  pqxx::result run(const std::string& sql);

  /// Runs a statement that is prepared under its text at its first use. Parameters are what libpqxx takes.
  template <class... Args> pqxx::result query(const std::string& sql, const Args&... args) {
    return answered([&] {
      const auto& name = prepare(sql);
      pqxx::nontransaction work{link_};
      return work.exec_prepared(name, args...);
    });
  }

  /// Parameters in PostgreSQL's binary forms.
  pqxx::result query_binary(const std::string& sql, const std::vector<pqxx::binarystring>& parameters);

  /// Several statements in one transaction, whose kind the text says: "BEGIN ISOLATION LEVEL ...".
  template <class Body> auto in_transaction(const std::string& begin, Body&& body) {
    run(begin);
    try {
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        run("COMMIT");
      } else {
        auto result = body();
        run("COMMIT");
        return result;
      }
    } catch (...) {
      roll_back();
      throw;
    }
  }

  /// What the server has warned of since this was last asked.
  std::vector<std::string> take_notices();

  pqxx::connection& link() { return link_; }

private:
  class listener;

  template <class Body> pqxx::result answered(Body&& body) {
    try {
      return body();
    } catch (...) {
      fail();
    }
  }
  [[noreturn]] static void fail(); // with the exception being handled
  const std::string& prepare(const std::string& sql);
  void roll_back() noexcept;

  std::vector<std::string> notices_;
  pqxx::connection link_;
  std::unique_ptr<listener> listens_;
  std::unordered_map<std::string, std::string> prepared_; // names by text
};

/// Of a field.
std::int64_t integer(const pqxx::field& x);
inline std::uint64_t number(const pqxx::field& x) {
  return static_cast<std::uint64_t>(integer(x));
}
std::string bytes(const pqxx::field& x); // of a bytea
std::string text(const pqxx::field& x);

} // namespace troupe::postgres

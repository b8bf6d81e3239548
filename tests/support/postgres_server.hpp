// tests/support/postgres_server.hpp: a PostgreSQL server of the tests' own.
#pragma once

#include "tests/support/program.hpp"

#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// A server on a free port of the loopback, in a folder that goes with it (script/postgres). It never touches one that
/// runs already.
class postgres_server {
public:
  /// `settings` as in "wal_level=replica". Throws std::runtime_error, with what it printed, when it does not come up.
  explicit postgres_server(std::vector<std::string> settings = {});

  /// A standby that follows `primary` under this name, and has all that it has.
  postgres_server(const postgres_server& primary, const std::string& name, std::vector<std::string> settings = {});
  ~postgres_server();

  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  /// A new, empty database of the role troupe; what to connect with.
  std::string new_database();

  /// What to connect with to this database.
  std::string url_of(const std::string& database) const;

  /// What connects to whichever of the two takes writes.
  static std::string url_of_either(const postgres_server& one, const postgres_server& other,
                                   const std::string& database);

  /// The name of the database that `url` connects with.
  static std::string database_in(const std::string& url);

  std::string port() const;

  /// Makes a standby the primary; returns when it takes writes.
  void promote() const;

  /// What psql prints for `sql`, one row a line, fields divided by "|"; as the superuser. Throws std::runtime_error
  /// with what it complains of.
  std::string run(const std::string& database, const std::string& sql) const;

  void start();                 // at the port that it had
  void stop(int with = SIGINT); // SIGQUIT: as if it had crashed
  const std::string& folder() const { return folder_.path_; }

  /// One for all tests of this program; started when it is first asked for.
  static postgres_server& shared();

private:
  struct own_folder {
    own_folder();
    ~own_folder();
    std::string path_;
  };

  own_folder folder_;
  std::vector<std::string> settings_;
  std::optional<program> running_;
  std::string url_; // of the database troupe
  int databases_ = 0;
};

} // namespace troupe::test

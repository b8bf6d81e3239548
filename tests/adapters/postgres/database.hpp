// tests/adapters/postgres/database.hpp: a database of its own for one test.
#pragma once

#include "adapters/postgres/connection.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/store_owner.hpp"

#include <gmock/gmock.h>

#include <string>

namespace troupe::postgres {

class Database : public ::testing::Test {
  std::unique_ptr<test::postgres_server> own_;

protected:
  explicit Database(test::postgres_server& on = test::postgres_server::shared()) : server(on) {
    config.url = server.new_database();
  }

  /// On a server that the test may hurt.
  explicit Database(std::unique_ptr<test::postgres_server> on) : own_(std::move(on)), server(*own_) {
    config.url = server.new_database();
  }

  std::string name() const { return test::postgres_server::database_in(config.url); }

  /// As the superuser.
  std::string sql(const std::string& statement) const { return server.run(name(), statement); }

  std::shared_ptr<journal::store_factory> stores() const { return make_store(config); }
  std::unique_ptr<journal::store_writer> open_writer() const { return test::value_of(stores()->open_writer()); }
  std::unique_ptr<journal::store_reader> open_reader() const { return test::value_of(stores()->open_reader()); }

  template <class T> static std::string text_of(const caf::expected<T>& x) {
    return x ? "no error" : to_string(x.error());
  }

  test::postgres_server& server;
  options config;
};

inline const std::vector<std::string> both{"order", "stock"};
inline const journal::stream_name first{"order", "o-1"};
inline const journal::stream_name second{"order", "o-2"};

} // namespace troupe::postgres

#include "adapters/postgres/connection.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

namespace troupe::postgres {

namespace {

// A server whose machine is gone says nothing more: the kernel gives up then, and so do we.
constexpr const char* patience = "keepalives_idle=5 keepalives_interval=2 keepalives_count=3 "
                                 "tcp_user_timeout=8000";

std::string escaped(std::string_view value) {
  std::string result = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + "'";
}

// A URL keeps its own settings; those of ours are added where libpq takes both forms alike.
std::string conninfo_of(const options& config, const std::string& purpose, int seconds_to_connect) {
  const auto name = "troupe " + purpose;
  if (config.url.starts_with("postgresql://") || config.url.starts_with("postgres://")) {
    std::string result = config.url;
    const auto add = [&result](const std::string& key, const std::string& value) {
      if (result.find(key + "=") == std::string::npos)
        result += (result.find('?') == std::string::npos ? "?" : "&") + key + "=" + value;
    };
    add("connect_timeout", std::to_string(seconds_to_connect));
    add("keepalives_idle", "5");
    add("keepalives_interval", "2");
    add("keepalives_count", "3");
    add("tcp_user_timeout", "8000");
    add("target_session_attrs", "read-write");
    add("application_name", "troupe%20" + purpose);
    return result;
  }
  return config.url + " " + patience + " connect_timeout=" + std::to_string(seconds_to_connect)
         + " target_session_attrs=read-write application_name=" + escaped(name);
}

std::string first_line(std::string_view text) {
  const auto end = text.find('\n');
  return std::string{text.substr(0, end)};
}

} // namespace

class connection::listener final : public pqxx::errorhandler {
public:
  listener(pqxx::connection& to, std::vector<std::string>& into) : errorhandler(to), into_(into) {}

  bool operator()(const char* message) noexcept override {
    try {
      into_.emplace_back(first_line(message));
    } catch (...) { // Without room for a warning there is none.
    }
    return false;
  }

private:
  std::vector<std::string>& into_;
};

bool is_unknown(const failure& x) {
  const auto& state = x.sqlstate();
  return state.empty() || state.starts_with("57P") || state[0] == '0';
}

bool warns_of_standby(const std::vector<std::string>& notices) {
  return std::any_of(notices.begin(), notices.end(),
                     [](const auto& x) { return x.find("synchronous replication") != std::string::npos; });
}

std::string quoted(std::string_view name) {
  std::string result = "\"";
  for (const char c : name) {
    if (c == '"')
      result += '"';
    result += c;
  }
  return result + '"';
}

connection::connection(const options& config, const std::string& purpose, int seconds_to_connect)
  : link_([&] {
      try {
        return pqxx::connection{conninfo_of(config, purpose, seconds_to_connect)};
      } catch (...) {
        fail();
      }
    }()),
    listens_(std::make_unique<listener>(link_, notices_)) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" // The library's next version does as we want, always.
  link_.inhibit_reactivation(true);
#pragma GCC diagnostic pop
  // Plans outlive the tables that they were made for, which begin empty and grow: no plan may read a whole table. Who
  // waits for a lock waits for somebody who has hung, or for DDL of an operator.
  run("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; "
      "SET plan_cache_mode = force_generic_plan; SET lock_timeout = '5s'; SET bytea_output = 'hex'; "
      "SET search_path = pg_catalog; SET idle_in_transaction_session_timeout = '30s'");
}

connection::~connection() = default;

pqxx::result connection::run(const std::string& sql) {
  return answered([&] {
    pqxx::nontransaction work{link_};
    return work.exec(sql);
  });
}

pqxx::result connection::query_binary(const std::string& sql, const std::vector<pqxx::binarystring>& parameters) {
  return answered([&] {
    const auto& name = prepare(sql);
    pqxx::nontransaction work{link_};
    return work.exec_prepared(name, pqxx::prepare::make_dynamic_params(parameters));
  });
}

std::vector<std::string> connection::take_notices() {
  return std::exchange(notices_, {});
}

// The server cuts names at 63 bytes.
const std::string& connection::prepare(const std::string& sql) {
  if (const auto known = prepared_.find(sql); known != prepared_.end())
    return known->second;
  auto name = "q" + std::to_string(prepared_.size());
  link_.prepare(name, sql);
  return prepared_.emplace(sql, std::move(name)).first->second;
}

void connection::roll_back() noexcept {
  try {
    run("ROLLBACK");
  } catch (...) { // A connection that is gone has rolled back.
  }
}

void connection::fail() {
  try {
    throw;
  } catch (const failure&) {
    throw;
  } catch (const pqxx::broken_connection& x) {
    throw failure{ec::store_unavailable, "the connection to PostgreSQL is gone: " + first_line(x.what())};
  } catch (const pqxx::sql_error& x) {
    const auto& state = x.sqlstate();
    const bool conflict = state == unique_violation || state == wrong_version;
    throw failure{conflict ? ec::version_conflict : ec::store_unavailable, "PostgreSQL: " + first_line(x.what()),
                  state};
  } catch (const pqxx::failure& x) {
    throw failure{ec::store_unavailable, "PostgreSQL: " + first_line(x.what())};
  }
}

std::int64_t integer(const pqxx::field& x) {
  std::int64_t result = 0;
  std::from_chars(x.c_str(), x.c_str() + x.size(), result);
  return result;
}

std::string bytes(const pqxx::field& x) {
  const std::string_view hex{x.c_str(), x.size()}; // \x6162
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string result;
  result.reserve(hex.size() / 2);
  for (std::size_t i = 2; i + 1 < hex.size(); i += 2)
    result += static_cast<char>(value(hex[i]) * 16 + value(hex[i + 1]));
  return result;
}

std::string text(const pqxx::field& x) {
  return {x.c_str(), x.size()};
}

} // namespace troupe::postgres

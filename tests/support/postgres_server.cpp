#include "tests/support/postgres_server.hpp"

#include "tests/support/places.hpp"

#include <fstream>
#include <stdexcept>
#include <system_error>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace troupe::test {

postgres_server::own_folder::own_folder() {
  // In memory where the system offers it: thousands of syncs of a loaded disk would take minutes.
  std::string pattern = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/troupe-pg-XXXXXX" : "/tmp/troupe-pg-XXXXXX";
  if (!::mkdtemp(pattern.data()))
    throw std::runtime_error{"cannot make a folder for PostgreSQL"};
  path_ = pattern;
}

postgres_server::own_folder::~own_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

postgres_server::postgres_server(std::vector<std::string> settings) : settings_(std::move(settings)) {
  start();
}

postgres_server::postgres_server(const postgres_server& primary, const std::string& name,
                                 std::vector<std::string> settings)
  : settings_(std::move(settings)) {
  settings_.push_back("standby_of=" + primary.folder());
  settings_.push_back("application_name=" + name);
  start();
}

postgres_server::~postgres_server() {
  stop(SIGQUIT);
}

void postgres_server::start() {
  std::vector<std::string> command{source_folder() / "script" / "postgres", folder_.path_};
  command.insert(command.end(), settings_.begin(), settings_.end());
  running_.emplace(std::move(command));
  if (!running_->logs("database system is ready to accept", std::chrono::seconds{60}))
    throw std::runtime_error{"PostgreSQL does not come up: " + running_->errors()};
  std::ifstream{folder_.path_ + "/url"} >> url_;
}

void postgres_server::stop(int with) {
  if (!running_)
    return;
  running_->send(with);
  running_->wait(std::chrono::seconds{30});
  running_.reset();
}

std::string postgres_server::url_of(const std::string& database) const {
  auto result = url_;
  const auto end = result.find('?');
  const auto begin = result.rfind('/', end) + 1;
  return result.replace(begin, end - begin, database);
}

std::string postgres_server::new_database() {
  const auto name = "t" + std::to_string(++databases_);
  run("postgres", "CREATE DATABASE " + name + " OWNER troupe");
  return url_of(name);
}

std::string postgres_server::url_of_either(const postgres_server& one, const postgres_server& other,
                                           const std::string& database) {
  auto result = one.url_of(database);
  const auto host = "127.0.0.1:" + one.port();
  return result.replace(result.find(host), host.size(), host + ",127.0.0.1:" + other.port());
}

std::string postgres_server::database_in(const std::string& url) {
  const auto end = url.find('?');
  const auto begin = url.rfind('/', end) + 1;
  return url.substr(begin, end - begin);
}

std::string postgres_server::port() const {
  std::string result;
  std::ifstream{folder_.path_ + "/port"} >> result;
  return result;
}

void postgres_server::promote() const {
  if (run("postgres", "SELECT pg_promote(true, 60)") != "t\n")
    throw std::runtime_error{"the standby is not promoted"};
}

std::string postgres_server::run(const std::string& database, const std::string& sql) const {
  const auto psql = test::run({"/usr/bin/psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h",
                               folder_.path_ + "/socket", "-p", port(), "-U", "postgres", "-d", database, "-c", sql});
  if (psql.how.exit_code != 0)
    throw std::runtime_error{"psql: " + psql.errors};
  return psql.output;
}

postgres_server& postgres_server::shared() {
  static postgres_server server;
  return server;
}

} // namespace troupe::test

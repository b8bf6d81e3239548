#include "adapters/postgres/store.hpp"

#include "adapters/postgres/migrations.hpp"
#include "adapters/postgres/reader.hpp"
#include "adapters/postgres/server.hpp"
#include "adapters/postgres/writer.hpp"

#include <libpq-fe.h>

#include <string_view>

namespace troupe::postgres {

namespace {

class store final : public journal::store_factory {
public:
  explicit store(options config) : config_(std::move(config)), known_(std::make_shared<acknowledged>()) {}

  caf::expected<std::unique_ptr<journal::store_writer>> open_writer() override {
    return guarded(
      [&]() -> std::unique_ptr<journal::store_writer> { return std::make_unique<writer>(config_, known_); });
  }

  caf::expected<std::unique_ptr<journal::store_reader>> open_reader() override {
    return guarded([&]() -> std::unique_ptr<journal::store_reader> { return std::make_unique<reader>(config_); });
  }

private:
  const options config_;
  const std::shared_ptr<acknowledged> known_; // by all writers that were opened here
};

} // namespace

std::string describe(const options& config) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed{
    PQconninfoParse(config.url.c_str(), nullptr), PQconninfoFree};
  if (!parsed)
    return "?";
  std::string host = "local";
  std::string port = "5432";
  std::string name = "?";
  for (const auto* x = parsed.get(); x->keyword; ++x) {
    const std::string_view key{x->keyword};
    if (x->val && key == "host")
      host = x->val;
    if (x->val && key == "port")
      port = x->val;
    if (x->val && key == "dbname")
      name = x->val;
  }
  return host + ":" + port + "/" + name;
}

std::shared_ptr<journal::store_factory> make_store(options config) {
  return std::make_shared<store>(std::move(config));
}

caf::expected<void> finish_filling(const options& config) {
  return guarded([&] { connection{config, "copy"}.run("UPDATE troupe.meta SET filling = false"); });
}

caf::expected<server_state> look_at_server(const options& config) {
  return guarded([&] {
    connection to{config, "accept"};
    require_newest(to);
    auto result = state_of(to);
    result.contexts = contexts_of(to);
    return result;
  });
}

caf::expected<void> accept_server(const options& config, const std::string& reason) {
  return guarded([&] {
    connection to{config, "accept"};
    require_newest(to);
    accept_server(to, reason);
  });
}

caf::expected<std::vector<applied_migration>> migration_history(const options& config) {
  return guarded([&] {
    connection to{config, "migrate"};
    return history_of(to);
  });
}

caf::expected<std::vector<applied_migration>> migrate(const options& config) {
  return guarded([&] {
    connection to{config, "migrate"};
    return migrate(to);
  });
}

} // namespace troupe::postgres

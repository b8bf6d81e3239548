#include "supervisors/stores.hpp"

#include "adapters/sqlite/store.hpp"
#include "supervisors/observability/log.hpp"

#include <stdexcept>
#include <utility>

namespace troupe {

store_settings to_store(const config::store_options& x) {
  store_settings out;
  out.file = x.path;
  if (x.kind == "postgres") {
    out.postgres = {x.postgres.url.reveal(), x.postgres.migrate, x.postgres.allow_weak_durability};
    out.pool = {x.postgres.pool.min, x.postgres.pool.max};
    out.order_pool = {x.postgres.order_pool.min, x.postgres.order_pool.max};
  }
  return out;
}

std::shared_ptr<journal::store_factory> make_stores(const store_settings& x) {
  if (x.on_postgres())
    return postgres::make_store(x.postgres);
  sqlite::options with;
  with.file = x.file.string();
  return sqlite::make_store(std::move(with));
}

std::optional<reader_pool_settings> reader_pools_of(const store_settings& x, clock_fn now, random_fn random) {
  if (!x.on_postgres())
    return std::nullopt;
  reader_pool_settings with;
  with.shared = x.pool;
  with.own = {{"order", x.order_pool}};
  with.now = std::move(now);
  with.jitter = [random = std::move(random)] { return static_cast<double>(random() >> 11) * 0x1.0p-53; };
  with.told = [](const std::string& pool, bool open, const std::string& why) {
    const auto which = pool.empty() ? std::string{"shared"} : pool;
    if (open)
      log::warn("The store is not read for a while", {{"pool", which}, {"reason", why}});
    else
      log::info("The store is read again", {{"pool", which}});
  };
  return with;
}

std::string describe(const store_settings& x) {
  return x.on_postgres() ? "PostgreSQL, " + postgres::describe(x.postgres) : x.file.string();
}

std::string text_of(const caf::error& why) {
  return why.context().match_elements<std::string>() ? why.context().get_as<std::string>(0) : to_string(why);
}

std::string problem_with_store(const store_settings& x, const caf::error& why) {
  const auto text = text_of(why); // mostly says of which file
  const auto name = describe(x);
  return text.find(name) == std::string::npos ? "store " + name + ": " + text : "store " + text;
}

void refuse_unusable_store(const store_settings& x) {
  if (const auto writer = make_stores(x)->open_writer(); !writer)
    throw std::runtime_error{problem_with_store(x, writer.error())};
}

} // namespace troupe

#include "supervisors/stores.hpp"

#include "adapters/sqlite/store.hpp"

#include <stdexcept>

namespace troupe {

store_settings to_store(const config::store_options& x) {
  store_settings out;
  out.file = x.path;
  if (x.kind == "postgres") {
    out.postgres = {x.postgres.url.reveal(), x.postgres.migrate, x.postgres.allow_weak_durability};
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

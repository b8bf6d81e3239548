#include "adapters/postgres/store.hpp"

#include "adapters/postgres/reader.hpp"
#include "adapters/postgres/writer.hpp"

namespace troupe::postgres {

namespace {

class store final : public journal::store_factory {
public:
  explicit store(options config) : config_(std::move(config)) {}

  caf::expected<std::unique_ptr<journal::store_writer>> open_writer() override {
    return guarded([&]() -> std::unique_ptr<journal::store_writer> { return std::make_unique<writer>(config_); });
  }

  caf::expected<std::unique_ptr<journal::store_reader>> open_reader() override {
    return guarded([&]() -> std::unique_ptr<journal::store_reader> { return std::make_unique<reader>(config_); });
  }

private:
  const options config_;
};

} // namespace

std::shared_ptr<journal::store_factory> make_store(options config) {
  return std::make_shared<store>(std::move(config));
}

} // namespace troupe::postgres

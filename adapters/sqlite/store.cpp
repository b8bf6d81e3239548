#include "adapters/sqlite/store.hpp"

#include "adapters/sqlite/reader.hpp"
#include "adapters/sqlite/writer.hpp"

namespace troupe::sqlite {

namespace {

class store final : public journal::store_factory {
public:
  explicit store(options config) : config_(std::move(config)) {}

  caf::expected<std::unique_ptr<journal::store_writer>> open_writer() override {
    return guarded(
      [&]() -> std::unique_ptr<journal::store_writer> { return std::make_unique<writer>(config_, moved_); });
  }

  caf::expected<std::unique_ptr<journal::store_reader>> open_reader() override {
    return guarded(
      [&]() -> std::unique_ptr<journal::store_reader> { return std::make_unique<reader>(config_, moved_); });
  }

private:
  options config_;
  const std::shared_ptr<moved_heads> moved_ = std::make_shared<moved_heads>();
};

} // namespace

std::shared_ptr<journal::store_factory> make_store(options config) {
  return std::make_shared<store>(std::move(config));
}

} // namespace troupe::sqlite

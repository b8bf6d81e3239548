// supervisors/dead_letters/overlay_store.hpp: a store that reads from another one and keeps its writes to itself.
#pragma once

#include "actors/entity/store.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// What is written over a store, in memory. Not for several threads at once, and outlives its connections.
class overlay {
public:
  /// Nothing is ever written to `below`, whose store exists.
  explicit overlay(std::shared_ptr<journal::store_factory> below) : below_(std::move(below)) {}

  /// In the order in which it was written.
  const std::vector<journal::stored_event>& written() const { return held_.written; }

private:
  friend class overlay_writer;
  friend class overlay_reader;

  struct stream {
    std::uint64_t base = 0; // version below, when the first event came
    std::vector<journal::stored_event> events;
    std::optional<time_point> wake_up;
  };

  struct content {
    std::map<journal::stream_name, stream> streams;
    std::map<std::pair<std::string, std::uint16_t>, std::uint64_t> last_offsets; // of shards that were written to
    std::vector<journal::stored_event> written;
  };

  caf::expected<journal::store_reader*> reader();
  caf::error add(const journal::write& x);

  std::shared_ptr<journal::store_factory> below_;
  std::unique_ptr<journal::store_reader> reader_;
  content held_;
  std::uint64_t epoch_ = 0;
};

/// Connections to it. Streams are found with what was written over them. Of stored wake-ups those of `shown` alone are
/// seen beside its own, and outlets have nothing to catch up with: what is going on below is left alone.
std::shared_ptr<journal::store_factory> make_store(std::shared_ptr<overlay> over, std::vector<std::string> shown);

} // namespace troupe

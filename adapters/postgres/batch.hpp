// adapters/postgres/batch.hpp: one context's part of a commit, as the parameters of its function append.
#pragma once

#include "actors/entity/stored_event.hpp"
#include "adapters/postgres/binary_array.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::postgres {

class context_batch {
public:
  /// Several writes of one stream are merged. `count` numbers the batch's events. What is passed must outlive this.
  /// Throws failure (version_conflict) when the stream's writes contradict each other.
  void add(const journal::write& x, std::int32_t& count);
  void add(const journal::offset_mark& x);

  /// In the order of the function's arguments, behind those that are there.
  void append_to(std::vector<pqxx::binarystring>& parameters) const;

  static constexpr int parameters = 34;

private:
  struct stream {
    std::uint16_t shard = 0;
    std::optional<std::uint64_t> from; // its version before its first events here; none as long as there are none
    std::uint64_t to = 0;
    std::optional<journal::wake_up_change> wake_up;
    const journal::snapshot* snapshot = nullptr;
  };

  void add_event(const journal::stored_event& x, std::int32_t count);

  std::map<std::string_view, stream> streams_; // in the order of their keys: two writers lock rows in the same order
  std::map<std::pair<std::string_view, std::uint16_t>, std::uint64_t> marks_;
  binary_array<int2_items> e_shard_;
  binary_array<int8_items> e_offset_;
  binary_array<bytea_items> e_key_;
  binary_array<int8_items> e_version_;
  binary_array<int4_items> e_count_;
  binary_array<int4_items> e_schema_;
  binary_array<int8_items> e_at_;
  binary_array<int8_items> e_epoch_;
  binary_array<int8_items> e_checksum_;
  binary_array<text_items> e_type_;
  binary_array<text_items> e_node_;
  binary_array<bytea_items> e_principal_;
  binary_array<bytea_items> e_trace_;
  binary_array<bytea_items> e_data_;
  binary_array<bytea_items> e_personal_;
};

} // namespace troupe::postgres

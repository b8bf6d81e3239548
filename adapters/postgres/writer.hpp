// adapters/postgres/writer.hpp: the connection of a node that writes.
#pragma once

#include "adapters/postgres/acknowledged.hpp"
#include "adapters/postgres/connection.hpp"

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::postgres {

class writer final : public journal::store_writer {
public:
  /// Brings the schema up to this release, or refuses the database. `known` outlives connections. Throws failure.
  writer(const options& config, std::shared_ptr<acknowledged> known);

  using store_writer::acquire;
  caf::expected<std::vector<journal::lease>> acquire(const journal::claim& x) override;
  caf::expected<void> release(const std::string& node, std::uint64_t incarnation,
                              const journal::shard_set& shards) override;
  caf::expected<std::vector<journal::write_result>> commit(std::span<const journal::write> batch,
                                                           std::span<const journal::offset_mark> marks) override;

private:
  struct shard_state {
    std::uint64_t epoch = 0; // 0: never acquired
    std::uint64_t next_offset = 1;
  };
  struct context_state {
    std::vector<shard_state> shards;
    std::array<std::uint64_t, 4> partitions_end{}; // by range of shards: the first offset without a partition
  };
  struct attempt; // to commit

  context_state* find_owned(const std::string& context, std::uint16_t shard, std::uint64_t epoch);
  /// Epochs by shard, of those that were granted.
  std::map<std::uint16_t, std::uint64_t> take(const journal::claim& x);
  void read_context(const std::string& name, const std::string& shards, context_state& into);
  void extend(const std::string& context, context_state& in, std::uint16_t shard, std::uint64_t offset);
  /// The shards that are somebody else's by now; what is theirs is left out and the rest has to be sent again.
  std::set<std::uint16_t> send(const attempt& x);

  options config_;
  std::shared_ptr<acknowledged> known_;
  connection db_;
  bool synchronous_ = false; // as the database has it noted
  std::string broken_;       // why this object refuses to go on; empty while it is sound
  std::map<std::string, context_state> contexts_;
};

} // namespace troupe::postgres

// adapters/sqlite/writer.hpp: the one connection that writes, and owns the file.
#pragma once

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/file.hpp"
#include "adapters/sqlite/moved_heads.hpp"
#include "adapters/sqlite/store.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::sqlite {

class writer final : public journal::store_writer {
public:
  /// Takes the lock, checks or creates the file, opens it. Throws failure.
  writer(const options& config, std::shared_ptr<moved_heads> moved);
  ~writer() override;

  using store_writer::acquire;
  caf::expected<std::vector<journal::lease>> acquire(const journal::claim& x) override;
  caf::expected<std::vector<journal::write_result>> commit(std::span<const journal::write> batch,
                                                           std::span<const journal::offset_mark> marks) override;

private:
  struct shard_state {
    std::uint64_t epoch = 0; // 0: never acquired
    std::uint64_t next_offset = 1;
    std::vector<std::int64_t> tail; // seqs of the events that shard_runs does not have yet
  };
  struct context_state {
    std::int64_t id = 0;
    std::vector<shard_state> shards;
  };
  struct head {
    std::int64_t id = 0; // of the stream's row
    std::int64_t context = 0;
    const journal::stream_name* name = nullptr; // its key in heads_
    std::uint64_t version = 0;
    std::int64_t last = 0; // seq of the last event; 0 when there is none
    std::optional<std::int64_t> wake_at;
    bool is_new = false;  // it has no row yet
    bool woken = false;   // its row has another wake-up
    bool listed = false;  // it was touched in this transaction
    bool may_lag = false; // its row names an event, and so may stay where it is until events are indexed
  };

  /// Runs `body` in a transaction that is durable when this returns.
  template <class Body> auto write_durably(Body&& body) -> caf::expected<decltype(body())>;
  void refresh();
  void load();
  std::int64_t id_of(const std::string& context);
  journal::write_result store(const journal::write& x);
  void store(const journal::offset_mark& x);
  /// The context whose shard has this epoch; null when it has another one.
  context_state* find_owned(const std::string& context, std::uint16_t shard, std::uint64_t epoch);
  void store_events(const journal::write& x, context_state& context, head& stream);
  head& head_of(const context_state& context, const journal::stream_name& stream);
  void list(head& x);
  void store_heads(bool all);
  void move_rows();
  void index_shards();
  void settle_heads();
  void checkpoint(int mode); // one of SQLite's

  options config_;
  file_lock lock_;
  struct prepared {
    prepared(const options& config, const file_lock&);
    int log_pages = 0; // in the log since it was last copied into the file
    file_use use;      // before the connection, so that it outlives it
    connection db;
    statement begin, commit, rollback, data_version;
    statement insert_event, insert_stream, move_stream, catch_up, wake_stream, insert_mark, insert_snapshot, insert_run;
    statement find_stream, advance_shard, advance_index, save_offset;
  };
  prepared sql_;
  std::string broken_; // why this object refuses to go on; empty while it is sound
  bool loaded_ = false;
  std::int64_t data_version_ = 0;
  std::unordered_map<std::string, context_state> contexts_;
  std::unordered_map<journal::stream_name, head, journal::stream_hash> heads_; // a cache
  std::vector<head*> listed_;
  std::vector<const head*> lagging_;         // those among them whose rows were left as they were
  bool indexed_ = false;                     // this transaction moves every row
  const std::shared_ptr<moved_heads> moved_; // what was committed and stands in no row
  std::int64_t next_seq_ = 1;
  std::int64_t next_stream_ = 1;
  std::size_t tail_size_ = 0;
};

} // namespace troupe::sqlite

// adapters/sqlite/reader.hpp: reads streams beside the writer, on a connection of its own.
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

class reader final : public journal::store_reader {
public:
  /// Throws failure.
  reader(const options& config, std::shared_ptr<moved_heads> moved);
  ~reader() override;

  caf::expected<journal::recovered_stream> load(const journal::stream_name& stream) override;
  caf::expected<std::vector<journal::stored_event>>
  read_stream(const journal::stream_name& stream, std::uint64_t first_version, std::size_t limit) override;
  caf::expected<std::vector<journal::stored_event>> read_shard(const std::string& context, std::uint16_t shard,
                                                               std::uint64_t first_offset, std::size_t limit) override;
  caf::expected<std::vector<journal::wake_up>> due(const std::string& context, time_point until,
                                                   const std::optional<journal::wake_up>& after,
                                                   std::size_t limit) override;
  caf::expected<std::vector<journal::outlet_position>> positions(const std::string& outlet,
                                                                 const std::string& context) override;
  caf::expected<std::vector<journal::stored_mark>> marks(const std::string& context) override;
  caf::expected<std::vector<std::string>> contexts() override;
  caf::expected<std::vector<std::string>> keys(const std::string& context, const std::string& after,
                                               std::size_t limit) override;
  caf::expected<journal::latest_events> latest(const journal::event_filter& filter, std::optional<std::uint64_t> before,
                                               std::size_t limit) override;
  caf::expected<journal::due_count> count_due(const std::string& context, time_point until) override;

private:
  struct head {
    std::int64_t id = 0; // 0: no such stream
    std::uint64_t version = 0;
    std::int64_t last = 0;
  };
  struct tail_event {
    std::uint64_t offset = 0;
    std::int64_t seq = 0;
  };

  /// Runs `body` on one state of the file.
  template <class Body> auto read(Body&& body) -> caf::expected<decltype(body())>;
  std::int64_t id_of(const std::string& context); // 0 when there is none
  /// `known` was looked up before the transaction began.
  head head_of(const journal::stream_name& stream, const moved_heads::found& known);
  /// Events `first` to `last` of a stream, found from the event `seq` of a version not below `last`.
  std::vector<journal::stored_event> walk(const journal::stream_name& stream, std::int64_t id, std::int64_t seq,
                                          std::uint64_t version, std::uint64_t last, std::uint64_t first);
  void follow();

  std::string file_;
  const std::shared_ptr<moved_heads> moved_;
  file_use use_; // before the connection, so that it outlives it
  connection db_;
  statement begin_, commit_, rollback_;
  statement find_context_, find_stream_, find_event_, find_previous_, find_mark_, find_snapshot_;
  statement progress_, scan_, find_run_, read_runs_, find_shared_, due_, positions_, keys_;
  statement newest_, latest_, count_due_;
  std::unordered_map<std::string, std::int64_t> contexts_;
  std::unordered_map<std::int64_t, std::vector<tail_event>> tail_; // by place: events that shard_runs does not have
  std::int64_t tail_from_ = 0;                                     // shard_runs has the events up to this one
  std::int64_t followed_to_ = 0;
};

} // namespace troupe::sqlite

// adapters/postgres/reader.hpp: a connection that reads.
#pragma once

#include "adapters/postgres/connection.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe::postgres {

/// Reads each context in the role that can read this context alone.
class reader final : public journal::store_reader {
public:
  /// Throws failure, also when the database has no schema of ours yet.
  explicit reader(const options& config);

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
  /// Runs `body` with the role and the quoted schema of a context; `Result{}` when the store has no such context.
  template <class Body>
  auto read(const std::string& context, Body&& body) -> caf::expected<decltype(body(std::string{}))>;
  bool enter(const std::string& context);
  void leave();

  connection db_;
  std::map<std::string, std::string> roles_; // of the contexts that are known
  std::string inside_;                       // the context whose role is in force; empty: our own
};

} // namespace troupe::postgres

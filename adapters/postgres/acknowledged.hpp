// adapters/postgres/acknowledged.hpp: what this process knows to be stored, whatever server it is connected to next.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace troupe::postgres {

/// The last offset of each shard that a commit was acknowledged for. A server that has less has lost something. For
/// several threads.
class acknowledged {
public:
  using shard_name = std::pair<std::string, std::uint16_t>; // context, shard

  void note(const std::string& context, std::uint16_t shard, std::uint64_t last_offset);

  std::map<shard_name, std::uint64_t> offsets() const;

  /// An operator has accepted at this instant (the server's, in microseconds) what there is. What was noted before an
  /// acceptance that was not known yet no longer counts.
  void accept(std::int64_t at);

private:
  mutable std::mutex mutex_;
  std::map<shard_name, std::uint64_t> offsets_;
  std::optional<std::int64_t> accepted_at_;
};

} // namespace troupe::postgres

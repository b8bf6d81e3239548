#include "adapters/postgres/acknowledged.hpp"

#include <algorithm>

namespace troupe::postgres {

void acknowledged::note(const std::string& context, std::uint16_t shard, std::uint64_t last_offset) {
  const std::lock_guard lock{mutex_};
  auto& known = offsets_[{context, shard}];
  known = std::max(known, last_offset);
}

std::map<acknowledged::shard_name, std::uint64_t> acknowledged::offsets() const {
  const std::lock_guard lock{mutex_};
  return offsets_;
}

void acknowledged::accept(std::int64_t at) {
  const std::lock_guard lock{mutex_};
  // A server that lacks events may lack an acceptance as well: an older one is none.
  if (accepted_at_ && at > *accepted_at_)
    offsets_.clear();
  accepted_at_ = std::max(accepted_at_.value_or(at), at);
}

} // namespace troupe::postgres

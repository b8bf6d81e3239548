#include "supervisors/cluster/duties.hpp"

namespace troupe::cluster {

namespace {

bool is_up(const node_record* x) {
  return x && is_live(*x) && x->state == node_state::up;
}

} // namespace

std::vector<std::uint16_t> to_release(const view& x, std::string_view name, std::uint64_t incarnation) {
  std::vector<std::uint16_t> result;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    const auto& record = x.shards[shard];
    if (record.owner == name && record.incarnation == incarnation && record.target != name
        && is_up(find_node(x, record.target)))
      result.push_back(shard);
  }
  return result;
}

std::vector<std::uint16_t> to_claim(const view& x, std::string_view name, std::uint64_t incarnation) {
  std::vector<std::uint16_t> result;
  const auto* self = find_node(x, name);
  if (!is_up(self) || self->incarnation != incarnation)
    return result;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    if (x.shards[shard].target == name && !live_owner(x, shard))
      result.push_back(shard);
  return result;
}

} // namespace troupe::cluster

#include "supervisors/cluster/company.hpp"

#include <cstddef>

namespace troupe::cluster {

bool company::is_smaller(const view& seen, const std::string& self, const std::set<std::string>& reached,
                         boot_time asked_at) {
  std::size_t ours = 1;
  std::size_t theirs = 0;
  bool planner_is_theirs = false;
  const auto* planner = planner_of(seen);
  std::map<std::string, missed> still;
  for (const auto& x : seen.nodes) {
    if (x.name == self || !is_live(x) || x.state != node_state::up)
      continue;
    if (!reached.contains(x.name)) {
      const auto known = missed_.find(x.name);
      still[x.name] = known != missed_.end() && known->second.incarnation == x.incarnation
                        ? known->second
                        : missed{x.incarnation, asked_at};
    }
    if (const auto at = still.find(x.name); at == still.end() || !is_apart(x, at->second.since, asked_at)) {
      ++ours;
    } else {
      ++theirs;
      planner_is_theirs |= planner == &x;
    }
  }
  missed_ = std::move(still);
  return theirs > ours || (theirs == ours && planner_is_theirs);
}

/// The store answered after `asked_at`, so that the lease was renewed at this instant or later.
bool company::is_apart(const node_record& x, boot_time since, boot_time asked_at) const {
  const auto renewed_at = asked_at - (lease_ - x.lease_left);
  return asked_at - since >= patience_ && renewed_at > since;
}

} // namespace troupe::cluster

// supervisors/cluster/company.hpp: whether a node is on the smaller side of a broken network. No CAF, no clock, no I/O.
#pragma once

#include "actors/cluster/membership.hpp"
#include "supervisors/cluster/own_lease.hpp"

#include <map>
#include <set>
#include <string>

namespace troupe::cluster {

/// Nodes that all reach the store may still not reach each other. Then the smaller side does better to own nothing:
/// what it owns, most gateways cannot ask. Each node judges for itself, from the store's view and its own connections.
/// Of two equal sides, that of the node that plans goes on.
///
/// A node that has died looks the same until its lease is over, so only those count that have renewed since they could
/// not be reached.
class company {
public:
  /// `lease`: what all nodes renew for; `patience`: how long a connection may be missed.
  company(duration lease, duration patience) : lease_(lease), patience_(patience) {}

  /// Whether the node `self` is on the smaller side. `asked_at`: before the store was asked for `seen`; later each
  /// time.
  bool is_smaller(const view& seen, const std::string& self, const std::set<std::string>& reached, boot_time asked_at);

private:
  struct missed {
    std::uint64_t incarnation = 0;
    boot_time since;
  };

  bool is_apart(const node_record& x, boot_time since, boot_time asked_at) const;

  duration lease_;
  duration patience_;
  std::map<std::string, missed> missed_;
};

} // namespace troupe::cluster

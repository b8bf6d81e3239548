// supervisors/cluster/assembly.hpp: what a node's topology leaves behind for its part in the cluster.
#pragma once

#include "actors/entity/held_shards.hpp"
#include "actors/entity/journal_actor.hpp"
#include "actors/entity/shard_region.hpp"
#include "supervisors/cluster/door.hpp"
#include "supervisors/cluster/line.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::cluster {

struct assembly {
  std::string self; // the node's name
  entity::held_shards held;
  clock_fn now;

  // Filled in by make_topology.
  journal::sharded_journal_actor journal{};
  std::vector<caf::actor> parts{};   // who is told of shards that come and go
  std::vector<caf::actor> routers{}; // who is told who owns what
  std::shared_ptr<region_table> regions = std::make_shared<region_table>();
  std::function<caf::actor()> member{};         // once there is one
  line_ptr bulletin = std::make_shared<line>(); // to whoever tells other nodes what has changed here
  line_ptr rates = std::make_shared<line>();    // to whoever leases tokens
};

/// Notes that `region` takes these commands.
template <class... Commands>
void add_region(assembly& to, const caf::actor& region, entity::command_list<Commands...>) {
  (to.regions->emplace(caf::type_id_v<Commands>, region), ...);
  to.parts.push_back(region);
}

} // namespace troupe::cluster

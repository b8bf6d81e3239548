// tests/simulation/cluster/member_part.hpp: what makes a simulated node a member, as supervisors/cluster_node.cpp does
// for a real one: over simulated wires, a shared simulated store and clocks of its own.
#pragma once

#include "actors/entity/held_shards.hpp"
#include "adapters/simulated_store/simulated_leases.hpp"
#include "supervisors/cluster/member.hpp"
#include "tests/simulation/bug.hpp"
#include "tests/simulation/cluster/network.hpp"
#include "tests/simulation/cluster/store_link.hpp"
#include "tests/simulation/node.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe::simulation {

/// The clocks of one machine.
struct machine_clocks {
  double rate = 1;       // of the boot clock: within what own_lease takes for possible
  duration booted{0};    // what it showed when the world began
  duration wall_step{0}; // by which the wall clock is wrong; it jumps as it likes
};

struct member_plan {
  std::string name;
  group of = 0;
  machine_clocks clocks;
  cluster::member_settings settings; // the node's own description is filled in
  store_link_faults link;
  bug planted = bug::none;
};

/// The part of one node, from start to start. Must outlive the world's last step.
class member_part {
public:
  member_part(world& w, network& over, std::shared_ptr<journal::store_factory> stores,
              std::shared_ptr<simulated::lease_table> leases, member_plan with);

  /// For node_options::member.
  std::shared_ptr<const membership> seat();

  const std::string& name() const { return with_.name; }
  group of() const { return with_.of; }
  machine_clocks& clocks() { return with_.clocks; }
  store_weather& weather() { return *weather_; }

  /// What its present process owns; nothing before it has one.
  const entity::held_shards& held() const { return held_; }

  /// Hands everything over and leaves; `then` is told when that is done, or after `within`.
  void drain(duration within, std::function<void(bool whole)> then);

private:
  void describe(topology_settings& with);
  void complete(topology& made);
  time_point wall() const;
  cluster::boot_time boot() const;

  world& world_;
  network& network_;
  std::shared_ptr<journal::store_factory> stores_;
  std::shared_ptr<simulated::lease_table> leases_;
  member_plan with_;
  std::shared_ptr<store_weather> weather_ = std::make_shared<store_weather>();
  entity::held_shards held_ = entity::held_shards::of_member([] { return std::int64_t{0}; });
  std::shared_ptr<cluster::assembly> assembly_;
  caf::actor member_;
  /// Of the present process.
  struct handles {
    caf::actor door;
    caf::actor mesh;
  };
  std::shared_ptr<handles> handles_;
};

} // namespace troupe::simulation

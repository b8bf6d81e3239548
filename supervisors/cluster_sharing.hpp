// supervisors/cluster_sharing.hpp: what a member of a cluster shares with the other nodes.
#pragma once

#include "supervisors/cluster/assembly.hpp"
#include "supervisors/cluster/survey.hpp"
#include "supervisors/cluster_node.hpp"
#include "supervisors/resilience/guards.hpp"
#include "supervisors/topology.hpp"

#include <memory>
#include <optional>

namespace troupe {

/// What a node has for itself.
struct shared_parts {
  std::shared_ptr<resilience::guard_list> guards;
  guard::guards_actor operators_guards; // as operators ask them
  std::shared_ptr<const supervision::tree> tree;
};

/// Adds to `made` what tells other nodes of breakers, of what operators hold or pause, and of dead letters, and what
/// hears it from them; and what keeps to the rates of guards together with them. Before the cluster's own parts are
/// added.
///
/// Answers with who asks all nodes what operators want to see.
cluster::survey_actor share_state(topology& made, const std::shared_ptr<cluster::assembly>& member,
                                  const shared_parts& own);

/// Null for a node that is alone.
inline cluster::desk_actor desk_of(const std::optional<cluster_node>& x) {
  return x ? caf::actor_cast<cluster::desk_actor>(x->member()) : cluster::desk_actor{};
}

} // namespace troupe

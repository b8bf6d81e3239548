// actors/cluster/desk.hpp: what operators ask of a cluster, at any of its nodes.
#pragma once

#include "actors/cluster/lease_store.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace troupe::cluster {

struct get_report {};

/// The cluster as one node sees it.
struct report {
  std::string self;
  std::uint64_t incarnation = 0; // 0: it has not joined yet
  node_state state = node_state::up;
  std::size_t held = 0;               // shards of this node
  std::size_t leaving = 0;            // shards that it is handing over
  std::string trouble;                // why the last renewal failed; empty when it did not
  std::shared_ptr<const view> seen;   // null before the first renewal
  std::vector<std::string> reachable; // peers
};

/// Has a node hand all its shards over; it goes on as a gateway until it is started again.
struct drain_node {
  std::string node;
  std::string reason;

  bool operator==(const drain_node&) const = default;
};

template <class Inspector> bool inspect(Inspector& f, drain_node& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("reason", x.reason));
}

/// The node owns nothing any more.
struct drained {
  std::string node;

  bool operator==(const drained&) const = default;
};

template <class Inspector> bool inspect(Inspector& f, drained& x) {
  return f.object(x).fields(f.field("node", x.node));
}

using desk_actor = caf::typed_actor<caf::result<report>(get_report),
                                    // Answered when the node owns nothing any more. May be repeated. Fails with refused
                                    // when there is no such node, or no other that could take its shards, and with
                                    // unavailable when it cannot be reached.
                                    caf::result<drained>(request_context, drain_node)>;

} // namespace troupe::cluster

CAF_BEGIN_TYPE_ID_BLOCK(troupe_cluster_desk, caf::first_custom_type_id + 1680)
  CAF_ADD_TYPE_ID(troupe_cluster_desk, (troupe::cluster::drain_node))
  CAF_ADD_TYPE_ID(troupe_cluster_desk, (troupe::cluster::drained))
  CAF_ADD_TYPE_ID(troupe_cluster_desk, (troupe::cluster::get_report))
  CAF_ADD_TYPE_ID(troupe_cluster_desk, (troupe::cluster::report))
CAF_END_TYPE_ID_BLOCK(troupe_cluster_desk)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::get_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::report)

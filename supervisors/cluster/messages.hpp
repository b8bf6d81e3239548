// supervisors/cluster/messages.hpp: what nodes say to each other beside commands, and what a node's parts are told.
#pragma once

#include "supervisors/cluster/routing.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::cluster {

// ---- between nodes -------------------------------------------------------------------------------------------------

/// The first word of a node that has connected, beside the handle of its own door. Answered with the same about the
/// other one.
struct hello {
  std::string name;
  std::uint64_t incarnation = 0;
  std::uint32_t protocol = 0;

  bool operator==(const hello&) const = default;
};

/// Shards have changed hands. Nobody answers: the store's next view says the same.
struct news {
  std::vector<ownership_change> changes;

  bool operator==(const news&) const = default;
};

template <class Inspector> bool inspect(Inspector& f, hello& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("incarnation", x.incarnation),
                            f.field("protocol", x.protocol));
}

template <class Inspector> bool inspect(Inspector& f, ownership_change& x) {
  return f.object(x).fields(f.field("shard", x.shard), f.field("owner", x.owner), f.field("epoch", x.epoch));
}

template <class Inspector> bool inspect(Inspector& f, news& x) {
  return f.object(x).fields(f.field("changes", x.changes));
}

/// Answered with the handle of who makes the calls of an outside service for other nodes, which takes a context and a
/// command; refused when there is none of that name.
struct get_port {
  std::string name; // "payment.stripe"

  bool operator==(const get_port&) const = default;
};

template <class Inspector> bool inspect(Inspector& f, get_port& x) {
  return f.object(x).fields(f.field("name", x.name));
}

// ---- inside a node -------------------------------------------------------------------------------------------------

/// The doors of the other nodes that can be reached now, by name.
using door_map = std::map<std::string, caf::actor>;

/// To routers: what they decide by from now on.
struct updated {
  std::shared_ptr<const routing> owners;
  std::shared_ptr<const door_map> doors;
};

/// To the mesh: who should be connected with.
struct expected_peers {
  std::vector<node_record> nodes;
};

/// To the mesh: a peer has connected with this node.
struct arrived {
  hello who;
  caf::actor door;
};

/// To what is placed on other nodes: who can be reached now, with their doors. Sent again and again.
struct reachable_nodes {
  std::vector<std::pair<node_record, caf::actor>> nodes;
};

/// To the member: the peers that can be reached have changed.
struct reachable_peers {
  std::shared_ptr<const door_map> doors;
};

/// To the member: nothing listens where this node was.
struct found_dead {
  std::string name;
  std::uint64_t incarnation = 0;
};

} // namespace troupe::cluster

CAF_BEGIN_TYPE_ID_BLOCK(troupe_cluster_nodes, caf::first_custom_type_id + 1620)
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::hello))
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::ownership_change))
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::news))
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::updated))
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::expected_peers))
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::reachable_peers))
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::found_dead))
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::arrived))
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::get_port))
  CAF_ADD_TYPE_ID(troupe_cluster_nodes, (troupe::cluster::reachable_nodes))
CAF_END_TYPE_ID_BLOCK(troupe_cluster_nodes)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::updated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::expected_peers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::reachable_peers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::found_dead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::arrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::reachable_nodes)

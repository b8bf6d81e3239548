// supervisors/cluster/keeper.hpp: the connection to the store of leases, as an actor; detached, because databases
// block.
#pragma once

#include "actors/cluster/lease_store.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace troupe::cluster {

struct join {
  node_record self;
  duration lease{0};
  std::uint64_t replaces = 0;
};

struct joined {
  std::uint64_t incarnation = 0;
};

struct renew {
  std::string name;
  std::uint64_t incarnation = 0;
  node_state state = node_state::up;
  duration lease{0};
};

struct renewed {
  std::shared_ptr<const view> seen;
};

struct put_targets {
  std::uint64_t plan_version = 0;
  std::vector<target_change> changes;
};

struct expire {
  std::string name;
  std::uint64_t incarnation = 0;
};

struct leave {
  std::string name;
  std::uint64_t incarnation = 0;
};

/// Fails as lease_store does. A connection that failed is opened anew by the next request.
using keeper_actor =
  caf::typed_actor<caf::result<joined>(join), caf::result<renewed>(renew), caf::result<bool>(put_targets),
                   caf::result<void>(expire), caf::result<void>(leave)>;

using open_leases_fn = std::function<caf::expected<std::unique_ptr<lease_store>>()>;

keeper_actor::behavior_type make_keeper(keeper_actor::pointer self, open_leases_fn open);

} // namespace troupe::cluster

CAF_BEGIN_TYPE_ID_BLOCK(troupe_cluster_keeper, caf::first_custom_type_id + 1640)
  CAF_ADD_TYPE_ID(troupe_cluster_keeper, (troupe::cluster::join))
  CAF_ADD_TYPE_ID(troupe_cluster_keeper, (troupe::cluster::joined))
  CAF_ADD_TYPE_ID(troupe_cluster_keeper, (troupe::cluster::renew))
  CAF_ADD_TYPE_ID(troupe_cluster_keeper, (troupe::cluster::renewed))
  CAF_ADD_TYPE_ID(troupe_cluster_keeper, (troupe::cluster::put_targets))
  CAF_ADD_TYPE_ID(troupe_cluster_keeper, (troupe::cluster::expire))
  CAF_ADD_TYPE_ID(troupe_cluster_keeper, (troupe::cluster::leave))
CAF_END_TYPE_ID_BLOCK(troupe_cluster_keeper)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::join)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::renew)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::renewed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::put_targets)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::expire)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::leave)

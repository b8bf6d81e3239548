// supervisors/cluster/rates.hpp: keeps rates for the whole cluster, and leases tokens for this node's guards.
#pragma once

#include "actors/entity/held_shards.hpp"
#include "actors/entity/shard_region.hpp"
#include "supervisors/cluster/messages.hpp"
#include "supervisors/resilience/token_bucket.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace troupe::cluster {

// ---- between nodes -------------------------------------------------------------------------------------------------

/// Asks whoever keeps the rate of a guard for tokens. The rules travel along: each node has them from its
/// configuration.
struct lease_tokens {
  std::string guard;
  bool bulk = false; // of the rate of bulk calls
  std::uint64_t limit = 0;
  duration per{0};
  std::uint64_t burst = 0;
  std::uint64_t count = 0;
  duration lasts{0}; // after it was asked, nothing of what is granted is used any more

  bool operator==(const lease_tokens&) const = default;
};

struct leased {
  std::uint64_t tokens = 0;
  duration wait{0}; // until there may be one, when there is none

  bool operator==(const leased&) const = default;
};

template <class Inspector> bool inspect(Inspector& f, lease_tokens& x) {
  return f.object(x).fields(f.field("guard", x.guard), f.field("bulk", x.bulk), f.field("limit", x.limit),
                            f.field("per", x.per), f.field("burst", x.burst), f.field("count", x.count),
                            f.field("lasts", x.lasts));
}
template <class Inspector> bool inspect(Inspector& f, leased& x) {
  return f.object(x).fields(f.field("tokens", x.tokens), f.field("wait", x.wait));
}

// ---- inside a node -------------------------------------------------------------------------------------------------

/// Has tokens leased for a guard of this node.
struct want_tokens {
  lease_tokens what;
};

struct rates_settings {
  entity::held_shards held;
  clock_fn now;
  std::function<void(const lease_tokens& asked, const leased& got)> got; // told of each answer; on the actor's thread
  duration answered_within{1'000};
  duration again_after{200}; // while nobody can be asked
};

/// The rate of a guard is kept by the node that owns the shard of "guard/<name>", under its lease, so that nobody keeps
/// it beside it. A keeper remembers nothing of the one before, and so begins as if that one had just given all that may
/// be given at once: together they keep to the rate. Nothing is stored.
class rates {
public:
  static constexpr const char* name = "rates";

  rates(caf::event_based_actor* self, rates_settings with);

  caf::behavior make_behavior();

private:
  void want(const lease_tokens& x);
  caf::result<leased> lease(const lease_tokens& x);
  void evict(const journal::shard_set& shards);

  caf::event_based_actor* self_;
  rates_settings with_;
  std::shared_ptr<const routing> owners_ = std::make_shared<const routing>();
  std::shared_ptr<const door_map> doors_ = std::make_shared<const door_map>();
  std::map<std::pair<std::string, bool>, resilience::token_bucket> kept_; // by guard, and whether of bulk calls
};

using rates_impl = caf::stateful_actor<rates>;

} // namespace troupe::cluster

CAF_BEGIN_TYPE_ID_BLOCK(troupe_cluster_rates, caf::first_custom_type_id + 1740)
  CAF_ADD_TYPE_ID(troupe_cluster_rates, (troupe::cluster::lease_tokens))
  CAF_ADD_TYPE_ID(troupe_cluster_rates, (troupe::cluster::leased))
  CAF_ADD_TYPE_ID(troupe_cluster_rates, (troupe::cluster::want_tokens))
CAF_END_TYPE_ID_BLOCK(troupe_cluster_rates)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::want_tokens)

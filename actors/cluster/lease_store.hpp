// actors/cluster/lease_store.hpp: port: where nodes keep their leases and what each knows of the others.
#pragma once

#include "actors/cluster/membership.hpp"
#include "actors/kernel/caf.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace troupe::cluster {

/// Why the store says no; a text for people goes with it.
enum class rejection : std::uint8_t {
  name_taken = 1, // a node of that name has a lease that has not run out
  lease_lost,     // that incarnation is not the node's any more: join anew, own nothing
  shards_held,    // a node that leaves still owns shards
  not_valid,      // the text names the field
};

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}

struct target_change {
  std::uint16_t shard = 0;
  std::string target; // a node's name

  bool operator==(const target_change&) const = default;
};

inline constexpr duration default_lease{2'000};
inline constexpr duration default_renewal{500}; // between two renewals

/// A node that has left, or whose lease ran out so long ago, and that owns nothing is forgotten at somebody's join.
inline constexpr duration remembered_for{std::chrono::hours{24}};

/// One connection, blocking; called by one thread at a time. Every function fails with store_unavailable when surely
/// nothing was changed, and with commit_unknown otherwise; all of them may then be repeated, on a new connection.
/// Claims and releases of shards are not here: the journal's writer does them, in its own transactions.
class lease_store {
public:
  virtual ~lease_store() = default;

  /// Begins a lease and answers the node's new incarnation; that of `self` is not looked at. Shards of an earlier
  /// incarnation are nobody's from now on. Fails with not_valid, and with name_taken unless the lease of the node of
  /// that name has run out or its incarnation is `replaces`: the same process, which joins anew. When the answer got
  /// lost, a repetition is refused until that lease has run out.
  virtual caf::expected<std::uint64_t> join(const node_record& self, duration lease, std::uint64_t replaces = 0) = 0;

  /// Lengthens the lease to `lease` from now, also one that has run out or was ended by `expire` if nobody has joined
  /// by that name since: so no node has to begin anew after an outage of the store. What others have claimed meanwhile
  /// stays theirs. `state` is `up` or `draining`; anything else is not_valid. Fails with lease_lost.
  virtual caf::expected<view> renew(const std::string& name, std::uint64_t incarnation, node_state state,
                                    duration lease) = 0;

  /// Sets targets if the plan's version is still the one that was read. False: another planner was faster, and nothing
  /// has changed. Nothing to set is no change. Fails with not_valid for a shard that there is not.
  virtual caf::expected<bool> put_targets(std::uint64_t plan_version, std::span<const target_change> changes) = 0;

  /// Somebody saw the process die, such as by a refused connection: its lease ends now. Without effect, and no error,
  /// when that incarnation is not the node's any more.
  virtual caf::error expire(const std::string& name, std::uint64_t incarnation) = 0;

  /// The node ends: its lease is over and its state `left`. Fails with shards_held while it owns any, and with
  /// lease_lost.
  virtual caf::error leave(const std::string& name, std::uint64_t incarnation) = 0;
};

} // namespace troupe::cluster

CAF_BEGIN_TYPE_ID_BLOCK(troupe_cluster, caf::first_custom_type_id + 1600)
  CAF_ADD_TYPE_ID(troupe_cluster, (troupe::cluster::rejection))
CAF_END_TYPE_ID_BLOCK(troupe_cluster)

CAF_ERROR_CODE_ENUM(troupe::cluster::rejection)

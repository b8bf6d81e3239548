// supervisors/cluster/member.hpp: a node's part in its cluster: keeps the lease, takes and hands over shards.
#pragma once

#include "actors/cluster/desk.hpp"
#include "actors/entity/held_shards.hpp"
#include "actors/entity/journal_actor.hpp"
#include "supervisors/cluster/company.hpp"
#include "supervisors/cluster/keeper.hpp"
#include "supervisors/cluster/messages.hpp"
#include "supervisors/cluster/own_lease.hpp"
#include "supervisors/cluster/plan.hpp"

#include <caf/disposable.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cluster {

/// Hands every shard over and leaves. Answered when that is done; a member that is the only one gives its shards back.
struct drain {};

struct member_settings {
  node_record self;
  duration lease = default_lease;
  duration renewal = default_renewal;
  plan_limits limits{};
  duration apart_after{1'000};      // that the larger part of the cluster cannot be reached
  duration others_return_in{1'000}; // after an outage of the store, in which all leases have run out
  duration eviction_max{5'000};     // until a part that does not let go is not waited for any more
};

struct member_dependencies {
  keeper_actor keeper;
  journal::sharded_journal_actor journal;
  entity::held_shards held;
  std::function<boot_time()> boot_now;
  std::vector<caf::actor> parts;      // regions and all others who are told what is gained, and let go what is evicted
  std::vector<caf::actor> routers;    // told who owns what
  std::function<caf::actor()> mesh{}; // told whom to connect with
  /// Told, on the member's thread, when the node joins, by its incarnation.
  std::function<void(std::uint64_t incarnation)> joined{};
  std::function<void(const std::string& what, const std::string& detail)> told{};
};

/// Joins, renews, plans when it is its turn, and carries out what the plan wants of this node. A shard that goes is
/// first refused, then its entities end, then what they had appended is stored, and only then the store is told: the
/// next owner finds everything.
class member {
public:
  static constexpr const char* name = "member";

  member(caf::event_based_actor* self, member_settings with, member_dependencies deps);
  ~member();

  caf::behavior make_behavior();

private:
  void join_cluster();
  void renew_lease();
  void renew_soon(duration after);
  void on_renewed(boot_time asked_at, const std::shared_ptr<const view>& seen);
  void on_refused(const caf::error& why);
  void drop_what_is_others();
  void look_who_is_reached(boot_time asked_at);
  bool takes_shards() const { return state_ == node_state::up && !is_apart_; }
  void plan_for_all();
  void hand_over(const journal::shard_set& shards);
  void let_go(const journal::shard_set& shards, std::function<void()> then);
  void take(const journal::shard_set& shards);
  void make_sure_of(const journal::shard_set& shards);
  void gave_up(const journal::shard_set& shards);
  void heard(const news& x);
  void publish();
  void tell_peers(std::vector<ownership_change> changes);
  caf::result<void> on_drain();
  void try_to_leave();
  void has_left(const std::string& what, const std::string& detail);
  void drained_now();
  cluster::report make_report() const;
  caf::result<drained> on_drain_node(const request_context& who, const drain_node& x);
  bool is_alone() const;
  void say(const std::string& what, const std::string& detail) const;

  caf::event_based_actor* self_;
  member_settings with_;
  member_dependencies deps_;
  own_lease lease_;
  company company_;
  boot_time plans_from_;
  std::uint64_t incarnation_ = 0; // 0 until it has joined
  std::uint64_t replaces_ = 0;    // who this node was before it lost its lease
  node_state state_ = node_state::up;
  std::shared_ptr<const view> seen_;
  std::shared_ptr<const routing> owners_ = std::make_shared<const routing>();
  std::shared_ptr<const door_map> doors_ = std::make_shared<const door_map>();
  std::map<std::uint16_t, std::uint64_t> epochs_; // of held shards
  journal::shard_set leaving_;
  journal::shard_set taking_;
  std::vector<std::function<void()>> drainers_; // answered when nothing is held any more
  bool renewing_ = false;
  bool again_ = false;      // renew at once when the renewal under way has ended
  bool is_leaving_ = false; // the store has been asked to forget this node
  bool has_left_ = false;
  bool is_apart_ = false; // from the larger part of the cluster
  bool stays_ = false;    // without shards, as an operator wants it
  std::string trouble_;
  caf::disposable timer_;
};

using member_impl = caf::stateful_actor<member>;

} // namespace troupe::cluster

CAF_BEGIN_TYPE_ID_BLOCK(troupe_cluster_member, caf::first_custom_type_id + 1660)
  CAF_ADD_TYPE_ID(troupe_cluster_member, (troupe::cluster::drain))
CAF_END_TYPE_ID_BLOCK(troupe_cluster_member)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::drain)

// adapters/simulated_store/simulated_leases.hpp: the leases of a cluster in memory, by a clock that is passed in.
#pragma once

#include "actors/cluster/lease_store.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::simulated {

enum class lease_call : std::uint8_t { join = 1, renew, put_targets, expire, leave, claim, release };

/// What becomes of one call.
enum class lease_fate : std::uint8_t {
  answered, // as a healthy store does it
  refused,  // store_unavailable: nothing has happened
  unheard,  // commit_unknown: it has happened, and the answer is lost
};

/// Decides how the store behaves towards each node; the default is a healthy store. A slow one passes time in here, on
/// the way there or back.
class lease_faults {
public:
  virtual ~lease_faults() = default;

  /// `user` is what the connection was made with.
  virtual lease_fate on_call(lease_call, const std::string& user) {
    static_cast<void>(user);
    return lease_fate::answered;
  }

  /// What was asked has happened.
  virtual void on_answer(lease_call, const std::string& user) { static_cast<void>(user); }
};

/// A shard that was claimed, and the epoch that fences its earlier owners.
struct granted_shard {
  std::uint16_t shard = 0;
  std::uint64_t epoch = 0;

  bool operator==(const granted_shard&) const = default;
};

/// What all nodes share. Not for several threads at once.
class lease_table {
public:
  /// `now` is the store's clock, the only one that ends a lease.
  explicit lease_table(clock_fn now);

  /// Replaces the faults; nullptr for a healthy store.
  void set_faults(std::shared_ptr<lease_faults> x);

  /// As a renewal would answer it, without renewing anything.
  cluster::view look() const;

  std::uint64_t claims() const { return claims_; } // granted

private:
  friend class lease_connection;

  struct node {
    cluster::node_record record;
    time_point until;
  };

  bool has_lease(const node& x) const { return now_() < x.until; }
  node* find(const std::string& name, std::uint64_t incarnation);
  bool is_served(const cluster::shard_record& x) const;
  bool owns_any(const node& x) const;
  void forget();

  clock_fn now_;
  std::shared_ptr<lease_faults> faults_;
  std::map<std::string, node> nodes_;
  std::vector<cluster::shard_record> shards_;
  std::uint64_t incarnations_ = 0;
  std::uint64_t plan_version_ = 0;
  std::uint64_t claims_ = 0;
};

/// A connection, and beside the port what the journal's writer does with shards.
class lease_connection : public cluster::lease_store {
public:
  /// `user` says to the faults who calls, such as a node's name.
  lease_connection(std::shared_ptr<lease_table> table, std::string user);

  caf::expected<std::uint64_t> join(const cluster::node_record& self, duration lease,
                                    std::uint64_t replaces = 0) override;
  caf::expected<cluster::view> renew(const std::string& name, std::uint64_t incarnation, cluster::node_state state,
                                     duration lease) override;
  caf::expected<bool> put_targets(std::uint64_t plan_version, std::span<const cluster::target_change> changes) override;
  caf::error expire(const std::string& name, std::uint64_t incarnation) override;
  caf::error leave(const std::string& name, std::uint64_t incarnation) override;

  /// Takes those of `shards` whose target is the node and that nobody serves, or that are its own already, each with a
  /// higher epoch; the others are left out. May be repeated. Fails with lease_lost, also when the lease has run out.
  caf::expected<std::vector<granted_shard>> claim(const std::string& name, std::uint64_t incarnation,
                                                  std::span<const std::uint16_t> shards);

  /// Takes every shard for a node that is alone, from whoever has it.
  caf::expected<std::vector<granted_shard>> take_all(const std::string& name);

  /// Gives those of `shards` back that this incarnation owns. May be repeated.
  caf::error release(const std::string& name, std::uint64_t incarnation, std::span<const std::uint16_t> shards);

private:
  template <class Result, class Work> Result call(lease_call what, Work work);

  std::shared_ptr<lease_table> table_;
  std::string user_;
};

} // namespace troupe::simulated

#include "adapters/simulated_store/simulated_leases.hpp"
#include "supervisors/cluster/duties.hpp"
#include "supervisors/cluster/own_lease.hpp"
#include "supervisors/cluster/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <set>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;
using simulated::lease_call;
using simulated::lease_connection;
using simulated::lease_fate;
using simulated::lease_table;

/// Time as the store has it, and chance.
struct surroundings {
  std::mt19937_64 random;
  time_point now{1h};
  int trouble = 0;               // of calls that fail, in percent
  std::set<std::string> cut_off; // from the store

  bool chance(int percent) { return below(100) < percent; }
  int below(int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); }
};

/// A store that is slow, and often out of reach.
class weather : public simulated::lease_faults {
public:
  explicit weather(surroundings& around) : around_(around) {}

  lease_fate on_call(lease_call, const std::string& user) override {
    pass_time();
    if (around_.cut_off.contains(user) || around_.chance(around_.trouble))
      return lease_fate::refused;
    return around_.chance(around_.trouble) ? lease_fate::unheard : lease_fate::answered;
  }
  void on_answer(lease_call, const std::string&) override { pass_time(); }

private:
  void pass_time() {
    if (around_.trouble > 0)
      around_.now += duration{around_.below(around_.chance(5) ? 900 : 30)};
  }

  surroundings& around_;
};

/// What a node does at each renewal, on a clock of its own that runs up to 4 % too fast or too slow.
class Node {
public:
  Node(surroundings& around, std::shared_ptr<lease_table> table, std::string name)
    : around_(around), store_(std::move(table), name), rate_(0.96 + around.below(81) / 1000.0) {
    self_.name = std::move(name);
    self_.roles.worker = true;
  }

  const std::string& name() const { return self_.name; }

  void live() {
    if (incarnation_ == 0 && !join())
      return;
    const auto sent_at = clock();
    const auto seen = store_.renew(self_.name, incarnation_, self_.state, default_lease);
    if (!seen) {
      if (seen.error() == rejection::lease_lost) {
        lease_.lost();
        held_.reset();
        incarnation_ = 0;
      }
      return;
    }
    for (std::uint16_t shard = 0; shard < shard_count; ++shard)
      if (seen->shards[shard].owner != self_.name || seen->shards[shard].incarnation != incarnation_)
        held_.reset(shard);
    lease_.renewed(sent_at, default_lease);
    if (planner_of(*seen)->name == self_.name)
      store_.put_targets(seen->plan_version, plan(*seen, {}));
    const auto given = to_release(*seen, self_.name, incarnation_);
    for (const auto shard : given)
      held_.reset(shard);
    if (!given.empty())
      static_cast<void>(store_.release(self_.name, incarnation_, given)); // The next view says what became of it.
    const auto wanted = to_claim(*seen, self_.name, incarnation_, held_);
    if (wanted.empty())
      return;
    if (const auto granted = store_.claim(self_.name, incarnation_, wanted))
      for (const auto& x : *granted)
        held_.set(x.shard);
  }

  /// The process is killed; another of that name starts, and has to wait for the lease.
  void crash() {
    held_.reset();
    lease_.lost();
    incarnation_ = 0;
    before_ = 0;
  }

  void drain() { self_.state = node_state::draining; }
  bool is_draining() const { return self_.state == node_state::draining; }

  /// Shards whose reads it answers.
  shard_set serves() const { return lease_.holds(clock()) ? held_ : shard_set{}; }

private:
  bool join() {
    self_.state = node_state::up;
    const auto answer = store_.join(self_, default_lease, before_);
    if (!answer)
      return false;
    incarnation_ = before_ = *answer;
    return true;
  }

  boot_time clock() const {
    return boot_time{duration{std::llround(rate_ * static_cast<double>(around_.now.time_since_epoch().count()))}};
  }

  surroundings& around_;
  lease_connection store_;
  double rate_;
  node_record self_;
  std::uint64_t incarnation_ = 0;
  std::uint64_t before_ = 0; // to be replaced
  own_lease lease_;
  shard_set held_;
};

class ClusterLife : public ::testing::TestWithParam<std::uint64_t> {
protected:
  ClusterLife() {
    around.random.seed(GetParam());
    table->set_faults(std::make_shared<weather>(around));
    for (int i = 0; i < 5; ++i)
      nodes.push_back(std::make_unique<Node>(around, table, "n" + std::to_string(i)));
  }

  /// Every node renews once, in any order, and nobody ever serves what another one serves.
  void round() {
    std::shuffle(nodes.begin(), nodes.end(), around.random);
    for (auto& x : nodes) {
      if (!around.chance(around.trouble)) // Else it is suspended for that long.
        x->live();
      expect_one_owner();
      around.now += 100ms;
      expect_one_owner();
    }
  }

  void expect_one_owner() {
    shard_set all;
    for (const auto& x : nodes) {
      const auto own = x->serves();
      ASSERT_TRUE((all & own).none()) << x->name() << " serves what another serves, seed " << GetParam();
      all |= own;
    }
  }

  surroundings around;
  std::shared_ptr<lease_table> table = std::make_shared<lease_table>([this] { return around.now; });
  std::vector<std::unique_ptr<Node>> nodes;
};

TEST_P(ClusterLife, NeverHasTwoNodesServeOneShardAndRecovers) {
  for (int change = 0; change < 30 && !HasFatalFailure(); ++change) {
    around.trouble = around.below(3) * 10;
    auto& some = *nodes[static_cast<std::size_t>(around.below(5))];
    switch (around.below(6)) {
      case 0: some.crash(); break;
      case 1: some.drain(); break;
      case 2: around.cut_off.insert(some.name()); break;
      case 3: around.now += 10s; break; // The store is away.
      default: around.cut_off.clear();
    }
    for (int i = around.below(12); i >= 0 && !HasFatalFailure(); --i)
      round();
  }
  around.trouble = 0;
  around.cut_off.clear();
  for (auto& x : nodes)
    if (x->is_draining())
      x->crash(); // It stays so until it starts anew.
  for (int i = 0; i < 120 && !HasFatalFailure(); ++i)
    round();
  std::size_t served = 0;
  for (const auto& x : nodes) {
    const auto own = x->serves().count();
    EXPECT_TRUE(own == 204 || own == 205) << x->name() << ' ' << own;
    served += own;
  }
  EXPECT_EQ(served, shard_count);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClusterLife, ::testing::Range(std::uint64_t{1}, std::uint64_t{31}));

} // namespace
} // namespace troupe::cluster

#include "supervisors/cluster/plan.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

namespace troupe::cluster {

namespace {

constexpr std::size_t nobody = static_cast<std::size_t>(-1);

struct member {
  const node_record* node = nullptr;
  bool may_own = false;
  std::vector<std::uint16_t> owned{};
  std::uint32_t expected = 0; // shards that stand there, or are on their way there
  std::uint32_t share = 0;
  std::uint32_t room = 0;                 // of its share
  std::uint32_t under_way = 0;            // from here
  std::vector<std::uint16_t> to_go{};     // served here, to be moved, first things first
  std::vector<std::uint16_t> yet_to_go{}; // of these, those without a target that still serves
};

/// Live nodes in the order in which they joined.
std::vector<member> members_of(const view& x) {
  const auto* planner = planner_of(x);
  const auto speaks = [&](const node_record& node) {
    const auto [low, high] = std::minmax(node.protocol, planner->protocol);
    return high - low <= 1;
  };
  std::vector<member> result;
  for (const auto& node : x.nodes)
    if (is_live(node))
      result.push_back({&node, planner && node.roles.worker && node.state == node_state::up && speaks(node)});
  std::sort(result.begin(), result.end(), [](const member& a, const member& b) {
    return std::tie(a.node->incarnation, a.node->name) < std::tie(b.node->incarnation, b.node->name);
  });
  return result;
}

class planning {
public:
  planning(const view& x, const plan_limits& limits)
    : view_(x), limits_(limits), members_(members_of(x)), owner_(shard_count, nobody), target_(shard_count, nobody),
      decided_(shard_count, nobody) {
    std::map<std::string_view, std::size_t> by_name;
    for (std::size_t i = 0; i < members_.size(); ++i)
      by_name.emplace(members_[i].node->name, i);
    const auto find = [&](const std::string& name) {
      const auto found = by_name.find(name);
      return found == by_name.end() ? nobody : found->second;
    };
    for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
      const auto& record = x.shards[shard];
      if (const auto i = find(record.owner); i != nobody && members_[i].node->incarnation == record.incarnation) {
        owner_[shard] = i;
        members_[i].owned.push_back(shard);
      }
      if (const auto i = find(record.target); i != nobody && members_[i].may_own)
        target_[shard] = i;
      if (const auto i = target_[shard] != nobody ? target_[shard] : owner_[shard]; i != nobody)
        ++members_[i].expected;
    }
  }

  std::vector<target_change> run() {
    if (std::none_of(members_.begin(), members_.end(), [](const member& x) { return x.may_own; }))
      return {};
    set_shares();
    keep_what_fits();
    go_on_with_what_is_under_way();
    give_away_what_nobody_serves();
    begin_moves();
    return changes();
  }

private:
  void set_shares() {
    std::uint64_t weights = 0;
    for (const auto& x : members_)
      weights += x.may_own ? x.node->weight : 0;
    const auto rest_of = [&](const member& x) { return std::uint64_t{shard_count} * x.node->weight % weights; };
    std::vector<member*> uneven;
    std::uint32_t left = shard_count;
    for (auto& x : members_) {
      if (!x.may_own)
        continue;
      x.share = static_cast<std::uint32_t>(std::uint64_t{shard_count} * x.node->weight / weights);
      left -= x.share;
      if (rest_of(x) > 0)
        uneven.push_back(&x);
    }
    // Who has one shard more than its share rounded down had better keep it: each such shard is a move less.
    std::stable_sort(uneven.begin(), uneven.end(), [&](const member* a, const member* b) {
      const auto rank = [&](const member* x) {
        return std::tuple{x->owned.size() > x->share, x->expected > x->share, rest_of(*x)};
      };
      return rank(a) > rank(b);
    });
    for (std::uint32_t i = 0; i < left; ++i)
      ++uneven[i]->share;
  }

  void keep_what_fits() {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      auto& x = members_[i];
      const auto surplus = x.owned.size() - std::min<std::size_t>(x.owned.size(), x.share);
      x.to_go = x.owned;
      std::stable_sort(x.to_go.begin(), x.to_go.end(), [&](std::uint16_t a, std::uint16_t b) {
        const auto rank = [&](std::uint16_t shard) { return std::pair{is_under_way(shard), shard}; };
        return rank(a) > rank(b);
      });
      for (auto k = surplus; k < x.to_go.size(); ++k)
        decided_[x.to_go[k]] = i;
      x.to_go.resize(surplus);
      x.room = x.share - static_cast<std::uint32_t>(x.owned.size() - surplus);
    }
  }

  void go_on_with_what_is_under_way() {
    for (auto& x : members_)
      for (const auto shard : x.to_go) {
        if (is_under_way(shard) && members_[target_[shard]].room > 0) {
          assign(shard, target_[shard]);
          ++x.under_way;
          ++under_way_;
        } else {
          x.yet_to_go.push_back(shard);
        }
      }
  }

  void give_away_what_nobody_serves() {
    for (const bool again : {false, true})
      for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
        if (owner_[shard] != nobody || decided_[shard] != nobody)
          continue;
        under_way_ += again ? 0 : 1; // Nobody serves it until it has arrived: the others wait so long.
        if (again)
          assign(shard, roomiest());
        else if (target_[shard] != nobody && members_[target_[shard]].room > 0)
          assign(shard, target_[shard]);
      }
  }

  void begin_moves() {
    std::vector<member*> sources;
    for (auto& x : members_)
      if (!x.to_go.empty())
        sources.push_back(&x);
    std::stable_partition(sources.begin(), sources.end(), [](const member* x) { return !x->may_own; });
    const auto count = static_cast<std::uint32_t>(sources.size());
    for (bool any = true; any;) {
      any = false;
      for (auto* x : sources) {
        const auto part = limits_.moves_at_once / count + (limits_.moves_at_once % count != 0);
        const auto most = std::min(part, static_cast<std::uint32_t>(x->owned.size() + 1) / 2);
        if (x->yet_to_go.empty() || x->under_way >= most || under_way_ >= limits_.moves_at_once)
          continue;
        assign(x->yet_to_go.front(), roomiest());
        x->yet_to_go.erase(x->yet_to_go.begin());
        ++x->under_way;
        ++under_way_;
        any = true;
      }
    }
    for (const auto* x : sources)
      for (const auto shard : x->yet_to_go)
        decided_[shard] = owner_[shard]; // For now.
  }

  std::vector<target_change> changes() const {
    std::vector<target_change> result;
    for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
      const auto& wanted = members_[decided_[shard]].node->name;
      const auto& record = view_.shards[shard];
      const bool stays = record.target.empty() && owner_[shard] == decided_[shard];
      if (!stays && record.target != wanted)
        result.push_back({shard, wanted});
    }
    return result;
  }

  bool is_under_way(std::uint16_t shard) const { return target_[shard] != nobody && target_[shard] != owner_[shard]; }

  void assign(std::uint16_t shard, std::size_t i) {
    decided_[shard] = i;
    --members_[i].room;
  }

  /// There is room for every shard that has no place yet, because shares add up to all shards.
  std::size_t roomiest() const {
    const auto found = std::max_element(members_.begin(), members_.end(),
                                        [](const member& a, const member& b) { return a.room < b.room; });
    return static_cast<std::size_t>(found - members_.begin());
  }

  const view& view_;
  const plan_limits& limits_;
  std::vector<member> members_;
  std::vector<std::size_t> owner_;   // by shard: the live node that serves it
  std::vector<std::size_t> target_;  // by shard: a node that may own it
  std::vector<std::size_t> decided_; // by shard
  std::uint32_t under_way_ = 0;
};

} // namespace

std::vector<target_change> plan(const view& x, const plan_limits& limits) {
  return planning{x, limits}.run();
}

} // namespace troupe::cluster

// What every store of leases promises. To add one, write its `lease_world` and add its line to `kinds`.
#include "adapters/postgres/leases.hpp"
#include "adapters/postgres/store.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "tests/support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

namespace troupe::cluster {

namespace {

using namespace std::chrono_literals;

constexpr auto up = node_state::up;
constexpr duration lease = 1min; // Long, so that a real store may take its time.

/// A new store, and what it has besides the port.
class lease_world {
public:
  virtual ~lease_world() = default;

  virtual lease_store& store() = 0;

  /// Passes time by the store's clock; a real store ends leases so much earlier.
  virtual void advance(duration x) = 0;

  /// What the journal's writer does: takes those of `shards` that are the node's own, or meant for it and not served.
  /// Answers the epochs of those that it got.
  virtual caf::expected<std::map<std::uint16_t, std::uint64_t>>
  claim(const std::string& name, std::uint64_t incarnation, const std::vector<std::uint16_t>& shards) = 0;
  virtual caf::error release(const std::string& name, std::uint64_t incarnation,
                             const std::vector<std::uint16_t>& shards) = 0;
};

/// Claims go the writer's way, as those of a node do.
class writers_world : public lease_world {
public:
  caf::expected<std::map<std::uint16_t, std::uint64_t>> claim(const std::string& name, std::uint64_t incarnation,
                                                              const std::vector<std::uint16_t>& shards) override {
    const auto granted = writer_->acquire({{"order", "stock"}, name, incarnation, set_of(shards)});
    if (!granted)
      return granted.error();
    std::map<std::uint16_t, std::uint64_t> result;
    for (const auto& x : *granted)
      if (x.context == "order")
        result.emplace(x.shard, x.epoch);
    return result;
  }

  caf::error release(const std::string& name, std::uint64_t incarnation,
                     const std::vector<std::uint16_t>& shards) override {
    const auto done = writer_->release(name, incarnation, set_of(shards));
    return done ? caf::error{} : done.error();
  }

protected:
  std::unique_ptr<journal::store_writer> writer_;

private:
  static journal::shard_set set_of(const std::vector<std::uint16_t>& shards) {
    journal::shard_set result;
    for (const auto x : shards)
      result.set(x);
    return result;
  }
};

class simulated_world : public writers_world {
public:
  simulated_world() {
    const auto disk = std::make_shared<simulated::disk>();
    disk->set_leases(table_);
    writer_ = std::move(*simulated::make_store(disk)->open_writer());
  }

  lease_store& store() override { return store_; }
  void advance(duration x) override { now_ += x; }

private:
  time_point now_{1h};
  std::shared_ptr<simulated::lease_table> table_ = std::make_shared<simulated::lease_table>([this] { return now_; });
  simulated::lease_connection store_{table_, "test"};
};

class postgres_world : public writers_world {
public:
  postgres_world() {
    config_.url = server_.new_database();
    database_ = config_.url.substr(0, config_.url.find('?'));
    database_ = database_.substr(database_.rfind('/') + 1);
    writer_ = std::move(*postgres::make_store(config_)->open_writer());
    store_ = std::move(*postgres::open_leases(config_, 30s)); // A loaded machine is no outage.
  }

  lease_store& store() override { return *store_; }

  void advance(duration x) override {
    server_.run(database_, "UPDATE troupe.nodes SET lease_until = lease_until - interval '1 millisecond' * "
                             + std::to_string(x.count()));
  }

private:
  test::postgres_server& server_ = test::postgres_server::shared();
  postgres::options config_;
  std::string database_;
  std::unique_ptr<lease_store> store_;
};

struct lease_store_kind {
  std::string name;
  std::function<std::unique_ptr<lease_world>()> make;
};

const std::vector<lease_store_kind> kinds{
  {"simulated", [] { return std::make_unique<simulated_world>(); }},
  {"postgres", [] { return std::make_unique<postgres_world>(); }},
};

class LeaseStoreContract : public ::testing::TestWithParam<lease_store_kind> {
protected:
  using epochs = std::map<std::uint16_t, std::uint64_t>;

  static node_record worker(std::string name) {
    node_record x;
    x.name = std::move(name);
    x.roles.worker = true;
    return x;
  }

  std::uint64_t join(const std::string& name) { return *store.join(worker(name), lease); }

  /// What the store says, to a gateway that joins for this.
  view look() {
    auto observer = worker("observer");
    observer.roles = {true, false};
    observer_ = *store.join(observer, lease, observer_);
    auto result = *store.renew("observer", observer_, up, lease);
    std::erase_if(result.nodes, [](const auto& x) { return x.name == "observer"; });
    return result;
  }

  /// Nothing when the store has no such node.
  std::optional<node_record> node(const std::string& name) {
    const auto seen = look();
    const auto* found = find_node(seen, name);
    return found ? std::optional{*found} : std::nullopt;
  }

  bool is_live_now(const std::string& name) {
    const auto x = node(name);
    return x && is_live(*x);
  }

  std::string owner_of(std::uint16_t shard) {
    const auto seen = look();
    const auto* found = live_owner(seen, shard);
    return found ? found->name : "";
  }

  bool aim(const std::vector<target_change>& targets) { return *store.put_targets(look().plan_version, targets); }

  /// What a refusal says to people.
  static std::string text_of(const caf::error& x) {
    return x.context().match_elements<std::string>() ? x.context().get_as<std::string>(0) : "";
  }

  /// Makes `name` the owner of shards 0 to count - 1.
  void give(const std::string& name, std::uint64_t incarnation, std::uint16_t count) {
    std::vector<target_change> targets;
    std::vector<std::uint16_t> shards;
    for (std::uint16_t shard = 0; shard < count; ++shard) {
      targets.push_back({shard, name});
      shards.push_back(shard);
    }
    ASSERT_TRUE(aim(targets));
    ASSERT_EQ(world->claim(name, incarnation, shards)->size(), count);
  }

  std::unique_ptr<lease_world> world = GetParam().make();
  lease_store& store = world->store();

private:
  std::uint64_t observer_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Stores, LeaseStoreContract, ::testing::ValuesIn(kinds),
                         [](const auto& x) { return x.param.name; });

TEST_P(LeaseStoreContract, GivesANodeBackAsItJoined) {
  auto x = worker("node-1.shop");
  x.address = "10.0.0.1:9400";
  x.roles = {true, true};
  x.labels = {{"zone", "a"}, {"it's", "\"q\\uoted\" \u00fc"}};
  x.weight = 250;
  x.version = "1.2.3+abc";
  x.protocol = 4;
  x.incarnation = *store.join(x, lease);
  auto seen = node("node-1.shop");
  ASSERT_TRUE(seen);
  EXPECT_GT(seen->lease_left, lease - 10s);
  EXPECT_LE(seen->lease_left, lease);
  seen->lease_left = x.lease_left;
  EXPECT_EQ(*seen, x);
}

TEST_P(LeaseStoreContract, HasNoOwnersAndTargetsAtFirst) {
  const auto seen = look();
  ASSERT_EQ(seen.shards.size(), shard_count);
  for (const auto& x : seen.shards)
    EXPECT_EQ(x, shard_record{});
}

TEST_P(LeaseStoreContract, GivesEachJoinAHigherIncarnation) {
  const auto a = join("a");
  const auto b = join("b");
  EXPECT_GT(b, a);
  world->advance(lease);
  EXPECT_GT(join("a"), b);
}

TEST_P(LeaseStoreContract, RefusesANameWhoseLeaseHasNotRunOut) {
  const auto first = join("a");
  world->advance(lease - 10s);
  EXPECT_EQ(store.join(worker("a"), lease).error(), rejection::name_taken);
  EXPECT_EQ(store.join(worker("a"), lease, first + 7).error(), rejection::name_taken);
  EXPECT_EQ(node("a")->incarnation, first);
  EXPECT_TRUE(store.join(worker("a"), lease, first));
}

TEST_P(LeaseStoreContract, RefusesANodeThatIsNotValid) {
  EXPECT_EQ(store.join(worker("no blanks"), lease).error(), rejection::not_valid);
  EXPECT_TRUE(look().nodes.empty());
}

TEST_P(LeaseStoreContract, SaysWhatIsWrongWithARefusal) {
  const auto a = join("a");
  give("a", a, 1);
  EXPECT_EQ(text_of(store.join(worker("a"), lease).error()),
            "another process has joined as a, and its lease has not run out");
  const std::string lost = "incarnation 99 is not that of a any more";
  EXPECT_EQ(text_of(store.renew("a", 99, up, lease).error()), lost);
  EXPECT_EQ(text_of(world->claim("a", 99, {0}).error()), lost);
  EXPECT_EQ(text_of(store.leave("a", 99)), lost);
  EXPECT_EQ(text_of(store.leave("a", a)), "a owns shards, which it must release first");
  EXPECT_EQ(text_of(store.put_targets(look().plan_version, std::vector<target_change>{{shard_count, "a"}}).error()),
            "shard: there is no 1024");
}

TEST_P(LeaseStoreContract, KeepsALeaseThatIsRenewed) {
  const auto a = join("a");
  world->advance(lease / 2);
  const auto seen = store.renew("a", a, node_state::draining, lease);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->nodes.front().state, node_state::draining);
  EXPECT_GT(seen->nodes.front().lease_left, lease - 10s);
  world->advance(lease - 10s);
  EXPECT_TRUE(is_live_now("a"));
  EXPECT_EQ(store.renew("a", a, node_state::left, lease).error(), rejection::not_valid);
}

TEST_P(LeaseStoreContract, RevivesALeaseThatRanOutWhileNobodyTookTheName) {
  const auto a = join("a");
  const auto b = join("b");
  give("a", a, 2);
  world->advance(10min);
  EXPECT_FALSE(is_live_now("a"));
  ASSERT_TRUE(store.renew("b", b, up, lease));
  ASSERT_TRUE(aim({{0, "b"}}));
  EXPECT_EQ(world->claim("b", b, {0})->size(), 1u);
  ASSERT_TRUE(store.renew("a", a, up, lease));
  EXPECT_EQ(owner_of(0), "b");
  EXPECT_EQ(owner_of(1), "a");
}

TEST_P(LeaseStoreContract, RefusesAnIncarnationOfBefore) {
  const auto first = join("a");
  give("a", first, 1);
  const auto second = store.join(worker("a"), lease, first);
  ASSERT_TRUE(second);
  EXPECT_EQ(store.renew("a", first, up, lease).error(), rejection::lease_lost);
  EXPECT_EQ(world->claim("a", first, {0}).error(), rejection::lease_lost);
  EXPECT_EQ(store.leave("a", first), rejection::lease_lost);
  EXPECT_EQ(owner_of(0), "");
  EXPECT_EQ(*world->claim("a", *second, {0}), (epochs{{0, 2}}));
  EXPECT_EQ(store.renew("nobody", 1, up, lease).error(), rejection::lease_lost);
}

TEST_P(LeaseStoreContract, TakesTargetsOfTheLatestPlanOnly) {
  const auto read = look().plan_version;
  EXPECT_EQ(*store.put_targets(read, std::vector<target_change>{{7, "a"}}), true);
  EXPECT_EQ(*store.put_targets(read, std::vector<target_change>{{7, "b"}, {8, "b"}}), false);
  const auto seen = look();
  EXPECT_GT(seen.plan_version, read);
  EXPECT_EQ(seen.shards[7].target, "a");
  EXPECT_EQ(seen.shards[8].target, "");
  EXPECT_EQ(store.put_targets(seen.plan_version, std::vector<target_change>{{8, "b"}, {shard_count, "b"}}).error(),
            rejection::not_valid);
  EXPECT_EQ(*store.put_targets(seen.plan_version, {}), true);
  EXPECT_EQ(look().plan_version, seen.plan_version);
  EXPECT_EQ(look().shards[8].target, "");
}

TEST_P(LeaseStoreContract, GrantsOnlyWhatNobodyServesAndIsMeantForTheOneWhoAsks) {
  const auto a = join("a");
  const auto b = join("b");
  give("a", a, 3);
  ASSERT_TRUE(aim({{0, "b"}, {1, "b"}, {4, "b"}}));
  EXPECT_EQ(*world->claim("b", b, {0, 1, 2, 3, 4}), (epochs{{4, 1}}));
  EXPECT_FALSE(world->release("a", a, {0}));
  EXPECT_EQ(*world->claim("b", b, {0, 1}), (epochs{{0, 2}}));
  EXPECT_EQ(*world->claim("a", a, {0}), epochs{});
}

TEST_P(LeaseStoreContract, GrantsAgainWhatWasGrantedWithoutBeingHeard) {
  const auto a = join("a");
  give("a", a, 1);
  EXPECT_EQ(*world->claim("a", a, {0}), (epochs{{0, 2}}));
}

TEST_P(LeaseStoreContract, GrantsNothingToANodeWhoseLeaseHasRunOut) {
  const auto a = join("a");
  ASSERT_TRUE(aim({{0, "a"}}));
  world->advance(lease);
  EXPECT_EQ(world->claim("a", a, {0}).error(), rejection::lease_lost);
  EXPECT_EQ(look().shards[0].epoch, 0u);
}

TEST_P(LeaseStoreContract, EndsTheLeaseOfAnIncarnationThatDied) {
  const auto a = join("a");
  const auto b = join("b");
  give("a", a, 1);
  EXPECT_FALSE(store.expire("a", a + 100));
  EXPECT_FALSE(store.expire("nobody", 1));
  EXPECT_TRUE(is_live_now("a"));
  EXPECT_FALSE(store.expire("a", a));
  EXPECT_FALSE(store.expire("a", a));
  EXPECT_FALSE(is_live_now("a"));
  EXPECT_TRUE(is_live_now("b"));
  ASSERT_TRUE(aim({{0, "b"}}));
  EXPECT_EQ(*world->claim("b", b, {0}), (epochs{{0, 2}}));
  EXPECT_TRUE(store.join(worker("a"), lease));
}

TEST_P(LeaseStoreContract, LetsANodeLeaveThatOwnsNothing) {
  const auto a = join("a");
  give("a", a, 1);
  EXPECT_EQ(store.leave("a", a), rejection::shards_held);
  EXPECT_TRUE(is_live_now("a"));
  EXPECT_FALSE(world->release("a", a, {0, 1}));
  EXPECT_FALSE(store.leave("a", a));
  EXPECT_FALSE(store.leave("a", a));
  EXPECT_EQ(node("a")->state, node_state::left);
  EXPECT_LE(node("a")->lease_left, 0ms);
  EXPECT_EQ(store.renew("a", a, up, lease).error(), rejection::lease_lost);
  EXPECT_TRUE(store.join(worker("a"), lease));
  EXPECT_EQ(node("a")->state, up);
}

TEST_P(LeaseStoreContract, ForgetsNodesLongGoneAtAJoin) {
  const auto a = join("a");
  join("b");
  give("a", a, 1);
  world->advance(lease + remembered_for - 10s);
  EXPECT_TRUE(node("b"));
  world->advance(10s + 1ms);
  EXPECT_TRUE(node("a")); // It is written on a shard.
  EXPECT_FALSE(node("b"));
}

} // namespace

} // namespace troupe::cluster

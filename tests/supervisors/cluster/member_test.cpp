// A node's part in its cluster, over the simulated store of leases: what it takes, hands over, loses and leaves.
#include "supervisors/cluster/member.hpp"

#include "actors/entity/context.hpp"
#include "adapters/simulated_store/simulated_leases.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;
using simulated::lease_call;
using simulated::lease_connection;
using simulated::lease_fate;
using simulated::lease_table;

struct weather : simulated::lease_faults {
  lease_fate on_call(lease_call what, const std::string& user) override {
    ++calls[what];
    if (user != "self")
      return lease_fate::answered;
    if (out || refused.contains(what))
      return lease_fate::refused;
    return unheard.contains(what) ? lease_fate::unheard : lease_fate::answered;
  }

  bool out = false; // the store, for this node
  std::set<lease_call> refused;
  std::set<lease_call> unheard;
  std::map<lease_call, int> calls;
};

/// What the member has done to the parts of its node, in order.
struct record {
  std::vector<std::string> steps;
  journal::shard_set gained;
  std::shared_ptr<const routing> owners;
  std::size_t expected_peers = 0;
  bool holds_evictions = false;
  std::vector<caf::typed_response_promise<void>> evictions;
};

class Member : public test::deterministic_system {
protected:
  void SetUp() override {
    table->set_faults(sky);
    keeper = sys.spawn(make_keeper, [table = table]() -> caf::expected<std::unique_ptr<lease_store>> {
      return std::make_unique<lease_connection>(table, "self");
    });
    journal_ = sys.spawn([this](caf::event_based_actor*) { return journal_behavior(); });
    part = sys.spawn([this](caf::event_based_actor* me) { return part_behavior(me); });
    router = sys.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const updated& x) { seen.owners = x.owners; }};
    });
    mesh_ = sys.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const expected_peers& x) { seen.expected_peers = x.nodes.size(); }};
    });
  }

  void TearDown() override {
    seen.evictions.clear();
    for (auto* x : {&subject, &journal_, &part, &router, &mesh_}) {
      self->send_exit(*x, caf::exit_reason::kill);
      *x = nullptr;
    }
    self->send_exit(keeper, caf::exit_reason::kill);
    keeper = nullptr;
    deterministic_system::TearDown();
  }

  static node_record node(const std::string& name) {
    node_record x;
    x.name = name;
    x.address = "127.0.0.1:1";
    x.roles = {true, true};
    return x;
  }

  void start() {
    member_settings with;
    with.self = node("self");
    member_dependencies deps;
    deps.keeper = keeper;
    deps.journal = caf::actor_cast<journal::sharded_journal_actor>(journal_);
    deps.held = held;
    deps.boot_now = [this] { return boot_now(); };
    deps.parts = {part};
    deps.routers = {router};
    deps.mesh = [this] { return mesh_; };
    deps.told = [this](const std::string& what, const std::string&) { seen.steps.push_back(what); };
    subject = sys.spawn<member_impl>(with, std::move(deps));
    run();
  }

  caf::behavior journal_behavior() {
    return {
      [this](const journal::take_shards& x) -> caf::result<journal::taken_shards> {
        if (std::exchange(taker, x.incarnation) != x.incarnation)
          owned.clear();
        std::vector<std::uint16_t> wanted;
        for (const auto shard : numbers(x.shards))
          if (!owned.contains(shard)) // What it serves already keeps its epoch.
            wanted.push_back(shard);
        if (!wanted.empty()) {
          const auto granted = own.claim("self", x.incarnation, wanted);
          if (!granted)
            return granted.error();
          for (const auto& one : *granted)
            owned[one.shard] = one.epoch;
        }
        journal::taken_shards taken;
        for (const auto shard : numbers(x.shards))
          if (const auto found = owned.find(shard); found != owned.end())
            taken.epochs.insert(*found);
        return taken;
      },
      [this](const journal::give_up_shards& x) -> caf::result<void> {
        seen.steps.push_back("given up");
        for (const auto shard : numbers(x.shards))
          owned.erase(shard);
        if (auto failed = own.release("self", taker, numbers(x.shards)))
          return failed;
        return caf::unit;
      },
    };
  }

  caf::behavior part_behavior(caf::event_based_actor* me) {
    return {
      [this](const entity::gained& x) { seen.gained |= x.shards; },
      [this, me](const entity::evict& x) -> caf::result<void> {
        EXPECT_TRUE((held.all() & x.shards).none()) << "nobody may be answered for what is leaving";
        seen.steps.push_back("evicted");
        if (!seen.holds_evictions)
          return caf::unit;
        seen.evictions.push_back(me->make_response_promise<void>());
        return seen.evictions.back();
      },
    };
  }

  void release_evictions() {
    seen.holds_evictions = false;
    caf::anon_send(part, caf::make_action([this] {
                     for (auto& x : std::exchange(seen.evictions, {}))
                       x.deliver();
                   }));
    run();
  }

  static std::vector<std::uint16_t> numbers(const journal::shard_set& x) {
    std::vector<std::uint16_t> result;
    for (std::uint16_t shard = 0; shard < shard_count; ++shard)
      if (x.test(shard))
        result.push_back(shard);
    return result;
  }

  boot_time boot_now() const {
    return boot_time{std::chrono::duration_cast<duration>(now().time_since_epoch()) + suspended};
  }

  void pass(duration x) {
    for (duration done{0}; done < x; done += 50ms)
      advance(50ms);
  }

  /// Another node, which does what it is told by the test.
  std::uint64_t other_joins() { return other_incarnation = *other.join(node("other"), lease); }

  /// Otherwise the node finds itself cut off from it after a while.
  void reach_other() {
    door_map doors;
    doors["other"] = sys.spawn([]() -> caf::behavior { return {[](const news&) {}}; });
    caf::anon_send(subject, reachable_peers{std::make_shared<const door_map>(std::move(doors))});
    run();
  }

  void other_renews() {
    const auto x = other.renew("other", other_incarnation, node_state::up, lease);
    ASSERT_TRUE(x) << to_string(x.error());
  }

  /// Renews its lease and takes what it is to have, until all moves have ended.
  void other_lives() {
    for (int i = 0; i < 24; ++i) {
      other_renews();
      std::vector<std::uint16_t> free;
      const auto all = table->look();
      for (std::uint16_t shard = 0; shard < shard_count; ++shard)
        if (all.shards[shard].target == "other" && all.shards[shard].owner.empty())
          free.push_back(shard);
      ASSERT_TRUE(other.claim("other", other_incarnation, free));
      pass(500ms);
    }
  }

  std::size_t owned_by(const std::string& name) const {
    const auto all = table->look();
    return static_cast<std::size_t>(
      std::count_if(all.shards.begin(), all.shards.end(), [&](const auto& x) { return x.owner == name; }));
  }

  template <class Request> auto request(Request x) {
    auto response = self->request(subject, caf::infinite, std::move(x));
    run();
    return response;
  }

  bool answered() { return !self->mailbox().empty(); }

  static constexpr duration lease = default_lease;
  duration suspended{0}; // what the boot clock is ahead of the timers
  std::shared_ptr<lease_table> table = std::make_shared<lease_table>([this] { return now(); });
  std::shared_ptr<weather> sky = std::make_shared<weather>();
  lease_connection own{table, "self"}; // the journal's
  lease_connection other{table, "other"};
  std::uint64_t other_incarnation = 0;
  std::uint64_t taker = 0;
  std::map<std::uint16_t, std::uint64_t> owned; // by the journal, with their epochs
  entity::held_shards held = entity::held_shards::of_member([this] { return boot_now().time_since_epoch().count(); });
  record seen;
  keeper_actor keeper;
  caf::actor journal_;
  caf::actor part;
  caf::actor router;
  caf::actor mesh_;
  caf::actor subject;
};

TEST_F(Member, TakesAllShardsWhenItIsAlone) {
  start();
  pass(1s);
  EXPECT_EQ(owned_by("self"), std::size_t{shard_count});
  EXPECT_TRUE(held.all().all());
  EXPECT_TRUE(seen.gained.all());
  EXPECT_TRUE(held.serves(0));
  EXPECT_EQ(seen.owners->owner_of(0), "self");
}

TEST_F(Member, HandsOverAFairPartOnceItsEntitiesHaveEnded) {
  start();
  pass(1s);
  seen.holds_evictions = true;
  seen.steps.clear();
  other_joins();
  pass(600ms);
  EXPECT_EQ(owned_by("self"), std::size_t{shard_count}) << "not before they have ended";
  ASSERT_EQ(seen.steps, std::vector<std::string>{"evicted"});
  EXPECT_LT(held.all().count(), std::size_t{shard_count});
  EXPECT_EQ(seen.expected_peers, 1u);
  release_evictions();
  EXPECT_EQ(seen.steps[1], "given up");
  EXPECT_LT(owned_by("self"), std::size_t{shard_count});
  other_lives();
  EXPECT_EQ(owned_by("self"), std::size_t{shard_count} / 2);
  EXPECT_EQ(held.all().count(), std::size_t{shard_count} / 2);
}

TEST_F(Member, DoesNotWaitForEverForAPartThatDoesNotLetGo) {
  start();
  pass(1s);
  seen.holds_evictions = true;
  other_joins();
  for (int i = 0; i < 12; ++i) {
    other_renews();
    pass(500ms);
  }
  EXPECT_LT(owned_by("self"), std::size_t{shard_count});
}

TEST_F(Member, ReleasesAgainWhatItCouldNotRelease) {
  start();
  pass(1s);
  sky->refused = {lease_call::release};
  other_joins();
  pass(600ms);
  EXPECT_EQ(owned_by("self"), std::size_t{shard_count});
  sky->refused.clear();
  other_renews();
  pass(1s);
  EXPECT_LT(owned_by("self"), std::size_t{shard_count});
}

TEST_F(Member, LeavesBeforeItSaysThatItIsDrained) {
  start();
  pass(1s);
  auto drained = request(drain{});
  pass(200ms);
  ASSERT_TRUE(answered());
  drained.receive([] {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  EXPECT_EQ(seen.steps.back(), "left");
  EXPECT_EQ(owned_by("self"), 0u);
  EXPECT_TRUE(held.all().none());
  const auto& nodes = table->look().nodes;
  EXPECT_EQ(nodes.front().state, node_state::left);
  pass(2s);
  EXPECT_EQ(table->look().nodes.front().state, node_state::left) << "and does not come back";
}

TEST_F(Member, SaysThatItIsDrainedAlsoWhenTheStoreDoesNotAnswer) {
  start();
  pass(1s);
  sky->unheard = {lease_call::leave};
  auto drained = request(drain{});
  pass(200ms);
  ASSERT_TRUE(answered());
  drained.receive([] {}, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
  EXPECT_EQ(seen.steps.back(), "cannot leave");
}

TEST_F(Member, OwnsNothingOnceItsLeaseIsAnothersAndJoinsAnew) {
  start();
  pass(1s);
  sky->out = true;
  pass(2100ms);
  EXPECT_FALSE(held.serves(0)) << "its lease has run out";
  EXPECT_TRUE(held.holds(0)) << "writes are the store's to refuse";
  lease_connection{table, "namesake"}.join(node("self"), lease).value();
  sky->out = false;
  pass(1s);
  EXPECT_TRUE(held.all().none());
  EXPECT_TRUE(std::count(seen.steps.begin(), seen.steps.end(), "cannot join")) << "the name is taken";
  pass(4s);
  EXPECT_EQ(owned_by("self"), std::size_t{shard_count});
  EXPECT_TRUE(held.serves(0));
}

TEST_F(Member, KeepsItsShardsOverAnOutageOfTheStore) {
  start();
  pass(1s);
  const auto before = table->look().shards[0].epoch;
  sky->out = true;
  pass(10s);
  EXPECT_FALSE(held.serves(0));
  sky->out = false;
  pass(1s);
  EXPECT_TRUE(held.serves(0));
  EXPECT_EQ(table->look().shards[0].epoch, before);
}

TEST_F(Member, HandsEverythingOverWhenItReachesTheStoreAndNotTheOthers) {
  other_joins();
  const auto seen_by_other = other.renew("other", other_incarnation, node_state::up, lease);
  ASSERT_TRUE(other.put_targets(seen_by_other->plan_version, std::vector<target_change>{{3, "self"}, {4, "self"}}));
  start();
  reach_other();
  pass(1s);
  ASSERT_EQ(owned_by("self"), 2u);
  caf::anon_send(subject, reachable_peers{std::make_shared<const door_map>()});
  for (int i = 0; i < 4; ++i) {
    other_renews();
    pass(500ms);
  }
  EXPECT_TRUE(held.all().none());
  EXPECT_EQ(owned_by("self"), 0u);
  EXPECT_EQ(find_node(table->look(), "self")->state, node_state::draining);
  reach_other();
  other_renews();
  pass(1s);
  EXPECT_EQ(find_node(table->look(), "self")->state, node_state::up);
}

TEST_F(Member, LeavesOthersTheirShardsWhenAllComeBackFromAnOutageOfTheStore) {
  start();
  pass(1s);
  other_joins();
  other_lives();
  const auto before = table->look();
  sky->out = true;
  pass(10s);
  sky->out = false;
  pass(800ms);
  other_renews();
  pass(1s);
  EXPECT_EQ(table->look().shards, before.shards);
}

TEST_F(Member, TakesTheShardsOfWhoDoesNotComeBackFromAnOutageOfTheStore) {
  start();
  pass(1s);
  other_joins();
  other_lives();
  ASSERT_EQ(owned_by("other"), std::size_t{shard_count} / 2);
  sky->out = true;
  pass(10s);
  sky->out = false;
  pass(2s);
  EXPECT_EQ(owned_by("self"), std::size_t{shard_count});
}

TEST_F(Member, StopsServingWhatWasTakenBeforeItBelievesInItsLeaseAgain) {
  start();
  pass(1s);
  sky->out = true;
  pass(2100ms);
  other_joins();
  const auto seen_by_other = other.renew("other", other_incarnation, node_state::up, lease);
  ASSERT_TRUE(other.put_targets(seen_by_other->plan_version, std::vector<target_change>{{3, "other"}}));
  ASSERT_EQ(other.claim("other", other_incarnation, std::vector<std::uint16_t>{3})->size(), 1u);
  sky->out = false;
  pass(600ms);
  EXPECT_FALSE(held.holds(3));
  EXPECT_TRUE(held.serves(4));
  EXPECT_EQ(seen.owners->owner_of(3), "other");
}

// The timers of a suspended machine stand still, its leases do not.
TEST_F(Member, ServesNothingAfterASuspension) {
  start();
  pass(1s);
  suspended = 60s;
  EXPECT_FALSE(held.serves(0));
  pass(600ms);
  EXPECT_TRUE(held.serves(0)) << "nobody has taken them";
}

TEST_F(Member, EndsTheLeaseOfAProcessThatIsGone) {
  start();
  pass(1s);
  other_joins();
  other_lives();
  ASSERT_EQ(owned_by("other"), std::size_t{shard_count} / 2);
  caf::anon_send(subject, found_dead{"other", other_incarnation});
  pass(200ms);
  EXPECT_EQ(owned_by("self"), std::size_t{shard_count}) << "long before the lease would have ended";
}

TEST_F(Member, TakesWhatItHearsToBeFreeAtOnce) {
  other_joins();
  const auto view = other.renew("other", other_incarnation, node_state::up, lease);
  ASSERT_TRUE(other.put_targets(view->plan_version, std::vector<target_change>{{3, "other"}}));
  const auto claimed = other.claim("other", other_incarnation, std::vector<std::uint16_t>{3});
  ASSERT_TRUE(claimed);
  start();
  reach_other();
  pass(1s);
  ASSERT_EQ(table->look().shards[3].owner, "other");
  const auto planned = other.renew("other", other_incarnation, node_state::up, lease);
  ASSERT_TRUE(other.put_targets(planned->plan_version, std::vector<target_change>{{3, "self"}}));
  pass(500ms);
  ASSERT_FALSE(other.release("other", other_incarnation, std::vector<std::uint16_t>{3}));
  const auto before = sky->calls[lease_call::renew];
  caf::anon_send(subject, news{{{3, "", claimed->front().epoch}}});
  run();
  advance(1ms);
  EXPECT_EQ(sky->calls[lease_call::renew], before + 1);
  EXPECT_TRUE(held.serves(3));
}

TEST_F(Member, DrainsNoNodeThatItCannot) {
  start();
  pass(1s);
  const auto refusal = [this](const std::string& whom) {
    auto asked = self->request(subject, caf::infinite, request_context{"operator", {}, time_point::max()},
                               drain_node{whom, "because"});
    run();
    caf::error why;
    asked.receive([](const drained&) { ADD_FAILURE() << "was drained"; }, [&](caf::error& e) { why = std::move(e); });
    return why;
  };
  EXPECT_EQ(refusal("self"), ec::refused) << "nobody else could take its shards";
  EXPECT_EQ(refusal("stranger"), ec::refused);
  other_joins();
  pass(500ms);
  EXPECT_EQ(refusal("other"), ec::unavailable) << "it cannot be reached";
}

} // namespace
} // namespace troupe::cluster

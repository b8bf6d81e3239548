#include "supervisors/cluster/rates.hpp"

#include "supervisors/resilience/call_rate.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;

const std::string main_guard = "payment.main";

/// A node with one guard's rate.
struct Node {
  explicit Node(const resilience::rate_rules& rules) : rate(rules) { rate.share(); }

  std::string name;
  entity::held_shards held;
  caf::actor rates;
  resilience::call_rate rate;
};

class Rates : public test::deterministic_system {
protected:
  void TearDown() override {
    for (auto& x : nodes) {
      caf::anon_send_exit(x->rates, caf::exit_reason::kill);
      x->rates = nullptr;
    }
    run();
    nodes.clear();
    deterministic_system::TearDown();
  }

  void start(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& x = *nodes.emplace_back(std::make_unique<Node>(rules));
      x.name = "n" + std::to_string(i + 1);
      x.held = entity::held_shards::of_member([this] { return now().time_since_epoch().count(); });
      rates_settings with;
      with.held = x.held;
      with.now = [this] { return now(); };
      with.got = [this, &x](const lease_tokens& asked, const leased& got) {
        EXPECT_EQ(asked.guard, main_guard);
        x.rate.leased().answered(got.tokens, got.wait, now());
      };
      x.rates = sys.spawn<rates_impl>(std::move(with));
    }
    connect();
    move_to(0);
  }

  void connect(bool all = true) {
    for (auto& x : nodes) {
      auto doors = std::make_shared<door_map>();
      for (auto& other : nodes)
        if (all && other != x)
          doors->emplace(other->name, other->rates);
      caf::anon_send(x->rates, updated{nullptr, std::move(doors)});
    }
    run();
  }

  /// As a member does it: whoever has the shard lets it go before anybody else gets it.
  void move_to(std::size_t next) {
    const auto shard = shard_of("guard/" + main_guard);
    journal::shard_set set;
    set.set(shard);
    for (auto& x : nodes) {
      x->held.remove(set);
      caf::anon_send(x->rates, entity::evict{set});
    }
    run();
    nodes[next]->held.add(set);
    nodes[next]->held.lease_until(std::numeric_limits<std::int64_t>::max());
    const ownership_change change{shard, nodes[next]->name, ++epoch};
    owners = std::make_shared<const routing>(owners->with(std::span{&change, 1}));
    for (auto& x : nodes)
      caf::anon_send(x->rates, updated{owners, nullptr});
    run();
  }

  void ask(Node& x) {
    if (const auto what = x.rate.leased().ask(now()))
      caf::anon_send(x.rates,
                     want_tokens{{main_guard, false, rules.limit, rules.per, rules.burst, what->count, what->lasts}});
    run();
  }

  /// A call that waits for its token for a moment, as guards let it.
  bool call(Node& x) {
    bool may = x.rate.take(now());
    if (!may) {
      ask(x);
      may = x.rate.take(now());
    }
    if (may) {
      calls.push_back(now());
      while (calls.front() <= now() - rules.per)
        calls.pop_front();
      most = std::max(most, calls.size());
    }
    ask(x);
    return may;
  }

  resilience::rate_rules rules{100, 60s, 10};
  std::vector<std::unique_ptr<Node>> nodes;
  std::shared_ptr<const routing> owners = std::make_shared<const routing>();
  std::uint64_t epoch = 0;
  std::deque<time_point> calls; // of the last span
  std::size_t most = 0;         // in any span
};

TEST_F(Rates, HoldForAllNodesTogether) {
  start(3);
  int passed = 0;
  for (int i = 0; i < 6'000; ++i) { // ten minutes, with more calls than may pass
    passed += call(*nodes[static_cast<std::size_t>(i) % 3]) ? 1 : 0;
    advance(100ms);
  }
  EXPECT_LE(most, 100u);
  EXPECT_GE(passed, 820) << "of 910 that the rules give to a single node"; // 10 at once and one each 659 ms
}

TEST_F(Rates, GoToTheNodeThatNeedsThem) {
  start(3);
  int passed = 0;
  for (int i = 0; i < 3'000; ++i) {
    passed += call(*nodes[2]) ? 1 : 0; // not the keeper
    advance(100ms);
  }
  EXPECT_LE(most, 100u);
  EXPECT_GE(passed, 410) << "in five minutes";
}

TEST_F(Rates, AreNotExceededByWhoeverCannotReachTheKeeper) {
  start(2);
  for (int i = 0; i < 200; ++i) {
    call(*nodes[1]);
    advance(100ms);
  }
  connect(false);
  int passed = 0;
  for (int i = 0; i < 600; ++i) {
    passed += call(*nodes[1]) ? 1 : 0;
    advance(100ms);
  }
  EXPECT_LE(passed, 10) << "what it had leased, for as long as that lasts";
  connect();
  advance(5s);
  EXPECT_TRUE(call(*nodes[1]));
}

TEST_F(Rates, AreRefusedByANodeWhoseLeaseHasRunOut) {
  start(2);
  advance(10s);
  nodes[0]->held.lease_until(0);
  EXPECT_FALSE(call(*nodes[1]));
  auto response = self->request(nodes[0]->rates, caf::infinite, lease_tokens{main_guard, false, 100, 60s, 10, 1, 2s});
  run();
  response.receive([](const leased&) { ADD_FAILURE() << "somebody else may keep it by now"; },
                   [](const caf::error& why) { EXPECT_EQ(code_of(why), ec::moved); });
}

class RatesInTrouble : public Rates, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(RatesInTrouble, HoldWhereverTheKeeperIsAndWhoeverIsCutOff) {
  std::mt19937_64 random{GetParam()};
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  rules = {1 + below(40), duration{std::chrono::seconds{1 + below(20)}}, 1};
  rules.burst = 1 + below(rules.limit);
  start(3);
  for (int i = 0; i < 4'000; ++i) {
    if (below(50) == 0)
      move_to(below(3));
    if (below(50) == 0)
      connect(below(2) == 0);
    call(*nodes[below(3)]);
    advance(duration{below(200)});
    ASSERT_LE(most, rules.limit) << "limit " << rules.limit << ", seed " << GetParam();
  }
  EXPECT_GT(most, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RatesInTrouble, ::testing::Range(std::uint64_t{1}, std::uint64_t{21}));

} // namespace
} // namespace troupe::cluster

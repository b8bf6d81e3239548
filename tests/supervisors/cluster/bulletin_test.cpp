#include "supervisors/cluster/bulletin.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/send.hpp>

#include <map>
#include <memory>
#include <set>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;

const time_point noon{1'772'366'400'000ms};

/// What a node has and what it was told.
struct Node {
  std::vector<breaker_fact> breakers;
  std::vector<guard::trail> held;
  pause::registry pauses{pause::board{}};
  std::vector<std::string> heard; // "n1 payment.main open 5000"
  std::vector<guard::trail> heard_held;
  std::vector<std::string> letters;
  int reads = 0;
  caf::actor bulletin;
  dead_letter::directory_actor directory;
};

class Bulletin : public test::deterministic_system {
protected:
  void TearDown() override {
    for (auto& [name, node] : nodes)
      end(*node);
    run();
    nodes.clear();
    deterministic_system::TearDown();
  }

  static void end(Node& x) {
    caf::anon_send_exit(x.bulletin, caf::exit_reason::kill);
    caf::anon_send_exit(x.directory, caf::exit_reason::kill);
    x.bulletin = nullptr;
    x.directory = nullptr;
  }

  Node& start(const std::string& name, std::uint64_t begun = 1) {
    auto& made = nodes[name];
    if (made)
      end(*made);
    made = std::make_unique<Node>();
    auto* x = made.get();
    x->directory = sys.spawn([x]() -> dead_letter::directory_actor::behavior_type {
      return {[](dead_letter::list_groups) { return dead_letter::group_list{}; },
              [](const dead_letter::list_letters&) { return dead_letter::letter_list{}; },
              [](const dead_letter::changed&) {},
              [x](const dead_letter::elsewhere& all) {
                for (const auto& each : all.letters)
                  x->letters.push_back(each.now.id.value);
              },
              [x](dead_letter::read_again) { ++x->reads; }};
    });
    bulletin_settings with;
    with.node = name;
    with.begun = begun;
    with.breakers = [x] { return x->breakers; };
    with.held = [x] { return x->held; };
    with.paused = [x] { return x->pauses.facts(); };
    with.hear_breaker = [x](const std::string& node, const breaker_fact& fact) {
      x->heard.push_back(node + ' ' + fact.guard
                         + (fact.open ? " open " + std::to_string(fact.left.count()) : std::string{" closed"}));
    };
    with.hear_held = [x](const guard::trail& trail) { x->heard_held.push_back(trail); };
    with.hear_pause = [x](const pause::fact& fact) { x->pauses.put(fact, false); };
    with.letters = x->directory;
    x->bulletin = sys.spawn<bulletin_impl>(std::move(with));
    x->pauses.announce([to = caf::actor_cast<caf::actor_addr>(x->bulletin)](const pause::fact& fact) {
      if (const auto strong = caf::actor_cast<caf::actor>(to))
        caf::anon_send(strong, pause_put{fact});
    });
    run();
    return *x;
  }

  /// Each is told whom it can reach.
  void connect(const std::set<std::string>& names) {
    for (const auto& name : names) {
      auto doors = std::make_shared<door_map>();
      for (const auto& other : names)
        if (other != name)
          doors->emplace(other, nodes.at(other)->bulletin);
      caf::anon_send(nodes.at(name)->bulletin, updated{nullptr, std::move(doors)});
    }
    run();
  }

  void move_breaker(Node& x, std::uint64_t openings, bool open) {
    x.breakers = {{"payment.main", openings, open, open ? duration{5'000} : duration{0}, "5 consecutive failures"}};
    caf::anon_send(x.bulletin, guards_moved{});
    run();
  }

  static pause::fact paused(const std::string& provider, std::uint64_t version) {
    return {{pause::kind::provider, provider}, pause::paused{"maintenance", "ada", noon}, {}, version};
  }

  static dead_letter::changed letter(const std::string& id) {
    dead_letter::changed x;
    x.now.id.value = id;
    x.version = 1;
    return x;
  }

  std::map<std::string, std::unique_ptr<Node>> nodes;
};

using heard = std::vector<std::string>;

TEST_F(Bulletin, TellsEveryNodeOfABreakerAtOnce) {
  auto& first = start("n1");
  auto& second = start("n2");
  auto& third = start("n3");
  connect({"n1", "n2", "n3"});
  move_breaker(first, 1, true); // and no time passes
  EXPECT_EQ(second.heard, (heard{"n1 payment.main open 5000"}));
  EXPECT_EQ(third.heard, second.heard);
  EXPECT_TRUE(first.heard.empty());
  move_breaker(first, 1, false);
  EXPECT_EQ(second.heard.back(), "n1 payment.main closed");
}

TEST_F(Bulletin, TellsEachOpeningOnceHoweverOftenItIsSaid) {
  auto& first = start("n1");
  auto& second = start("n2");
  connect({"n1", "n2"});
  move_breaker(first, 1, true);
  for (int i = 0; i < 4; ++i)
    advance(5s);
  EXPECT_EQ(second.heard.size(), 1u);
  move_breaker(first, 1, false);
  for (int i = 0; i < 4; ++i)
    advance(5s);
  EXPECT_EQ(second.heard.size(), 2u) << "an old end must not close what somebody else has opened since";
  move_breaker(first, 2, true);
  EXPECT_EQ(second.heard.back(), "n1 payment.main open 5000");
}

TEST_F(Bulletin, KnowsThatANodeThatBeganAnewCountsAnew) {
  move_breaker(start("n1"), 3, true);
  auto& second = start("n2");
  connect({"n1", "n2"});
  EXPECT_EQ(second.heard.size(), 1u);
  auto& again = start("n1", 2);
  connect({"n1", "n2"});
  move_breaker(again, 1, true);
  EXPECT_EQ(second.heard.size(), 2u);
}

TEST_F(Bulletin, TellsWhoComesEverything) {
  auto& first = start("n1");
  move_breaker(first, 1, true);
  first.held = {{"payment.main", {guard::breaker_mode::open, "maintenance", "ada"}, {}, 3}};
  first.pauses.put(paused("stripe", 1), true);
  auto& second = start("n2");
  connect({"n1", "n2"});
  EXPECT_EQ(second.heard.size(), 1u);
  ASSERT_EQ(second.heard_held.size(), 1u);
  EXPECT_EQ(second.heard_held[0].version, 3u);
  EXPECT_TRUE(second.pauses.published()->find(pause::kind::provider, "stripe"));
}

TEST_F(Bulletin, HealsAtTheNextBeatWhatWasLost) {
  auto& first = start("n1");
  auto& second = start("n2");
  connect({"n1", "n2"});
  first.held = {{"payment.main", {guard::breaker_mode::open, "maintenance", "ada"}, {}, 3}};
  EXPECT_TRUE(second.heard_held.empty());
  advance(5s);
  EXPECT_EQ(second.heard_held.size(), 1u);
}

TEST_F(Bulletin, TellsAtOnceHowOperatorsHoldABreaker) {
  auto& first = start("n1");
  auto& second = start("n2");
  connect({"n1", "n2"});
  first.held = {{"payment.main", {guard::breaker_mode::open, "maintenance", "ada"}, {}, 1}};
  caf::anon_send(first.bulletin, guards_moved{});
  caf::anon_send(first.bulletin, guards_moved{}); // something else has moved
  run();
  EXPECT_EQ(second.heard_held.size(), 1u);
}

TEST_F(Bulletin, PausesEverywhereAndLetsTheLaterVersionWin) {
  auto& first = start("n1");
  auto& second = start("n2");
  connect({"n1", "n2"});
  const auto is_paused = [](const Node& x) { return x.pauses.published()->stops(pause::kind::provider, "stripe"); };
  first.pauses.put(paused("stripe", 1), true);
  run();
  EXPECT_TRUE(is_paused(second));
  auto resumed = paused("stripe", 2);
  resumed.is.reset();
  second.pauses.put(resumed, true); // Its entity has moved there.
  run();
  EXPECT_FALSE(is_paused(first));
  caf::anon_send(second.bulletin, pauses{{paused("stripe", 1)}}); // late
  run();
  EXPECT_FALSE(is_paused(second));
  advance(5s);
  EXPECT_FALSE(is_paused(first));
}

TEST_F(Bulletin, PassesOnWhatBecomesOfLettersTogether) {
  auto& first = start("n1");
  auto& second = start("n2");
  connect({"n1", "n2"});
  caf::anon_send(first.bulletin, letter("a"));
  caf::anon_send(first.bulletin, letter("b"));
  run();
  EXPECT_TRUE(second.letters.empty());
  advance(20ms);
  EXPECT_EQ(second.letters, (heard{"a", "b"}));
  EXPECT_TRUE(first.letters.empty());
}

TEST_F(Bulletin, HasLettersReadAgainWhenNodesComeOrGo) {
  auto& first = start("n1");
  start("n2");
  start("n3");
  connect({"n1", "n2"});
  connect({"n1", "n2", "n3"});
  EXPECT_EQ(first.reads, 0);
  advance(1s);
  EXPECT_EQ(first.reads, 1) << "once for all that came";
  connect({"n1", "n2", "n3"}); // nobody new
  advance(1s);
  EXPECT_EQ(first.reads, 1);
  connect({"n1", "n2"});
  advance(1s);
  EXPECT_EQ(first.reads, 2);
}

} // namespace
} // namespace troupe::cluster

#include "supervisors/supervision/supervisor.hpp"

#include "actors/timer.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>
#include <caf/after.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <random>
#include <stdexcept>
#include <vector>

namespace troupe::supervision {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Answers ten times the number; ends of -1 by an exception, of -2 normally. Text without an answer is noted.
using worker_actor = caf::typed_actor<caf::result<int>(int), caf::result<void>(std::string)>;

struct notes {
  std::vector<std::string> seen;
  int starts = 0;
  int up = 0; // at the same time
  int most_up = 0;
  bool refuses_to_start = false;
};

class worker_state {
public:
  static constexpr const char* name = "worker";

  worker_state(worker_actor::pointer self, std::shared_ptr<notes> to) : self_(self), to_(std::move(to)) {
    ++to_->starts;
    to_->most_up = std::max(to_->most_up, ++to_->up);
  }
  ~worker_state() { --to_->up; }
  worker_state(const worker_state&) = delete;
  worker_state& operator=(const worker_state&) = delete;

  worker_actor::behavior_type make_behavior() {
    return {
      [this](int x) -> caf::result<int> {
        if (x == -1)
          throw std::logic_error{"an invariant broke"};
        if (x == -2)
          self_->quit();
        to_->seen.push_back(std::to_string(x));
        return x * 10;
      },
      [this](const std::string& x) { to_->seen.push_back(x); },
    };
  }

private:
  worker_actor::pointer self_;
  std::shared_ptr<notes> to_;
};

using worker_impl = worker_actor::stateful_impl<worker_state>;

class Supervisor : public test::deterministic_system {
protected:
  void TearDown() override {
    if (root) {
      stop();
      root = nullptr;
    }
    deterministic_system::TearDown();
  }

  auto worker(std::shared_ptr<notes> to) {
    return [to](const place& where) {
      if (to->refuses_to_start)
        throw std::runtime_error{"no such device"};
      return where.spawn<worker_impl>(to);
    };
  }

  void start(group top) {
    surroundings with;
    with.now = [this] { return now(); };
    with.jitter = [] { return 0.0; };
    with.tree = tree;
    with.refuse.lost = [this](const undelivered& x) {
      lost.push_back(x.path + ": " + to_string(x.why) + ' ' + x.message);
      contents.push_back(x.content);
    };
    with.failed = [this](const incident& x) {
      failures.push_back(x.path + (x.escalates ? " escalates" : "") + ": " + x.error);
    };
    root = spawn_supervisor(sys, std::move(top), with);
    run();
  }

  void stop() {
    caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
    run();
  }

  void kill(const worker_actor& x) {
    caf::anon_send_exit(x, caf::exit_reason::kill);
    run();
  }

  row row_of(const std::string& path) {
    for (auto& x : tree->rows(sched.clock().now()))
      if (x.path == path)
        return x;
    ADD_FAILURE() << "no row " << path;
    return {};
  }

  static limits quick() {
    limits x;
    x.restarts_max = 3;
    x.within = seconds{10};
    x.backoff_min = milliseconds{100};
    x.backoff_max = seconds{1};
    return x;
  }

  caf::actor root;
  std::shared_ptr<supervision::tree> tree = std::make_shared<supervision::tree>();
  std::shared_ptr<notes> first = std::make_shared<notes>();
  std::shared_ptr<notes> second = std::make_shared<notes>();
  std::vector<std::string> lost;
  std::vector<caf::message> contents; // of those
  std::vector<std::string> failures;
};

TEST_F(Supervisor, StartsAgainWhatFailedBehindTheSameHandle) {
  group top{sys, "node", strategy::one_for_one, quick()};
  const auto handle = top.add<worker_actor>("worker", worker(first));
  start(std::move(top));
  EXPECT_EQ(ask<int>(handle, 1), 10);
  const auto answer = ask<int>(handle, -1);
  EXPECT_FALSE(answer) << "whoever sent what broke it hears of it";
  advance(milliseconds{99});
  EXPECT_EQ(first->starts, 1);
  advance(milliseconds{1});
  EXPECT_EQ(ask<int>(handle, 2), 20);
  EXPECT_EQ(first->starts, 2);
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("node/worker: "), std::string::npos) << failures[0];
}

TEST_F(Supervisor, KeepsTheMailboxOfAChildThatFailedInItsOrder) {
  group top{sys, "node", strategy::one_for_one, quick()};
  const auto handle = top.add<worker_actor>("worker", worker(first));
  start(std::move(top));
  // All of it waits in the mailbox when the first message breaks the child.
  auto broken = self->request(handle, caf::infinite, -1);
  self->send(handle, std::string{"a"});
  auto served = self->request(handle, caf::infinite, 3);
  self->send(handle, std::string{"b"});
  run();
  self->send(handle, std::string{"c"}); // and this one waits in the handle
  run();
  EXPECT_TRUE(first->seen.empty());
  EXPECT_EQ(row_of("node/worker").is, condition::waiting);
  advance(milliseconds{100});
  EXPECT_EQ(first->seen, (std::vector<std::string>{"a", "3", "b", "c"}));
  served.receive([](int x) { EXPECT_EQ(x, 30); }, [](const caf::error& x) { ADD_FAILURE() << to_string(x); });
  broken.receive([](int) { ADD_FAILURE(); }, [](const caf::error&) {});
  EXPECT_TRUE(lost.empty());
}

TEST_F(Supervisor, KeepsTheMailboxOfAChildThatWasKilled) {
  group top{sys, "node", strategy::one_for_one, quick()};
  const auto handle = top.add<worker_actor>("worker", worker(first));
  start(std::move(top));
  caf::anon_send_exit(handle, caf::exit_reason::kill);
  for (int i = 0; i < 100; ++i)
    self->send(handle, std::to_string(i));
  run();
  advance(milliseconds{100});
  ASSERT_EQ(first->seen.size(), 100u);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(first->seen[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(Supervisor, TellsWhatDoesNotFitWhileAChildIsDown) {
  child_rules rules;
  rules.buffer.messages_max = 2;
  group top{sys, "node", strategy::one_for_one, quick()};
  const auto handle = top.add<worker_actor>("worker", worker(first), rules);
  start(std::move(top));
  kill(handle);
  self->send(handle, std::string{"kept"});
  auto kept = self->request(handle, caf::infinite, 1);
  self->send(handle, std::string{"lost"});
  EXPECT_EQ(ask<int>(handle, 2), caf::make_error(failure::buffer_full, std::string{"node/worker"}));
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_NE(lost[0].find("node/worker: buffer_full"), std::string::npos) << lost[0];
  EXPECT_EQ(lost[0].find("lost"), std::string::npos) << "a message's content is nobody's business";
  ASSERT_TRUE(contents[0].match_elements<std::string>()) << "but it can be sent again";
  EXPECT_EQ(contents[0].get_as<std::string>(0), "lost");
  advance(milliseconds{100});
  kept.receive([](int x) { EXPECT_EQ(x, 10); }, [](const caf::error& x) { ADD_FAILURE() << to_string(x); });
  EXPECT_EQ(first->seen, (std::vector<std::string>{"kept", "1"}));
}

TEST_F(Supervisor, AnswersWhatHasWaitedTooLong) {
  auto slow = quick();
  slow.backoff_min = slow.backoff_max = seconds{60};
  child_rules rules;
  rules.buffer.wait_max = seconds{2};
  group top{sys, "node", strategy::one_for_one, slow};
  const auto handle = top.add<worker_actor>("worker", worker(first), rules);
  start(std::move(top));
  kill(handle);
  auto waits = self->request(handle, caf::infinite, 1);
  self->send(handle, std::string{"note"});
  for (int i = 0; i < 3; ++i)
    advance(seconds{1});
  waits.receive(
    [](int) { ADD_FAILURE() << "there is nobody to answer"; },
    [](const caf::error& x) { EXPECT_EQ(x, caf::make_error(failure::waited_too_long, std::string{"node/worker"})); });
  EXPECT_EQ(lost.size(), 1u);
}

TEST_F(Supervisor, PassesNothingToASuccessorThatWasMeantForItsPredecessor) {
  bool ran = false;
  group top{sys, "node", strategy::one_for_one, quick()};
  const auto handle = top.add<worker_actor>("worker", [&](const place& where) {
    auto actor = where.spawn<worker_impl>(first);
    // A timer of this incarnation, which the mailbox holds when it is killed.
    if (first->starts == 1) {
      caf::anon_send_exit(actor, caf::exit_reason::kill);
      caf::anon_send(caf::actor_cast<caf::actor>(actor), caf::make_action([&ran] { ran = true; }));
    }
    return actor;
  });
  start(std::move(top));
  advance(milliseconds{100});
  EXPECT_EQ(first->starts, 2);
  EXPECT_FALSE(ran);
  EXPECT_EQ(ask<int>(handle, 1), 10) << "nor did the kill go on to it";
}

/// Asks again, in its sender's thread, as soon as it is answered: an actor without a mailbox, as guards are.
class asks_again : public caf::monitorable_actor {
public:
  asks_again(caf::actor_config& config, caf::strong_actor_ptr whom)
    : caf::monitorable_actor(config), whom_(std::move(whom)) {}

  bool enqueue(caf::mailbox_element_ptr, caf::execution_unit*) override {
    if (++answers < 3)
      ask();
    return true;
  }

  void ask() {
    whom_->get()->enqueue(
      caf::make_mailbox_element(caf::strong_actor_ptr{ctrl()}, caf::make_message_id(++asked_), {}, 1), nullptr);
  }

  void setup_metrics() {}

  int answers = 0;

private:
  caf::strong_actor_ptr whom_;
  std::uint64_t asked_ = 0;
};

TEST_F(Supervisor, LetsWhoeverIsAnsweredAtOnceComeBackAtOnce) {
  group top{sys, "node", strategy::one_for_one, quick()};
  // Spawned elsewhere, so that its mailbox closes without a word to the handle.
  const auto handle = top.add<worker_actor>("worker", [this](const place&) { return sys.spawn<worker_impl>(first); });
  start(std::move(top));
  caf::anon_send_exit(handle, caf::exit_reason::kill);
  while (first->up > 0)
    ASSERT_TRUE(sched.try_run_once());
  caf::actor_config config;
  const auto client = caf::make_actor<asks_again, caf::strong_actor_ptr>(
    sys.next_actor_id(), sys.node(), &sys, config, caf::actor_cast<caf::strong_actor_ptr>(handle));
  dynamic_cast<asks_again&>(*client->get()).ask();
  EXPECT_EQ(dynamic_cast<asks_again&>(*client->get()).answers, 3);
  run();
  advance(milliseconds{100});
  EXPECT_EQ(ask<int>(handle, 1), 10);
}

TEST_F(Supervisor, RestartsThoseThatStandOnTheOneThatFailed) {
  group top{sys, "node", strategy::rest_for_one, quick()};
  const auto below = top.add<worker_actor>("below", worker(first));
  const auto above = top.add<worker_actor>("above", worker(second));
  start(std::move(top));
  kill(above);
  advance(seconds{1});
  EXPECT_EQ(first->starts, 1);
  EXPECT_EQ(second->starts, 2);
  kill(below);
  auto waits = self->request(above, caf::infinite, 4);
  advance(seconds{1});
  EXPECT_EQ(first->starts, 2);
  EXPECT_EQ(second->starts, 3);
  waits.receive([](int x) { EXPECT_EQ(x, 40); }, [](const caf::error& x) { ADD_FAILURE() << to_string(x); });
}

TEST_F(Supervisor, TriesAgainToStartWhatDoesNotStart) {
  first->refuses_to_start = true;
  group top{sys, "node", strategy::one_for_one, quick()};
  const auto handle = top.add<worker_actor>("worker", worker(first));
  start(std::move(top));
  auto waits = self->request(handle, caf::infinite, 5);
  EXPECT_NE(row_of("node/worker").last_error.find("no such device"), std::string::npos);
  first->refuses_to_start = false;
  advance(milliseconds{100});
  waits.receive([](int x) { EXPECT_EQ(x, 50); }, [](const caf::error& x) { ADD_FAILURE() << to_string(x); });
}

TEST_F(Supervisor, EscalatesUpToTheTopAndThenEndsWithItsHandles) {
  group inner{sys, "inner", strategy::one_for_one, quick()};
  const auto handle = inner.add<worker_actor>("worker", worker(first));
  group top{sys, "node", strategy::one_for_one, quick()};
  top.add(std::move(inner));
  const auto other = top.add<worker_actor>("other", worker(second));
  start(std::move(top));
  self->monitor(root);
  first->refuses_to_start = true;
  kill(handle);
  auto waits = self->request(handle, caf::infinite, 1);
  for (int i = 0; i < 400; ++i)
    advance(milliseconds{100});
  std::optional<caf::error> ended;
  self->receive([&](const caf::down_msg& x) { ended = x.reason; }, caf::after(caf::timespan{0}) >> [] {});
  ASSERT_TRUE(ended);
  EXPECT_EQ(*ended, caf::make_error(failure::restarted_too_often, std::string{"node"}));
  EXPECT_EQ(second->up, 0) << "the sibling ended first";
  waits.receive([](int) { ADD_FAILURE(); }, [](const caf::error&) {});
  EXPECT_EQ(ask<int>(other, 1), caf::make_error(failure::stopped, std::string{"node/other"}));
  EXPECT_GT(failures.size(), 3u);
  root = nullptr;
}

TEST_F(Supervisor, RestartsASupervisorThatWasKilledWithAllThatItLookedAfter) {
  group inner{sys, "inner", strategy::one_for_one, quick()};
  const auto handle = inner.add<worker_actor>("worker", worker(first));
  group top{sys, "node", strategy::one_for_one, quick()};
  const auto supervisor = top.add(std::move(inner));
  start(std::move(top));
  caf::anon_send_exit(supervisor, caf::exit_reason::kill);
  self->send(handle, std::string{"a"});
  run();
  EXPECT_EQ(first->up, 0);
  self->send(handle, std::string{"b"});
  advance(milliseconds{100});
  EXPECT_EQ(first->starts, 2);
  EXPECT_EQ(first->most_up, 1);
  EXPECT_EQ(first->seen, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(row_of("node/inner").restarts, 1u);
  EXPECT_EQ(row_of("node/inner").about, "one for one");
}

TEST_F(Supervisor, StartsNobodyBeforeThePredecessorHasEnded) {
  group inner{sys, "inner", strategy::one_for_one, quick()};
  inner.add<worker_actor>("worker", worker(first));
  group top{sys, "node", strategy::one_for_one, quick()};
  const auto supervisor = top.add(std::move(inner));
  start(std::move(top));
  // The worker's thread is busy elsewhere, so that it does not get to its end.
  std::vector<caf::resumable*> held;
  const auto run_others = [&] {
    while (sched.has_job()) {
      auto* job = sched.jobs.front();
      const auto* who = dynamic_cast<const caf::scheduled_actor*>(job);
      if (who && std::string_view{who->name()} == "worker") {
        held.push_back(job);
        sched.jobs.pop_front();
      } else {
        sched.try_run_once();
      }
    }
  };
  caf::anon_send_exit(supervisor, caf::exit_reason::kill);
  run_others();
  sched.advance_time(seconds{1});
  run_others();
  EXPECT_EQ(row_of("node/inner").restarts, 1u) << "the supervisor is there again";
  EXPECT_EQ(first->starts, 1);
  ASSERT_FALSE(held.empty());
  sched.jobs.insert(sched.jobs.end(), held.begin(), held.end());
  run();
  EXPECT_EQ(first->starts, 2);
  EXPECT_EQ(first->most_up, 1);
}

TEST_F(Supervisor, StopsInTheReverseOrderAndKillsWhoDoesNotEndInTime) {
  std::vector<std::string> ended;
  const auto noting = [&ended](std::string name, bool stubborn) {
    return [&ended, name, stubborn](const place& where) {
      auto actor = where.system().spawn([stubborn](caf::event_based_actor* me) {
        if (stubborn)
          me->set_exit_handler([](const caf::exit_msg&) {});
        return caf::behavior{[](caf::unit_t) {}};
      });
      caf::actor_cast<caf::strong_actor_ptr>(actor)->get()->attach_functor([&ended, name] { ended.push_back(name); });
      return actor;
    };
  };
  group top{sys, "node", strategy::one_for_one, quick()};
  top.add<caf::actor>("a", noting("a", false));
  top.add<caf::actor>("b", noting("b", true), {restart::permanent, seconds{3}, {}});
  top.add<caf::actor>("c", noting("c", false));
  start(std::move(top));
  stop();
  EXPECT_EQ(ended, (std::vector<std::string>{"c"}));
  EXPECT_EQ(row_of("node/b").is, condition::stopping);
  advance(seconds{3});
  EXPECT_EQ(ended, (std::vector<std::string>{"c", "b", "a"}));
  root = nullptr;
}

TEST_F(Supervisor, ShowsHowLongAMailboxHasWaited) {
  group top{sys, "node", strategy::one_for_one, quick()};
  const auto handle = top.add<worker_actor>("worker", worker(first));
  start(std::move(top));
  advance(seconds{1});
  EXPECT_EQ(row_of("node/worker").oldest, duration{0});
  EXPECT_EQ(row_of("node/worker").is, condition::up);
  kill(handle);
  advance(seconds{1});
  const auto after = row_of("node/worker");
  EXPECT_EQ(after.restarts, 1u);
  EXPECT_FALSE(after.last_error.empty());
  EXPECT_EQ(after.is, condition::up);
}

/// Whatever is sent is handled once, or its sender or the dead letters hear of it; and no two incarnations are up at
/// once.
TEST_F(Supervisor, LosesNothingHoweverItsChildrenAreKilled) {
  const std::uint64_t seed = 20'261'121;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  auto often = quick();
  often.restarts_max = 1'000'000;
  group inner{sys, "inner", strategy::rest_for_one, often};
  std::vector<std::shared_ptr<notes>> heard;
  std::vector<worker_actor> workers;
  child_rules small;
  small.buffer.messages_max = 8;
  for (int i = 0; i < 3; ++i) {
    heard.push_back(std::make_shared<notes>());
    workers.push_back(inner.add<worker_actor>("w" + std::to_string(i), worker(heard.back()), small));
  }
  group top{sys, "node", strategy::one_for_all, often};
  const auto supervisor = top.add(std::move(inner));
  start(std::move(top));
  std::size_t sent = 0;
  int number = 1'000;
  std::map<int, int> answers;
  const auto client = sys.spawn([&](caf::event_based_actor* me) -> caf::behavior {
    return {[&, me](std::size_t whom, int x) {
      me->request(workers[whom], caf::infinite, x)
        .then([&answers, x](int) { ++answers[x]; }, [&answers, x](const caf::error&) { ++answers[x]; });
    }};
  });
  std::vector<int> asked;
  for (int round = 0; round < 3'000; ++round) {
    const auto whom = static_cast<std::size_t>(random() % workers.size());
    switch (random() % 8) {
      case 0: caf::anon_send_exit(workers[whom], caf::exit_reason::kill); break;
      case 1: sched.advance_time(milliseconds{random() % 300}); break;
      case 5:
        if (random() % 8 == 0)
          caf::anon_send_exit(supervisor, caf::exit_reason::kill);
        break;
      case 2:
      case 3:
        ++sent;
        caf::anon_send(workers[whom], "note " + std::to_string(round));
        break;
      case 4:
        asked.push_back(random() % 10 == 0 ? -1 : ++number);
        caf::anon_send(client, whom, asked.back());
        break;
      default:
        for (auto steps = random() % 20; steps > 0 && sched.try_run_once(); --steps) {
        }
    }
  }
  for (int i = 0; i < 100; ++i)
    advance(seconds{1});
  std::size_t notes_heard = 0;
  for (const auto& x : heard) {
    EXPECT_EQ(x->most_up, 1);
    std::map<std::string, int> times;
    for (const auto& text : x->seen)
      if (text.starts_with("note")) {
        ++notes_heard;
        EXPECT_EQ(++times[text], 1) << text;
      }
  }
  EXPECT_GT(heard[2]->starts, 50);
  EXPECT_GT(lost.size(), 0u) << "the buffers were never full, which is too easy";
  EXPECT_EQ(notes_heard + lost.size(), sent);
  std::map<int, int> expected;
  for (const auto x : asked)
    ++expected[x];
  EXPECT_EQ(answers, expected);
  caf::anon_send_exit(client, caf::exit_reason::user_shutdown);
  run();
}

TEST_F(Supervisor, ShowsHowManyAChildLooksAfterItself) {
  group top{sys, "top", strategy::one_for_one};
  keyed_children known{3, 0};
  child_rules rules;
  rules.keyed = [&] { return known; };
  top.add<worker_actor>("region", worker(std::make_shared<notes>()), rules);
  top.add<worker_actor>("other", worker(std::make_shared<notes>()));
  start(std::move(top));
  const auto seen = [this](const std::string& path) {
    for (const auto& x : tree->rows(sched.clock().now()))
      if (x.path == path)
        return x.keyed;
    return std::optional<keyed_children>{};
  };
  EXPECT_EQ(seen("top/region"), known);
  EXPECT_EQ(seen("top/other"), std::nullopt);
  known = {5, 2};
  advance(seconds{1});
  EXPECT_EQ(seen("top/region"), known);
}

} // namespace
} // namespace troupe::supervision

// The connections that read a store: how many, for whom, and what happens when it does not answer.
#include "supervisors/reader_pool.hpp"

#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>
#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using journal::key_page;
using journal::read_keys;
using journal::reader_actor;

class ReaderPool : public test::deterministic_system {
protected:
  struct connection {
    caf::actor actor;
    std::vector<std::string> contexts; // that were read
    std::vector<caf::typed_response_promise<key_page>> held;
  };

  void SetUp() override {
    with.shared = {1, 2};
    with.own = {{"order", {1, 1}}};
    with.now = [this] { return now(); };
    with.jitter = [] { return 0.0; };
    with.connect = [this] { return connect(); };
    with.told = [this](const std::string& pool, bool open, const std::string&) { told.emplace_back(pool, open); };
  }

  void TearDown() override {
    for (auto& x : connections)
      x->held.clear();
    self->send_exit(pool, caf::exit_reason::kill);
    pool = nullptr;
    for (auto& x : connections)
      x->actor = nullptr;
    deterministic_system::TearDown();
  }

  void start() {
    pool = caf::actor_cast<reader_actor>(sys.spawn<reader_pool_impl>(with));
    run();
  }

  reader_actor connect() {
    auto made = std::make_shared<connection>();
    made->actor = sys.spawn([this, made](caf::event_based_actor* me) -> caf::behavior {
      return {[this, made, me](const read_keys& x) -> caf::result<key_page> {
        made->contexts.push_back(x.context);
        if (failure)
          return failure;
        if (!holds)
          return key_page{{x.after}};
        made->held.push_back(me->make_response_promise<key_page>());
        return made->held.back();
      }};
    });
    connections.push_back(made);
    return caf::actor_cast<reader_actor>(made->actor);
  }

  auto read(const std::string& context, const std::string& key = "k") {
    auto response = self->request(pool, caf::infinite, read_keys{context, key, 1});
    run();
    return response;
  }

  template <class Response> caf::expected<std::string> answer_of(Response& response) {
    caf::expected<std::string> result{caf::sec::none};
    if (self->mailbox().empty()) {
      ADD_FAILURE() << "nothing was answered";
      return result;
    }
    response.receive([&](const key_page& x) { result = x.keys.at(0); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  void release(std::size_t i) {
    auto of = connections.at(i);
    caf::anon_send(of->actor, caf::make_action([of] {
                     for (auto& x : std::exchange(of->held, {}))
                       x.deliver(key_page{{"late"}});
                   }));
    run();
  }

  std::int64_t open_connections(const std::string& of) {
    return sys.metrics().gauge_family("troupe", "store_connections", {"pool"}, "")->get_or_add({{"pool", of}})->value();
  }

  bool nothing_is_answered() { return self->mailbox().empty(); }

  reader_pool_settings with;
  std::vector<std::shared_ptr<connection>> connections;
  caf::error failure; // of every read, while there is one
  bool holds = false;
  std::vector<std::pair<std::string, bool>> told;
  reader_actor pool;
};

TEST_F(ReaderPool, OpensAConnectionWhenItIsNeededAndUsesItAgain) {
  start();
  EXPECT_TRUE(connections.empty());
  auto first = read("inventory", "a");
  EXPECT_EQ(answer_of(first), "a");
  auto second = read("catalog", "b");
  EXPECT_EQ(answer_of(second), "b");
  EXPECT_EQ(connections.size(), 1u);
}

TEST_F(ReaderPool, GivesEachConnectionOneReadAtATimeAndLetsTheRestWait) {
  holds = true;
  start();
  auto first = read("inventory");
  auto second = read("inventory");
  auto third = read("inventory");
  ASSERT_EQ(connections.size(), 2u);
  EXPECT_EQ(connections[0]->contexts.size() + connections[1]->contexts.size(), 2u);
  holds = false;
  release(1);
  EXPECT_EQ(answer_of(second), "late");
  EXPECT_EQ(answer_of(third), "k");
  EXPECT_TRUE(nothing_is_answered());
  release(0);
  EXPECT_EQ(answer_of(first), "late");
}

TEST_F(ReaderPool, KeepsAContextsOwnConnectionsFromTheOthers) {
  holds = true;
  start();
  auto first = read("inventory");
  auto second = read("inventory");
  holds = false;
  auto order = read("order");
  EXPECT_EQ(answer_of(order), "k");
  EXPECT_EQ(connections[2]->contexts, std::vector<std::string>{"order"});
  EXPECT_EQ(open_connections("order"), 1);
  EXPECT_EQ(open_connections("shared"), 2);
  release(0);
  release(1);
  EXPECT_TRUE(answer_of(first));
  EXPECT_TRUE(answer_of(second));
}

TEST_F(ReaderPool, RefusesWhatGetsNoConnectionInTime) {
  holds = true;
  start();
  auto first = read("order");
  auto second = read("order");
  advance(4999ms);
  EXPECT_TRUE(nothing_is_answered());
  advance(1ms);
  EXPECT_EQ(answer_of(second).error(), ec::store_unavailable);
  release(0);
  EXPECT_TRUE(answer_of(first));
}

TEST_F(ReaderPool, RefusesMoreThanMayWait) {
  with.waiting_max = 1;
  holds = true;
  start();
  auto first = read("order");
  auto second = read("order");
  auto third = read("order");
  EXPECT_EQ(answer_of(third).error(), ec::overloaded);
  release(0);
  EXPECT_TRUE(answer_of(first));
  release(0);
  EXPECT_TRUE(answer_of(second));
}

TEST_F(ReaderPool, EndsConnectionsThatNobodyNeedsExceptThoseThatAreKept) {
  holds = true;
  start();
  auto first = read("inventory");
  auto second = read("inventory");
  release(0);
  release(1);
  EXPECT_TRUE(answer_of(first));
  EXPECT_TRUE(answer_of(second));
  advance(59s);
  EXPECT_EQ(open_connections("shared"), 2);
  advance(61s);
  EXPECT_EQ(open_connections("shared"), 1);
  holds = false;
  auto again = read("inventory");
  EXPECT_EQ(answer_of(again), "k");
  EXPECT_EQ(connections.size(), 2u);
}

TEST_F(ReaderPool, TriesAgainWhatTheStoreDidNotAnswer) {
  failure = caf::make_error(ec::store_unavailable);
  start();
  auto asked = read("inventory");
  EXPECT_TRUE(nothing_is_answered());
  failure = {};
  advance(50ms);
  EXPECT_EQ(answer_of(asked), "k");
}

TEST_F(ReaderPool, GivesUpAfterThreeMoreTries) {
  with.breaker.failures = 100;
  failure = caf::make_error(ec::store_unavailable);
  start();
  auto asked = read("inventory");
  advance(50ms);
  advance(100ms);
  EXPECT_TRUE(nothing_is_answered());
  advance(200ms);
  EXPECT_EQ(answer_of(asked).error(), ec::store_unavailable);
  EXPECT_EQ(connections[0]->contexts.size(), 4u);
}

TEST_F(ReaderPool, DoesNotTryAgainWhatTimeWillNotMend) {
  failure = caf::make_error(ec::store_damaged);
  start();
  auto asked = read("inventory");
  EXPECT_EQ(answer_of(asked).error(), ec::store_damaged);
  EXPECT_TRUE(told.empty());
}

TEST_F(ReaderPool, AsksAStoreThatIsGoneNoMoreUntilOneReadFindsItBack) {
  with.retry.attempts = 1;
  failure = caf::make_error(ec::store_unavailable);
  start();
  for (int i = 0; i < 5; ++i) {
    auto asked = read("inventory");
    EXPECT_EQ(answer_of(asked).error(), ec::store_unavailable);
  }
  ASSERT_EQ(told, (std::vector<std::pair<std::string, bool>>{{"", true}}));
  const auto asked_before = connections[0]->contexts.size();
  auto refused = read("inventory");
  EXPECT_EQ(answer_of(refused).error(), ec::store_unavailable);
  EXPECT_EQ(connections[0]->contexts.size(), asked_before);
  failure = {};
  auto other = read("order");
  EXPECT_TRUE(answer_of(other)) << "another pool finds out for itself";
  advance(500ms);
  auto probe = read("inventory");
  EXPECT_EQ(answer_of(probe), "k");
  EXPECT_EQ(told.back(), (std::pair<std::string, bool>{"", false}));
}

} // namespace
} // namespace troupe

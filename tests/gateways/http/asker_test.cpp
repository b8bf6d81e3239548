#include "gateways/http/asker.hpp"

#include "tests/gateways/http/running_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <caf/response_promise.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <future>

using namespace std::chrono_literals;

namespace troupe::gateway {
namespace {

class Asker : public ::testing::Test {
protected:
  struct config : caf::actor_system_config {
    config() { set("caf.scheduler.max-threads", 2); }
  };

  template <class T> static T wait(std::future<T> x) {
    if (x.wait_for(10s) != std::future_status::ready)
      throw std::runtime_error("waited too long");
    return x.get();
  }

  template <class What> auto on_io(What what) {
    std::packaged_task<decltype(what())()> task{std::move(what)};
    auto result = task.get_future();
    boost::asio::post(context(), std::move(task));
    return wait(std::move(result));
  }

  Asker() {
    on_io([this] { actors = std::make_unique<asker>(sys, context()); });
  }
  ~Asker() override {
    on_io([this] { actors.reset(); });
  }

  boost::asio::io_context& context() { return io.all().front().get(); }

  /// Asks from a coroutine, and checks that it is resumed on the thread of its io_context.
  template <class Reply, class... Args>
  std::future<caf::expected<Reply>> ask(caf::actor whom, asker::steady::duration patience, Args... args) {
    auto result = std::make_shared<std::promise<caf::expected<Reply>>>();
    boost::asio::co_spawn(
      context(),
      [this, result, whom, until = asker::steady::now() + patience,
       question = caf::make_message(std::move(args)...)]() -> boost::asio::awaitable<void> {
        const auto before = std::this_thread::get_id();
        auto* asked = whom ? caf::actor_cast<caf::abstract_actor*>(whom) : nullptr;
        auto answer = co_await actors->request<Reply>(asked, question, until, boost::asio::use_awaitable);
        EXPECT_EQ(std::this_thread::get_id(), before);
        result->set_value(std::move(answer));
      },
      boost::asio::detached);
    return result->get_future();
  }

  // Answers its number when told to.
  struct late {
    std::vector<caf::response_promise> owed;
  };

  caf::actor spawn_late() {
    return sys.spawn([](caf::stateful_actor<late>* self) -> caf::behavior {
      return {[self](int) {
                self->state.owed.push_back(self->make_response_promise());
                return self->state.owed.back();
              },
              [self](const std::string&) {
                for (std::size_t i = 0; i < self->state.owed.size(); ++i)
                  self->state.owed[i].deliver(static_cast<int>(i));
                self->state.owed.clear();
              }};
    });
  }

  config cfg;
  caf::actor_system sys{cfg};
  test::io_threads io{1};
  std::unique_ptr<asker> actors;
};

caf::behavior doubling(caf::event_based_actor*) {
  return {[](int x) { return 2 * x; }, [](const std::string&) {},
          [](double) -> caf::result<int> { return ec::overloaded; }};
}

TEST_F(Asker, ResumesWithTheAnswer) {
  auto actor = sys.spawn(doubling);
  auto answer = wait(ask<int>(actor, 10s, 21));
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(*answer, 42);
}

TEST_F(Asker, ResumesWithAnAnswerOfNothing) {
  auto actor = sys.spawn(doubling);
  EXPECT_TRUE(wait(ask<void>(actor, 10s, std::string{"x"})));
}

TEST_F(Asker, ResumesWithTheErrorOfTheActor) {
  auto actor = sys.spawn(doubling);
  EXPECT_EQ(wait(ask<int>(actor, 10s, 1.0)), caf::make_error(ec::overloaded));
}

TEST_F(Asker, ResumesWithAnErrorWhenTheAnswerIsOfAnotherType) {
  auto actor = sys.spawn(doubling);
  EXPECT_EQ(wait(ask<std::string>(actor, 10s, 21)), caf::make_error(caf::sec::unexpected_response));
}

TEST_F(Asker, ResumesWhenTheActorHasEnded) {
  auto actor = sys.spawn(doubling);
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  caf::scoped_actor {
    sys
    } -> wait_for(actor);
  EXPECT_EQ(wait(ask<int>(actor, 10s, 1)), caf::make_error(caf::sec::request_receiver_down));
}

TEST_F(Asker, ResumesWhenTheActorEndsWithoutAnAnswer) {
  auto actor = spawn_late();
  auto answer = ask<int>(actor, 10s, 1);
  ASSERT_TRUE(test::comes_true([&] { return on_io([&] { return actors->waiting() == 1; }); }));
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  EXPECT_FALSE(wait(std::move(answer)));
}

TEST_F(Asker, ResumesWhenThereIsNoActor) {
  EXPECT_EQ(wait(ask<int>(caf::actor{}, 10s, 1)), caf::make_error(caf::sec::request_receiver_down));
}

TEST_F(Asker, ResumesAtTheDeadlineAndDropsTheLateAnswer) {
  auto actor = spawn_late();
  const auto begin = asker::steady::now();
  EXPECT_EQ(wait(ask<int>(actor, 20ms, 1)), caf::make_error(ec::deadline));
  EXPECT_GE(asker::steady::now() - begin, 20ms);
  EXPECT_EQ(on_io([this] { return actors->waiting(); }), 0u);
  // The late answer, 0, must not be taken for that of the next question, which uses the same slot.
  auto next = ask<int>(actor, 10s, 2);
  ASSERT_TRUE(test::comes_true([&] { return on_io([&] { return actors->waiting() == 1; }); }));
  caf::anon_send(actor, std::string{"answer"});
  EXPECT_EQ(wait(std::move(next)), 1);
}

TEST_F(Asker, DoesNotSendWhatIsAlreadyLate) {
  std::atomic<int> heard = 0;
  auto actor =
    sys.spawn([&heard](caf::event_based_actor*) -> caf::behavior { return {[&heard](int) { return ++heard; }}; });
  EXPECT_EQ(wait(ask<int>(actor, -1ms, 1)), caf::make_error(ec::deadline));
  EXPECT_EQ(wait(ask<int>(actor, 10s, 1)), 1);
}

TEST_F(Asker, KeepsManyQuestionsApart) {
  auto actor = sys.spawn(doubling);
  std::vector<std::future<caf::expected<int>>> answers;
  for (int i = 0; i < 2'000; ++i)
    answers.push_back(ask<int>(actor, i % 3 ? asker::steady::duration{10s} : asker::steady::duration{1h}, i));
  for (int i = 0; i < 2'000; ++i)
    EXPECT_EQ(wait(std::move(answers[static_cast<std::size_t>(i)])), 2 * i);
  EXPECT_EQ(on_io([this] { return actors->waiting(); }), 0u);
}

TEST_F(Asker, MeetsDeadlinesInTheirOwnOrder) {
  auto actor = spawn_late();
  auto last = ask<int>(actor, 60ms, 1);
  auto first = ask<int>(actor, 20ms, 2);
  auto never = ask<int>(actor, 1h, 3);
  EXPECT_EQ(wait(std::move(first)), caf::make_error(ec::deadline));
  EXPECT_EQ(wait(std::move(last)), caf::make_error(ec::deadline));
  EXPECT_EQ(on_io([this] { return actors->waiting(); }), 1u);
  on_io([this] { actors->fail_all(ec::shutting_down); });
  EXPECT_EQ(wait(std::move(never)), caf::make_error(ec::shutting_down));
}

// Answers that come after its end are dropped, whatever thread they come from.
TEST_F(Asker, MayEndBeforeTheAnswersCome) {
  auto actor = sys.spawn(doubling);
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 20; ++i)
      boost::asio::co_spawn(
        context(),
        [this, actor]() -> boost::asio::awaitable<void> {
          co_await actors->request<int>(caf::actor_cast<caf::abstract_actor*>(actor), caf::make_message(1),
                                        asker::steady::time_point::max(), boost::asio::use_awaitable);
        },
        boost::asio::detached);
    on_io([this] {
      actors.reset();
      actors = std::make_unique<asker>(sys, context());
    });
  }
  EXPECT_EQ(wait(ask<int>(actor, 10s, 21)), 42);
}

} // namespace
} // namespace troupe::gateway

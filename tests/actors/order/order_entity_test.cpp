// What the actor of an order adds to its decisions: memory, time, and answers that come late or never.
#include "actors/entity/store_actors.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "supervisors/topology.hpp"
#include "tests/actors/order/samples.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace troupe::order::test {
namespace {

/// What surrounds the order, and what was asked of it.
struct surroundings {
  bool has_shoes = true;
  bool holds_back_socks = false; // keeps the answers about them
  std::vector<caf::typed_response_promise<inventory::stock>> socks;
  std::vector<caf::error> refusals; // of the authorizations, in turn; then silence
  std::vector<caf::typed_response_promise<payment::payment>> silence;
  bool authorized = false;                        // found by a search
  std::int64_t authorized_minor = 300;            // what it finds then
  std::optional<payment::payment> answer;         // to an authorization
  std::optional<payment::payment> capture_answer; // instead of captured as asked
  std::optional<caf::error> search_failure;
  std::optional<caf::error> void_failure;
  payment::refund_status refund = payment::refund_status::succeeded;
  bool allocates = false; // otherwise the hold has expired
  std::vector<inventory::units_t> taken_back;
  std::vector<trace_context> traces; // of what the provider was asked
  int extensions = 0;
  std::optional<caf::error> extend_failure;
  int authorizations = 0;
  int searches = 0;
  int voids = 0;
};

using surroundings_ptr = std::shared_ptr<surroundings>;

inventory::inventory_actor::behavior_type make_stock(inventory::inventory_actor::pointer self, surroundings_ptr state) {
  const auto some = [](const auto& x) { return inventory::stock{x.sku, 1, 0, 0, 1}; };
  return {
    [some](const request_context&, const inventory::set_available& x) { return some(x); },
    [self, state, some](const request_context&, const inventory::reserve& x) -> caf::result<inventory::stock> {
      if (x.sku.value == "shoe" && !state->has_shoes)
        return caf::make_error(inventory::rejection::out_of_stock);
      if (x.sku.value == "shoe" || !state->holds_back_socks)
        return some(x);
      state->socks.push_back(self->make_response_promise<inventory::stock>());
      return state->socks.back();
    },
    [some](const request_context&, const inventory::release& x) { return some(x); },
    [state, some](const request_context&, const inventory::allocate& x) -> caf::result<inventory::stock> {
      if (state->allocates)
        return some(x);
      return caf::make_error(inventory::rejection::hold_expired);
    },
    [state, some](const request_context&, const inventory::take_back& x) {
      state->taken_back.push_back(x.units);
      return some(x);
    },
    [state, some](const request_context&, const inventory::extend& x) -> caf::result<inventory::stock> {
      ++state->extensions;
      if (state->extend_failure)
        return *state->extend_failure;
      return some(x);
    },
    [some](const request_context&, const inventory::get_stock& x) { return some(x); },
  };
}

catalog::catalog_actor::behavior_type make_catalog(catalog::catalog_actor::pointer) {
  return {
    [](const request_context&, const catalog::put_product& x) {
      return catalog::product{x.sku, x.title, x.price, 1};
    },
    [](const request_context&, const catalog::get_product& x) {
      return catalog::product{x.sku, x.sku.value, eur(100), 1};
    },
  };
}

payment::provider_actor::behavior_type make_provider(payment::provider_actor::pointer self, surroundings_ptr state) {
  return {
    [self, state](const request_context& context, const payment::authorize&) -> caf::result<payment::payment> {
      state->traces.push_back(context.trace);
      if (state->answer) {
        ++state->authorizations;
        return *state->answer;
      }
      const auto number = static_cast<std::size_t>(state->authorizations++);
      if (number < state->refusals.size())
        return state->refusals[number];
      state->silence.push_back(self->make_response_promise<payment::payment>());
      return state->silence.back();
    },
    [state](const request_context& context, const payment::capture& x) {
      state->traces.push_back(context.trace);
      return state->capture_answer.value_or(payment::payment{x.id, payment::payment_status::captured, x.amount, ""});
    },
    [state](const request_context& context, const payment::void_payment& x) -> caf::result<payment::payment> {
      state->traces.push_back(context.trace);
      ++state->voids;
      if (state->void_failure)
        return *state->void_failure;
      return payment::payment{x.id, payment::payment_status::voided, {}, ""};
    },
    [state](const request_context&, const payment::refund&) {
      return payment::refunded{"refund-1", state->refund};
    },
    [state](const request_context& context, const payment::find_payments&) -> caf::result<payment::payments> {
      state->traces.push_back(context.trace);
      ++state->searches;
      if (state->search_failure)
        return *state->search_failure;
      payment::payments found;
      if (state->authorized)
        found.items.push_back({"pay-1", payment::payment_status::authorized, eur(state->authorized_minor), ""});
      return found;
    },
  };
}

struct failing_disk : simulated::faults {
  simulated::commit_fate fate = simulated::commit_fate::durable; // of what is committed
  int after = 0;                                                 // so many that are durable

  simulated::commit_fate on_commit(std::span<const journal::write>) override {
    return after-- > 0 ? simulated::commit_fate::durable : fate;
  }
};

class OrderEntity : public troupe::test::deterministic_system {
protected:
  void SetUp() override {
    const auto clock = [this] { return now() + clock_step; };
    const auto disk = std::make_shared<simulated::disk>();
    disk->set_faults(disk_faults);
    const auto stores = simulated::make_store(disk);
    journal = spawn_journal(sys, sys.spawn(journal::make_writer, stores), sys.spawn(journal::make_reader, stores),
                            "node-1", clock);
    stock = sys.spawn(make_stock, state);
    provider = sys.spawn(make_provider, state);
    env.journal = journal;
    env.now = clock;
    env.random = [] { return std::uint64_t{0}; };
    deps.inventory = stock;
    deps.catalog = sys.spawn(make_catalog);
    deps.providers["main"].actor = provider;
    deps.provider_timeout = 10s;
    policy rules;
    rules.hold_time = 60s;
    rules.retry_base = 40s;
    rules.retry_max = 40s;
    deps.policy.set(rules);
    deps.ended = [this](const std::string& id, status x, const std::string& why) {
      EXPECT_EQ(id, some_id.value);
      ended.emplace_back(x, why);
    };
    deps.waiters_max = 3;
    deps.pauses = paused->published();
    orders = spawn_orders(sys, env, deps);
    run();
    nobody = sys.registry().running();
  }

  void TearDown() override {
    state->socks.clear();
    state->silence.clear();
    self->send_exit(orders, caf::exit_reason::kill);
    self->send_exit(journal, caf::exit_reason::kill);
    orders = nullptr;
    env.journal = nullptr;
    deps = {};
    journal = nullptr;
    stock = nullptr;
    provider = nullptr;
    deterministic_system::TearDown();
  }

  void place() {
    self->send(orders, context, some_order());
    run();
  }

  /// As after a crash: nothing is left but what is stored.
  void restart() {
    self->send_exit(orders, caf::exit_reason::kill);
    orders = nullptr;
    run();
    orders = spawn_orders(sys, env, deps);
    run();
  }

  std::size_t in_memory() { return sys.registry().running() - nobody; }

  template <class Command> auto request(Command command, request_context with) {
    auto response = self->request(orders, caf::infinite, std::move(with), std::move(command));
    run();
    return response;
  }

  template <class Response> caf::expected<view> answer_of(Response& response) {
    caf::expected<view> result{caf::sec::none};
    if (self->mailbox().empty()) {
      ADD_FAILURE() << "nothing was answered";
      return result;
    }
    response.receive([&](view& x) { result = std::move(x); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  template <class Command> caf::expected<view> tell(Command command) {
    auto response = request(std::move(command), context);
    return answer_of(response);
  }

  /// Waits for the end until `time` from now at most.
  auto wait_for_end(duration time) { return request(await_end{some_id}, {"shop", {}, now() + time}); }

  /// An order whose money is set aside, and which waits until somebody asks to take it.
  void place_to_capture_later() {
    state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
    state->allocates = true;
    auto command = some_order();
    command.capture_at_once = false;
    ASSERT_TRUE(tell(command));
    ASSERT_EQ(get().status, status::processing);
    ASSERT_EQ(get().authorized, eur(300));
  }

  view get() {
    auto response = self->request(orders, caf::infinite, context, get_order{some_id});
    run();
    view result;
    response.receive([&](const view& x) { result = x; }, [](const caf::error& e) { ADD_FAILURE() << to_string(e); });
    return result;
  }

  /// Within the actor that made the promises.
  void answer_about_socks() {
    caf::anon_send(caf::actor_cast<caf::actor>(stock), caf::make_action([state = state] {
                     for (auto& promise : std::exchange(state->socks, {}))
                       promise.deliver(inventory::stock{"sock", 0, 1, 0, 1});
                   }));
    run();
  }

  std::vector<std::pair<status, std::string>> ended; // as it was told
  const request_context context{"shop", {}, time_point::max()};
  std::shared_ptr<failing_disk> disk_faults = std::make_shared<failing_disk>();
  entity::environment env;
  dependencies deps;
  std::size_t nobody = 0; // actors when no order is in memory
  surroundings_ptr state = std::make_shared<surroundings>();
  pause::registry_ptr paused = std::make_shared<pause::registry>(pause::board{});
  duration clock_step{0}; // how far the node's clock was set
  journal::journal_actor journal;
  inventory::inventory_actor stock;
  payment::provider_actor provider;
  order_actor orders;
};

TEST_F(OrderEntity, LeavesMemoryAfterARejectionAlthoughAnotherLineIsAnsweredLater) {
  state->has_shoes = false;
  state->holds_back_socks = true;
  const auto before = sys.registry().running();
  place();
  EXPECT_EQ(sys.registry().running(), before + 1);
  EXPECT_EQ(get().status, status::rejected);
  ASSERT_EQ(state->socks.size(), 1u) << "the other line was asked for";
  answer_about_socks();
  advance(3s);
  EXPECT_EQ(sys.registry().running(), before) << "the order is still in memory";
}

TEST_F(OrderEntity, TellsItsEndOnceHoweverOftenItIsRecovered) {
  state->has_shoes = false;
  place();
  const auto once = std::vector<std::pair<status, std::string>>{{status::rejected, "out_of_stock"}};
  EXPECT_EQ(ended, once);
  advance(3s); // It has left memory.
  EXPECT_EQ(get().status, status::rejected);
  place();
  EXPECT_EQ(ended, once);
}

TEST_F(OrderEntity, LeavesMemoryAfterARejectionAlthoughAnotherLineIsNeverAnswered) {
  state->has_shoes = false;
  state->holds_back_socks = true;
  const auto before = sys.registry().running();
  place();
  EXPECT_EQ(get().status, status::rejected);
  advance(5s);  // until nobody waits for that answer any more
  advance(60s); // idle timeout, twice: it was asked for in the first
  advance(60s);
  EXPECT_EQ(sys.registry().running(), before);
}

// The second attempt ends before the first one's wait is over, and nobody knows what became of it.
TEST_F(OrderEntity, VoidsWhatAnAttemptThatNewsHadBroughtForwardMayHaveDone) {
  state->refusals = {caf::make_error(ec::unavailable)};
  place();
  ASSERT_EQ(state->authorizations, 1);
  self->send(orders, context, payment_news{some_id});
  run();
  ASSERT_EQ(state->authorizations, 2);
  state->authorized = true; // It acts, and does not answer.
  advance(10s);
  advance(120s); // past the next attempt and the end of the hold
  EXPECT_EQ(get().status, status::expired);
  EXPECT_EQ(state->voids, 1) << "money is still set aside";
}

TEST_F(OrderEntity, VoidsWhatAnAttemptMayHaveDoneAlthoughTheClockWasSetBackMeanwhile) {
  state->refusals = {caf::make_error(ec::unavailable)};
  place();
  advance(40s);
  ASSERT_EQ(state->authorizations, 2);
  state->authorized = true; // It acts, and does not answer.
  clock_step = -20s;
  advance(10s);
  clock_step = 0s;
  advance(120s);
  EXPECT_EQ(get().status, status::expired);
  EXPECT_EQ(state->voids, 1) << "money is still set aside";
}

TEST_F(OrderEntity, KeepsNothingInMemoryOfAnOrderThatDoesNotExist) {
  EXPECT_EQ(tell(cancel{some_id, ""}).error(), rejection::unknown_order);
  EXPECT_EQ(in_memory(), 0u) << "after cancel";
  EXPECT_EQ(tell(capture{some_id}).error(), rejection::unknown_order);
  EXPECT_EQ(in_memory(), 0u) << "after capture";
  EXPECT_EQ(tell(await_end{some_id}).error(), rejection::unknown_order);
  EXPECT_EQ(in_memory(), 0u) << "after await_end";
  EXPECT_EQ(tell(get_order{some_id}).error(), rejection::unknown_order);
  EXPECT_EQ(in_memory(), 0u) << "after get_order";
  auto nothing_ordered = some_order();
  nothing_ordered.items.clear();
  EXPECT_EQ(tell(nothing_ordered).error(), rejection::no_items);
  EXPECT_EQ(in_memory(), 0u) << "after a refused place";
  self->send(orders, context, payment_news{some_id});
  run();
  EXPECT_EQ(in_memory(), 0u) << "after payment_news";
}

TEST_F(OrderEntity, AnswersAWaitAtItsDeadlineWhenTheOrderHasNotEnded) {
  place_to_capture_later();
  auto soon = wait_for_end(1s);
  auto later = wait_for_end(3s);
  advance(999ms);
  EXPECT_TRUE(self->mailbox().empty());
  advance(1ms);
  EXPECT_EQ(answer_of(soon).error(), ec::deadline);
  EXPECT_TRUE(self->mailbox().empty()) << "the other has time left";
  auto between = wait_for_end(1s);
  advance(1s);
  EXPECT_EQ(answer_of(between).error(), ec::deadline);
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  EXPECT_EQ(answer_of(later)->status, status::cancelled);
}

TEST_F(OrderEntity, AnswersAWaitThatASilentProviderOutlasts) {
  ASSERT_TRUE(tell(some_order()));
  auto wait = wait_for_end(1s);
  auto longer = wait_for_end(12s);
  advance(10s); // Nobody waits for the provider's answer any more.
  EXPECT_EQ(answer_of(wait).error(), ec::deadline);
  EXPECT_TRUE(self->mailbox().empty()) << "the other has time left";
  advance(2s);
  EXPECT_EQ(answer_of(longer).error(), ec::deadline);
}

TEST_F(OrderEntity, HasRoomForAnotherWaitWhenOthersAreOver) {
  place_to_capture_later();
  auto a = wait_for_end(1s);
  auto b = wait_for_end(1s);
  auto c = wait_for_end(1s);
  auto d = wait_for_end(1s);
  EXPECT_EQ(answer_of(d).error(), ec::overloaded);
  advance(1s);
  EXPECT_EQ(answer_of(a).error(), ec::deadline);
  EXPECT_EQ(answer_of(b).error(), ec::deadline);
  EXPECT_EQ(answer_of(c).error(), ec::deadline);
  auto e = wait_for_end(1s);
  EXPECT_TRUE(self->mailbox().empty()) << "it waits";
  advance(1s);
  EXPECT_EQ(answer_of(e).error(), ec::deadline);
}

TEST_F(OrderEntity, LeavesMemoryAfterAWaitThatIsOver) {
  place_to_capture_later();
  auto wait = wait_for_end(1s);
  advance(60s);
  advance(60s);
  EXPECT_EQ(answer_of(wait).error(), ec::deadline);
  EXPECT_EQ(in_memory(), 0u);
}

TEST_F(OrderEntity, NamesTheUnitsItTakesBackOnceAllLinesAreSold) {
  place_to_capture_later();
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  EXPECT_EQ(get().status, status::cancelled);
  EXPECT_EQ(state->taken_back, (std::vector<inventory::units_t>{2, 1}));
}

TEST_F(OrderEntity, NamesNoUnitsToTakeBackWhileItIsUnknownWhichLinesAreSold) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  place();
  EXPECT_EQ(get().status, status::expired);
  EXPECT_EQ(state->taken_back, (std::vector<inventory::units_t>{0, 0}));
}

TEST_F(OrderEntity, CarriesTheTraceOfWhoeverChangedItLastAlsoAfterARestart) {
  const trace_context placing{1, 2, 3, true};
  const trace_context cancelling{4, 5, 6, true};
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  state->allocates = true;
  auto command = some_order();
  command.capture_at_once = false;
  auto placed = request(command, {"shop", placing, time_point::max()});
  ASSERT_TRUE(answer_of(placed));
  EXPECT_EQ(state->traces, std::vector{placing});
  state->void_failure = caf::make_error(ec::unavailable);
  auto cancelled = request(cancel{some_id, ""}, {"shop", cancelling, time_point::max()});
  ASSERT_TRUE(answer_of(cancelled));
  EXPECT_EQ(state->traces.back(), cancelling);
  restart();
  state->traces.clear();
  for (int i = 0; i < 41; ++i)
    advance(1s);
  ASSERT_FALSE(state->traces.empty());
  EXPECT_EQ(state->traces.back(), cancelling);
}

TEST_F(OrderEntity, IsReviewedWhenAnAuthorizationIsOfAnotherAmount) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(299), ""};
  place();
  EXPECT_EQ(get().status, status::review);
  EXPECT_EQ(get().reason, "the provider names another amount");
}

TEST_F(OrderEntity, TakesAnAnswerThatNamesNoAmountForTheOneThatItAskedFor) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, {}, ""};
  state->allocates = true;
  state->capture_answer = payment::payment{"pay-1", payment::payment_status::captured, {}, ""};
  place();
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(OrderEntity, IsReviewedWhenTheAuthorizationThatIsFoundIsOfAnotherAmount) {
  state->refusals = {caf::make_error(ec::timed_out)};
  state->authorized = true;
  state->authorized_minor = 30'000;
  place();
  advance(40s);
  EXPECT_EQ(state->searches, 1);
  EXPECT_EQ(get().status, status::review);
}

TEST_F(OrderEntity, IsReviewedWhenACaptureIsOfAnotherAmount) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  state->allocates = true;
  state->capture_answer = payment::payment{"pay-1", payment::payment_status::captured, eur(30), ""};
  place();
  EXPECT_EQ(get().status, status::review);
}

TEST_F(OrderEntity, GoesOnAtOnceAfterARestart) {
  place();
  ASSERT_EQ(state->authorizations, 1);
  restart();
  EXPECT_EQ(state->searches, 1) << "what was begun is looked up first";
  EXPECT_EQ(state->authorizations, 2);
}

TEST_F(OrderEntity, GoesOnAtOnceWhenItIsRecoveredByWhoeverAsks) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  disk_faults->fate = simulated::commit_fate::lost;
  disk_faults->after = 2; // the request and the reservation
  place();
  ASSERT_EQ(in_memory(), 0u) << "what it was answered could not be stored";
  ASSERT_EQ(state->authorizations, 1);
  disk_faults->fate = simulated::commit_fate::durable;
  state->authorized = true;
  for (int i = 0; i < 20; ++i) // until the store is open again
    advance(100ms);
  ASSERT_EQ(in_memory(), 0u);
  EXPECT_EQ(get().status, status::processing);
  EXPECT_EQ(state->searches, 1);
}

TEST_F(OrderEntity, GivesUpOnAProviderThatDoesNotTellWhatBecameOfAnAuthorization) {
  state->search_failure = caf::make_error(ec::unavailable);
  place();
  advance(10s); // nobody answers
  advance(47h);
  EXPECT_EQ(get().status, status::processing);
  advance(1h);
  EXPECT_EQ(get().status, status::review);
  EXPECT_EQ(get().reason, "the provider has not answered for too long");
}

TEST_F(OrderEntity, SaysThatARefundIsPending) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  state->allocates = true;
  state->refund = payment::refund_status::pending;
  place();
  ASSERT_EQ(get().status, status::confirmed);
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  const auto now = get();
  EXPECT_EQ(now.status, status::refunded);
  EXPECT_TRUE(std::any_of(now.timeline.begin(), now.timeline.end(), [](const view_moment& x) {
    return x.what == "payment_refunded" && x.detail == "refund-1, pending";
  }));
}

TEST_F(OrderEntity, TellsAnEndThatComesAfterAnother) {
  state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
  state->allocates = true;
  state->refund = payment::refund_status::failed;
  place();
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  ASSERT_EQ(get().status, status::review);
  EXPECT_EQ(ended, (std::vector<std::pair<status, std::string>>{{status::confirmed, ""},
                                                                {status::review, "the provider could not refund"}}));
}

TEST_F(OrderEntity, GivesUpOnAProviderThatDoesNotVoid) {
  place_to_capture_later();
  state->void_failure = caf::make_error(ec::timed_out);
  ASSERT_TRUE(tell(cancel{some_id, ""}));
  advance(47h);
  EXPECT_EQ(get().status, status::processing);
  advance(1h);
  EXPECT_EQ(get().status, status::review);
}

// ---- pauses --------------------------------------------------------------------------------------------------------

class PausedOrder : public OrderEntity {
protected:
  void SetUp() override {
    OrderEntity::SetUp();
    state->answer = payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""};
    state->allocates = true;
  }

  void pause(const std::string& what) {
    paused->put(*pause::parse_target(what), pause::paused{"maintenance", "ada", now()});
  }

  /// As the topology does.
  void resume(const std::string& what) {
    paused->put(*pause::parse_target(what), std::nullopt);
    caf::anon_send(caf::actor_cast<caf::actor>(orders), entity::look_ahead{paused_look + entity::resumed_after});
    run();
  }

  /// Time goes by as it does: the region looks each second.
  void live(duration time) {
    for (auto left = time; left > duration{0}; left -= 30s)
      advance(std::min(left, duration{30s}));
  }

  bool has_moment(const std::string& what) {
    const auto timeline = get().timeline;
    return std::any_of(timeline.begin(), timeline.end(), [&](const auto& x) { return x.what == what; });
  }
};

TEST_F(PausedOrder, AsksNoProviderThatIsPausedAndHoldsItsUnits) {
  pause("provider/main");
  place();
  const auto x = get();
  EXPECT_EQ(x.status, status::processing);
  ASSERT_TRUE(x.paused);
  EXPECT_EQ(x.paused->what, "provider/main");
  EXPECT_EQ(x.paused->reason, "maintenance");
  EXPECT_TRUE(x.total) << "stock goes on";
  EXPECT_EQ(state->authorizations, 0);
  EXPECT_EQ(state->searches, 0);
  EXPECT_EQ(state->extensions, 2) << "one for each line";
  EXPECT_TRUE(has_moment("paused"));
  EXPECT_TRUE(has_moment("hold_extended"));
}

TEST_F(PausedOrder, GoesOnToItsEndWhenItIsResumedLongAfterItsHoldAndItsKey) {
  pause("provider/main");
  place();
  live(26h); // The hold is of a minute, the key lives a day.
  EXPECT_EQ(get().status, status::processing);
  EXPECT_GE(state->extensions, 6) << "renewed each half day";
  EXPECT_EQ(state->authorizations + state->searches, 0);
  resume("provider/main");
  EXPECT_EQ(get().status, status::confirmed);
  EXPECT_FALSE(get().paused);
  EXPECT_EQ(state->authorizations, 1);
  EXPECT_FALSE(has_moment("attempt_failed"));
}

TEST_F(PausedOrder, StandsStillOverARestartUntilItIsResumed) {
  pause("saga/order");
  place();
  restart();
  live(2h);
  EXPECT_FALSE(get().total) << "not even stock was asked for";
  restart();
  resume("saga/order");
  advance(1s);
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, IsWokenOutOfTheJournalWhenItIsResumed) {
  env.idle_timeout = 20s;
  restart();
  pause("saga/order");
  place();
  for (int i = 0; i < 45 && in_memory() > 0; ++i)
    advance(1s);
  ASSERT_EQ(in_memory(), 0u);
  resume("saga/order");
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, StandsStillWhileItIsNotKnownWhatIsPaused) {
  paused = std::make_shared<pause::registry>();
  deps.pauses = paused->published();
  restart();
  place();
  EXPECT_FALSE(get().total);
  EXPECT_FALSE(get().paused) << "nobody knows";
  paused->know({});
  caf::anon_send(caf::actor_cast<caf::actor>(orders), entity::look_ahead{paused_look + entity::resumed_after});
  run();
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, BeginsNothingAfterWhatWasInFlight) {
  state->answer.reset(); // It does not answer.
  place();
  ASSERT_EQ(state->authorizations, 1);
  pause("order/" + some_id.value);
  caf::anon_send(caf::actor_cast<caf::actor>(provider), caf::make_action([state = state] {
                   for (auto& promise : std::exchange(state->silence, {}))
                     promise.deliver(payment::payment{"pay-1", payment::payment_status::authorized, eur(300), ""});
                 }));
  run();
  EXPECT_EQ(get().authorized, eur(300)) << "what came of it is recorded";
  ASSERT_TRUE(get().paused);
  EXPECT_EQ(get().paused->what, "order/" + some_id.value);
  paused->put(*pause::parse_target("order/" + some_id.value), std::nullopt);
  self->send(orders, context, look{some_id});
  run();
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, SendsNoMoneyWhenItIsPausedWhileItLooksForIt) {
  state->answer.reset();
  place();
  ASSERT_EQ(state->authorizations, 1);
  advance(10s); // It times out, and is looked for before it is tried again.
  state->silence.clear();
  // The search is answered, and by then the provider is paused.
  sched.advance_time(40s);
  while (state->searches == 0 && sched.try_run_once())
    continue;
  ASSERT_EQ(state->searches, 1);
  pause("provider/main");
  run();
  EXPECT_EQ(state->authorizations, 1);
  ASSERT_TRUE(get().paused);
}

TEST_F(PausedOrder, CountsNoRefusalOfAPausedProviderAsAFailure) {
  state->answer.reset();
  state->refusals = {caf::make_error(ec::circuit_open)};
  place(); // The guard refused it, and nobody has told the order yet.
  ASSERT_TRUE(has_moment("attempt_failed"));
  pause("provider/main");
  state->refusals.push_back(caf::make_error(ec::circuit_open));
  live(2min);
  EXPECT_EQ(state->authorizations, 1);
}

TEST_F(PausedOrder, LetsThoseWhoWaitGoInTime) {
  pause("saga/order");
  place();
  auto waiting = wait_for_end(5s);
  advance(5s);
  EXPECT_EQ(answer_of(waiting).error(), ec::deadline);
}

TEST_F(PausedOrder, GivesTheTimeOfAPauseBackToTheCaptureWindow) {
  place_to_capture_later();
  live(6 * 24h);
  pause("provider/main");
  live(2 * 24h);
  EXPECT_EQ(get().status, status::processing) << "a week has passed";
  resume("provider/main");
  live(23h);
  EXPECT_EQ(get().status, status::processing);
  live(2h);
  EXPECT_EQ(get().status, status::expired) << "it had a day left";
}

TEST_F(PausedOrder, TakesACaptureAndCarriesItOutLater) {
  place_to_capture_later();
  pause("provider/main");
  ASSERT_TRUE(tell(capture{some_id}));
  EXPECT_EQ(get().captured, eur(0));
  resume("provider/main");
  EXPECT_EQ(get().status, status::confirmed);
}

TEST_F(PausedOrder, AsksAgainForAHoldThatCouldNotBeKept) {
  state->extend_failure = caf::make_error(ec::store_unavailable);
  pause("provider/main");
  place();
  EXPECT_FALSE(has_moment("hold_extended"));
  state->extend_failure.reset();
  live(1min);
  EXPECT_TRUE(has_moment("hold_extended"));
}

} // namespace
} // namespace troupe::order::test

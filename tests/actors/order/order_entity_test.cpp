// What the actor of an order adds to its decisions: memory, time, and answers that come late or never.
#include "actors/entity/store_actors.hpp"
#include "adapters/simulated_store/simulated_store.hpp"
#include "supervisors/topology.hpp"
#include "tests/actors/order/samples.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/action.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <memory>
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
  bool authorized = false; // found by a search
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
    [](const request_context&, const inventory::allocate&) -> caf::result<inventory::stock> {
      return caf::make_error(inventory::rejection::hold_expired);
    },
    [some](const request_context&, const inventory::take_back& x) { return some(x); },
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
    [self, state](const request_context&, const payment::authorize&) -> caf::result<payment::payment> {
      const auto number = static_cast<std::size_t>(state->authorizations++);
      if (number < state->refusals.size())
        return state->refusals[number];
      state->silence.push_back(self->make_response_promise<payment::payment>());
      return state->silence.back();
    },
    [](const request_context&, const payment::capture& x) {
      return payment::payment{x.id, payment::payment_status::captured, x.amount, ""};
    },
    [state](const request_context&, const payment::void_payment& x) {
      ++state->voids;
      return payment::payment{x.id, payment::payment_status::voided, {}, ""};
    },
    [](const request_context&, const payment::refund&) {
      return payment::refunded{"refund-1", payment::refund_status::succeeded};
    },
    [state](const request_context&, const payment::find_payments&) {
      ++state->searches;
      payment::payments found;
      if (state->authorized)
        found.items.push_back({"pay-1", payment::payment_status::authorized, eur(300), ""});
      return found;
    },
  };
}

class OrderEntity : public troupe::test::deterministic_system {
protected:
  void SetUp() override {
    const auto clock = [this] { return now() + clock_step; };
    const auto stores = simulated::make_store(std::make_shared<simulated::disk>());
    journal = spawn_journal(sys, sys.spawn(journal::make_writer, stores), sys.spawn(journal::make_reader, stores),
                            "node-1", clock);
    stock = sys.spawn(make_stock, state);
    provider = sys.spawn(make_provider, state);
    entity::environment env;
    env.journal = journal;
    env.now = clock;
    env.random = [] { return std::uint64_t{0}; };
    dependencies deps;
    deps.inventory = stock;
    deps.catalog = sys.spawn(make_catalog);
    deps.providers["main"].actor = provider;
    deps.provider_timeout = 10s;
    deps.policy.hold_time = 60s;
    deps.policy.retry_base = 40s;
    deps.policy.retry_max = 40s;
    deps.ended = [this](const std::string& id, status x, const std::string& why) {
      EXPECT_EQ(id, some_id.value);
      ended.emplace_back(x, why);
    };
    orders = spawn_orders(sys, env, deps);
    run();
  }

  void TearDown() override {
    state->socks.clear();
    state->silence.clear();
    self->send_exit(orders, caf::exit_reason::kill);
    self->send_exit(journal, caf::exit_reason::kill);
    orders = nullptr;
    journal = nullptr;
    stock = nullptr;
    provider = nullptr;
    deterministic_system::TearDown();
  }

  void place() {
    self->send(orders, context, some_order());
    run();
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
  surroundings_ptr state = std::make_shared<surroundings>();
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

} // namespace
} // namespace troupe::order::test

// When an order's actor leaves memory.
#include "adapters/simulated_store/simulated_store.hpp"
#include "actors/entity/store_actors.hpp"
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

/// Stock that has no shoes, and that answers about socks when it is told to.
struct slow_stock {
  std::vector<caf::typed_response_promise<inventory::stock>> held;
};

using stock_ptr = std::shared_ptr<slow_stock>;

inventory::inventory_actor::behavior_type make_stock(inventory::inventory_actor::pointer self, stock_ptr state) {
  const auto some = [](const auto& x) { return inventory::stock{x.sku, 1, 0, 0, 1}; };
  return {
    [some](const request_context&, const inventory::set_available& x) { return some(x); },
    [self, state](const request_context&, const inventory::reserve& x) -> caf::result<inventory::stock> {
      if (x.sku.value == "shoe")
        return caf::make_error(inventory::rejection::out_of_stock);
      state->held.push_back(self->make_response_promise<inventory::stock>());
      return state->held.back();
    },
    [some](const request_context&, const inventory::release& x) { return some(x); },
    [some](const request_context&, const inventory::allocate& x) { return some(x); },
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

class OrderMemory : public troupe::test::deterministic_system {
protected:
  void SetUp() override {
    const auto clock = [this] { return now(); };
    const auto stores = simulated::make_store(std::make_shared<simulated::disk>());
    journal = spawn_journal(sys, sys.spawn(journal::make_writer, stores), sys.spawn(journal::make_reader, stores),
                            "node-1", clock);
    stock = sys.spawn(make_stock, state);
    entity::environment env;
    env.journal = journal;
    env.now = clock;
    env.random = [] { return std::uint64_t{0}; };
    dependencies deps;
    deps.inventory = stock;
    deps.catalog = sys.spawn(make_catalog);
    orders = spawn_orders(sys, env, deps);
    run();
  }

  void TearDown() override {
    state->held.clear();
    self->send_exit(orders, caf::exit_reason::kill);
    self->send_exit(journal, caf::exit_reason::kill);
    orders = nullptr;
    journal = nullptr;
    stock = nullptr;
    deterministic_system::TearDown();
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
                     for (auto& promise : std::exchange(state->held, {}))
                       promise.deliver(inventory::stock{"sock", 0, 1, 0, 1});
                   }));
    run();
  }

  const request_context context{"shop", {}, time_point::max()};
  stock_ptr state = std::make_shared<slow_stock>();
  journal::journal_actor journal;
  inventory::inventory_actor stock;
  order_actor orders;
};

TEST_F(OrderMemory, IsLeftByARejectedOrderWhoseOtherLineWasAnsweredLate) {
  const auto before = sys.registry().running();
  self->send(orders, context, some_order());
  run();
  EXPECT_EQ(sys.registry().running(), before + 1);
  EXPECT_EQ(get().status, status::rejected);
  ASSERT_EQ(state->held.size(), 1u) << "the other line was asked for";
  answer_about_socks();
  advance(3s);
  EXPECT_EQ(sys.registry().running(), before) << "the order is still in memory";
}

TEST_F(OrderMemory, IsLeftByARejectedOrderWhoseOtherLineWasNeverAnswered) {
  const auto before = sys.registry().running();
  self->send(orders, context, some_order());
  run();
  EXPECT_EQ(get().status, status::rejected);
  advance(5s); // local_timeout
  advance(60s);
  advance(60s); // idle_timeout, twice: it was asked in the first
  EXPECT_EQ(sys.registry().running(), before);
}

} // namespace
} // namespace troupe::order::test

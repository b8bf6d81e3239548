// tests/actors/order/order_entity_fixture.hpp: an order's actor, and surroundings that do what a test says.
#pragma once

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
  std::vector<payment::tried> search_tries;       // that a search tells of
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

inline inventory::inventory_actor::behavior_type make_stock(inventory::inventory_actor::pointer self,
                                                            surroundings_ptr state) {
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

inline catalog::catalog_actor::behavior_type make_catalog(catalog::catalog_actor::pointer) {
  return {
    [](const request_context&, const catalog::put_product& x) {
      return catalog::product{x.sku, x.title, x.price, 1};
    },
    [](const request_context&, const catalog::get_product& x) {
      return catalog::product{x.sku, x.sku.value, eur(100), 1};
    },
  };
}

inline payment::provider_actor::behavior_type make_provider(payment::provider_actor::pointer self,
                                                            surroundings_ptr state) {
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
      found.tried = state->search_tries;
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

} // namespace troupe::order::test

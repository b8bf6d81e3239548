// actors/order/order_entity.hpp: the actor of one order: carries out what its saga has left to do.
#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "actors/entity/shard_region.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/kernel/live.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/order/stored.hpp"
#include "actors/pause/board.hpp"
#include "actors/payment/provider.hpp"

#include <functional>
#include <memory>
#include <set>
#include <type_traits>
#include <vector>

namespace troupe::order {

struct traits {
  using state = order::state;
  using event = order::event;
  using rejection = order::rejection;
  using interface = order_actor;
  using commands = entity::command_list<place, get_order, await_end, cancel, capture, reopen, payment_news, look>;
  template <class Command>
  using answer_to =
    std::conditional_t<std::is_same_v<Command, payment_news> || std::is_same_v<Command, look>, void, view>;

  static constexpr const char* context = "order";
  static constexpr const char* region_name = "orders";
  static constexpr std::uint16_t snapshot_schema = order::snapshot_schema;

  template <class Command> static const std::string& key_of(const Command& command) { return command.id.value; }
  template <class Command> static bool is_first(const Command&) { return false; }
  static bool is_first(const place& command) { return command.fresh; }

  static void apply(state& s, const event& e, time_point at) { s.apply(e, at); }
  static journal::encoded_event encode(const event& e) { return order::encode(e); }
  static caf::expected<event> decode(const journal::stored_event& e) { return order::decode(e); }
  static std::string encode_snapshot(const state& s) { return order::encode_snapshot(s); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return order::decode_snapshot(x.data, x.schema);
  }
  static std::size_t size(const state&) { return 0; }
};

/// What the sagas of a node share.
struct dependencies {
  inventory::inventory_actor inventory;
  catalog::catalog_actor catalog;
  payment::providers providers;
  live<pause::board> pauses;         // what must stand still
  live<order::policy> policy;        // of every decision from when it is set, also on orders that are on their way
  duration local_timeout{5'000};     // of an answer from inventory and catalog
  duration provider_timeout{40'000}; // of an answer from a provider with all that its guard does; it gets nine tenths
  std::size_t waiters_max = 64;      // requests that wait for one order's end; then overloaded
  /// Told of each end that is stored, unless the process ends in between; an order that is cancelled after it was
  /// confirmed ends again. `why` as in its view. Called on any thread, several at a time; returns at once.
  std::function<void(const std::string& id, order::status, const std::string& why)> ended{};
};

using shared_dependencies = std::shared_ptr<const dependencies>;

class order_entity : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;

  order_entity(pointer self, std::string key, entity::environment env, const entity::recovered<order::state>& from,
               caf::actor region, shared_dependencies deps);

  handle_type::behavior_type make_behavior();

protected:
  void on_stored() override;
  std::optional<time_point> wake_up() const override;
  bool can_stop() const override;

private:
  /// A request that waits for the end.
  struct waiter {
    caf::typed_response_promise<view> promise;
    time_point deadline;
  };

  /// One running effect. Lines are told apart, everything else is a step's only one.
  using effect_id = std::pair<step, std::size_t>;

  struct line_progress {
    std::optional<money> price;
    bool held = false;
    time_point held_until;
    bool done = false; // of the step in progress
  };

  template <class Outcome> caf::result<view> answer(const request_context& context, Outcome outcome);
  caf::result<view> wait_for_end(const request_context& context);
  void advance();
  void on_payment_news();
  void look_again();
  standstill what_stops() const;
  bool stands_still() const { return order::stands_still(state(), what_stops(), env().now(), policy()); }
  void keep_holds();
  void keep_hold_of(std::size_t line, time_point until);
  void on_holds_asked(time_point until);
  void answer_waiters();
  void expire_waiters();
  void watch_deadlines();
  request_context effect_context() const;
  request_context provider_context() const;
  order::policy policy() const;
  template <class Outcome> void conclude(const Outcome& outcome) { conclude_with(decide(state(), outcome)); }
  void conclude_with(decision outcome);
  /// What a failed request means; `when_unclear` for an answer that never came.
  static ec code_of_failure(const caf::error& error, ec when_unclear);
  void fail(step which, const caf::error& error, ec when_unclear);
  void fail_or_give_up(step which, const caf::error& error, ec when_unclear, time_point key_dies_at);
  bool names_another_amount(const payment::payment& x) const;
  void remember(step which, const std::vector<payment::tried>& what);
  void store(decision outcome);

  void run(const effect_t& what);
  void run(const effect::price_and_reserve& what);
  void run(const effect::authorize& what);
  void run(const effect::allocate& what);
  void run(const effect::capture& what);
  void run(const effect::void_payment& what);
  void run(const effect::refund& what);
  void run(const effect::release& what);
  void run(const effect::take_back& what);

  const payment::provider* provider() const;
  void authorize(const effect::authorize& what);
  void capture_now(const effect::capture& what);
  void on_found(const effect::authorize& what, const payment::payments& found);
  void on_found(const effect::capture& what, const payment::payments& found);
  void on_line_ready(std::size_t line);
  void finish_line(step which, std::size_t line);
  void on_authorize_error(const caf::error& error);
  template <class Message> void return_line(Message message, std::size_t line);
  void ended(step which, std::size_t line = 0) { in_flight_.erase({which, line}); }

  shared_dependencies deps_;
  trace_context trace_; // of the request that changed the order last
  order::status told_;  // the last that `ended` need not be told of
  bool recovered_;      // an earlier incarnation may have begun what is outstanding now
  std::set<effect_id> in_flight_;
  step lines_step_ = step::reserve; // which step `lines_` tells the progress of
  std::vector<line_progress> lines_;
  std::vector<waiter> waiters_;
  std::optional<time_point> deadlines_at_; // the timer of the waiters' deadlines
  std::optional<time_point> timer_at_;
  call_retried retried_;          // of the step in progress, until its outcome is stored
  std::size_t lines_kept_ = 0;    // of the holds that are being extended
  std::size_t lines_to_keep_ = 0; // answers that are still to come
};

} // namespace troupe::order

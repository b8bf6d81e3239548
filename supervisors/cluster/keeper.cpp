#include "supervisors/cluster/keeper.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <exception>
#include <utility>

namespace troupe::cluster {

namespace {

class keeper_state {
public:
  explicit keeper_state(open_leases_fn open) : open_(std::move(open)) {}

  /// What `call` answers, as caf::expected or caf::error, on a connection that is kept when the store itself was well.
  template <class Call> auto on_connection(Call call) -> decltype(call(std::declval<lease_store&>())) {
    try {
      auto store = std::exchange(store_, nullptr);
      if (!store) {
        auto opened = open_();
        if (!opened)
          return opened.error();
        store = std::move(*opened);
      }
      auto result = call(*store);
      if (is_answer(result))
        store_ = std::move(store);
      return result;
    } catch (const std::exception& e) {
      return caf::make_error(ec::commit_unknown, std::string{e.what()});
    }
  }

private:
  static bool is_answer(const caf::error& x) { return !x || x.category() != caf::type_id_v<ec>; }
  template <class T> static bool is_answer(const caf::expected<T>& x) { return x || is_answer(x.error()); }

  open_leases_fn open_;
  std::unique_ptr<lease_store> store_;
};

caf::result<void> as_result(caf::error x) {
  if (x)
    return x;
  return caf::unit;
}

} // namespace

keeper_actor::behavior_type make_keeper(keeper_actor::pointer, open_leases_fn open) {
  const auto state = std::make_shared<keeper_state>(std::move(open));
  return {
    [state](const join& x) -> caf::result<joined> {
      const auto done = state->on_connection([&](lease_store& at) { return at.join(x.self, x.lease, x.replaces); });
      if (!done)
        return done.error();
      return joined{*done};
    },
    [state](const renew& x) -> caf::result<renewed> {
      auto done =
        state->on_connection([&](lease_store& at) { return at.renew(x.name, x.incarnation, x.state, x.lease); });
      if (!done)
        return done.error();
      return renewed{std::make_shared<const view>(std::move(*done))};
    },
    [state](const put_targets& x) -> caf::result<bool> {
      const auto done =
        state->on_connection([&](lease_store& at) { return at.put_targets(x.plan_version, x.changes); });
      if (!done)
        return done.error();
      return *done;
    },
    [state](const expire& x) {
      return as_result(state->on_connection([&](lease_store& at) { return at.expire(x.name, x.incarnation); }));
    },
    [state](const leave& x) {
      return as_result(state->on_connection([&](lease_store& at) { return at.leave(x.name, x.incarnation); }));
    },
  };
}

} // namespace troupe::cluster

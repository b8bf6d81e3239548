#include "tests/simulation/cluster/entrance.hpp"

#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include <utility>

namespace troupe::simulation {

namespace {

bool is_failure(const caf::message& x) {
  if (!x.match_elements<caf::error>())
    return false;
  const auto category = x.get_as<caf::error>(0).category();
  return category
           == caf::type_id_v<
             ec> || category == caf::type_id_v<caf::sec> || category == caf::type_id_v<caf::exit_reason> || category == caf::type_id_v<supervision::failure>;
}

} // namespace

/// A request's sender, for the node that answers it.
class watching_wire : public caf::monitorable_actor {
public:
  watching_wire(caf::actor_config& config, entrance& by, std::shared_ptr<gateway_seat> seat, std::string what,
                caf::strong_actor_ptr to, std::shared_ptr<bool> answered)
    : caf::monitorable_actor(config), counts_(by.counts_), watcher_(by.watcher_), seat_(std::move(seat)),
      what_(std::move(what)), to_(std::move(to)), answered_(std::move(answered)) {
    ++seat_->in_flight;
  }

  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) override {
    if (!std::exchange(*answered_, true)) {
      --seat_->in_flight;
      if (is_failure(x->payload)) {
        ++counts_->failed;
        if (watcher_->failed && may_not_fail())
          watcher_->failed(what_ + " failed: " + to_string(x->payload));
      }
    }
    return to_->enqueue(caf::make_mailbox_element(nullptr, x->mid, {}, x->payload), unit);
  }

  bool may_not_fail() const { return what_.find("await_end") == std::string::npos; }

  void setup_metrics() {}

private:
  std::shared_ptr<entrance_counts> counts_;
  std::shared_ptr<entrance::watcher> watcher_;
  std::shared_ptr<gateway_seat> seat_;
  std::string what_;
  caf::strong_actor_ptr to_;
  std::shared_ptr<bool> answered_;
};

class balancing_wire : public caf::monitorable_actor {
public:
  using target_fn = std::function<caf::strong_actor_ptr(const simulation::node&)>;

  balancing_wire(caf::actor_config& config, entrance& by, target_fn target)
    : caf::monitorable_actor(config), by_(by), target_(std::move(target)) {}

  bool enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) override {
    const auto seat = by_.choose();
    if (!seat) {
      caf::detail::sync_request_bouncer bounce{caf::make_error(caf::exit_reason::unreachable)};
      bounce(*x);
      return false;
    }
    if (x->mid.is_request() && x->sender)
      watch(*x, seat);
    return target_(*seat->of)->enqueue(std::move(x), unit);
  }

  void setup_metrics() {}

private:
  void watch(caf::mailbox_element& x, const std::shared_ptr<gateway_seat>& seat) {
    ++by_.counts_->requests;
    auto& system = home_system();
    caf::actor_config config{system.dummy_execution_unit()};
    const auto what = by_.watcher_->failed ? to_string(x.payload) : std::string{};
    const auto answered = std::make_shared<bool>(false);
    x.sender = caf::make_actor<watching_wire, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system,
                                                                     config, by_, seat, what, x.sender, answered);
    if (by_.watcher_->failed && what.find("await_end") == std::string::npos)
      by_.world_.after(by_.watcher_->patience, [watcher = by_.watcher_, answered, what] {
        if (!*answered && watcher->failed)
          watcher->failed(what + " was not answered");
      });
  }

  entrance& by_;
  target_fn target_;
};

entrance::entrance(world& w, std::vector<std::shared_ptr<gateway_seat>> seats)
  : world_(w), seats_(std::move(seats)), random_(w.random().fork()) {}

std::shared_ptr<gateway_seat> entrance::choose() {
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < seats_.size(); ++i)
    if (seats_[i]->is_ready)
      ready.push_back(i);
  return ready.empty() ? nullptr : seats_[ready[random_.below(ready.size())]];
}

void entrance::watch(duration patience, std::function<void(std::string)> failed) {
  *watcher_ = {patience, std::move(failed)};
}

template <class Handle> Handle entrance::wire(Handle front::*to) {
  auto& system = world_.system();
  caf::actor_config config{system.dummy_execution_unit()};
  return caf::actor_cast<Handle>(caf::make_actor<balancing_wire, caf::strong_actor_ptr>(
    system.next_actor_id(), system.node(), &system, config, *this,
    balancing_wire::target_fn{[to](const node& x) { return caf::actor_cast<caf::strong_actor_ptr>(x.reach().*to); }}));
}

front entrance::reach() {
  return {wire(&front::orders), wire(&front::stock),     wire(&front::products), wire(&front::keys),
          wire(&front::pauses), wire(&front::directory), wire(&front::letters),  wire(&front::jobs)};
}

} // namespace troupe::simulation

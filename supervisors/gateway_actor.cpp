#include "supervisors/gateway_actor.hpp"

#include "actors/kernel/caf.hpp"
#include "supervisors/scheduler/asio_coordinator.hpp"

#include <caf/action.hpp>
#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <exception>
#include <stdexcept>
#include <utility>

namespace troupe {

namespace {

class gateway_state {
public:
  static constexpr const char* name = "gateway";

  gateway_state(gateway_actor::pointer self, std::shared_ptr<gateway_place> at) : self_(self), at_(std::move(at)) {}

  gateway_actor::behavior_type make_behavior() {
    if (at_->open)
      if (const auto failed = listen())
        self_->quit(failed);
    return {
      [this](caf::open_atom) -> caf::result<std::uint16_t> {
        if (const auto failed = listen())
          return failed;
        at_->open = true;
        return at_->port.load();
      },
      [this](caf::close_atom) {
        at_->open = false;
        return server_ ? server_->stop() : true;
      },
    };
  }

private:
  caf::error listen() {
    if (server_)
      return {};
    try {
      server_ = at_->make(
        at_->port, [weak = caf::actor_cast<caf::weak_actor_ptr>(self_), self = self_](const std::string& why) {
          if (const auto strong = weak.lock())
            caf::anon_send(caf::actor_cast<caf::actor>(strong),
                           caf::make_action([self, why] { self->quit(caf::make_error(ec::unavailable, why)); }));
        });
      at_->port = server_->port();
      return {};
    } catch (const std::exception& e) {
      return make_failure(ec::unavailable, duration{0}, e.what());
    }
  }

  gateway_actor::pointer self_;
  std::shared_ptr<gateway_place> at_;
  std::unique_ptr<gateway::server> server_;
};

gateway::server::contexts contexts_of(caf::actor_system& system) {
  auto& scheduler = scheduler::asio_scheduler(system);
  gateway::server::contexts result;
  for (std::size_t i = 0; i < scheduler.size(); ++i)
    result.emplace_back(scheduler.context(i));
  return result;
}

} // namespace

gateway_actor spawn_gateway(const supervision::place& where, std::shared_ptr<gateway_place> at) {
  return where.spawn<gateway_actor::stateful_impl<gateway_state>, caf::detached>(std::move(at));
}

supervised_gateway::supervised_gateway(caf::actor_system& system, supervision::group& to, std::string name,
                                       gateway::options with, std::function<gateway::router()> routes)
  : system_(&system), place_(std::make_shared<gateway_place>()) {
  place_->port = with.port;
  place_->make = [&system, with = std::move(with), routes = std::move(routes)](std::uint16_t port,
                                                                               auto failed) mutable {
    with.port = port;
    with.failed = std::move(failed);
    return std::make_unique<gateway::server>(with, contexts_of(system), system, routes());
  };
  actor_ = to.add<gateway_actor>(std::move(name),
                                 [at = place_](const supervision::place& where) { return spawn_gateway(where, at); });
}

void supervised_gateway::open() const {
  caf::scoped_actor self{*system_};
  self->request(actor_, caf::infinite, caf::open_atom_v)
    .receive([](std::uint16_t) {}, [](const caf::error& why) { throw std::runtime_error{reason_of(why)}; });
}

bool supervised_gateway::close() const {
  if (!actor_ || !place_->open)
    return true;
  bool whole = true;
  caf::scoped_actor self{*system_};
  self->request(actor_, caf::infinite, caf::close_atom_v)
    .receive([&](bool answered) { whole = answered; }, [&](const caf::error&) { whole = false; });
  return whole;
}

} // namespace troupe

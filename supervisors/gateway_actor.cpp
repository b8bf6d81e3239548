#include "supervisors/gateway_actor.hpp"

#include "actors/kernel/caf.hpp"

#include <caf/action.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <exception>
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
      return caf::make_error(ec::unavailable, e.what());
    }
  }

  gateway_actor::pointer self_;
  std::shared_ptr<gateway_place> at_;
  std::unique_ptr<gateway::server> server_;
};

} // namespace

gateway_actor spawn_gateway(const supervision::place& where, std::shared_ptr<gateway_place> at) {
  return where.spawn<gateway_actor::stateful_impl<gateway_state>, caf::detached>(std::move(at));
}

} // namespace troupe

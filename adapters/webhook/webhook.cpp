#include "adapters/webhook/webhook.hpp"

#include "adapters/http_client/exchange.hpp"
#include "adapters/http_client/failure.hpp"
#include "adapters/webhook/codec.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace troupe::webhook {

namespace {

class webhook_state {
public:
  static constexpr const char* name = "webhook";

  webhook_state(alarm::receiver_actor::pointer self, options configured, http::client_actor client, clock_fn now,
                random_fn random)
    : self_(self), way_{std::move(client), std::move(configured.url), configured.timeout, std::move(now),
                        std::move(random)},
      key_(std::move(configured.key)) {}

  alarm::receiver_actor::behavior_type make_behavior() {
    return {[this](const request_context& context, const alarm::notice& x) -> caf::result<void> {
      auto call = http::make_call(way_, context, encode(x, way_.now(), key_));
      if (!call)
        return std::move(call.error());
      auto reply = self_->make_response_promise<void>();
      self_->request(way_.client, caf::infinite, std::move(*call))
        .then(
          [this, reply](const http::response& answer) mutable {
            if (auto failed = decode(answer, way_.now()))
              reply.deliver(std::move(failed));
            else
              reply.deliver();
          },
          [reply](const caf::error& e) mutable {
            reply.deliver(http::failure_without_answer(e, http::effect::write));
          });
      return reply;
    }};
  }

private:
  alarm::receiver_actor::pointer self_;
  http::way_out way_;
  std::string key_;
};

} // namespace

alarm::receiver_actor spawn_webhook(caf::actor_system& system, options configured, http::client_actor client,
                                    clock_fn now, random_fn random) {
  return system.spawn<alarm::receiver_actor::stateful_impl<webhook_state>>(std::move(configured), std::move(client),
                                                                           std::move(now), std::move(random));
}

} // namespace troupe::webhook

#include "adapters/http_client/curl_client.hpp"

#include <caf/mailbox_element.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace troupe::http {

namespace {

class curl_client_state {
public:
  static constexpr const char* name = "http_client";

  curl_client_state(client_actor::pointer self, client_options options) : self_(self), engine_(std::move(options)) {}

  client_actor::behavior_type make_behavior() {
    return {[this](call& x) { return submit(x); }};
  }

private:
  caf::result<response> submit(call& x) {
    // A response promise may only be kept on this actor's thread; the address of the answer may travel.
    auto asker = self_->current_sender();
    const auto request = self_->take_current_message_id();
    engine_.submit({std::move(x.base_url), std::move(x.message), x.timeout, x.body_bytes_max},
                   [asker = std::move(asker), request](engine_result result) { answer(asker, request, result); });
    return caf::delegated<response>{};
  }

  static void answer(const caf::strong_actor_ptr& asker, caf::message_id request, engine_result& result) {
    if (!asker || !request.is_request())
      return;
    auto content = std::holds_alternative<response>(result)
                     ? caf::make_message(std::move(std::get<response>(result)))
                     : caf::make_message(as_error(std::get<engine_failure>(result)));
    asker->enqueue(nullptr, request.response_id(), std::move(content), nullptr);
  }

  static caf::error as_error(engine_failure& x) { return caf::make_error(x.code, std::move(x.text)); }

  client_actor::pointer self_;
  curl_engine engine_;
};

} // namespace

client_actor spawn_curl_client(caf::actor_system& system, client_options options) {
  return system.spawn<client_actor::stateful_impl<curl_client_state>>(std::move(options));
}

} // namespace troupe::http

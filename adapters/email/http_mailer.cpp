#include "adapters/email/http_mailer.hpp"

#include "adapters/http_client/failure.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace troupe::email {

namespace {

using notification::accepted;
using notification::mailer_actor;
using notification::send_mail;

class http_mailer_state {
public:
  static constexpr const char* name = "email.http";

  http_mailer_state(mailer_actor::pointer self, codec form, http::way_out way, const std::string& api_key,
                    std::shared_ptr<const renderer> templates)
    : self_(self), form_(form), way_(std::move(way)), credentials_("Bearer " + api_key),
      templates_(std::move(templates)) {}

  mailer_actor::behavior_type make_behavior() {
    return {[this](const request_context& context, const send_mail& x) { return send(context, x); }};
  }

private:
  caf::result<accepted> send(const request_context& context, const send_mail& x) {
    auto mail = compose(x, *templates_);
    if (!mail)
      return std::move(mail.error());
    auto request = form_.encode(*mail);
    request.fields.emplace_back("Authorization", credentials_);
    auto call = http::make_call(way_, context, std::move(request));
    if (!call)
      return std::move(call.error());
    auto reply = self_->make_response_promise<accepted>();
    // The client keeps the time: a timer of CAF's would only cost.
    self_->request(way_.client, caf::infinite, std::move(*call))
      .then(
        [this, reply](const http::response& answer) mutable {
          auto result = form_.decode(answer, way_.now());
          if (result)
            reply.deliver(std::move(*result));
          else
            reply.deliver(std::move(result.error()));
        },
        [reply](const caf::error& e) mutable { reply.deliver(http::failure_without_answer(e, http::effect::write)); });
    return reply;
  }

  mailer_actor::pointer self_;
  codec form_;
  http::way_out way_;
  std::string credentials_;
  std::shared_ptr<const renderer> templates_;
};

} // namespace

mailer_actor spawn_http_mailer(caf::actor_system& system, codec form, http::way_out way, const std::string& api_key,
                               std::shared_ptr<const renderer> templates) {
  return system.spawn<mailer_actor::stateful_impl<http_mailer_state>>(form, std::move(way), api_key,
                                                                      std::move(templates));
}

} // namespace troupe::email

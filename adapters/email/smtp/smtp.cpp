#include "adapters/email/smtp/smtp.hpp"

#include "adapters/email/smtp/codec.hpp"
#include "adapters/http_client/failure.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace troupe::email::smtp {

namespace {

using notification::accepted;
using notification::mailer_actor;
using notification::send_mail;

class smtp_state {
public:
  static constexpr const char* name = "email.smtp";

  smtp_state(mailer_actor::pointer self, troupe::smtp::client_actor client, duration timeout, clock_fn now,
             std::shared_ptr<const renderer> templates)
    : self_(self), client_(std::move(client)), timeout_(timeout), now_(std::move(now)),
      templates_(std::move(templates)) {
    self_->link_to(client_);
  }

  // It waits on a thread of its own, so that its last handle does not end it.
  ~smtp_state() { caf::anon_send_exit(client_, caf::exit_reason::user_shutdown); }

  smtp_state(const smtp_state&) = delete;
  smtp_state& operator=(const smtp_state&) = delete;

  mailer_actor::behavior_type make_behavior() {
    return {[this](const request_context& context, const send_mail& x) { return send(context, x); }};
  }

private:
  caf::result<accepted> send(const request_context& context, const send_mail& x) {
    const auto now = now_();
    auto timeout = timeout_;
    if (context.deadline != time_point::max())
      timeout = std::min<duration>(timeout, context.deadline - now);
    if (timeout <= duration::zero())
      return caf::make_error(ec::deadline);
    auto mail = compose(x, *templates_);
    if (!mail)
      return std::move(mail.error());
    auto reply = self_->make_response_promise<accepted>();
    self_->request(client_, caf::infinite, encode(*mail, now, timeout))
      .then(
        [reply, mail = std::move(*mail)](const troupe::smtp::reply& answer) mutable {
          auto result = decode(mail, answer);
          if (result)
            reply.deliver(std::move(*result));
          else
            reply.deliver(std::move(result.error()));
        },
        [reply](const caf::error& e) mutable { reply.deliver(http::failure_without_answer(e, http::effect::write)); });
    return reply;
  }

  mailer_actor::pointer self_;
  troupe::smtp::client_actor client_;
  duration timeout_;
  clock_fn now_;
  std::shared_ptr<const renderer> templates_;
};

} // namespace

mailer_actor spawn_smtp(caf::actor_system& system, troupe::smtp::client_actor client, duration timeout, clock_fn now,
                        std::shared_ptr<const renderer> templates) {
  return system.spawn<mailer_actor::stateful_impl<smtp_state>>(std::move(client), timeout, std::move(now),
                                                               std::move(templates));
}

} // namespace troupe::email::smtp

#include "supervisors/dead_letters/mails.hpp"

#include "actors/notification/notification_entity.hpp"
#include "supervisors/dead_letters/effects.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace troupe {

namespace {

constexpr duration patience{10'000};

class sink_state {
public:
  static constexpr const char* name = "letter_sink";

  sink_state(outlet::sink_actor::pointer self, notification::notification_actor mails,
             dead_letter::dead_letter_actor letters)
    : self_(self), mails_(std::move(mails)), letters_(std::move(letters)) {}

  outlet::sink_actor::behavior_type make_behavior() {
    return {[this](const outlet::deliver& x) -> caf::result<void> {
      auto reply = self_->make_response_promise<void>();
      request_context context{"outlet/" + x.outlet, trace_context::parse(x.event->trace).value_or(trace_context{}),
                              time_point::max()};
      self_->request(mails_, patience, context, notification::get_mail{{x.event->stream.key}})
        .then([this, reply, context](const notification::mail_view& mail) mutable { ask(mail, context, reply); },
              [reply](const caf::error& why) mutable { reply.deliver(caf::make_error(code_of(why))); });
      return reply;
    }};
  }

private:
  void ask(const notification::mail_view& mail, const request_context& context,
           caf::typed_response_promise<void> reply) {
    if (mail.status != notification::status::given_up)
      return reply.deliver();
    self_->request(letters_, patience, context, given_up_mail(mail))
      .then([reply](const dead_letter::view&) mutable { reply.deliver(); },
            [reply](const caf::error& why) mutable { reply.deliver(caf::make_error(code_of(why))); });
  }

  outlet::sink_actor::pointer self_;
  notification::notification_actor mails_;
  dead_letter::dead_letter_actor letters_;
};

} // namespace

outlet::definition mail_letters(outlet::sink_actor sink) {
  outlet::definition out;
  out.name = "letters";
  out.context = notification::traits::context;
  out.types = {"notification.given_up"};
  out.sink = std::move(sink);
  return out;
}

outlet::sink_actor spawn_mail_letter_sink(const supervision::place& where, notification::notification_actor mails,
                                          dead_letter::dead_letter_actor letters) {
  return where.spawn<outlet::sink_actor::stateful_impl<sink_state>>(std::move(mails), std::move(letters));
}

} // namespace troupe

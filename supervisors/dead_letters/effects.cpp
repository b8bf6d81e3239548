#include "supervisors/dead_letters/effects.hpp"

#include "actors/notification/notification_entity.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace troupe {

namespace {

dead_letter::replayer_actor::behavior_type make_replayer(dead_letter::replayer_actor::pointer self,
                                                         notification::notification_actor mails) {
  return {[self, mails](const request_context& context, const dead_letter::replay_letter& x) -> caf::result<void> {
    if (x.letter.about.context != notification::traits::context)
      return caf::make_error(ec::refused, "nobody tries steps of " + x.letter.about.context + " again");
    auto promise = self->make_response_promise<void>();
    self->request(mails, caf::infinite, context, notification::try_again{{x.letter.about.key}, x.key})
      .then([promise](const notification::mail_view&) mutable { promise.deliver(); },
            [promise](const caf::error& why) mutable {
              const bool rejected = why.category() == caf::type_id_v<notification::rejection>;
              promise.deliver(rejected ? caf::make_error(ec::refused, to_string(why)) : why);
            });
    return promise;
  }};
}

} // namespace

dead_letter::record given_up_mail(const notification::mail_view& x) {
  dead_letter::record out;
  out.id = dead_letter::id_of("notification/" + x.id.value);
  out.occurrence = x.times_given_up;
  auto& letter = out.letter;
  letter.source = dead_letter::source::exhausted_effect;
  letter.code = x.why;
  letter.place = "email";
  letter.summary = "The mail " + x.id.value + " was given up: " + x.why;
  letter.about = {notification::traits::context, x.id.value, 0, "send"};
  letter.attempts = x.attempts;
  letter.origin = "email";
  return out;
}

dead_letter::replayer_actor spawn_effect_replayer(const supervision::place& where,
                                                  notification::notification_actor mails) {
  return where.run<dead_letter::replayer_actor>(make_replayer, std::move(mails));
}

} // namespace troupe

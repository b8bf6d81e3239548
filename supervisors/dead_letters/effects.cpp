#include "supervisors/dead_letters/effects.hpp"

#include "actors/notification/notification_entity.hpp"
#include "actors/order/order_entity.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

/// Answers once what was asked of `whom` is stored.
template <class View, class Rejection, class Handle, class Command>
caf::result<void> ask(dead_letter::replayer_actor::pointer self, const Handle& whom, const request_context& context,
                      Command command) {
  auto promise = self->make_response_promise<void>();
  self->request(whom, caf::infinite, context, std::move(command))
    .then([promise](const View&) mutable { promise.deliver(); },
          [promise](const caf::error& why) mutable {
            const bool rejected = why.category() == caf::type_id_v<Rejection>;
            promise.deliver(rejected ? caf::make_error(ec::refused, to_string(why)) : why);
          });
  return promise;
}

dead_letter::replayer_actor::behavior_type make_replayer(dead_letter::replayer_actor::pointer self,
                                                         notification::notification_actor mails,
                                                         order::order_actor orders) {
  return {
    [self, mails, orders](const request_context& context, const dead_letter::replay_letter& x) -> caf::result<void> {
      const auto& about = x.letter.about;
      if (about.context == notification::traits::context)
        return ask<notification::mail_view, notification::rejection>(self, mails, context,
                                                                     notification::try_again{{about.key}, x.key});
      if (about.context == order::traits::context)
        return ask<order::view, order::rejection>(self, orders, context, order::reopen{{about.key}, x.key});
      return caf::make_error(ec::refused, "nobody tries steps of " + about.context + " again");
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

dead_letter::record reviewed_order(const order::view& x) {
  const auto step = x.reviewed.value_or(order::step::reserve);
  dead_letter::record out;
  out.id = dead_letter::id_of("order/" + x.id.value);
  out.occurrence = std::max(x.reviews, 1u);
  auto& letter = out.letter;
  letter.source = dead_letter::source::exhausted_effect;
  // The step stands in the code, for a letter's place stays what it was when the order comes to review again.
  letter.code = std::string{name_of(step)} + '_' + std::string{order::cause_of_review(x.reason)};
  letter.place = "saga/order";
  letter.summary = "Order " + x.id.value + " needs people at " + std::string{name_of(step)} + ": " + x.reason;
  letter.about = {order::traits::context, x.id.value, 0, {}};
  letter.attempts = out.occurrence;
  letter.origin = "order";
  return out;
}

dead_letter::replayer_actor spawn_effect_replayer(const supervision::place& where,
                                                  notification::notification_actor mails, order::order_actor orders) {
  return where.run<dead_letter::replayer_actor>(make_replayer, std::move(mails), std::move(orders));
}

} // namespace troupe

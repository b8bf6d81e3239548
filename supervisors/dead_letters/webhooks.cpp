#include "supervisors/dead_letters/webhooks.hpp"

#include "actors/kernel/hash.hpp"
#include "adapters/payment/stripe/webhook.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace troupe {

namespace {

constexpr std::string_view stripe_place = "webhooks/stripe";

dead_letter::replayer_actor::behavior_type make_replayer(dead_letter::replayer_actor::pointer self,
                                                         std::shared_ptr<const sealer> seals,
                                                         order::order_actor orders) {
  return {
    [self, seals, orders](const request_context& context, const dead_letter::replay_letter& x) -> caf::result<void> {
      const auto body = seals->open(x.letter.sealed, x.id.value);
      if (!body)
        return caf::make_error(ec::refused, std::string{"its payload cannot be opened: the key is another one"});
      if (x.letter.place != stripe_place)
        return caf::make_error(ec::refused, "nobody takes webhooks of " + x.letter.place);
      const auto event = payment::stripe::parse_event(*body);
      const auto* known = std::get_if<payment::stripe::webhook_event>(&event);
      if (!known)
        return caf::make_error(ec::refused, std::string{"it is still not understood"});
      // As when it came: a reason to ask the provider, and the order does so once more if it hears it twice.
      if (!known->reference.empty())
        self->send(orders, context, order::payment_news{{known->reference}});
      return caf::unit;
    }};
}

} // namespace

dead_letter::record refused_webhook(const std::string& sender, std::string_view body, const sealer& seals) {
  dead_letter::record out;
  const auto place = "webhooks/" + sender;
  out.id = dead_letter::id_of(place + '/' + std::to_string(fnv1a(body)) + '/' + std::to_string(body.size()));
  out.letter.source = dead_letter::source::refused_webhook;
  out.letter.code = "malformed";
  out.letter.place = place;
  out.letter.summary =
    "A signed webhook of " + std::to_string(body.size()) + " bytes that is not what " + sender + " documents";
  if (body.size() <= dead_letter::sealed_max / 2)
    out.letter.sealed = seals.seal(body, out.id.value);
  out.letter.attempts = 1;
  out.letter.origin = sender;
  return out;
}

dead_letter::replayer_actor spawn_webhook_replayer(caf::actor_system& system, std::shared_ptr<const sealer> seals,
                                                   order::order_actor orders) {
  return system.spawn(make_replayer, std::move(seals), std::move(orders));
}

} // namespace troupe

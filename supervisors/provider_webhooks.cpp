#include "supervisors/provider_webhooks.hpp"

#include "adapters/payment/stripe/webhook.hpp"
#include "supervisors/dead_letters/webhooks.hpp"
#include "supervisors/observability/log.hpp"
#include "supervisors/topology.hpp"

#include <caf/send.hpp>

#include <utility>
#include <variant>

namespace troupe {

namespace {

namespace stripe = payment::stripe;

gateway::webhook_outcome outcome_of(stripe::webhook_refusal x) {
  switch (x) {
    case stripe::webhook_refusal::bad_signature:
    case stripe::webhook_refusal::too_old: return gateway::webhook_outcome::bad_signature;
    case stripe::webhook_refusal::malformed: return gateway::webhook_outcome::malformed;
    case stripe::webhook_refusal::repeated: return gateway::webhook_outcome::repeated;
  }
  return gateway::webhook_outcome::malformed;
}

request_context from_stripe() {
  return {"stripe", {}, time_point::max()};
}

} // namespace

std::map<std::string, gateway::webhook_receiver>
provider_webhooks(caf::actor_system& system, const std::vector<payment::provider_options>& providers,
                  const order::order_actor& orders, const dead_letter::dead_letter_actor& letters,
                  const std::shared_ptr<const sealer>& seals, const clock_fn& now) {
  std::vector<std::shared_ptr<stripe::webhook_verifier>> verifiers;
  for (const auto& configured : providers) {
    if (configured.kind != "stripe" || configured.webhook_secret.empty())
      continue;
    stripe::webhook_options with;
    with.secret = configured.webhook_secret;
    verifiers.push_back(std::make_shared<stripe::webhook_verifier>(std::move(with)));
  }
  std::map<std::string, gateway::webhook_receiver> result;
  if (verifiers.empty())
    return result;
  result["stripe"] = [verifiers, orders, letters, seals, now, &system](const http::request& message) {
    const auto admitted =
      stripe::admit_by_any(verifiers, http::find(message.fields, "Stripe-Signature"), message.body, now());
    if (const auto* refused = std::get_if<stripe::webhook_refusal>(&admitted)) {
      if (*refused == stripe::webhook_refusal::malformed) // Only what is signed comes so far.
        record(system, letters, from_stripe(), refused_webhook("stripe", message.body, *seals),
               [](const caf::error& why) {
                 log::error("A dead letter could not be recorded", {{"reason", to_string(why)}});
               });
      return outcome_of(*refused);
    }
    const auto& event = std::get<stripe::webhook_event>(admitted);
    if (!event.reference.empty())
      caf::anon_send(orders, from_stripe(), order::payment_news{{event.reference}});
    return gateway::webhook_outcome::accepted;
  };
  return result;
}

} // namespace troupe

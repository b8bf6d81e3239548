// gateways/http/routes/webhooks.cpp: what payment providers send us.
#include "gateways/http/routes/answer.hpp"
#include "gateways/http/routes/routes.hpp"

#include <utility>

namespace troupe::gateway {

namespace {

http::response told(webhook_outcome x) {
  switch (x) {
    case webhook_outcome::accepted:
    case webhook_outcome::repeated: return answer(200, {{"received", true}});
    case webhook_outcome::bad_signature:
      return problem(400, "/problems/bad-signature", "Bad signature",
                     "The webhook is not signed with the configured secret, or was signed too long ago.");
    case webhook_outcome::malformed:
      return problem(400, "/problems/malformed-webhook", "Malformed webhook",
                     "The body is not an event of the provider.");
  }
  return problem(500, "/problems/internal-error", "Internal error", "");
}

eventually<http::response> receive(incoming& in, const webhook_receiver& receiver) {
  co_return told(receiver(in.message));
}

} // namespace

void add_webhook_routes(router& table, const shared_services& behind) {
  for (const auto& [name, receiver] : behind->webhooks) {
    route row;
    row.method = "POST";
    row.path = "/webhooks/" + name;
    row.operation_id = name + "Webhook";
    row.summary = "Takes a signed event of " + name + ". Safe to repeat.";
    row.responses = {
      {200, "Received, now or before.", object_schema({{"received", {{"type", "boolean"}}}}, {"received"})},
      {400, "The signature or the body is wrong.", {}}};
    row.handle = [behind, &receiver = receiver](incoming& in) { return receive(in, receiver); };
    table.add(std::move(row));
  }
}

} // namespace troupe::gateway

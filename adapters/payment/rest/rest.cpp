#include "adapters/payment/rest/rest.hpp"

#include "adapters/payment/exchange.hpp"
#include "adapters/payment/rest/codec.hpp"
#include "adapters/payment/rest/token_source.hpp"

namespace troupe::payment::rest {

namespace {

class rest_state {
public:
  static constexpr const char* name = "payment.rest";

  rest_state(provider_actor::pointer self, options configured, http::client_actor client, clock_fn now,
             random_fn random)
    : self_(self), way_{std::move(client), configured.base_url, configured.timeout, std::move(now), std::move(random)},
      tokens_(self, way_, std::move(configured)) {}

  rest_state(const rest_state&) = delete; // tokens_ refers to way_
  rest_state& operator=(const rest_state&) = delete;

  provider_actor::behavior_type make_behavior() {
    return {
      [this](const request_context& context, const authorize& x) { return perform<payment>(context, x); },
      [this](const request_context& context, const capture& x) { return perform<payment>(context, x); },
      [this](const request_context& context, const void_payment& x) { return perform<payment>(context, x); },
      [this](const request_context& context, const refund& x) { return perform<refunded>(context, x); },
      [this](const request_context& context, const find_payments& x) { return perform<payments>(context, x); },
    };
  }

private:
  template <class Answer, class Command> caf::result<Answer> perform(const request_context& context, const Command& x) {
    auto reply = self_->make_response_promise<Answer>();
    attempt(context, x, reply, true);
    return reply;
  }

  template <class Answer, class Command>
  void attempt(const request_context& context, const Command& x, caf::typed_response_promise<Answer> reply,
               bool may_renew) {
    tokens_.get([this, context, x, reply, may_renew](const caf::expected<std::string>& token) mutable {
      if (!token)
        return reply.deliver(token.error());
      send(context, x, reply, *token, may_renew);
    });
  }

  template <class Answer, class Command>
  void send(const request_context& context, const Command& x, caf::typed_response_promise<Answer> reply,
            const std::string& token, bool may_renew) {
    auto message = encode(x);
    message.fields.emplace_back("Authorization", "Bearer " + token);
    auto call = make_call(way_, context, std::move(message));
    if (!call)
      return reply.deliver(std::move(call.error()));
    constexpr auto what = std::is_same_v<Command, find_payments> ? effect::read : effect::write;
    self_->request(way_.client, caf::infinite, std::move(*call))
      .then(
        [this, context, x, reply, token, may_renew](const http::response& answer) mutable {
          if (answer.status == 401 && may_renew && tokens_.reject(token))
            return attempt(context, x, reply, false);
          reply.deliver(decode(x, answer, way_.now()));
        },
        [reply](const caf::error& e) mutable { reply.deliver(failure_of(e, what)); });
  }

  provider_actor::pointer self_;
  way_out way_;
  token_source tokens_;
};

} // namespace

provider_actor spawn_rest(caf::actor_system& system, options configured, http::client_actor client, clock_fn now,
                          random_fn random) {
  return system.spawn<provider_actor::stateful_impl<rest_state>>(std::move(configured), std::move(client),
                                                                 std::move(now), std::move(random));
}

} // namespace troupe::payment::rest

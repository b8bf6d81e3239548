#include "adapters/payment/rest/rest.hpp"

#include "adapters/payment/exchange.hpp"
#include "adapters/payment/rest/codec.hpp"
#include "adapters/payment/rest/token_source.hpp"

#include <memory>
#include <utility>

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
  /// A command until it is answered; made once, so that what waits for it does not copy it.
  template <class Answer, class Command> struct job {
    request_context context;
    Command command;
    caf::typed_response_promise<Answer> reply;
    std::string token{}; // that it was last sent with
    bool renewed = false;
  };

  template <class Answer, class Command> caf::result<Answer> perform(const request_context& context, const Command& x) {
    auto reply = self_->make_response_promise<Answer>();
    attempt(std::make_shared<job<Answer, Command>>(job<Answer, Command>{context, x, reply}));
    return reply;
  }

  template <class Answer, class Command> void attempt(std::shared_ptr<job<Answer, Command>> x) {
    tokens_.get([this, x = std::move(x)](const caf::expected<std::string>& token) {
      if (!token)
        return x->reply.deliver(token.error());
      x->token = *token;
      send(x);
    });
  }

  template <class Answer, class Command> void send(const std::shared_ptr<job<Answer, Command>>& x) {
    auto message = encode(x->command);
    message.fields.emplace_back("Authorization", "Bearer " + x->token);
    auto call = make_call(way_, x->context, std::move(message));
    if (!call)
      return x->reply.deliver(std::move(call.error()));
    constexpr auto what = std::is_same_v<Command, find_payments> ? effect::read : effect::write;
    self_->request(way_.client, caf::infinite, std::move(*call))
      .then(
        [this, x](const http::response& answer) {
          if (answer.status == 401 && !std::exchange(x->renewed, true) && tokens_.reject(x->token))
            return attempt(x);
          x->reply.deliver(decode(x->command, answer, way_.now()));
        },
        [x](const caf::error& e) { x->reply.deliver(failure_of(e, what)); });
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

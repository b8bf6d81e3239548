#include "tests/simulation/provider.hpp"

#include "adapters/payment/rest/twin.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <string>
#include <utility>

namespace troupe::simulation {

namespace {

using payment::rest::twin;

class provider_state {
public:
  static constexpr const char* name = "provider";

  provider_state(http::client_actor::pointer self, world& w, auditor& audit, payment::ledger& books,
                 const provider_faults& faults, provider_conditions& conditions, tally& counts)
    : self_(self), world_(w), audit_(audit), faults_(faults), conditions_(conditions), counts_(counts),
      random_(w.random().fork()), twin_(options_of(conditions), books, [this] { return random_(); }),
      remote_(self, w, "provider", faults, conditions,
              {[this](const http::request& x) { return act(x); }, [](int status) { return twin::failure(status); }}) {}

  http::client_actor::behavior_type make_behavior() {
    return {[this](http::call& x) -> caf::result<http::response> {
      ++counts_.provider_calls;
      caller_ = self_->current_sender() ? self_->current_sender()->id() : 0; // The promise takes it.
      follow_refusals(x.message);
      auto reply = self_->make_response_promise<http::response>();
      if (!falls_short(x.message, reply))
        remote_.meet(std::move(x), reply);
      return reply;
    }};
  }

private:
  static constexpr duration forgotten = std::chrono::seconds{10}; // longer than any guard goes on

  static payment::rest::twin_options options_of(const provider_conditions& x) {
    payment::rest::twin_options result;
    result.key_lifetime = x.key_lifetime;
    return result;
  }

  /// Answers what only this provider does wrong.
  bool falls_short(const http::request& x, remote::reply_type reply) {
    if (conditions_.dark || !world_.faults_on())
      return false;
    if (x.method == "GET" && random_.chance(faults_.stale)) {
      world_.mishap("provider: stale search");
      remote_.answer(reply, http::response{200, {{"Content-Type", "application/json"}}, R"({"payments":[]})"});
      return true;
    }
    if (is_authorization(x) && random_.chance(faults_.refused)) {
      world_.mishap("provider: 422");
      const auto key = std::string{http::find(x.fields, "Idempotency-Key")};
      const auto order = key.substr(0, key.find('/'));
      // An order that was killed has left a call behind, perhaps, that does not know of this refusal.
      if (const auto before = asked_[order].first; before == duration{0} || before + forgotten < world_.elapsed())
        refused_[order] = caller_;
      remote_.answer(reply, twin::failure(422));
      return true;
    }
    return false;
  }

  static bool is_authorization(const http::request& x) { return x.method == "POST" && x.target == "/payments"; }

  /// A 4xx is an answer: the same again gets the same, so whoever comes again must have a reason, and the only one
  /// there is is not to know it, which is why it looks first.
  void follow_refusals(const http::request& x) {
    const auto key = std::string{http::find(x.fields, "Idempotency-Key")};
    const auto order = key.substr(0, key.find('/'));
    if (x.method == "GET")
      std::erase_if(refused_, [&](const auto& item) { return x.target.find(item.first) != std::string::npos; });
    else if (const auto found = refused_.find(order);
             is_authorization(x) && found != refused_.end() && found->second == caller_)
      audit_.fail("order " + order + " was refused by the provider and asked again without a look");
    if (x.method == "GET" && x.target.find('=') != std::string::npos)
      asked_[x.target.substr(x.target.find('=') + 1)] = {world_.elapsed(), world_.elapsed()};
    if (is_authorization(x))
      asked_[order] = {std::exchange(asked_[order].second, world_.elapsed()), world_.elapsed()};
  }

  http::response act(const http::request& x) {
    auto answer = twin_.handle(x, world_.true_time());
    audit_.after_provider_call();
    return answer;
  }

  http::client_actor::pointer self_;
  world& world_;
  auditor& audit_;
  provider_faults faults_;
  provider_conditions& conditions_;
  tally& counts_;
  random_source random_;
  twin twin_;
  remote remote_;
  caf::actor_id caller_ = 0;                     // the adapter whose call it is
  std::map<std::string, caf::actor_id> refused_; // by which adapter were orders asked for whose only call of late was
  std::map<std::string, std::pair<duration, duration>> asked_; // when their last two calls came
};

} // namespace

http::client_actor spawn_provider(world& w, auditor& audit, payment::ledger& books, const provider_faults& faults,
                                  provider_conditions& conditions, tally& counts) {
  using impl = http::client_actor::stateful_impl<provider_state>;
  return w.outside(w.system().spawn<impl>(std::ref(w), std::ref(audit), std::ref(books), faults, std::ref(conditions),
                                          std::ref(counts)));
}

} // namespace troupe::simulation

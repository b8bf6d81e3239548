#include "tests/simulation/provider.hpp"

#include "actors/timer.hpp"
#include "adapters/payment/rest/twin.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <array>
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
      random_(w.random().fork()), twin_(options_of(conditions), books, [this] { return random_(); }) {}

  http::client_actor::behavior_type make_behavior() {
    return {[this](http::call& x) -> caf::result<http::response> {
      ++counts_.provider_calls;
      caller_ = self_->current_sender() ? self_->current_sender()->id() : 0; // The promise takes it.
      conditions_.calls_in_the_dark += conditions_.dark ? 1 : 0;
      follow_refusals(x.message);
      auto reply = self_->make_response_promise<http::response>();
      const auto what = draw(x.message);
      meet(what, std::move(x), reply);
      return reply;
    }};
  }

private:
  static constexpr duration forgotten = std::chrono::seconds{10}; // longer than any guard goes on

  using reply_type = caf::typed_response_promise<http::response>;

  enum class fate {
    unreachable,
    lost,
    lost_answer,
    silent,
    timeout_lie,
    late,
    twice,
    unavailable,
    rate_limited,
    broken,
    garbled,
    stale,
    refused,
    good,
  };

  static payment::rest::twin_options options_of(const provider_conditions& x) {
    payment::rest::twin_options result;
    result.key_lifetime = x.key_lifetime;
    return result;
  }

  static std::string_view name_of(fate x) {
    switch (x) {
      case fate::unreachable: return "provider: unreachable";
      case fate::lost: return "provider: call lost";
      case fate::lost_answer: return "provider: answer lost";
      case fate::silent: return "provider: silent";
      case fate::timeout_lie: return "provider: acted and timed out";
      case fate::late: return "provider: acted late";
      case fate::twice: return "provider: acted twice";
      case fate::unavailable: return "provider: 503";
      case fate::rate_limited: return "provider: 429";
      case fate::broken: return "provider: acted and answered 500";
      case fate::garbled: return "provider: garbled answer";
      case fate::stale: return "provider: stale search";
      case fate::refused: return "provider: 422";
      case fate::good: break;
    }
    return "";
  }

  fate draw(const http::request& x) {
    if (conditions_.dark && conditions_.refuses_connections)
      return fate::unreachable;
    if (conditions_.dark) {
      constexpr std::array in_the_dark{fate::unreachable, fate::silent, fate::timeout_lie};
      return in_the_dark[random_.below(in_the_dark.size())];
    }
    if (!world_.faults_on())
      return fate::good;
    const std::array odds{faults_.unreachable,
                          faults_.lost,
                          faults_.lost_answer,
                          faults_.silent,
                          faults_.timeout_lie,
                          faults_.late,
                          faults_.twice,
                          faults_.unavailable,
                          faults_.rate_limited,
                          faults_.broken,
                          faults_.garbled,
                          x.method == "GET" ? faults_.stale : 0,
                          is_authorization(x) ? faults_.refused : 0};
    auto u = random_.unit();
    std::size_t number = 0;
    for (; number < odds.size() && u >= odds[number]; ++number)
      u -= odds[number];
    return static_cast<fate>(number);
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

  http::response act(const http::call& x) {
    auto answer = twin_.handle(x.message, world_.true_time());
    audit_.after_provider_call();
    return answer;
  }

  template <class What> void later(duration delay, What what) { run_later(self_, delay, std::move(what)); }

  void fail(ec code, reply_type reply, duration delay) {
    later(delay, [code, reply]() mutable { reply.deliver(caf::make_error(code)); });
  }

  void meet(fate what, http::call x, reply_type reply) {
    const auto latency = random_.between(duration{1}, faults_.latency_max);
    if (what != fate::good)
      world_.mishap(name_of(what));
    switch (what) {
      case fate::good: return later(latency, [this, x = std::move(x), reply]() mutable { reply.deliver(act(x)); });
      case fate::unreachable: return fail(ec::unavailable, reply, latency);
      case fate::lost: return fail(ec::interrupted, reply, latency);
      case fate::lost_answer: act(x); return fail(ec::interrupted, reply, latency);
      case fate::silent: return fail(ec::timed_out, reply, x.timeout);
      case fate::timeout_lie: act(x); return fail(ec::timed_out, reply, x.timeout);
      case fate::late: {
        fail(ec::timed_out, reply, x.timeout);
        const auto delay = x.timeout + random_.between(duration{1}, 4 * x.timeout);
        return later(delay, [this, x = std::move(x)] { act(x); });
      }
      case fate::twice: {
        auto answer = act(x);
        later(latency, [reply, answer = std::move(answer)]() mutable { reply.deliver(std::move(answer)); });
        const auto delay = random_.between(duration{1}, 2 * x.timeout);
        return later(delay, [this, x = std::move(x)] { act(x); });
      }
      case fate::unavailable: return later(latency, [reply]() mutable { reply.deliver(twin::failure(503)); });
      case fate::rate_limited:
        return later(latency, [reply, wait = random_.below(3)]() mutable {
          auto answer = twin::failure(429);
          answer.fields.emplace_back("Retry-After", std::to_string(wait));
          reply.deliver(std::move(answer));
        });
      case fate::broken: act(x); return later(latency, [reply]() mutable { reply.deliver(twin::failure(500)); });
      case fate::refused: {
        const auto key = std::string{http::find(x.message.fields, "Idempotency-Key")};
        const auto order = key.substr(0, key.find('/'));
        // An order that was killed has left a call behind, perhaps, that does not know of this refusal.
        if (const auto before = asked_[order].first; before == duration{0} || before + forgotten < world_.elapsed())
          refused_[order] = caller_;
        return later(latency, [reply]() mutable { reply.deliver(twin::failure(422)); });
      }
      case fate::stale:
        return later(latency, [reply]() mutable {
          reply.deliver(http::response{200, {{"Content-Type", "application/json"}}, R"({"payments":[]})"});
        });
      case fate::garbled: {
        auto answer = act(x);
        answer.body.resize(random_.below(answer.body.size() + 1));
        return later(latency, [reply, answer = std::move(answer)]() mutable { reply.deliver(std::move(answer)); });
      }
    }
  }

  http::client_actor::pointer self_;
  world& world_;
  auditor& audit_;
  provider_faults faults_;
  provider_conditions& conditions_;
  tally& counts_;
  random_source random_;
  twin twin_;
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

#include "adapters/email/paced.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>

namespace troupe::email {

namespace {

using notification::accepted;
using notification::category;
using notification::mailer_actor;
using notification::send_mail;

class paced_state {
public:
  static constexpr const char* name = "email.paced";

  paced_state(mailer_actor::pointer self, mailer_actor provider, pace_options options, clock_fn now)
    : self_(self), provider_(std::move(provider)), options_(options),
      now_(std::move(now)), transactional_{bucket{options.transactional}, {}}, bulk_{bucket{options.bulk}, {}} {
    self_->link_to(provider_); // Whoever starts it again starts both.
  }

  ~paced_state() { caf::anon_send_exit(provider_, caf::exit_reason::user_shutdown); }

  paced_state(const paced_state&) = delete;
  paced_state& operator=(const paced_state&) = delete;

  mailer_actor::behavior_type make_behavior() {
    return {[this](const request_context& context, const send_mail& x) { return admit(context, x); }};
  }

private:
  struct job {
    request_context context;
    send_mail mail;
    caf::typed_response_promise<accepted> reply;
  };

  struct lane {
    bucket tokens;
    std::deque<job> waiting;
  };

  caf::result<accepted> admit(const request_context& context, const send_mail& x) {
    auto& way = x.kind == category::bulk ? bulk_ : transactional_;
    if (way.waiting.size() >= options_.waiting_max)
      return caf::make_error(ec::overloaded);
    if (const auto wait = way.tokens.take(now_()))
      return caf::make_error(ec::rate_limited, static_cast<std::int64_t>(wait->count()));
    auto reply = self_->make_response_promise<accepted>();
    way.waiting.push_back({context, x, reply});
    go_on();
    return reply;
  }

  void go_on() {
    while (in_flight_ < options_.in_flight_max) {
      auto& way = transactional_.waiting.empty() ? bulk_ : transactional_;
      if (way.waiting.empty())
        return;
      auto next = std::move(way.waiting.front());
      way.waiting.pop_front();
      if (next.context.deadline <= now_())
        next.reply.deliver(caf::make_error(ec::deadline));
      else
        send(std::move(next));
    }
  }

  void send(job x) {
    ++in_flight_;
    self_->request(provider_, caf::infinite, std::move(x.context), std::move(x.mail))
      .then(
        [this, reply = x.reply](accepted& answer) mutable {
          reply.deliver(std::move(answer));
          ended();
        },
        [this, reply = x.reply](caf::error& e) mutable {
          reply.deliver(std::move(e));
          ended();
        });
  }

  void ended() {
    --in_flight_;
    go_on();
  }

  mailer_actor::pointer self_;
  mailer_actor provider_;
  pace_options options_;
  clock_fn now_;
  lane transactional_;
  lane bulk_;
  std::size_t in_flight_ = 0;
};

} // namespace

mailer_actor spawn_paced(caf::actor_system& system, mailer_actor provider, pace_options options, clock_fn now) {
  return system.spawn<mailer_actor::stateful_impl<paced_state>>(std::move(provider), options, std::move(now));
}

} // namespace troupe::email

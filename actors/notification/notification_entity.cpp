#include "actors/notification/notification_entity.hpp"

#include "actors/payment/provider.hpp"

#include <algorithm>
#include <utility>

namespace troupe::notification {

namespace {

constexpr duration ended_lingers{250}; // in memory, for those who ask what became of it
constexpr duration lease_again{200};   // until a lease that has run out is looked at again

bool is_nothing(const decision& x) {
  const auto* events = std::get_if<std::vector<event>>(&x);
  return !events || events->empty();
}

} // namespace

notification_entity::notification_entity(pointer self, std::string key, entity::environment env,
                                         const entity::recovered<notification::state>& from, caf::actor region,
                                         shared_dependencies deps)
  : super(self, std::move(key), std::move(env), from, std::move(region)), deps_(std::move(deps)), trace_(from.trace),
    told_(state().status, state().times_given_up), found_pending_(notification::wake_up(state()).has_value()) {}

notification_entity::handle_type::behavior_type notification_entity::make_behavior() {
  started();
  if (notification::wake_up(state()))
    caf::anon_send(self(), entity::wake{}); // Nobody else is at it.
  return {
    [this](const request_context& context, const request_mail& command) -> caf::result<mail_view> {
      touched();
      if (!state().known)
        trace_ = context.trace;
      auto result =
        commit<mail_view>(context, decide(state(), command, env().now(), *deps_->policy),
                          [this](const notification::state& s, std::uint64_t) { return make_view({key()}, s); });
      retire_if_empty();
      return result;
    },
    [this](const request_context& context, const try_again& command) -> caf::result<mail_view> {
      touched();
      auto result =
        commit<mail_view>(context, decide(state(), command, env().now(), *deps_->policy),
                          [this](const notification::state& s, std::uint64_t) { return make_view({key()}, s); });
      retire_if_empty();
      return result;
    },
    [this](const request_context& context, const get_mail&) -> caf::result<mail_view> {
      touched();
      if (!state().known) {
        retire_if_empty();
        return caf::make_error(rejection::unknown_mail);
      }
      return commit<mail_view>(context, std::vector<event>{},
                               [this](const notification::state& s, std::uint64_t) { return make_view({key()}, s); });
    },
    [this](entity::wake) {
      advance();
      rearm_wake_up();
    },
    [this](entity::stop) { return on_stop(); },
  };
}

void notification_entity::on_stored() {
  if (state().known && state().status != status::pending) {
    tell_end();
    run_later(self(), ended_lingers, [this] { retire(); });
  }
  advance();
}

void notification_entity::tell_end() {
  const auto& s = state();
  const std::pair end{s.status, s.times_given_up};
  if (std::exchange(told_, end) == end)
    return;
  if (deps_->ended)
    deps_->ended(key(), s.status, s.why);
  if (s.status != status::given_up)
    return;
  if (s.why == name_of(mail_refusal::blocked_domain) && deps_->domain_blocked)
    deps_->domain_blocked(key(), s.provider);
  if (deps_->gave_up)
    deps_->gave_up(make_view({key()}, s));
}

std::optional<time_point> notification_entity::wake_up() const {
  const auto wanted = notification::wake_up(state());
  if (wanted && stands_still())
    return env().now() + paused_look;
  return wanted ? std::optional{std::max(*wanted, env().now() + entity::resumed_after)} : std::nullopt;
}

request_context notification_entity::effect_context() const {
  return {"notification/" + key(), trace_, state().expires_at};
}

bool notification_entity::stands_still() const {
  const auto& board = *deps_->pauses;
  return !board.is_clear() && notification::wake_up(state())
         && board.stops(pause::kind::provider, pause::name_of_mailer(next_provider(state(), *deps_->policy)));
}

// It may have waited for each of them, so the longest counts.
duration notification_entity::stood_still_for() const {
  duration longest{0};
  for (const auto& name : deps_->policy->providers)
    longest = std::max(longest, deps_->pauses->stood_still(pause::kind::provider, pause::name_of_mailer(name),
                                                           state().requested_at, env().now()));
  return longest;
}

void notification_entity::advance() {
  if (writing() || failed() || in_flight_)
    return;
  if (stands_still())
    return;
  auto passed = decide(state(), stood_still{stood_still_for()});
  if (is_nothing(passed))
    passed = decide(state(), time_passed{}, env().now());
  if (!is_nothing(passed))
    return commit(effect_context(), passed);
  if (const auto what = outstanding(state(), env().now(), *deps_->policy))
    return env().held.serves(shard_of(key())) ? run(*what) : wait_for_the_lease();
  look_again();
}

// Another node may have sent it while this one stood still, and not every provider would know it again. Either the
// lease comes back, or the shard is another's and this entity is told to end.
void notification_entity::wait_for_the_lease() {
  if (!std::exchange(waits_for_lease_, true))
    run_later(self(), lease_again, [this] {
      waits_for_lease_ = false;
      advance();
    });
}

// Stored wake-ups are for mails that nobody holds in memory; this one is looked at in time.
void notification_entity::look_again() {
  const auto at = notification::wake_up(state());
  const auto now = env().now();
  if (!at || *at <= now || (timer_at_ && *timer_at_ <= *at && *timer_at_ > now))
    return;
  timer_at_ = at;
  run_later(self(), *at - now, [this] {
    timer_at_.reset();
    advance();
  });
}

void notification_entity::run(const effect::send& what) {
  const auto found = deps_->providers.find(what.provider);
  if (found == deps_->providers.end())
    return on_error(what.provider, caf::make_error(ec::unavailable));
  in_flight_ = true;
  const auto& s = state();
  self()
    ->request(found->second, deps_->timeout, effect_context(),
              send_mail{key(), deps_->from, s.to, s.template_name, s.model, s.kind})
    .then(
      [this, provider = what.provider](const accepted& x) {
        in_flight_ = false;
        conclude(mail_accepted{provider, x.id});
      },
      [this, provider = what.provider](const caf::error& error) {
        in_flight_ = false;
        on_error(provider, error);
      });
}

void notification_entity::on_error(const std::string& provider, const caf::error& error) {
  if (error.category() == caf::type_id_v<mail_refusal>)
    return conclude(try_refused{provider, static_cast<mail_refusal>(error.code())});
  const auto code = error == caf::sec::request_timeout ? ec::timed_out : code_of(error, ec::interrupted);
  if (code == ec::circuit_open && stands_still())
    return advance(); // Paused when it was about to leave: it did not fail.
  commit(effect_context(), decide(state(), try_failed{provider, code, payment::retry_after(error), found_pending_},
                                  env().now(), *deps_->policy));
}

template <class Outcome> void notification_entity::conclude(Outcome outcome) {
  commit(effect_context(), decide(state(), outcome));
  if (!writing()) // It changed nothing.
    advance();
}

} // namespace troupe::notification

#include "adapters/email/simulated/simulated.hpp"

#include "adapters/email/inbox.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>

namespace troupe::email::simulated {

namespace {

using notification::accepted;
using notification::mail_refusal;
using notification::mailer_actor;
using notification::send_mail;

class simulated_state {
public:
  static constexpr const char* name = "email.simulated";

  simulated_state(mailer_actor::pointer, clock_fn now, std::shared_ptr<const renderer> templates)
    : now_(std::move(now)), templates_(std::move(templates)) {}

  mailer_actor::behavior_type make_behavior() {
    return {[this](const request_context& context, const send_mail& x) -> caf::result<accepted> {
      if (context.deadline <= now_())
        return caf::make_error(ec::deadline);
      auto mail = compose(x, *templates_);
      if (!mail)
        return std::move(mail.error());
      switch (kind_of_recipient(x.to.address)) {
        case recipient_kind::invalid: return caf::make_error(mail_refusal::invalid_address);
        case recipient_kind::blocked: return caf::make_error(mail_refusal::blocked_domain);
        case recipient_kind::limited:
          if (limited_.fails())
            return caf::make_error(ec::rate_limited, std::int64_t{2'000});
          break;
        case recipient_kind::unavailable:
          if (unavailable_.fails())
            return caf::make_error(ec::unavailable);
          break;
        case recipient_kind::plain:
        case recipient_kind::bounce: break;
      }
      return accepted{ids_.try_emplace(x.key, "sim_" + std::to_string(ids_.size() + 1)).first->second};
    }};
  }

private:
  clock_fn now_;
  std::shared_ptr<const renderer> templates_;
  std::map<std::string, std::string> ids_; // by key
  every_other limited_;
  every_other unavailable_;
};

} // namespace

mailer_actor spawn_simulated(caf::actor_system& system, clock_fn now, std::shared_ptr<const renderer> templates) {
  return system.spawn<mailer_actor::stateful_impl<simulated_state>>(std::move(now), std::move(templates));
}

} // namespace troupe::email::simulated

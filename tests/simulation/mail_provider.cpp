#include "tests/simulation/mail_provider.hpp"

#include "adapters/email/inbox.hpp"
#include "adapters/email/resend/twin.hpp"
#include "adapters/email/sendgrid/twin.hpp"

#include <functional>
#include <string>
#include <utility>

namespace troupe::simulation {

namespace {

/// The mail's key, wherever this provider wants it.
std::string key_in(const http::request& x) {
  if (const auto field = http::find(x.fields, "Idempotency-Key"); !field.empty())
    return std::string{field};
  constexpr std::string_view before = R"("custom_args":{"key":")";
  const auto found = x.body.find(before);
  if (found == std::string::npos)
    return {};
  const auto begin = found + before.size();
  return x.body.substr(begin, x.body.find('"', begin) - begin);
}

template <class Twin> class mail_provider_state {
public:
  static constexpr const char* name = "mail_provider";

  mail_provider_state(http::client_actor::pointer self, world& w, auditor& audit, std::string_view kind,
                      const remote_faults& faults, remote_conditions& conditions)
    : self_(self), world_(w), audit_(audit), kind_(kind), random_(w.random().fork()),
      twin_({}, letters_, [this] { return random_(); }),
      remote_(self, w, kind_, faults, conditions,
              {[this](const http::request& x) { return act(x); }, [](int status) { return Twin::failure(status); },
               [this](const http::request& x) { audit_.mails().doubled(kind_, key_in(x)); }}) {}

  http::client_actor::behavior_type make_behavior() {
    return {[this](http::call& x) -> caf::result<http::response> {
      auto reply = self_->template make_response_promise<http::response>();
      remote_.meet(std::move(x), reply);
      return reply;
    }};
  }

private:
  http::response act(const http::request& x) {
    const auto before = letters_.taken();
    auto answer = twin_.handle(x, world_.true_time());
    if (letters_.taken() > before && audit_.mails().taken(kind_, letters_.letters().back().key))
      world_.mishap(kind_ + ": took a mail again");
    return answer;
  }

  http::client_actor::pointer self_;
  world& world_;
  auditor& audit_;
  std::string kind_;
  random_source random_;
  email::inbox letters_;
  Twin twin_;
  remote remote_;
};

template <class Twin, class... Args> http::client_actor spawn_twin(world& w, Args&&... args) {
  using impl = http::client_actor::stateful_impl<mail_provider_state<Twin>>;
  return w.outside(w.system().spawn<impl>(std::ref(w), std::forward<Args>(args)...));
}

} // namespace

http::client_actor spawn_mail_provider(world& w, auditor& audit, std::string_view kind, const remote_faults& faults,
                                       remote_conditions& conditions) {
  if (kind == "resend")
    return spawn_twin<email::resend::twin>(w, std::ref(audit), kind, faults, std::ref(conditions));
  return spawn_twin<email::sendgrid::twin>(w, std::ref(audit), kind, faults, std::ref(conditions));
}

} // namespace troupe::simulation

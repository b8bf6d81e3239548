#include "supervisors/dead_letters/recorders.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace troupe {

namespace {

constexpr const char* redacted = "redacted";

std::string text_of(const money& x) {
  return std::to_string(x.minor) + ' ' + std::string{x.currency.code()};
}

class payment_recorder {
public:
  static constexpr const char* name = "payment.recorder";

  payment_recorder(payment::provider_actor::pointer, const std::string& provider, recorded_calls calls)
    : port_("payment." + provider), calls_(std::move(calls)) {}

  payment::provider_actor::behavior_type make_behavior() {
    using namespace payment;
    return {
      [this](const request_context&, const authorize& x) -> caf::result<payment::payment> {
        note("authorize", x.key, {{"reference", x.reference}, {"amount", text_of(x.amount)}, {"method", redacted}});
        auto& made = made_[x.key];
        if (made.item.id.value.empty())
          made = {x.reference,
                  {{"rehearsed-" + std::to_string(made_.size())}, payment_status::authorized, x.amount, {}}};
        return made.item;
      },
      [this](const request_context&, const capture& x) -> caf::result<payment::payment> {
        note("capture", x.key, {{"payment", x.id.value}, {"amount", text_of(x.amount)}});
        return moved(x.id, payment_status::captured, x.amount);
      },
      [this](const request_context&, const void_payment& x) -> caf::result<payment::payment> {
        note("void", x.key, {{"payment", x.id.value}});
        return moved(x.id, payment_status::voided, {});
      },
      [this](const request_context&, const refund& x) -> caf::result<refunded> {
        note("refund", x.key, {{"payment", x.id.value}, {"amount", text_of(x.amount)}});
        return refunded{"rehearsed-refund", refund_status::succeeded};
      },
      [this](const request_context&, const find_payments& x) -> caf::result<payments> {
        note("find", {}, {{"reference", x.reference}});
        payments result;
        for (const auto& [key, made] : made_)
          if (made.reference == x.reference)
            result.items.push_back(made.item);
        return result;
      },
    };
  }

private:
  struct made_payment {
    std::string reference;
    payment::payment item;
  };

  void note(std::string operation, std::string key, std::vector<std::pair<std::string, std::string>> arguments) {
    calls_->push_back({port_, std::move(operation), std::move(key), std::move(arguments)});
  }

  payment::payment moved(const payment_id& id, payment::payment_status to, const money& amount) {
    const auto found = std::find_if(made_.begin(), made_.end(), [&](const auto& x) { return x.second.item.id == id; });
    if (found == made_.end())
      return {id, to, amount, {}};
    found->second.item.status = to;
    return found->second.item;
  }

  std::string port_;
  recorded_calls calls_;
  std::map<std::string, made_payment> made_; // by key
};

notification::mailer_actor::behavior_type make_mail_recorder(notification::mailer_actor::pointer,
                                                             const std::string& name, const recorded_calls& calls) {
  return {[port = "email." + name, calls](const request_context&,
                                          const notification::send_mail& x) -> caf::result<notification::accepted> {
    calls->push_back({port,
                      "send",
                      x.key,
                      {{"to", redacted}, {"template", x.template_name}, {"category", std::string{name_of(x.kind)}}}});
    return notification::accepted{"rehearsed"};
  }};
}

} // namespace

payment::provider_actor spawn_payment_recorder(const supervision::place& where, const std::string& name,
                                               recorded_calls calls) {
  return where.spawn<payment::provider_actor::stateful_impl<payment_recorder>>(name, std::move(calls));
}

notification::mailer_actor spawn_mail_recorder(const supervision::place& where, const std::string& name,
                                               recorded_calls calls) {
  return where.run<notification::mailer_actor>(make_mail_recorder, name, std::move(calls));
}

} // namespace troupe

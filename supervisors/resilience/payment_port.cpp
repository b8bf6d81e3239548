#include "supervisors/resilience/payment_port.hpp"

#include <utility>

namespace troupe::resilience {

namespace {

template <class Answer> void put(caf::message& answer, std::vector<payment::tried>& what) {
  if (answer.match_elements<Answer>())
    answer.get_mutable_as<Answer>(0).tried = std::move(what);
}

void tell(caf::message& answer, const std::vector<kept_decision>& done) {
  std::vector<payment::tried> what;
  what.reserve(done.size());
  for (const auto& x : done)
    what.push_back({x.at, x.operation, x.what, x.why});
  if (answer.match_elements<caf::error>()) {
    answer = caf::make_message(payment::after_tries(answer.get_as<caf::error>(0), std::move(what)));
    return;
  }
  put<payment::payment>(answer, what);
  put<payment::refunded>(answer, what);
  put<payment::payments>(answer, what);
}

template <class Command> operation told(std::string_view name, repeatable repeats) {
  auto out = operation_of<Command>(name, repeats);
  out.tell = tell;
  return out;
}

} // namespace

port payment_port(const std::string& provider, duration key_lifetime) {
  port out;
  out.service = "payment." + provider;
  out.operations = {told<payment::authorize>("authorize", repeatable::one_by_one),
                    told<payment::capture>("capture", repeatable::one_by_one),
                    told<payment::void_payment>("void", repeatable::one_by_one),
                    told<payment::refund>("refund", repeatable::one_by_one),
                    told<payment::find_payments>("find", repeatable::any_time)};
  out.key_lifetime = key_lifetime;
  return out;
}

} // namespace troupe::resilience

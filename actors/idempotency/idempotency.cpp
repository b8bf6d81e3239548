#include "actors/idempotency/idempotency.hpp"

namespace troupe::idempotency {

namespace {

struct fold {
  state& s;

  void operator()(const key_claimed& e) {
    s.taken = true;
    s.body_hash = e.body_hash;
    s.subject = e.subject;
    s.at = e.at;
  }
};

} // namespace

void state::apply(const event& e) {
  std::visit(fold{*this}, e); // A new event without an overload does not compile.
}

decision decide(const state& s, const claim& cmd, time_point now) {
  if (!s.taken || now - s.at >= lifetime)
    return std::vector<event>{key_claimed{cmd.body_hash, cmd.subject, now}};
  if (cmd.body_hash != s.body_hash)
    return rejection::other_body;
  return std::vector<event>{};
}

} // namespace troupe::idempotency

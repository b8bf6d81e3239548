#include "supervisors/resilience/guards.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace troupe::resilience {

namespace {

namespace messages = troupe::guard;

breaker_mode to_rules(messages::breaker_mode x) {
  switch (x) {
    case messages::breaker_mode::automatic: return breaker_mode::automatic;
    case messages::breaker_mode::open: return breaker_mode::forced_open;
    case messages::breaker_mode::closed: return breaker_mode::forced_closed;
  }
  return breaker_mode::automatic;
}

messages::breaker_mode to_message(breaker_mode x) {
  switch (x) {
    case breaker_mode::automatic: return messages::breaker_mode::automatic;
    case breaker_mode::forced_open: return messages::breaker_mode::open;
    case breaker_mode::forced_closed: return messages::breaker_mode::closed;
  }
  return messages::breaker_mode::automatic;
}

std::optional<messages::allowance> to_message(const rate_rules& x, std::uint64_t left) {
  if (x.limit == 0)
    return std::nullopt;
  return messages::allowance{x.limit, x.per, left};
}

messages::report to_report(snapshot x) {
  messages::report out;
  out.name = std::move(x.service);
  out.policy = x.policy.name;
  out.source = x.policy.source;
  out.state = std::string{name_of(x.state)};
  out.mode = to_message(x.mode);
  out.reason = std::move(x.reason);
  out.wait = x.wait;
  out.failures = x.failures;
  out.under_way = x.under_way;
  out.in_line = x.in_line;
  out.retries_left = x.budget.retries;
  out.budget_calls = x.budget.calls;
  out.rate = to_message(x.policy.rate, x.tokens);
  out.bulk_rate = to_message(x.policy.bulk_rate, x.bulk_tokens);
  out.calls = x.calls;
  out.refused = x.refused;
  out.retried = x.retried;
  out.failed = x.failed;
  out.rules = rules_of(x.policy);
  for (auto& each : x.recent)
    out.recent.push_back(
      {each.at, std::move(each.what), std::move(each.operation), std::move(each.caller), std::move(each.why)});
  return out;
}

class guards_state {
public:
  static constexpr const char* name = "guards";

  guards_state(messages::guards_actor::pointer, std::shared_ptr<guard_list> list) : list_(std::move(list)) {}

  messages::guards_actor::behavior_type make_behavior() {
    return {
      [this](const messages::get_guards&) { return list_->reports(); },
      [this](const messages::get_guard& x) { return answer(list_->report(x.name)); },
      [this](const request_context& c, const messages::set_breaker& x) { return answer(list_->apply(x, c.principal)); },
      [this](const request_context& c, const messages::set_policy& x) { return answer(list_->apply(x, c.principal)); },
    };
  }

private:
  static caf::result<messages::report> answer(caf::expected<messages::report> x) {
    if (!x)
      return std::move(x.error());
    return std::move(*x);
  }

  std::shared_ptr<guard_list> list_;
};

} // namespace

void guard_list::add(const std::string& name, guard x) {
  const std::lock_guard lock{mutex_};
  guards_.insert_or_assign(name, std::move(x));
}

void guard_list::configure(policy_book book, const std::map<std::string, std::string>& policies) {
  const std::lock_guard lock{mutex_};
  book_ = std::move(book);
  for (const auto& [name, policy] : policies)
    if (const auto found = guards_.find(name); found != guards_.end() && book_.contains(policy))
      found->second.configure(book_.find(policy));
}

messages::reports guard_list::reports() const {
  const std::lock_guard lock{mutex_};
  messages::reports out;
  for (const auto& [name, guard] : guards_)
    out.items.push_back(to_report(guard.look()));
  return out;
}

caf::expected<messages::report> guard_list::report(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = guards_.find(name);
  if (found == guards_.end())
    return caf::make_error(messages::rejection::unknown_guard);
  return to_report(found->second.look());
}

caf::expected<messages::report> guard_list::apply(const messages::set_breaker& x, const std::string& by) {
  const std::lock_guard lock{mutex_};
  const auto found = guards_.find(x.name);
  if (found == guards_.end())
    return caf::make_error(messages::rejection::unknown_guard);
  if (x.reason.empty())
    return caf::make_error(messages::rejection::no_reason);
  found->second.force(to_rules(x.mode), x.reason, by);
  return to_report(found->second.look());
}

caf::expected<messages::report> guard_list::apply(const messages::set_policy& x, const std::string& by) {
  const std::lock_guard lock{mutex_};
  const auto found = guards_.find(x.name);
  if (found == guards_.end())
    return caf::make_error(messages::rejection::unknown_guard);
  if (x.reason.empty())
    return caf::make_error(messages::rejection::no_reason);
  if (!x.policy.empty() && !book_.contains(x.policy))
    return caf::make_error(messages::rejection::unknown_policy);
  const auto from = x.policy.empty() ? found->second.look().policy : book_.find(x.policy);
  auto to = changed(from, x.rules);
  if (const auto* why = std::get_if<std::string>(&to))
    return caf::make_error(messages::rejection::bad_rule, *why);
  auto& rules = std::get<policy>(to);
  rules.source = "set by " + by;
  std::string why = x.reason;
  for (const auto& [key, value] : x.rules)
    why += (why.size() == x.reason.size() ? " (" : ", ") + key + "=" + value;
  if (!x.rules.empty())
    why += ')';
  found->second.configure(rules, why, by);
  return to_report(found->second.look());
}

messages::guards_actor spawn_guards(caf::actor_system& system, std::shared_ptr<guard_list> list) {
  return system.spawn<messages::guards_actor::stateful_impl<guards_state>>(std::move(list));
}

} // namespace troupe::resilience

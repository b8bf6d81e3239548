#include "supervisors/resilience/guards.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <optional>
#include <utility>
#include <vector>

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

constexpr duration trail_timeout{2'000}; // of a question that can be answered without it

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

  guards_state(messages::guards_actor::pointer self, std::shared_ptr<guard_list> list, messages::trail_actor trails)
    : self_(self), list_(std::move(list)), trails_(std::move(trails)) {}

  messages::guards_actor::behavior_type make_behavior() {
    return {
      [this](const messages::get_guards&) { return list_->reports(); },
      [this](const messages::get_guard& x) { return look(x.name); },
      [this](const request_context& c, const messages::set_breaker& x) { return act(c, x); },
      [this](const request_context& c, const messages::set_policy& x) { return act(c, x); },
    };
  }

private:
  using promise_type = caf::typed_response_promise<messages::report>;

  caf::result<messages::report> look(const std::string& name) {
    if (auto unknown = list_->report(name); !unknown)
      return std::move(unknown.error());
    auto promise = self_->make_response_promise<messages::report>();
    self_->request(trails_, trail_timeout, request_context{"guards", {}, time_point::max()}, messages::get_trail{name})
      .then(
        [this, promise, name](const messages::trail& kept) {
          list_->hold(kept); // An append that was said to have failed may have been stored all the same.
          deliver(promise, list_->report(name), kept.actions);
        },
        // What a guard does now is wanted most when something else fails.
        [this, promise, name](const caf::error&) { deliver(promise, list_->report(name), std::nullopt); });
    return promise;
  }

  template <class Command> caf::result<messages::report> act(const request_context& context, const Command& x) {
    if (auto refused = list_->check(x))
      return refused;
    auto promise = self_->make_response_promise<messages::report>();
    self_->request(trails_, caf::infinite, context, x)
      .then([this, promise, x, by = context.principal](
              const messages::trail& kept) { deliver(promise, done(x, by, kept), kept.actions); },
            [promise](caf::error& why) mutable { promise.deliver(std::move(why)); });
    return promise;
  }

  caf::expected<messages::report> done(const messages::set_breaker& x, const std::string&,
                                       const messages::trail& kept) {
    list_->hold(kept);
    return list_->report(x.name);
  }

  // Refused here only when the configuration was read again meanwhile, which would have ended it anyway.
  caf::expected<messages::report> done(const messages::set_policy& x, const std::string& by, const messages::trail&) {
    return list_->apply(x, by);
  }

  static void deliver(promise_type promise, caf::expected<messages::report> x,
                      std::optional<std::vector<messages::action>> actions) {
    if (!x)
      return promise.deliver(std::move(x.error()));
    x->actions = std::move(actions);
    promise.deliver(std::move(*x));
  }

  messages::guards_actor::pointer self_;
  std::shared_ptr<guard_list> list_;
  messages::trail_actor trails_;
};

} // namespace

void guard_list::add(const std::string& name, guard x) {
  const std::lock_guard lock{mutex_};
  if (sharing_)
    x.share(sharing_);
  guards_.insert_or_assign(name, entry{std::move(x)});
}

void guard_list::configure(policy_book book, const std::map<std::string, std::string>& policies) {
  const std::lock_guard lock{mutex_};
  book_ = std::move(book);
  for (const auto& [name, policy] : policies)
    if (const auto found = guards_.find(name); found != guards_.end() && book_.contains(policy))
      found->second.is.configure(book_.find(policy));
}

messages::reports guard_list::reports() const {
  const std::lock_guard lock{mutex_};
  messages::reports out;
  for (const auto& [name, guard] : guards_)
    out.items.push_back(to_report(guard.is.look()));
  return out;
}

caf::expected<messages::report> guard_list::report(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = guards_.find(name);
  if (found == guards_.end())
    return caf::make_error(messages::rejection::unknown_guard);
  return to_report(found->second.is.look());
}

caf::error guard_list::check(const messages::set_breaker& x) const {
  const std::lock_guard lock{mutex_};
  if (!guards_.contains(x.name))
    return caf::make_error(messages::rejection::unknown_guard);
  return x.reason.empty() ? caf::make_error(messages::rejection::no_reason) : caf::error{};
}

caf::error guard_list::check(const messages::set_policy& x) const {
  const std::lock_guard lock{mutex_};
  const auto rules = wanted(x);
  return rules ? caf::error{} : rules.error();
}

bool guard_list::hold(const messages::trail& x) {
  const std::lock_guard lock{mutex_};
  const auto found = guards_.find(x.name);
  if (found == guards_.end())
    return false;
  auto& entry = found->second;
  if (x.version <= entry.version)
    return true;
  entry.version = x.version;
  const auto before = std::exchange(entry.held, x.breaker);
  const bool was_and_is_free =
    before.mode == messages::breaker_mode::automatic && x.breaker.mode == messages::breaker_mode::automatic;
  if (before != x.breaker && !was_and_is_free)
    entry.is.force(to_rules(x.breaker.mode), x.breaker.reason, x.breaker.by);
  breaker_moved();
  return true;
}

// ---- others' guards ------------------------------------------------------------------------------------------------

std::map<std::string, breaker_view> guard_list::breakers() const {
  const std::lock_guard lock{mutex_};
  std::map<std::string, breaker_view> out;
  for (const auto& [name, entry] : guards_)
    if (auto x = entry.is.breaker(); x.mode == breaker_mode::automatic)
      out.emplace(name, std::move(x));
  return out;
}

std::vector<messages::trail> guard_list::held() const {
  const std::lock_guard lock{mutex_};
  std::vector<messages::trail> out;
  for (const auto& [name, entry] : guards_)
    if (entry.version > 0)
      out.push_back({name, entry.held, {}, entry.version});
  return out;
}

std::optional<guard> guard_list::find(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = guards_.find(name);
  return found == guards_.end() ? std::nullopt : std::optional{found->second.is};
}

void guard_list::hear_opened(const std::string& name, duration left, const std::string& why) const {
  if (const auto found = find(name))
    found->hear_opened(left, why);
}

void guard_list::hear_closed(const std::string& name) const {
  if (const auto found = find(name))
    found->hear_closed();
}

void guard_list::granted(const std::string& name, bool bulk, std::uint64_t tokens, duration wait) const {
  if (const auto found = find(name))
    found->granted(bulk, tokens, wait);
}

void guard_list::share_rates(rate_sharing with) {
  const std::lock_guard lock{mutex_};
  sharing_ = std::move(with);
  for (const auto& [name, entry] : guards_)
    entry.is.share(sharing_);
}

void guard_list::breaker_moved() const {
  if (changed_)
    changed_();
}

observer telling(observer told, const std::shared_ptr<guard_list>& list) {
  // The list holds the guards, and they what they tell.
  told.breaker = [weak = std::weak_ptr{list}, inner = std::move(told.breaker)](std::string_view service,
                                                                               breaker_state x) {
    if (inner)
      inner(service, x);
    if (const auto strong = weak.lock())
      strong->breaker_moved();
  };
  return told;
}

/// Under the lock.
caf::expected<policy> guard_list::wanted(const messages::set_policy& x) const {
  const auto found = guards_.find(x.name);
  if (found == guards_.end())
    return caf::make_error(messages::rejection::unknown_guard);
  if (x.reason.empty())
    return caf::make_error(messages::rejection::no_reason);
  if (!x.policy.empty() && !book_.contains(x.policy))
    return caf::make_error(messages::rejection::unknown_policy);
  auto to = changed(x.policy.empty() ? found->second.is.look().policy : book_.find(x.policy), x.rules);
  if (const auto* why = std::get_if<std::string>(&to))
    return caf::make_error(messages::rejection::bad_rule, *why);
  return std::get<policy>(std::move(to));
}

caf::expected<messages::report> guard_list::apply(const messages::set_policy& x, const std::string& by) {
  const std::lock_guard lock{mutex_};
  auto rules = wanted(x);
  if (!rules)
    return std::move(rules.error());
  rules->source = "set by " + by;
  std::string why = x.reason;
  for (const auto& [key, value] : x.rules)
    why += (why.size() == x.reason.size() ? " (" : ", ") + key + "=" + value;
  if (!x.rules.empty())
    why += ')';
  const auto& guard = guards_.find(x.name)->second.is;
  guard.configure(*rules, why, by);
  return to_report(guard.look());
}

messages::guards_actor spawn_guards(caf::actor_system& system, std::shared_ptr<guard_list> list,
                                    messages::trail_actor trails) {
  return system.spawn<messages::guards_actor::stateful_impl<guards_state>>(std::move(list), std::move(trails));
}

} // namespace troupe::resilience

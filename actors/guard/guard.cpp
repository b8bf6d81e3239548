#include "actors/guard/guard.hpp"

namespace troupe::guard {

namespace {

std::string detail_of(const policy_set& e) {
  std::string text = e.policy;
  for (const auto& [key, value] : e.rules)
    text += (text.empty() ? "" : ", ") + key + '=' + value;
  return text;
}

struct fold {
  state& s;
  time_point at;

  void operator()(const breaker_set& e) {
    s.breaker = e;
    remember({at, "breaker", std::string{name_of(e.mode)}, e.by, e.reason});
  }
  void operator()(const policy_set& e) { remember({at, "policy", detail_of(e), e.by, e.reason}); }

private:
  void remember(action x) {
    if (s.actions.size() >= actions_max)
      s.actions.erase(s.actions.begin());
    s.actions.push_back(std::move(x));
  }
};

} // namespace

std::string_view name_of(breaker_mode x) {
  switch (x) {
    case breaker_mode::automatic: return "auto";
    case breaker_mode::open: return "open";
    case breaker_mode::closed: return "closed";
  }
  return "invalid";
}

std::optional<breaker_mode> parse_breaker_mode(std::string_view text) {
  for (const auto x : {breaker_mode::automatic, breaker_mode::open, breaker_mode::closed})
    if (text == name_of(x))
      return x;
  return std::nullopt;
}

void state::apply(const event& e, time_point at) {
  std::visit(fold{*this, at}, e); // A new event without an overload does not compile.
}

outcome decide(const state& s, const set_breaker& cmd, const std::string& by) {
  if (cmd.reason.empty())
    return rejection::no_reason;
  const breaker_set wanted{cmd.mode, cmd.reason, by};
  if (s.breaker == wanted)
    return std::vector<event>{};
  return std::vector<event>{wanted};
}

// Stored each time: the configuration may have been read between two that are alike.
outcome decide(const state&, const set_policy& cmd, const std::string& by) {
  if (cmd.reason.empty())
    return rejection::no_reason;
  return std::vector<event>{policy_set{cmd.policy, cmd.rules, cmd.reason, by}};
}

} // namespace troupe::guard

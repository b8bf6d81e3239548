#include "supervisors/resilience/policy_book.hpp"

#include "config/loader.hpp"
#include "config/table.hpp"

namespace troupe::resilience {

namespace {

backoff backoff_of(const std::string& name) {
  if (name == "constant")
    return backoff::constant;
  return name == "linear" ? backoff::linear : backoff::exponential;
}

std::string name_of(backoff x) {
  switch (x) {
    case backoff::constant: return "constant";
    case backoff::linear: return "linear";
    case backoff::exponential: return "exponential";
  }
  return "invalid";
}

rate_rules to_rules(const config::rate_options& x) {
  return {x.limit, x.per, x.burst};
}

config::rate_options to_options(const rate_rules& x) {
  return {x.limit, x.per, x.burst};
}

policy to_policy(const config::policy_options& x) {
  policy out;
  out.timeout = x.timeout;
  out.deadline = x.deadline;
  out.rate = to_rules(x.rate);
  out.bulk_rate = to_rules(x.bulk_rate);
  out.bulkhead = {x.bulkhead.calls_max, x.bulkhead.queue_max, x.bulkhead.queue_time};
  out.breaker = {x.breaker.failures,  x.breaker.failure_percent, x.breaker.window,
                 x.breaker.calls_min, x.breaker.open_time,       x.breaker.half_open_calls};
  out.retry = {x.retry.attempts, x.retry.timeout_attempts, backoff_of(x.retry.backoff), x.retry.base,
               x.retry.max,      x.retry.budget_percent,   x.retry.budget_floor};
  out.hedge_after = x.hedge_after;
  out.answer_age_max = x.answer_age_max;
  return out;
}

config::policy_options to_options(const policy& x) {
  config::policy_options out;
  out.timeout = x.timeout;
  out.deadline = x.deadline;
  out.rate = to_options(x.rate);
  out.bulk_rate = to_options(x.bulk_rate);
  out.bulkhead = {x.bulkhead.calls_max, x.bulkhead.queue_max, x.bulkhead.queue_time};
  out.breaker = {x.breaker.failures,  x.breaker.failure_percent, x.breaker.window,
                 x.breaker.calls_min, x.breaker.open_time,       x.breaker.half_open_calls};
  out.retry = {x.retry.attempts, x.retry.timeout_attempts, name_of(x.retry.backoff), x.retry.base,
               x.retry.max,      x.retry.budget_percent,   x.retry.budget_floor};
  out.hedge_after = x.hedge_after;
  out.answer_age_max = x.answer_age_max;
  return out;
}

} // namespace

policy policy_book::find(const std::string& name) const {
  auto out = to_policy(rules_.at(name));
  out.name = name;
  const auto at = sources_.find(name);
  out.source = at == sources_.end() ? "default" : at->second;
  return out;
}

std::variant<policy, std::string> changed(const policy& x, const std::map<std::string, std::string>& rules) {
  auto options = to_options(x);
  for (const auto& [key, value] : rules) {
    const config::row<config::policy_options>* row = nullptr;
    for (const auto& r : config::policy_rows())
      if (r.key == key)
        row = &r;
    if (!row)
      return key + ": there is no such rule";
    if (const auto expected = config::assign(row->of(options), value, row->limits))
      return key + ": " + *expected;
  }
  if (auto why = config::problem_with(options); !why.empty())
    return why;
  auto out = to_policy(options);
  out.name = x.name;
  out.source = x.source;
  return out;
}

std::map<std::string, std::string> rules_of(const policy& x) {
  auto options = to_options(x);
  std::map<std::string, std::string> out;
  for (const auto& r : config::policy_rows())
    out.emplace(r.key, config::to_text(r.of(options)));
  return out;
}

} // namespace troupe::resilience

#include "supervisors/resilience/policy.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::resilience {

std::string name_in_full(const policy& x) {
  return "policy \"" + x.name + "\" (" + x.source + ")";
}

duration pause_after(std::uint64_t failed, const retry_rules& rules, double jitter) {
  const auto base = static_cast<double>(rules.base.count());
  const auto steps = std::max<std::uint64_t>(failed, 1);
  double wait = base;
  switch (rules.backoff) {
    case backoff::constant: break;
    case backoff::linear: wait = base * static_cast<double>(steps); break;
    case backoff::exponential: wait = std::ldexp(base, static_cast<int>(std::min<std::uint64_t>(steps - 1, 62))); break;
  }
  wait = std::min(wait, static_cast<double>(rules.max.count()));
  return duration{std::llround(wait * (1 - jitter / 2))};
}

std::string span_text(duration x) {
  const auto ms = std::max<std::int64_t>(x.count(), 0);
  const auto in = [ms](std::int64_t unit, const char* name) {
    return std::to_string((ms + unit - 1) / unit) + ' ' + name;
  };
  if (ms < 1'000)
    return in(1, "ms");
  return ms <= 120'000 ? in(1'000, "s") : in(60'000, "min");
}

} // namespace troupe::resilience

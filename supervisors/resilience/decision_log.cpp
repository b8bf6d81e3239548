#include "supervisors/resilience/decision_log.hpp"

#include "supervisors/observability/log.hpp"

#include <utility>

namespace troupe::resilience {

namespace {

bool always_told(std::string_view what) {
  return what == "breaker" || what == "operator";
}

} // namespace

std::uint64_t decision_log::admit(std::string_view what, time_point now) {
  if (always_told(what))
    return 1;
  const std::lock_guard lock{mutex_};
  const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (second != std::exchange(second_, second))
    lines_ = 0;
  if (lines_ >= lines_max) {
    ++left_out_;
    return 0;
  }
  ++lines_;
  return 1 + std::exchange(left_out_, 0);
}

void decision_log::write(const decided& x, time_point now) {
  const auto stands_for = admit(x.what, now);
  if (stands_for == 0)
    return;
  const bool traced = x.context.trace.trace_high != 0 || x.context.trace.trace_low != 0;
  const auto trace = traced ? x.context.trace.trace_id() : std::string{};
  const auto level = always_told(x.what) ? log::level::warn : log::level::info;
  log::write(level, "A guard decided",
             {{"service", x.service},
              {"decision", x.what},
              {"operation", x.operation},
              {"caller", x.context.principal},
              {"reason", x.why},
              {"leftOut", static_cast<std::int64_t>(stands_for - 1)},
              {"correlationId", trace}});
}

} // namespace troupe::resilience

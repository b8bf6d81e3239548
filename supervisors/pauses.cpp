#include "supervisors/pauses.hpp"

#include "supervisors/observability/log.hpp"
#include "supervisors/observability/metrics.hpp"

#include <utility>

namespace troupe {

std::string why_paused(const pause::board& board, const std::string& provider) {
  if (board.is_clear())
    return {};
  if (!board.is_known())
    return "the node has not found out yet what is paused";
  const auto* how = board.find(pause::kind::provider, provider);
  return how ? "paused by " + how->by + ": " + how->reason : std::string{};
}

pause::registry::told_fn telling_of_pauses(caf::actor_system& system, alarm_line_ptr line, clock_fn now,
                                           pause::registry::told_fn told) {
  return [metrics = std::make_shared<pause_metrics>(system), line = std::move(line), now = std::move(now),
          told = std::move(told)](const pause::target& what, const std::optional<pause::paused>& how) {
    metrics->changed(name_of(what.kind), what.name, how.has_value());
    if (how)
      log::warn("Paused", {{"what", to_string(what)}, {"by", how->by}, {"reason", how->reason}});
    else
      log::warn("Goes on again", {{"what", to_string(what)}});
    line->raise(how ? alarm::kind::paused : alarm::kind::resumed, to_string(what), how ? how->reason : "", now());
    if (told)
      told(what, how);
  };
}

} // namespace troupe

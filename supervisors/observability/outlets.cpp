#include "supervisors/observability/outlets.hpp"

#include "supervisors/observability/log.hpp"
#include "supervisors/observability/metrics.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

outlet::observer observe_outlets(caf::actor_system& system, clock_fn now) {
  const auto metrics = std::make_shared<outlet_metrics>(system);
  outlet::observer out;
  out.delivered = [metrics](const std::string& outlet, const outlet::deliver& x) {
    metrics->delivered(outlet);
    if (!log::enabled(log::level::debug))
      return;
    const auto& e = *x.event;
    const auto own_id = e.stream.context + '/' + e.stream.key + '/' + std::to_string(e.version);
    log::write(log::level::debug, "Event emitted",
               {{"outlet", outlet},
                {"eventType", x.form ? std::string_view{x.form->event_type} : std::string_view{e.type}},
                {"eventId", x.form ? std::string_view{x.form->event_id} : std::string_view{own_id}}});
  };
  out.failed = [metrics](const std::string& outlet, const journal::stored_event& x, ec why) {
    metrics->failed(outlet);
    log::write(log::level::debug, "Event not taken",
               {{"outlet", outlet}, {"eventType", x.type}, {"reason", to_string(why)}});
  };
  out.lags = [metrics, now = std::move(now)](const std::string& outlet, const std::string& context,
                                             const outlet::lag& x) {
    const auto age = x.oldest ? std::max(now() - *x.oldest, duration{0}) : duration{0};
    metrics->lags(outlet, context, x.events, age, x.parked);
  };
  out.subscribed = [](const std::string& outlet, const std::string& context, const std::vector<std::string>& types) {
    std::string list;
    for (const auto& x : types)
      list += (list.empty() ? "" : ", ") + x;
    log::info("Outlet subscribed",
              {{"outlet", outlet}, {"context", context}, {"types", list.empty() ? "all" : std::string_view{list}}});
  };
  out.troubled = [](const std::string& outlet, const std::string& context, const caf::error& why) {
    log::warn("Outlet cannot go on for now", {{"outlet", outlet}, {"context", context}, {"reason", to_string(why)}});
  };
  return out;
}

} // namespace troupe

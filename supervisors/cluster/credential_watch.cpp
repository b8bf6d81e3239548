#include "supervisors/cluster/credential_watch.hpp"

#include "actors/timer.hpp"
#include "supervisors/observability/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <utility>

namespace troupe::cluster {

credential_watch::credential_watch(caf::event_based_actor* self, std::shared_ptr<credentials> watched, clock_fn now)
  : self_(self), watched_(std::move(watched)), now_(std::move(now)),
    ends_(self->system().metrics().gauge_singleton<double>(
      "troupe", "cluster_certificate_end", "When other nodes believe this node no longer, after 1970.", "seconds")),
    refused_(self->system().metrics().gauge_singleton("troupe", "cluster_certificate_refused",
                                                      "1 while the files of the certificate cannot be used.")) {}

caf::behavior credential_watch::make_behavior() {
  look_again();
  return {
    [this](caf::update_atom) { look(); },
  };
}

void credential_watch::look() {
  const auto found = watched_->look(now_());
  const auto until = watched_->ends();
  ends_->value(std::chrono::duration<double>(until.time_since_epoch()).count());
  if (found.what == credentials::change::replaced)
    log::info("The certificate for other nodes is replaced", {{"until", to_rfc3339(until)}});
  if (found.what == credentials::change::refused)
    log::error("The new certificate for other nodes is refused, the old one stays",
               {{"reason", found.why}, {"until", to_rfc3339(until)}});
  refused_->value(watched_->is_refused() ? 1 : 0);
}

void credential_watch::look_again() {
  look();
  run_later(self_, every, [this] { look_again(); });
}

} // namespace troupe::cluster

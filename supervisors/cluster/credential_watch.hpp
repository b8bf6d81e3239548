// supervisors/cluster/credential_watch.hpp: sees when a node's certificate is replaced.
#pragma once

#include "actors/kernel/time.hpp"
#include "supervisors/cluster/credentials.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/telemetry/gauge.hpp>

#include <memory>

namespace troupe::cluster {

/// Looks at the files every `every`, and at once when it is sent caf::update_atom. Says what it finds in the log and in
/// `troupe_cluster_certificate_end_seconds` (of the Unix epoch) and `troupe_cluster_certificate_refused`, 1 while the
/// files that are there cannot be used. Reads files: detached.
class credential_watch {
public:
  static constexpr const char* name = "certificates";
  static constexpr duration every{2'000};

  credential_watch(caf::event_based_actor* self, std::shared_ptr<credentials> watched, clock_fn now);

  caf::behavior make_behavior();

private:
  void look();
  void look_again();

  caf::event_based_actor* self_;
  std::shared_ptr<credentials> watched_;
  clock_fn now_;
  caf::telemetry::dbl_gauge* ends_;
  caf::telemetry::int_gauge* refused_;
};

using credential_watch_impl = caf::stateful_actor<credential_watch>;

} // namespace troupe::cluster

// supervisors/operators_webhook.hpp: the part of a node that tells operators by webhook.
#pragma once

#include "adapters/http_client/curl_engine.hpp"
#include "adapters/webhook/webhook.hpp"
#include "supervisors/alarms.hpp"
#include "supervisors/resilience/guards.hpp"

#include <functional>
#include <memory>

namespace troupe {

inline constexpr const char* webhook_guard = "webhook"; // the name of its guard

struct operators_webhook {
  webhook::options receiver;
  http::client_options client;
  supervision::limits restarts{};
  alarm_settings alarms{}; // receiver, own_path, breakers and observe are filled in
  std::shared_ptr<const resilience::guard_list> guards{};
  /// Puts the guard of that port in front.
  std::function<alarm::receiver_actor(const alarm::receiver_actor&, const resilience::port&)> guarded{};
};

/// Where its parts stand in the tree of a node.
inline constexpr const char* operators_webhook_path = "node/webhooks";

/// Its parts, to which `line` leads from then on. They have a group and a client of their own: who is told of what
/// fails must not depend on it.
supervision::group make_operators_webhook(caf::actor_system& system, operators_webhook with, alarm_line& line);

} // namespace troupe

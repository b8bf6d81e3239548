#include "supervisors/operators_webhook.hpp"

#include "adapters/http_client/curl_client.hpp"
#include "supervisors/observability/log.hpp"
#include "supervisors/observability/metrics.hpp"

#include <utility>

namespace troupe {

namespace {

std::vector<alarm::fact> open_breakers(const resilience::guard_list& guards, time_point now) {
  std::vector<alarm::fact> open;
  for (auto& x : guards.reports().items)
    if (x.name != webhook_guard && x.state == resilience::name_of(resilience::breaker_state::open))
      open.push_back({alarm::kind::breaker_opened, x.name, std::move(x.reason), now});
  return open;
}

auto observe_notices(caf::actor_system& system) {
  return [metrics = std::make_shared<webhook_metrics>(system)](notice_result how, std::size_t waiting,
                                                               const caf::error& why) {
    metrics->ended(name_of(how), waiting);
    if (how != notice_result::delivered)
      log::warn(how == notice_result::failed ? "Operators could not be told" : "A notice to operators was dropped",
                {{"reason", to_string(why)}, {"waiting", static_cast<std::int64_t>(waiting)}});
  };
}

} // namespace

supervision::group make_operators_webhook(caf::actor_system& system, operators_webhook with, alarm_line& line) {
  supervision::group made{system, "webhooks", supervision::strategy::one_for_one, with.restarts};
  const auto client = made.add<http::client_actor>("http client", [client = with.client](const auto& where) {
    return http::spawn_curl_client(where.system(), client);
  });
  auto& alarms = with.alarms;
  const auto receiver = made.add<alarm::receiver_actor>(
    "webhook", [configured = with.receiver, client, now = alarms.now, random = alarms.random](const auto& where) {
      return webhook::spawn_webhook(where.system(), configured, client, now, random);
    });
  resilience::port port;
  port.service = webhook_guard;
  port.operations = {resilience::operation_of<alarm::notice>("notify", resilience::repeatable::one_by_one)};
  alarms.receiver = with.guarded(receiver, port);
  alarms.own_path = operators_webhook_path;
  alarms.breakers = [guards = with.guards, now = alarms.now] { return open_breakers(*guards, now()); };
  alarms.observe = observe_notices(system);
  line.connect(
    made.add<alarm_actor>("alarms", [alarms](const supervision::place& where) { return spawn_alarms(where, alarms); }));
  return made;
}

} // namespace troupe

// gateways/http/routes/services.hpp: what the routes stand on. Filled by supervisors/main.cpp and by tests.
#pragma once

#include "actors/alarm/tester.hpp"
#include "actors/catalog/catalog_actor.hpp"
#include "actors/cluster/desk.hpp"
#include "actors/cluster/survey.hpp"
#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/dead_letter/rehearsal.hpp"
#include "actors/entity/journal_actor.hpp"
#include "actors/entity/public_event.hpp"
#include "actors/guard/guard_actor.hpp"
#include "actors/idempotency/idempotency_actor.hpp"
#include "actors/inventory/inventory_actor.hpp"
#include "actors/kernel/http.hpp"
#include "actors/kernel/live.hpp"
#include "actors/kernel/time.hpp"
#include "actors/kernel/uuid.hpp"
#include "actors/order/order_actor.hpp"
#include "actors/pause/board.hpp"
#include "actors/pause/pause_actor.hpp"
#include "gateways/http/routes/order_json.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::gateway {

/// What became of a provider's webhook.
enum class webhook_outcome : std::uint8_t {
  accepted = 1,
  repeated,      // seen before: answered like accepted, so that the provider stops sending it
  bad_signature, // unsigned, signed with another secret, or signed too long ago
  malformed,     // signed rightly, and not what the provider documents
};

/// Verifies a webhook, takes note of it, and returns at once. Called on the gateway's threads, several at a time.
using webhook_receiver = std::function<webhook_outcome(const http::request&)>;

/// Behind the commerce gateway. Its handles keep their actors alive: let go of the router before the actor system.
struct services {
  order::order_actor orders;
  inventory::inventory_actor stock;
  catalog::catalog_actor catalog;
  idempotency::idempotency_actor idempotency;
  journal::journal_actor journal;
  clock_fn now;     // called on the gateway's threads, several at a time
  random_fn random; // likewise
  live<order_defaults> ordering;
  live<duration> hold_time{duration{std::chrono::minutes{15}}}; // of what other systems reserve
  std::map<std::string, webhook_receiver> webhooks;             // by the name in /webhooks/<name>
  std::function<bool()> is_overloaded{};                        // then no new work is taken; called like `now`
};

struct dependency {
  enum class condition : std::uint8_t { up = 1, down, unknown, paused };

  std::string name;
  condition is = condition::unknown;
  bool required = true;  // the node is not ready without it
  std::string detail;    // why it is down or paused
  time_point checked_at; // meaningless while unknown
};

/// What is known of a node's health.
struct health_report {
  bool draining = false; // takes no new work
  std::vector<dependency> dependencies;
};

/// A supervisor or what it looks after.
struct part {
  struct population {
    std::size_t live = 0;       // in memory
    std::uint64_t failures = 0; // since the node started
  };

  std::string path;     // "node/entities/orders"
  std::string strategy; // of a supervisor; empty otherwise
  std::string state;    // "starting", "up", "waiting" for its restart, "stopping", "ended"
  time_point since;     // when it came to be in that state
  std::uint32_t restarts = 0;
  std::string last_error; // why it ended the last time; empty when it never has
  time_point failed_at;   // meaningless without last_error
  std::size_t mailbox = 0;
  duration oldest{0};                 // how long the oldest message in the mailbox has waited, at least
  std::size_t buffered = 0;           // messages that wait for its restart
  std::optional<population> entities; // of a part that looks after entities
};

/// What operators can bid to stand still. Its handles keep their actors alive, see `services`.
struct pausing {
  pause::pause_actor actor;
  live<pause::board> board;
  order::order_actor orders;                            // an order that is to be paused is looked for there
  std::function<bool(const pause::target&)> is_there{}; // of all but orders; called on the gateway's threads
};

/// What the routes of dead letters stand on.
struct dead_letter_desk {
  dead_letter::directory_actor directory;
  dead_letter::dead_letter_actor letters;
  dead_letter::job::job_actor jobs;
  clock_fn now;     // called on the gateway's threads, several at a time
  random_fn random; // likewise
  dead_letter::rehearsal_actor rehearsals{};
  cluster::desk_actor cluster{}; // null when the node is alone
};

/// What the event log stands on. `public_form` is called on the gateway's threads.
struct event_desk {
  journal::journal_actor journal;
  std::vector<std::string> contexts; // that there are
  /// What the outside sees of an event: nothing where it concerns nobody there, an error where it cannot be read.
  std::function<caf::expected<std::optional<public_event>>(const journal::stored_event&)> public_form{};
};

/// Behind the operations gateway. Its handles keep their actors alive: let go of the router before the actor system.
/// The callbacks return at once and are called on the gateway's threads.
struct operations {
  clock_fn now;
  time_point started_at;
  std::string version;
  std::function<health_report()> health;
  std::function<std::string()> metrics;     // Prometheus text format 0.0.4
  std::function<std::vector<part>()> parts; // sorted by path
  guard::guards_actor guards; // its handle keeps its actor alive: let go of the router before the actor system
  dead_letter_desk dead_letters{};
  pausing pauses{};
  event_desk events{};
  alarm::tester_actor webhook{}; // null when none is configured
  cluster::desk_actor cluster{}; // null when the node is alone; likewise the next
  cluster::survey_actor survey{};
};

} // namespace troupe::gateway

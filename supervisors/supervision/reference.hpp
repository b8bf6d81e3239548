// supervisors/supervision/reference.hpp: a handle of a child that survives the child's restarts.
#pragma once

#include "actors/kernel/time.hpp"
#include "supervisors/supervision/failure.hpp"
#include "supervisors/supervision/plan.hpp"

#include <caf/message.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/scheduled_actor.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <string>

namespace troupe::supervision {

/// A message without an answer that no incarnation of a child will see. A request gets its error instead.
struct undelivered {
  std::string path;    // of the child: "node/journal"
  std::string message; // the names of its types, for logs
  supervision::failure why = failure::stopped;
  caf::message content; // perhaps personal: for nobody's eyes
};

/// Told of each, on any thread, several at a time; returns at once.
using undelivered_fn = std::function<void(const undelivered&)>;

/// The error for a request that no incarnation of the child at `path` will see.
using error_fn = std::function<caf::error(failure why, const std::string& path)>;

/// What is told of messages that reach nobody.
struct refusals {
  undelivered_fn lost{};
  error_fn error = [](failure why, const std::string& path) { return caf::make_error(why, path); };
};

/// A child that calls reference::take_over at its end.
class keeps_mailbox {
public:
  virtual ~keeps_mailbox() = default;
};

/// What waits while a child is down.
struct buffer_limits {
  std::size_t messages_max = 1'024; // beyond it, buffer_full
  duration wait_max{5'000};         // longer, and it is waited_too_long
};

/// What stands behind a stable handle. It is an actor without a mailbox: whatever is sent to it goes to the child's
/// mailbox in the sender's thread, in order, for the price of one uncontended lock; answers come from the child. While
/// the child is down, messages wait here. Monitors and links are told when the child is never started again, not of
/// its restarts. An exit message ends the present child. Cast its handle to the child's type.
class reference : public caf::monitorable_actor {
public:
  reference(caf::actor_config& cfg, buffer_limits limits);

  bool enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) override;
  const char* name() const override { return "supervision.reference"; }
  void setup_metrics() {}

  // ---- for its supervisor

  /// Where it stands in the tree, and who hears of what is lost. Before the first child.
  void place(std::string path, refusals with);

  /// The child that is up, or was when its supervisor was killed; null when there is none.
  caf::strong_actor_ptr child() const;

  /// From now on `child` is behind it; what has waited goes there first.
  void put(caf::strong_actor_ptr child);

  /// The child is down. Harmless when another one is up already.
  void take_away(const caf::actor_addr& child);

  /// Answers what has waited too long. When to look again; nothing while nothing waits.
  std::optional<instant> expire(instant now);

  /// There will be no child any more. What waits is answered, and monitors are told.
  void close();

  std::size_t waiting() const;

  // ---- for a child

  /// Takes over what `dying` has not begun with, for its successor. Requests that it has begun with get CAF's error.
  void take_over(caf::scheduled_actor& dying);

private:
  enum class state : std::uint8_t { waiting, up, closed };

  struct waiting_message {
    caf::mailbox_element_ptr what;
    instant since;
  };

  void refuse(caf::mailbox_element_ptr what, failure why);
  instant clock_now() const;

  const buffer_limits limits_;
  std::string path_;
  refusals with_;
  mutable std::mutex mutex_;
  state state_ = state::waiting;
  caf::strong_actor_ptr child_;
  bool hands_over_ = false;
  std::deque<waiting_message> buffer_;
};

/// A handle of a new reference, as typed as its child will be.
caf::strong_actor_ptr make_reference(caf::actor_system& system, buffer_limits limits);

/// Behind a handle that make_reference made.
reference& reference_behind(const caf::strong_actor_ptr& handle);

} // namespace troupe::supervision

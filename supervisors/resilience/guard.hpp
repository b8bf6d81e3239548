// supervisors/resilience/guard.hpp: stands in front of a port, and speaks its language.
#pragma once

#include "actors/kernel/caf.hpp"
#include "actors/kernel/uuid.hpp"
#include "supervisors/resilience/guard_core.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/message.hpp>
#include <caf/type_id_list.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::resilience {

struct kept_decision {
  time_point at;
  std::string what;
  std::string operation;
  std::string caller;
  std::string why;
};

/// One kind of question that a port takes: a (request_context, Command).
struct operation {
  std::string_view name; // in metrics, logs and reasons: "authorize"
  caf::type_id_list asked;
  repeatable repeats = repeatable::never;
  priority rank = priority::transactional;
  /// The name under which a good answer is kept to stand in for a failed one; empty for a question of which it is not.
  /// Only for what may be stale: never for what money is decided by.
  std::string (*kept_as)(const caf::message& question) = nullptr;
  /// What to answer when all else has failed; an empty message for nothing.
  caf::message (*fallback)(const caf::message& question) = nullptr;
  /// Puts into an answer, or into an error of ours, what was done about the call before: retried, hedged, cached,
  /// fell_back. Called only where there was something; null for a port whose answers have no room for it.
  void (*tell)(caf::message& answer, const std::vector<kept_decision>& done) = nullptr;
};

/// So much is told of one call; beyond it the latest takes the place of the one before it.
inline constexpr std::size_t done_max = 16;

template <class Command> operation operation_of(std::string_view name, repeatable repeats) {
  return {name, caf::make_type_id_list<request_context, Command>(), repeats};
}

struct port {
  std::string service; // "payment.stripe"
  std::vector<operation> operations;
  duration key_lifetime = duration::max(); // a call is not repeated once its key has died
  /// Why no attempt may begin now, because people want it so; empty when they may. Such a call is refused with
  /// `circuit_open`, and neither the breaker nor the budget hears of it. Called on any thread; returns at once.
  std::function<std::string()> held_back{};
};

/// One attempt, or a call that was refused without any.
struct finished_attempt {
  std::string_view service;
  std::size_t operation = 0; // of the port
  ec failure{};              // meaningful unless answered
  bool answered = false;
  bool attempted = true;
  duration took{0};
  const request_context& context;
};

struct decided {
  std::string_view service;
  std::string_view what; // as in guard::decision
  std::string_view operation;
  std::string_view why;
  const request_context& context; // of the caller; an empty one for what concerns all
};

/// Told what happens, on any thread, several at a time; returns at once.
struct observer {
  std::function<void(const finished_attempt&)> attempted{};
  std::function<void(const decided&)> decided{};
  std::function<void(std::string_view service, breaker_state)> breaker{};
};

/// What a guard is and does at one moment.
struct snapshot {
  std::string service;
  resilience::policy policy;
  breaker_state state = breaker_state::closed;
  breaker_mode mode = breaker_mode::automatic;
  std::string reason;
  duration wait{0};
  std::uint64_t failures = 0;
  std::uint64_t under_way = 0;
  std::uint64_t in_line = 0;
  retry_budget::left budget;
  std::uint64_t tokens = 0;
  std::uint64_t bulk_tokens = 0;
  std::uint64_t calls = 0;
  std::uint64_t refused = 0;
  std::uint64_t retried = 0;
  std::uint64_t failed = 0;
  std::vector<kept_decision> recent; // latest last, of at most decisions_max
};

inline constexpr std::size_t decisions_max = 200;

/// Told under the guard's lock, on any thread: returns at once and does not come back.
using rate_sharing = std::function<void(const std::string& service, const guard_core::wish&)>;

/// What others are to know of a guard's breaker, see circuit_breaker.
struct breaker_view {
  breaker_mode mode = breaker_mode::automatic;
  std::uint64_t openings = 0;
  bool open_by_itself = false;
  duration wait{0};
  std::string cause;
};

/// A handle to a guard, which is an actor without a mailbox: a question is decided upon on its sender's thread and goes
/// on to the shielded actor in the message in which it came, so that a call that passes costs two locks and no hop.
///
/// It answers as the port does. Its own errors are made by make_failure: `circuit_open`, `overloaded`, `rate_limited`
/// and `deadline` when nothing was done; when any attempt may have acted, a code that says so. An exit message
/// goes to the shielded actor. The guard ends when that one does; calls under way then get `interrupted` where they may
/// have acted, else `shutting_down`.
class guard {
public:
  /// `shielded` keeps the deadline of each context; an answer that is later is dropped all the same.
  static guard spawn(caf::actor_system& system, caf::strong_actor_ptr shielded, port what, policy rules, clock_fn now,
                     random_fn random, observer told);

  /// The guard as the port that it shields.
  template <class Port> Port as() const { return caf::actor_cast<Port>(actor_); }

  snapshot look() const;
  breaker_view breaker() const;

  /// From the next decision on. From any thread.
  void configure(policy x) const;
  void configure(policy x, const std::string& why, const std::string& by) const; // of an operator's
  void force(breaker_mode x, const std::string& why, const std::string& by) const;

  /// A guard of the same service elsewhere has opened its breaker, for `left` from now on, or closed it again. This one
  /// waits a little longer, so that the other one finds out first whether the service is back.
  void hear_opened(duration left, const std::string& why) const;
  void hear_closed() const;

  /// Its rates hold for several nodes from now on: `with` is told what is to be asked of whoever keeps them, and
  /// granted() is called with the answer, sooner or later or never.
  void share(rate_sharing with) const;
  void granted(bool bulk, std::uint64_t tokens, duration wait) const;

private:
  class shield;
  explicit guard(caf::strong_actor_ptr actor) : actor_(std::move(actor)) {}
  shield& self() const;

  caf::strong_actor_ptr actor_;
};

} // namespace troupe::resilience

// supervisors/resilience/guards.hpp: all guards of a node, and the actor that operators ask about them.
#pragma once

#include "actors/guard/guard_actor.hpp"
#include "supervisors/resilience/guard.hpp"
#include "supervisors/resilience/policy_book.hpp"

#include <caf/actor_system.hpp>
#include <caf/expected.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace troupe::resilience {

/// The guards by name, and the policies that they may be under. Safe on any thread. Holds handles: let go of it before
/// the actor system.
class guard_list {
public:
  void add(const std::string& name, guard x);

  /// Takes over what the configuration says now: the policies, and by guard the name of its own. What operators changed
  /// about policies is gone with that; breakers that they hold stay held.
  void configure(policy_book book, const std::map<std::string, std::string>& policies);

  troupe::guard::reports reports() const;

  // As troupe::guard::guards_actor answers, without what operators did.
  caf::expected<troupe::guard::report> report(const std::string& name) const;
  caf::expected<troupe::guard::report> apply(const troupe::guard::set_policy& x, const std::string& by);

  /// Why a command would be refused now; no error when it would not.
  caf::error check(const troupe::guard::set_breaker& x) const;
  caf::error check(const troupe::guard::set_policy& x) const;

  /// Holds a breaker as the journal has it. What is older than what was held last changes nothing. False when there is
  /// no such guard.
  bool hold(const troupe::guard::trail& x);

private:
  struct entry {
    guard is;
    troupe::guard::breaker_set held{};
    std::uint64_t version = 0; // of the trail that held it
  };

  caf::expected<policy> wanted(const troupe::guard::set_policy& x) const;

  mutable std::mutex mutex_;
  std::map<std::string, entry> guards_;
  policy_book book_;
};

/// Answers for `list`, and keeps in `trails` what operators do before it does it.
troupe::guard::guards_actor spawn_guards(caf::actor_system& system, std::shared_ptr<guard_list> list,
                                         troupe::guard::trail_actor trails);

} // namespace troupe::resilience

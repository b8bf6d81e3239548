// supervisors/resilience/guards.hpp: all guards of a node, and the actor that operators ask about them.
#pragma once

#include "actors/guard/guard_actor.hpp"
#include "supervisors/resilience/guard.hpp"
#include "supervisors/resilience/policy_book.hpp"

#include <caf/actor_system.hpp>
#include <caf/expected.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

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

  // ---- for those who keep guards of the same services on other nodes

  /// The guards whose breakers are left to their rules.
  std::map<std::string, breaker_view> breakers() const;

  /// How operators hold breakers, without what they did before; of those of whom the journal has said anything.
  std::vector<troupe::guard::trail> held() const;

  // See guard. Of one that there is not, nothing happens.
  void hear_opened(const std::string& name, duration left, const std::string& why) const;
  void hear_closed(const std::string& name) const;
  void granted(const std::string& name, bool bulk, std::uint64_t tokens, duration wait) const;

  /// All rates hold for several nodes from now on, those of guards that come later, too.
  void share_rates(rate_sharing with);

  /// Told that breakers() or held() have another answer; on any thread, returns at once and does not come back here.
  /// Set it before the first guard is asked anything.
  void observe(std::function<void()> changed) { changed_ = std::move(changed); }
  void breaker_moved() const;

private:
  struct entry {
    guard is;
    troupe::guard::breaker_set held{};
    std::uint64_t version = 0; // of the trail that held it
  };

  caf::expected<policy> wanted(const troupe::guard::set_policy& x) const;

  std::optional<guard> find(const std::string& name) const;

  mutable std::mutex mutex_;
  std::map<std::string, entry> guards_;
  policy_book book_;
  rate_sharing sharing_;
  std::function<void()> changed_;
};

/// What `told` is told, and `list` hears when the breaker moves.
observer telling(observer told, const std::shared_ptr<guard_list>& list);

/// Answers for `list`, and keeps in `trails` what operators do before it does it.
troupe::guard::guards_actor spawn_guards(caf::actor_system& system, std::shared_ptr<guard_list> list,
                                         troupe::guard::trail_actor trails);

} // namespace troupe::resilience

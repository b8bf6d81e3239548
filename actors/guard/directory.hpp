// actors/guard/directory.hpp: finds out what operators did to guards before the node ended.
#pragma once

#include "actors/entity/journal_actor.hpp"
#include "actors/guard/guard_actor.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::guard {

/// Who is told of what the directory finds, on its thread.
struct finder {
  std::function<void(const trail&)> found; // may be told of the same one again
  /// Of one guard alone, for a reason that does not mend itself: the others count.
  std::function<void(const std::string& name, const caf::error& why)> lost;
  std::function<void()> known; // once all have been told
};

/// Reads every trail that the journal knows, trying as often as it takes.
class directory {
public:
  static constexpr const char* name = "guard_directory";

  directory(caf::event_based_actor* self, journal::journal_actor journal, trail_actor trails, finder tells);

  caf::behavior make_behavior();

private:
  using keys_ptr = std::shared_ptr<const std::vector<std::string>>;

  void read_after(std::string key);
  void ask_about(const keys_ptr& keys, std::size_t next);
  void begin_again();

  caf::event_based_actor* self_;
  journal::journal_actor journal_;
  trail_actor trails_;
  finder tells_;
};

using directory_impl = caf::stateful_actor<directory>;

} // namespace troupe::guard

// actors/pause/directory.hpp: finds out what was paused when the node ended.
#pragma once

#include "actors/entity/journal_actor.hpp"
#include "actors/kernel/live.hpp"
#include "actors/pause/board.hpp"
#include "actors/pause/pause_actor.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::pause {

/// Reads every pause that the journal knows and puts it up, trying as often as it takes; then calls `known`, on its own
/// thread. Has nothing to do when all is known already. Does not begin before `may_begin`, and then looks at it again
/// when it is sent a caf::unit.
class directory {
public:
  static constexpr const char* name = "pause_directory";

  directory(caf::event_based_actor* self, journal::journal_actor journal, pause_actor pauses, registry_ptr puts_up,
            live<bool> may_begin, std::function<void()> known);

  caf::behavior make_behavior();

private:
  using keys_ptr = std::shared_ptr<const std::vector<std::string>>;

  void look();
  void begin();
  void read_after(std::string key);
  void ask_about(const keys_ptr& keys, std::size_t next);
  void begin_again();

  caf::event_based_actor* self_;
  journal::journal_actor journal_;
  pause_actor pauses_;
  registry_ptr registry_;
  live<bool> may_begin_;
  std::function<void()> known_;
  bool begun_ = false;
  std::vector<posted> found_;
  std::vector<past> ended_;
};

using directory_impl = caf::stateful_actor<directory>;

} // namespace troupe::pause

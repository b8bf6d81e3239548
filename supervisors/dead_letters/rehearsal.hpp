// supervisors/dead_letters/rehearsal.hpp: replays that are played through in a world of their own.
#pragma once

#include "actors/dead_letter/rehearsal.hpp"
#include "supervisors/dead_letters/sealer.hpp"
#include "supervisors/topology.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// What a rehearsal takes over from its node.
struct rehearsal_settings {
  std::shared_ptr<journal::store_factory> stores; // only read
  std::shared_ptr<const sealer> seals;
  clock_fn now;
  random_fn random;
  std::map<std::string, duration> payment_providers; // how long each remembers its keys
  std::vector<std::string> mail_providers;
  live<order::policy> orders;
  live<inventory::policy> inventory;
  live<notification::policy> mails;
  notification::mailbox from;
  /// Adds the sinks' actors to `to`, and says which outlets there are, as for a node. Sinks must lead into `made`
  /// alone.
  std::function<std::vector<outlet::definition>(supervision::group& to, const topology& made, const clock_fn& now)>
    outlets{};
  /// Told of each request that was answered, on an actor's thread.
  std::function<void(const request_context& who, const dead_letter::rehearse& what, const dead_letter::rehearsed& how)>
    told{};
  duration looked_ahead{60'000}; // of each letter's own time
  duration quiet{12'000};        // it has ended when nothing more comes for so long
  duration time_max{10'000};     // of the caller's time; letters that are left then are left out
};

/// Plays the replays through, each for itself over what is stored now, on the calling thread: in an actor system of
/// their own with a node's parts and its own time, in which providers write down what they are asked. Nothing is
/// stored, and nobody outside hears of it.
dead_letter::rehearsed rehearse(const rehearsal_settings& with, const request_context& context,
                                const dead_letter::rehearse& what);

/// The same on a thread of its own, one request at a time.
dead_letter::rehearsal_actor spawn_rehearsals(const supervision::place& where,
                                              std::shared_ptr<const rehearsal_settings> with);

} // namespace troupe

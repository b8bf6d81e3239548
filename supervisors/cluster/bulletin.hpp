// supervisors/cluster/bulletin.hpp: tells all other nodes what is to hold for the whole cluster, and hears it from
// them.
#pragma once

#include "supervisors/cluster/facts.hpp"
#include "supervisors/cluster/messages.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::cluster {

/// What there is to tell, and whom to tell what is heard; all called on the bulletin's thread.
struct bulletin_settings {
  std::string node;        // the name of this one
  std::uint64_t begun = 0; // another number at each start of the node
  std::function<std::vector<breaker_fact>()> breakers;
  std::function<std::vector<guard::trail>()> held;
  std::function<std::vector<pause::fact>()> paused;

  /// Told of each opening once, and of its end.
  std::function<void(const std::string& node, const breaker_fact&)> hear_breaker;
  std::function<void(const guard::trail&)> hear_held;
  std::function<void(const pause::fact&)> hear_pause;
  dead_letter::directory_actor letters; // null where nobody keeps them

  duration beat{5'000};     // until all is said again, should anything have been lost
  duration gathers_for{20}; // letters are told together
  duration settles{1'000};  // after peers came or went, until what the store has of letters is read again
};

/// Facts go out when they change, all of them to a peer that has just connected, and to all at each beat. Each has a
/// version or a number, so that what is late or repeated changes nothing. What is heard is not passed on: every node is
/// connected with every other. Clocks of nodes differ, so what lasts is told as what is left.
class bulletin {
public:
  static constexpr const char* name = "bulletin";

  bulletin(caf::event_based_actor* self, bulletin_settings with);

  caf::behavior make_behavior();

private:
  void meet(const door_map& doors);
  void say_all(const std::vector<caf::actor>& to);
  void say_guards();
  void say_letters();
  void beat();
  void read_letters_again();
  void hear(const breakers& x);
  breakers own_breakers() const { return {with_.node, with_.begun, with_.breakers()}; }
  std::vector<caf::actor> everybody() const;

  template <class Message> static void say(const std::vector<caf::actor>& to, const Message& what) {
    for (const auto& door : to)
      caf::anon_send(door, what);
  }

  struct heard {
    std::uint64_t begun = 0;
    std::uint64_t openings = 0;
    bool open = false;
  };

  caf::event_based_actor* self_;
  bulletin_settings with_;
  std::map<std::string, caf::actor> doors_;
  std::map<std::pair<std::string, std::string>, heard> heard_; // by node and guard
  std::vector<std::pair<std::uint64_t, bool>> said_;           // of breakers, without what changes by itself
  std::vector<std::uint64_t> said_held_;
  dead_letter::elsewhere letters_; // to be told
  bool reads_soon_ = false;
};

using bulletin_impl = caf::stateful_actor<bulletin>;

} // namespace troupe::cluster

// supervisors/cluster/mesh.hpp: the connections to all other nodes.
#pragma once

#include "supervisors/cluster/contact.hpp"
#include "supervisors/cluster/messages.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace troupe::cluster {

/// Connects with that node and tells what came of it, on any thread, once. Must not hold up other calls.
using connect_fn = std::function<void(const node_record& whom, std::function<void(contact)> told)>;

/// Whether its process is gone, see contact::refused; told like connect_fn tells.
using probe_fn = std::function<void(const node_record& whom, std::function<void(bool refused)> told)>;

struct mesh_settings {
  std::function<hello()> about_us; // the incarnation comes with joining
  connect_fn connect;
  probe_fn probe;
  caf::actor member;                                    // told of who can be reached, and who was found dead
  std::function<caf::actor()> our_door;                 // for peers to come back by
  std::function<void(const reachable_nodes&)> others{}; // told whenever the member is, and at each view of the store
  duration again_min{200};
  duration again_max{2'000};
  duration look_every{50}; // whether a peer that was lost has died
  duration hello_within{2'000};
  std::function<void(const std::string& peer, bool up, const std::string& why)> told{};
  /// Who has come, by name: a mesh that starts anew finds its peers here, for they do not greet it twice.
  std::shared_ptr<std::map<std::string, arrived>> arrivals = std::make_shared<std::map<std::string, arrived>>();
};

/// Keeps a connection to each peer that it is told to expect (expected_peers), whatever happens to the others. Of two
/// nodes the one whose name comes first connects, since of two connections between the same nodes CAF ends one, perhaps
/// on either side another; the other node waits to be greeted. A peer that is lost is tried again, at once and then
/// with growing pauses, as long as it is expected. Of a peer whose protocol is neither ours nor next to it only `told`
/// hears.
class mesh {
public:
  static constexpr const char* name = "mesh";

  mesh(caf::event_based_actor* self, mesh_settings with);

  caf::behavior make_behavior();

private:
  struct peer {
    node_record about;
    caf::actor door; // when it is connected
    bool connecting = false;
    bool looked_at = false; // whether it has died
    duration pause{0};
    std::uint64_t tries = 0;      // counts, so that a late answer finds out
    std::uint64_t greeted_as = 0; // our incarnation when we said hello
  };

  void expect(const expected_peers& x);
  void connect(const std::string& name);
  std::string why_strange(std::uint32_t protocol) const;
  void reached(const std::string& name, std::uint64_t attempt, const contact& x);
  void greet(const std::string& name, const caf::actor& door);
  void meet(const arrived& x);
  void connected(const std::string& name, const caf::actor& door);
  bool connects_with(const std::string& name) const { return with_.about_us().name < name; }
  void again(const std::string& name, const std::string& why);
  void lost(const caf::actor_addr& door);
  void look_whether_dead(const std::string& name);
  void looked(const std::string& name, std::uint64_t incarnation, bool refused);
  void tell();
  void tell_others() const;

  caf::event_based_actor* self_;
  mesh_settings with_;
  std::map<std::string, peer> peers_;
  caf::actor_id asked_by_ = 0; // the member, which knows nothing when it has begun anew
};

using mesh_impl = caf::stateful_actor<mesh>;

} // namespace troupe::cluster

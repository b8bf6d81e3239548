// tests/simulation/cluster/store_link.hpp: a node's way to the store that all share.
#pragma once

#include "tests/simulation/world.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe::simulation {

struct store_link_faults {
  duration latency_max{8}; // each way, mostly
  double slow = 0;         // of a message: takes up to `slow_max`, and those behind it wait
  duration slow_max{600};
  double lost = 0;          // of a request: the connection breaks before the store has it
  double lost_answer = 0;   // the connection breaks before the answer
  double late = 0;          // of a request that found no way: the store gets it after all, when there is one again
  duration patience{1'000}; // until an answer is not waited for any more
};

/// What is between a node and the store just now; one for each node, shared by its connections.
struct store_weather {
  bool there_cut = false; // nothing gets from the node to the store
  bool back_cut = false;  // nothing gets from the store to the node

  bool is_cut() const { return there_cut || back_cut; }
};

/// Opens a connection at the store: an actor that acts there, on nobody's node.
using open_session_fn = std::function<caf::strong_actor_ptr()>;

/// Stands for the actor of a connection, and answers each request: as the store does, or with commit_unknown. What was
/// sent before the node died or fell asleep reaches the store all the same, and what reached it late acts late. After a
/// failure, and with each journal::reopen, a new connection is opened; what is under way on the one before may come
/// behind what is sent on the new one.
caf::strong_actor_ptr make_store_link(world& w, const std::string& what, const store_link_faults& faults,
                                      std::shared_ptr<store_weather> weather, open_session_fn open);

} // namespace troupe::simulation

// supervisors/cluster/contact.hpp: what came of a try to connect with a node.
#pragma once

#include <caf/actor.hpp>

#include <string>

namespace troupe::cluster {

struct contact {
  caf::actor door;      // when it was reached
  bool refused = false; // nothing listens there: the process is gone
  std::string why;      // otherwise, for people
};

} // namespace troupe::cluster

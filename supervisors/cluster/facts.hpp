// supervisors/cluster/facts.hpp: what nodes tell each other of what holds for all of them.
#pragma once

#include "actors/dead_letter/dead_letter_actor.hpp"
#include "actors/guard/guard_actor.hpp"
#include "actors/pause/pause_actor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::cluster {

// ---- between nodes: how things stand, never what has changed, so that each may be lost or repeated ------------------

/// What the breaker of one guard has found out.
struct breaker_fact {
  std::string guard;
  std::uint64_t openings = 0; // since the node began
  bool open = false;          // whether the last of them is not over
  duration left{0};           // until it tries again
  std::string why;

  bool operator==(const breaker_fact&) const = default;
};

/// Of the breakers that have opened since the node began; a node that begins anew has another number.
struct breakers {
  std::string node;
  std::uint64_t begun = 0;
  std::vector<breaker_fact> facts;
};

/// How operators hold breakers, as the journal has it.
struct held_breakers {
  std::vector<guard::trail> trails; // without actions
};

struct pauses {
  std::vector<pause::fact> facts;
};

template <class Inspector> bool inspect(Inspector& f, breaker_fact& x) {
  return f.object(x).fields(f.field("guard", x.guard), f.field("openings", x.openings), f.field("open", x.open),
                            f.field("left", x.left), f.field("why", x.why));
}
template <class Inspector> bool inspect(Inspector& f, breakers& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("begun", x.begun), f.field("facts", x.facts));
}
template <class Inspector> bool inspect(Inspector& f, held_breakers& x) {
  return f.object(x).fields(f.field("trails", x.trails));
}
template <class Inspector> bool inspect(Inspector& f, pauses& x) {
  return f.object(x).fields(f.field("facts", x.facts));
}

// ---- inside a node -------------------------------------------------------------------------------------------------

/// To the bulletin: breakers have moved, or are held otherwise.
struct guards_moved {};

/// To the bulletin: this node has put it up.
struct pause_put {
  pause::fact what;
};

} // namespace troupe::cluster

CAF_BEGIN_TYPE_ID_BLOCK(troupe_cluster_facts, caf::first_custom_type_id + 1700)
  CAF_ADD_TYPE_ID(troupe_cluster_facts, (troupe::cluster::breakers))
  CAF_ADD_TYPE_ID(troupe_cluster_facts, (troupe::cluster::held_breakers))
  CAF_ADD_TYPE_ID(troupe_cluster_facts, (troupe::cluster::pauses))
  CAF_ADD_TYPE_ID(troupe_cluster_facts, (troupe::cluster::guards_moved))
  CAF_ADD_TYPE_ID(troupe_cluster_facts, (troupe::cluster::pause_put))
CAF_END_TYPE_ID_BLOCK(troupe_cluster_facts)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::guards_moved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::pause_put)

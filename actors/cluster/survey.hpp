// actors/cluster/survey.hpp: what operators see of all nodes of a cluster, from any of them.
#pragma once

#include "actors/guard/guard_actor.hpp"
#include "actors/kernel/caf.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cluster {

// ---- between nodes -------------------------------------------------------------------------------------------------

/// Asks a node for its supervision tree.
struct get_parts {};

struct population {
  std::uint64_t live = 0;     // in memory
  std::uint64_t failures = 0; // since the node started

  bool operator==(const population&) const = default;
};

/// A supervisor or what it looks after. Clocks of nodes differ, so times are told as how long ago they were.
struct part {
  std::string path;
  std::string strategy; // of a supervisor; empty otherwise
  std::string state;
  duration since{0};
  std::uint32_t restarts = 0;
  std::string last_error; // empty when there was none
  duration failed{0};     // meaningless without last_error
  std::uint64_t mailbox = 0;
  duration oldest{0};
  std::uint64_t buffered = 0;
  std::optional<population> entities;

  bool operator==(const part&) const = default;
};

struct part_list {
  std::vector<part> parts; // sorted by path
};

template <class Inspector> bool inspect(Inspector& f, get_parts& x) {
  return f.object(x).fields();
}
template <class Inspector> bool inspect(Inspector& f, population& x) {
  return f.object(x).fields(f.field("live", x.live), f.field("failures", x.failures));
}
template <class Inspector> bool inspect(Inspector& f, part& x) {
  return f.object(x).fields(f.field("path", x.path), f.field("strategy", x.strategy), f.field("state", x.state),
                            f.field("since", x.since), f.field("restarts", x.restarts),
                            f.field("last_error", x.last_error), f.field("failed", x.failed),
                            f.field("mailbox", x.mailbox), f.field("oldest", x.oldest), f.field("buffered", x.buffered),
                            f.field("entities", x.entities));
}
template <class Inspector> bool inspect(Inspector& f, part_list& x) {
  return f.object(x).fields(f.field("parts", x.parts));
}

// ---- inside a node -------------------------------------------------------------------------------------------------

/// Of one node, or of all when it is empty.
struct survey_guards {
  std::string node;
};
struct survey_guard {
  std::string node;
  std::string name; // of the guard
};
struct survey_parts {
  std::string node;
};

/// A node of which nothing can be told, and why.
struct missing {
  std::string node;
  std::string why;
};

template <class Answer> struct told_by {
  std::string node;
  Answer what;
};

/// What the nodes told, by name of the node, and who did not.
template <class Answer> struct seen {
  std::vector<told_by<Answer>> told;
  std::vector<missing> not_told;
};
using guards_seen = seen<guard::reports>;
using guard_seen = seen<guard::report>;
using parts_seen = seen<part_list>;

/// Asks all nodes at the same time, and answers after a second at the latest with what has come by then. Fails with
/// refused when there is no such node, and with what that node fails with when it is asked alone.
using survey_actor = caf::typed_actor<caf::result<guards_seen>(survey_guards), caf::result<guard_seen>(survey_guard),
                                      caf::result<parts_seen>(survey_parts)>;

} // namespace troupe::cluster

CAF_BEGIN_TYPE_ID_BLOCK(troupe_cluster_survey, caf::first_custom_type_id + 1760)
  CAF_ADD_TYPE_ID(troupe_cluster_survey, (troupe::cluster::get_parts))
  CAF_ADD_TYPE_ID(troupe_cluster_survey, (troupe::cluster::part_list))
  CAF_ADD_TYPE_ID(troupe_cluster_survey, (troupe::cluster::survey_guards))
  CAF_ADD_TYPE_ID(troupe_cluster_survey, (troupe::cluster::survey_guard))
  CAF_ADD_TYPE_ID(troupe_cluster_survey, (troupe::cluster::survey_parts))
  CAF_ADD_TYPE_ID(troupe_cluster_survey, (troupe::cluster::guards_seen))
  CAF_ADD_TYPE_ID(troupe_cluster_survey, (troupe::cluster::guard_seen))
  CAF_ADD_TYPE_ID(troupe_cluster_survey, (troupe::cluster::parts_seen))
CAF_END_TYPE_ID_BLOCK(troupe_cluster_survey)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::survey_guards)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::survey_guard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::survey_parts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::guards_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::guard_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster::parts_seen)

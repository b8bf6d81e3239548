// actors/alarm/tester.hpp: finds out whether operators would be told.
#pragma once

#include "actors/kernel/caf.hpp"

#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <optional>
#include <string>

namespace troupe::alarm {

struct send_test {
  std::string reason; // goes to the receiver; never empty
};

struct tested {
  std::string id;            // of the notice
  std::optional<ec> failure; // why the receiver does not have it, as far as is known; nothing when it has
};

/// Sends one notice the way that every other goes, at once and once, apart from what its guard repeats. Each time is
/// another notice.
using tester_actor = caf::typed_actor<caf::result<tested>(request_context, send_test)>;

} // namespace troupe::alarm

CAF_BEGIN_TYPE_ID_BLOCK(troupe_alarm_test, caf::first_custom_type_id + 1520)
  CAF_ADD_TYPE_ID(troupe_alarm_test, (troupe::alarm::send_test))
  CAF_ADD_TYPE_ID(troupe_alarm_test, (troupe::alarm::tested))
CAF_END_TYPE_ID_BLOCK(troupe_alarm_test)

// They stay on their node.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::alarm::send_test)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::alarm::tested)

// actors/alarm/receiver.hpp: port: who takes over what operators are told.
#pragma once

#include "actors/alarm/alarm.hpp"
#include "actors/kernel/caf.hpp"

#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <string>

namespace troupe::alarm {

/// A fact on its way. The same id however often it is sent, so that the other side can drop repeats.
struct notice {
  std::string id;
  std::string node; // that it is about
  fact what;
};

/// Answers when the other side has it; fails with an `ec`. Safe to repeat.
using receiver_actor = caf::typed_actor<caf::result<void>(request_context, notice)>;

} // namespace troupe::alarm

CAF_BEGIN_TYPE_ID_BLOCK(troupe_alarm, caf::first_custom_type_id + 1500)
  CAF_ADD_TYPE_ID(troupe_alarm, (troupe::alarm::fact))
  CAF_ADD_TYPE_ID(troupe_alarm, (troupe::alarm::notice))
CAF_END_TYPE_ID_BLOCK(troupe_alarm)

// They stay on their node.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::alarm::fact)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::alarm::notice)

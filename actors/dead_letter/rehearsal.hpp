// actors/dead_letter/rehearsal.hpp: what a replay would do, found out without doing it.
#pragma once

#include "actors/dead_letter/dead_letter.hpp"
#include "actors/kernel/caf.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe::dead_letter {

inline constexpr std::size_t rehearsed_max = 100; // letters at a time

/// Plays the replay of each of these through on its own, at most rehearsed_max of them.
struct rehearse {
  std::vector<letter_id> letters;
  std::string reason;
};

/// An event that would be stored.
struct foreseen_event {
  std::string context;
  std::string key;
  std::string type; // "order.confirmed"

  bool operator==(const foreseen_event&) const = default;
};

/// A call that would be made to a provider. Nothing in it is secret or personal.
struct foreseen_call {
  std::string port;      // "payment.stripe"
  std::string operation; // "authorize"
  std::string key;       // of idempotency; empty where there is none
  std::vector<std::pair<std::string, std::string>> arguments;

  bool operator==(const foreseen_call&) const = default;
};

/// What would become of one letter.
struct foreseen {
  letter_id id;
  caf::error refused;        // why it cannot be replayed; then there is nothing else
  dead_letter::state letter; // as it would be then
  bool ended = false;        // false: more would follow after the time that is looked ahead
  std::vector<foreseen_event> events;
  std::vector<foreseen_call> calls; // each answered as if the provider had accepted
};

struct rehearsed {
  std::vector<foreseen> letters; // those that there was time for, from the first on
};

/// Rehearses one request at a time; fails with overloaded while it is at one.
using rehearsal_actor = caf::typed_actor<caf::result<rehearsed>(request_context, rehearse)>;

} // namespace troupe::dead_letter

CAF_BEGIN_TYPE_ID_BLOCK(troupe_rehearsal, caf::first_custom_type_id + 1150)
  CAF_ADD_TYPE_ID(troupe_rehearsal, (troupe::dead_letter::rehearse))
  CAF_ADD_TYPE_ID(troupe_rehearsal, (troupe::dead_letter::rehearsed))
CAF_END_TYPE_ID_BLOCK(troupe_rehearsal)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::dead_letter::rehearse)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::dead_letter::rehearsed)

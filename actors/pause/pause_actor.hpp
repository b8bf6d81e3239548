// actors/pause/pause_actor.hpp: what can be paused, as operators see it.
#pragma once

#include "actors/entity/context.hpp"
#include "actors/kernel/enum_names.hpp"
#include "actors/pause/board.hpp"
#include "actors/pause/pause.hpp"

#include <caf/typed_actor.hpp>

namespace troupe::pause {

struct get {
  target what;
};

struct status {
  target what;
  std::optional<paused> is; // nothing while it goes on
  std::vector<span> ended;  // when it stood still before
};

/// Something that can be paused, or the region that leads to all of it. Whether there is such a thing is not known
/// here. Every command fails as the journal does, too.
using pause_actor = caf::typed_actor<
  // Once it is answered, nothing new is begun on this node, and a second later on no other. Fails with no_reason,
  // too_many.
  caf::result<status>(request_context, begin),
  // Fails with no_reason.
  caf::result<status>(request_context, resume), caf::result<status>(request_context, get)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, kind& x) {
  return inspect_by_number(f, x);
}
template <class Inspector> bool inspect(Inspector& f, target& x) {
  return f.object(x).fields(f.field("kind", x.kind), f.field("name", x.name));
}
template <class Inspector> bool inspect(Inspector& f, begin& x) {
  return f.object(x).fields(f.field("what", x.what), f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, resume& x) {
  return f.object(x).fields(f.field("what", x.what), f.field("reason", x.reason));
}
template <class Inspector> bool inspect(Inspector& f, get& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, paused& x) {
  return f.object(x).fields(f.field("reason", x.reason), f.field("by", x.by), f.field("at", x.at));
}
template <class Inspector> bool inspect(Inspector& f, span& x) {
  return f.object(x).fields(f.field("from", x.from), f.field("until", x.until));
}
template <class Inspector> bool inspect(Inspector& f, fact& x) {
  return f.object(x).fields(f.field("what", x.what), f.field("is", x.is), f.field("ended", x.ended),
                            f.field("version", x.version));
}
template <class Inspector> bool inspect(Inspector& f, status& x) {
  return f.object(x).fields(f.field("what", x.what), f.field("is", x.is), f.field("ended", x.ended));
}

} // namespace troupe::pause

CAF_BEGIN_TYPE_ID_BLOCK(troupe_pause, caf::first_custom_type_id + 1300)
  CAF_ADD_TYPE_ID(troupe_pause, (troupe::pause::begin))
  CAF_ADD_TYPE_ID(troupe_pause, (troupe::pause::resume))
  CAF_ADD_TYPE_ID(troupe_pause, (troupe::pause::get))
  CAF_ADD_TYPE_ID(troupe_pause, (troupe::pause::status))
  CAF_ADD_TYPE_ID(troupe_pause, (troupe::pause::rejection))
CAF_END_TYPE_ID_BLOCK(troupe_pause)

CAF_ERROR_CODE_ENUM(troupe::pause::rejection)

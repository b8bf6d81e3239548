// actors/idempotency/idempotency_actor.hpp: an idempotency key, as the rest of the system sees it.
#pragma once

#include "actors/entity/context.hpp"
#include "actors/idempotency/idempotency.hpp"

#include <caf/typed_actor.hpp>

namespace troupe::idempotency {

struct claimed {
  std::string subject; // the first one's
  bool first = false;
};

/// Answers once the claim is durable.
using idempotency_actor = caf::typed_actor<
  // Fails with other_body.
  caf::result<claimed>(request_context, claim)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}
template <class Inspector> bool inspect(Inspector& f, claim& x) {
  return f.object(x).fields(f.field("scope", x.scope), f.field("body_hash", x.body_hash),
                            f.field("subject", x.subject));
}
template <class Inspector> bool inspect(Inspector& f, claimed& x) {
  return f.object(x).fields(f.field("subject", x.subject), f.field("first", x.first));
}

} // namespace troupe::idempotency

CAF_BEGIN_TYPE_ID_BLOCK(troupe_idempotency, caf::first_custom_type_id + 700)
  CAF_ADD_TYPE_ID(troupe_idempotency, (troupe::idempotency::claim))
  CAF_ADD_TYPE_ID(troupe_idempotency, (troupe::idempotency::claimed))
  CAF_ADD_TYPE_ID(troupe_idempotency, (troupe::idempotency::rejection))
CAF_END_TYPE_ID_BLOCK(troupe_idempotency)

CAF_ERROR_CODE_ENUM(troupe::idempotency::rejection)

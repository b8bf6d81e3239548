// actors/idempotency/idempotency_actor.hpp: one Idempotency-Key of one principal on one route, for 24 hours.
#pragma once

#include "actors/entity/context.hpp"

#include <caf/typed_actor.hpp>

namespace troupe::idempotency {

/// Says that a request with this key wants to make the thing `subject`. Safe to repeat.
struct claim {
  std::string scope;       // principal, route and key: the entity's id
  std::uint64_t body_hash = 0;
  std::string subject;     // the id that the first request makes
};

struct claimed {
  std::string subject; // the first one's
  bool first = false;
};

enum class rejection : std::uint8_t {
  other_body = 1, // the key was used with another body
};

/// Answers once the claim is durable.
using idempotency_actor = caf::typed_actor<
  // Fails with other_body.
  caf::result<claimed>(request_context, claim)>;

std::string to_string(rejection x);
bool from_string(caf::string_view text, rejection& x);
bool from_integer(std::uint8_t value, rejection& x);

template <class Inspector> bool inspect(Inspector& f, rejection& x) { return caf::default_enum_inspect(f, x); }
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

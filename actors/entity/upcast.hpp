// actors/entity/upcast.hpp: how stored forms of older releases become today's. For the stored.cpp of a context only.
#pragma once

#include "actors/kernel/caf.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <span>

namespace troupe::journal {

/// A stored form, parsed.
struct form {
  nlohmann::json data;
  nlohmann::json personal; // null when there is none, or when it was erased
};

/// Lifts a form of one schema to the next. Pure, and throws nlohmann's exceptions when the form is not what it was.
using upcaster = form (*)(form);

/// Lifts `x` from `schema` through `chain`, whose first upcaster lifts schema 1 to 2: today's schema is thus the
/// chain's size and one. Fails with unknown_type for a schema newer than that, and with store_damaged for schema 0.
inline caf::expected<form> lift(form x, std::uint16_t schema, std::span<const upcaster> chain) {
  if (schema == 0)
    return caf::make_error(ec::store_damaged);
  if (schema > chain.size() + 1)
    return caf::make_error(ec::unknown_type);
  for (const auto next : chain.subspan(schema - 1u))
    x = next(std::move(x));
  return x;
}

} // namespace troupe::journal

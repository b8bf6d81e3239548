// actors/idempotency/idempotency.hpp: one Idempotency-Key of one principal on one route. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace troupe::idempotency {

/// How long a key is remembered after its first request; then it may begin anew.
inline constexpr duration lifetime = std::chrono::hours{24};

/// Says that a request with this key wants to make the thing `subject`. Safe to repeat.
struct claim {
  std::string scope; // principal, route and key: the entity's id
  std::uint64_t body_hash = 0;
  std::string subject; // the id that the first request makes
};

/// The first request with the key since it was free.
struct key_claimed {
  std::uint64_t body_hash = 0;
  std::string subject;
  time_point at;

  bool operator==(const key_claimed&) const = default;
};

using event = std::variant<key_claimed>;

enum class rejection : std::uint8_t {
  other_body = 1, // the key was used with another body
};

/// The events to store, or the reason nothing may happen. No events for a repeated request: its subject is the state's.
using decision = std::variant<std::vector<event>, rejection>;

struct state {
  bool taken = false;
  std::uint64_t body_hash = 0;
  std::string subject;
  time_point at;

  bool operator==(const state&) const = default;

  void apply(const event& e); // the only writer; cannot fail, an event has happened
};

decision decide(const state& s, const claim& cmd, time_point now);

} // namespace troupe::idempotency

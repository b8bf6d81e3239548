// actors/outlet/parking.hpp: the events of one entity that an outlet could not pass on. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/error.hpp"
#include "actors/kernel/time.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::outlet {

/// Whose events: of one entity, at one outlet.
struct place {
  std::string outlet;
  std::string context;
  std::string entity; // its key

  /// "<outlet>/<context>/<entity>": the key of the parking place. Outlets and contexts have no slash in their names.
  std::string key() const { return outlet + '/' + context + '/' + entity; }

  bool operator==(const place&) const = default;
};

/// An event, by reference.
struct item {
  std::uint64_t offset = 0;  // in its shard
  std::uint64_t version = 0; // in its stream
  std::string type;

  bool operator==(const item&) const = default;
};

// Commands ask. Each is safe to repeat.

/// Takes an event over from its outlet. `failed` is what the delivery before came to; none for an event that only
/// waits behind an earlier one.
struct park {
  place where;
  outlet::item item;
  std::optional<ec> failed;
  bool again = false; // a dead letter is replayed: passed on although it was given up before
};

/// What became of the delivery of the first event.
struct note_delivery {
  std::uint64_t offset = 0;
  std::optional<ec> failed;
};

/// The dead letter of an event that was given up is recorded.
struct note_letter {
  std::uint32_t number = 0; // of the loss
};

// Events are facts, stored for ever: fields are added, never renamed or removed.

struct parked {
  place where;
  outlet::item item;

  bool operator==(const parked&) const = default;
};
struct delivered {
  std::uint64_t offset = 0;

  bool operator==(const delivered&) const = default;
};
struct delivery_failed {
  std::uint64_t offset = 0;
  ec code = ec::unavailable;
  time_point next_at; // of the next delivery

  bool operator==(const delivery_failed&) const = default;
};
/// No further delivery is tried; the events behind it go on.
struct given_up {
  std::uint64_t offset = 0;
  ec code = ec::unavailable;

  bool operator==(const given_up&) const = default;
};
struct letter_recorded {
  std::uint32_t number = 0;

  bool operator==(const letter_recorded&) const = default;
};

using event = std::variant<parked, delivered, delivery_failed, given_up, letter_recorded>;

enum class rejection : std::uint8_t {
  too_many_parked = 1, // of this entity
};

using decision = std::variant<std::vector<event>, rejection>;

struct policy {
  std::uint32_t deliveries_max = 5; // then a dead letter
  duration retry_min{5'000};        // between deliveries, doubling
  duration retry_max{3'600'000};
  std::size_t items_max = 10'000; // of one entity; its outlet keeps the next one

  bool operator==(const policy&) const = default;
};

/// An event that was given up.
struct lost_item {
  outlet::item item;
  ec code = ec::unavailable;
  std::uint32_t deliveries = 0;
  std::uint32_t number = 0; // of all that were given up here, so that each has a letter of its own

  bool operator==(const lost_item&) const = default;
};

struct state {
  place where;
  std::deque<item> items;        // in order; the first is the one that is tried
  std::uint32_t deliveries = 0;  // of the first
  time_point next_at;            // of the first's next delivery
  std::uint64_t last_offset = 0; // the highest that was ever parked
  std::uint32_t losses = 0;      // that there ever were
  std::deque<lost_item> lost;    // whose dead letter is not recorded yet

  bool idle() const { return items.empty() && lost.empty(); }

  bool operator==(const state&) const = default;

  void apply(const event& e); // the only writer; cannot fail, an event has happened
};

decision decide(const state& s, const park& cmd, time_point now, const policy& p);
decision decide(const state& s, const note_delivery& cmd, time_point now, const policy& p);
decision decide(const state& s, const note_letter& cmd);

/// How long to wait after so many deliveries.
duration wait_after(std::uint32_t deliveries, const policy& p);

} // namespace troupe::outlet

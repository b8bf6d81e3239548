// actors/inventory/inventory.hpp: the stock of one SKU. No CAF, no clock, no I/O.
#pragma once

#include "actors/kernel/id.hpp"
#include "actors/kernel/time.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace troupe::inventory {

using units_t = std::uint32_t;

/// At most this many units of one SKU are set on hand, so that no sum of them overflows.
inline constexpr units_t units_max = 1'000'000'000;

/// expire_holds ends at most this many holds in one decision, so that one append stays small; next_expiry says that
/// there are more.
inline constexpr std::size_t expired_at_once_max = 1'000;

// Commands ask. Each is safe to repeat with the same id.

/// Sets what is available; what is held or sold stays.
struct set_available {
  sku_id sku;
  units_t available = 0;
};

/// Holds units until `now + hold_time`.
struct reserve {
  sku_id sku;
  reservation_id id;
  units_t units = 0;
  duration hold_time{std::chrono::minutes{15}};
};

/// Compensates reserve, also one that has not arrived yet. Of a SKU that was never stocked nothing is remembered: a
/// reserve that comes later is refused, or expires when the SKU was stocked in between.
struct release {
  sku_id sku;
  reservation_id id;
};

/// Held units become sold. Refused with hold_expired when the hold has ended.
struct allocate {
  sku_id sku;
  reservation_id id;
};

/// Compensates allocate, and reserve too: whatever is sold or held becomes available, and a late reserve is refused.
///
/// Repeated while the reservation is remembered, it gives the units back once. When its sale is forgotten, `units` are
/// given back, and that is remembered as long as any other end. Whoever takes back therefore names the units only of
/// what it knows to be sold, and stores that they were given back: nothing here knows a second take back that comes
/// when the first is forgotten as well. More than was sold in all is never given back.
struct take_back {
  sku_id sku;
  reservation_id id;
  units_t units = 0; // of a sale that is known to have happened; 0 when it is not
};

/// Keeps a hold until `now + hold_time` at least, for whoever must wait longer than was foreseen. A hold whose time was
/// over already is granted again while there are units. Refused with hold_expired when there was no such hold, or it
/// ended otherwise, and with out_of_stock.
struct extend {
  sku_id sku;
  reservation_id id;
  duration hold_time{std::chrono::minutes{15}};
};

/// Ends the holds that have expired.
struct expire_holds {};

// Events are facts, stored for ever: fields are added, never renamed or removed.

/// Units came or went outside of orders, by `set_available`.
struct adjusted {
  units_t available = 0; // afterwards
  std::int64_t change = 0;

  bool operator==(const adjusted&) const = default;
};
struct reserved {
  reservation_id id;
  units_t units = 0;
  time_point expires_at;

  bool operator==(const reserved&) const = default;
};
struct released {
  reservation_id id;
  time_point at;
  units_t units = 0; // 0 when the compensation overtook the reservation

  bool operator==(const released&) const = default;
};
struct hold_expired_event {
  reservation_id id;
  time_point at;
  units_t units = 0;

  bool operator==(const hold_expired_event&) const = default;
};
struct allocated {
  reservation_id id;
  time_point at;
  units_t units = 0;

  bool operator==(const allocated&) const = default;
};
struct taken_back {
  reservation_id id;
  time_point at;
  units_t units = 0;

  bool operator==(const taken_back&) const = default;
};
/// Available units fell to the threshold or below; again only after they were above it.
struct low_stock {
  units_t available = 0;
  units_t threshold = 0;

  bool operator==(const low_stock&) const = default;
};

/// A hold ends later than it would have, or is there again although it had expired.
struct hold_extended {
  reservation_id id;
  units_t units = 0;
  time_point expires_at;
  bool again = false; // it had expired

  bool operator==(const hold_extended&) const = default;
};

using event =
  std::variant<adjusted, reserved, released, hold_expired_event, allocated, taken_back, low_stock, hold_extended>;

enum class rejection : std::uint8_t {
  no_units_requested = 1,
  unknown_sku, // never stocked
  out_of_stock,
  already_released, // the compensation overtook the reservation, or the hold expired
  hold_expired,
  not_sold,       // take_back of what was never allocated
  too_many_units, // above units_max
};

/// The events to store, or the reason nothing may happen.
using decision = std::variant<std::vector<event>, rejection>;

struct hold {
  units_t units = 0;
  time_point expires_at;

  bool operator==(const hold&) const = default;
};

enum class ending : std::uint8_t { released = 1, expired, sold, taken_back };

struct ended {
  ending how = ending::released;
  units_t units = 0;
  time_point at;

  bool operator==(const ended&) const = default;
};

/// How long an ended reservation is remembered, so that a late or repeated command for it is known.
inline constexpr duration memory_of_ended = std::chrono::days{7};

/// At most this many ended reservations of one SKU are remembered, the latest, so that neither the memory of a SKU that
/// sells a million times a week nor its snapshots grow with its sales. Of a reservation that is forgotten, an allocate
/// is answered with hold_expired, a reserve holds anew until its hold expires, a release changes nothing, and a take
/// back gives back the units that it names.
inline constexpr std::size_t past_max = 100'000;

struct state {
  bool stocked = false; // ever
  units_t available = 0;
  std::uint64_t held = 0;    // units, the sum over `holds`
  std::uint64_t sold = 0;    // units
  bool low = false;          // low_stock was told and the stock was not above that threshold since
  units_t low_threshold = 0; // of the last low_stock
  std::map<reservation_id, hold> holds;
  std::set<std::pair<time_point, reservation_id>> expiries;     // of `holds`
  std::map<reservation_id, ended> past;                         // at most memory_of_ended old and past_max of them
  std::deque<std::pair<time_point, reservation_id>> past_order; // oldest first; an id may stand in it twice

  std::uint64_t on_hand() const { return available + held; }
  std::uint64_t received() const { return available + held + sold; }
  std::optional<time_point> next_expiry() const; // the earliest of `holds`; it may have passed

  bool operator==(const state&) const = default;

  void apply(const event& e); // the only writer; cannot fail, an event has happened. O(log n) but for what it forgets
};

/// What the whole of a SKU's decisions depends on beside its state.
struct policy {
  units_t low_stock_threshold = 5;

  bool operator==(const policy&) const = default;
};

decision decide(const state& s, const set_available& cmd, const policy& p);
decision decide(const state& s, const reserve& cmd, time_point now, const policy& p);
decision decide(const state& s, const release& cmd, time_point now);
decision decide(const state& s, const allocate& cmd, time_point now);
decision decide(const state& s, const take_back& cmd, time_point now);
decision decide(const state& s, const expire_holds& cmd, time_point now);
decision decide(const state& s, const extend& cmd, time_point now, const policy& p);

} // namespace troupe::inventory

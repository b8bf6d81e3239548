// actors/entity/stored_json.hpp: reads stored forms and refuses what does not fit. For the stored.cpp of a context
// only.
#pragma once

#include "actors/entity/stored_event.hpp"
#include "actors/entity/upcast.hpp"
#include "actors/kernel/time.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::journal {

/// A whole number within the range of `Number`; throws otherwise, where nlohmann's own get would wrap around.
template <class Number> Number read_number(const nlohmann::json& x) {
  if (x.is_number_unsigned()) {
    if (const auto value = x.get<std::uint64_t>(); std::in_range<Number>(value))
      return static_cast<Number>(value);
  } else if (x.is_number_integer()) {
    if (const auto value = x.get<std::int64_t>(); std::in_range<Number>(value))
      return static_cast<Number>(value);
  }
  throw std::out_of_range{"a number does not fit its member"};
}

/// Instants are stored as milliseconds since 1970. None is further away than the year 10000, so that a length of time
/// can be added to each.
inline time_point read_time(const nlohmann::json& x) {
  constexpr std::int64_t furthest = 253'402'300'800'000;
  const auto milliseconds = read_number<std::int64_t>(x);
  if (milliseconds > furthest || milliseconds < -furthest)
    throw std::out_of_range{"an instant is too far away"};
  return time_point{duration{milliseconds}};
}

/// What `read` makes of the form whose parts are `data` and `personal` (empty when there is none), lifted from `schema`
/// through `chain` first. Fails with unknown_type for a newer schema, and with store_damaged when a part is no JSON or
/// `read` finds a member missing, of another type or out of its range. `type` is for people.
template <class T, class Read>
caf::expected<T> read_form(std::string_view type, std::string_view data, std::string_view personal,
                           std::uint16_t schema, std::span<const upcaster> chain, Read read) {
  try {
    auto lifted =
      lift({nlohmann::json::parse(data), personal.empty() ? nullptr : nlohmann::json::parse(personal)}, schema, chain);
    if (!lifted)
      return caf::make_error(code_of(lifted.error()), std::string{type} + " of schema " + std::to_string(schema));
    return T{read(*lifted)};
  } catch (const nlohmann::json::exception& e) {
    return caf::make_error(ec::store_damaged, std::string{type} + ": " + e.what());
  } catch (const std::out_of_range& e) {
    return caf::make_error(ec::store_damaged, std::string{type} + ": " + e.what());
  }
}

/// The same for a form without personal data.
template <class T, class Read>
caf::expected<T> read_stored(std::string_view type, std::string_view data, std::uint16_t schema,
                             std::span<const upcaster> chain, Read read) {
  return read_form<T>(type, data, {}, schema, chain, [&read](const form& x) { return read(x.data); });
}

} // namespace troupe::journal

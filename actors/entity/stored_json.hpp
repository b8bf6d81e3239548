// actors/entity/stored_json.hpp: reads stored forms and refuses what does not fit. For the stored.cpp of a context only.
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
template <class Number>
Number read_number(const nlohmann::json& x) {
  if (x.is_number_unsigned()) {
    if (const auto value = x.get<std::uint64_t>(); std::in_range<Number>(value))
      return static_cast<Number>(value);
  } else if (x.is_number_integer()) {
    if (const auto value = x.get<std::int64_t>(); std::in_range<Number>(value))
      return static_cast<Number>(value);
  }
  throw std::out_of_range{"a number does not fit its member"};
}

/// Instants are stored as milliseconds since 1970.
inline time_point read_time(const nlohmann::json& x) {
  return time_point{duration{read_number<std::int64_t>(x)}};
}

/// What `read` makes of `data`, lifted from `schema` through `chain` first. Fails with unknown_type for a newer schema,
/// and with store_damaged when `data` is no JSON or `read` finds a member missing, of another type or out of its range.
/// `type` is for people.
template <class T, class Read>
caf::expected<T> read_stored(std::string_view type, std::string_view data, std::uint16_t schema,
                             std::span<const upcaster> chain, Read read) {
  try {
    auto lifted = lift({nlohmann::json::parse(data), nullptr}, schema, chain);
    if (!lifted)
      return caf::make_error(code_of(lifted.error()), std::string{type} + " of schema " + std::to_string(schema));
    return T{read(lifted->data)};
  } catch (const nlohmann::json::exception& e) {
    return caf::make_error(ec::store_damaged, std::string{type} + ": " + e.what());
  } catch (const std::out_of_range& e) {
    return caf::make_error(ec::store_damaged, std::string{type} + ": " + e.what());
  }
}

} // namespace troupe::journal

// actors/kernel/uuid.hpp: UUIDs by RFC 9562.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe {

/// Where an actor gets random bits from. Passed in, so that the simulation owns them.
using random_fn = std::function<std::uint64_t()>;

/// A UUIDv7: time in milliseconds first, so that ids made one after another are stored side by side.
std::string make_uuid7(time_point now, const random_fn& random);

/// A UUIDv8 that is always the same for the same name: FNV-1a of the name, twice.
std::string make_named_uuid(std::string_view name);

/// Whether `text` has the form of a UUID in lower case.
bool is_uuid(std::string_view text);

} // namespace troupe

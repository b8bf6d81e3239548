// adapters/postgres/latest.hpp: the newest events of all contexts.
#pragma once

#include "adapters/postgres/connection.hpp"

#include <cstdint>
#include <optional>

namespace troupe::postgres {

/// As store_reader::latest says, by a connection whose role can read all contexts. Throws failure.
///
/// A position is an event's rank by transaction (schema.hpp, `place`) and is told only when no transaction that began
/// earlier is under way any more: then none can come in between, and positions never change. Who writes and does not
/// end holds up what is seen here.
journal::latest_events latest_events(connection& db, const journal::event_filter& filter,
                                     std::optional<std::uint64_t> before, std::size_t limit);

} // namespace troupe::postgres

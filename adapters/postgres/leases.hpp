// adapters/postgres/leases.hpp: the leases of a cluster in the journal's database.
#pragma once

#include "actors/cluster/lease_store.hpp"
#include "adapters/postgres/store.hpp"

#include <memory>

namespace troupe::postgres {

/// How long a call of the leases may take before its connection is given up: shorter than the time between a renewal
/// and the end of a lease, so that the next one comes in time on a connection of its own.
inline constexpr duration lease_patience{1'000};

/// A connection to the leases of a database whose schema a writer has made. All times are the server's. A call that
/// the server does not answer within `patience` fails, and so does each later one: open another connection, which takes
/// 2 s a host at most. Fails with store_unavailable, and with what a database is refused for (migrations.hpp).
caf::expected<std::unique_ptr<cluster::lease_store>> open_leases(const options& config,
                                                                 duration patience = lease_patience);

} // namespace troupe::postgres

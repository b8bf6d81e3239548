// actors/entity/store_actors.hpp: a store's two connections as actors, each on a thread of its own.
#pragma once

#include "actors/entity/journal_actor.hpp"

#include <memory>

namespace troupe::journal {

/// Writes batches; answers store_unavailable until the first `reopen`. Spawn it detached, scheduled in tests:
/// `system.spawn<caf::detached>(make_writer, stores)`.
writer_actor::behavior_type make_writer(writer_actor::pointer self, std::shared_ptr<store_factory> stores);

/// Reads; opens its connection with the first request, and anew after a failure. Spawn it like the writer.
reader_actor::behavior_type make_reader(reader_actor::pointer self, std::shared_ptr<store_factory> stores);

} // namespace troupe::journal

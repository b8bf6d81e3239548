// supervisors/store_copy.hpp: moves everything that one store holds into another one.
#pragma once

#include "actors/entity/store.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe {

struct copy_progress {
  std::string_view phase; // "events", "streams", "verifying"
  std::uint64_t done = 0;
  std::uint64_t total = 0; // 0 when not known
};

struct copy_report {
  std::uint64_t events = 0; // in all, those of an earlier run among them
  std::uint64_t copied = 0; // events, by this run
  std::uint64_t snapshots = 0;
  std::uint64_t wake_ups = 0;
  std::uint64_t marks = 0;
};

/// Copies events, snapshots, wake-ups and outlets' marks of all contexts, offset by offset, and then reads both stores
/// and compares. Goes on where an earlier run has ended. Nobody may write to either meanwhile: whoever calls this holds
/// both. Fails with store_foreign when `to` has events that `from` has not, with store_damaged when what was read back
/// is not what was written, and as the stores do.
caf::expected<copy_report> copy_store(journal::store_reader& from, journal::store_writer& to,
                                      journal::store_reader& to_read,
                                      const std::function<void(const copy_progress&)>& on_progress = {});

} // namespace troupe

// supervisors/watch.hpp: notices when a part of a node ends that should not.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <functional>
#include <map>
#include <string>

namespace troupe {

/// Told the name of the part, and the reason in words. Called on any thread.
using failed_fn = std::function<void(const std::string& part, const std::string& why)>;

/// An actor that calls `failed` once for each of `parts` that ends, or has ended, for any reason. Let it end before the
/// parts that are meant to.
caf::actor spawn_watch(caf::actor_system& system, std::map<std::string, caf::actor> parts, failed_fn failed);

} // namespace troupe

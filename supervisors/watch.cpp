#include "supervisors/watch.hpp"

#include <caf/event_based_actor.hpp>

namespace troupe {

caf::actor spawn_watch(caf::actor_system& system, std::map<std::string, caf::actor> parts, failed_fn failed) {
  return system.spawn([parts = std::move(parts), failed = std::move(failed)](caf::event_based_actor* self) {
    // By address: a handle would keep a part alive that nobody uses any more.
    std::map<caf::actor_addr, std::string> names;
    for (const auto& [name, part] : parts) {
      self->monitor(part);
      names.emplace(part.address(), name);
    }
    self->set_down_handler([names = std::move(names), failed](const caf::down_msg& x) {
      if (const auto found = names.find(x.source); found != names.end())
        failed(found->second, to_string(x.reason));
    });
    return caf::behavior{[](caf::unit_t) {}};
  });
}

} // namespace troupe

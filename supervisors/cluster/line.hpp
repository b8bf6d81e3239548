// supervisors/cluster/line.hpp: a way to an actor that is made after those who have something to tell it.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace troupe::cluster {

/// Safe on any thread. What is told before there is an actor, or after its end, is told to nobody. Keeps no actor
/// alive.
class line {
public:
  void connect(const caf::actor& x) {
    const std::lock_guard guard{mutex_};
    to_ = caf::actor_cast<caf::weak_actor_ptr>(x);
  }

  template <class Message> void tell(Message x) const {
    caf::strong_actor_ptr to;
    {
      const std::lock_guard guard{mutex_};
      to = to_.lock();
    }
    if (to)
      caf::anon_send(caf::actor_cast<caf::actor>(to), std::move(x));
  }

private:
  mutable std::mutex mutex_;
  caf::weak_actor_ptr to_;
};

using line_ptr = std::shared_ptr<line>;

} // namespace troupe::cluster

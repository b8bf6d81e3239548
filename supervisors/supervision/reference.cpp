#include "supervisors/supervision/reference.hpp"

#include <caf/action.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/system_messages.hpp>

#include <utility>
#include <vector>

namespace troupe::supervision {

namespace {

/// Concerns one incarnation alone: an answer to it, its own timers, its end.
bool is_meant_for_incarnation(const caf::mailbox_element& x) {
  return x.mid.is_response() || x.payload.match_elements<caf::exit_msg>() || x.payload.match_elements<caf::down_msg>()
         || x.payload.match_elements<caf::node_down_msg>() || x.payload.match_elements<caf::action>();
}

/// Empties a mailbox in its order. CAF destroys what it visits, so the parts are moved to new elements.
class mailbox_drain {
public:
  caf::intrusive::task_result operator()(caf::mailbox_element& x) {
    taken.push_back(caf::make_mailbox_element(std::move(x.sender), x.mid, std::move(x.stages), std::move(x.payload)));
    return caf::intrusive::task_result::resume;
  }

  /// Nested queues come with their key and themselves in front.
  template <class Key, class Queue, class... Ts>
  caf::intrusive::task_result operator()(const Key&, const Queue&, Ts&... xs) {
    return (*this)(xs...);
  }

  std::vector<caf::mailbox_element_ptr> taken;
};

} // namespace

reference::reference(caf::actor_config& cfg, buffer_limits limits) : monitorable_actor(cfg), limits_(limits) {}

instant reference::clock_now() const {
  return home_system().scheduler().clock().now();
}

void reference::place(std::string path, refusals with) {
  const std::lock_guard guard{mutex_};
  path_ = std::move(path);
  with_ = std::move(with);
}

caf::strong_actor_ptr reference::child() const {
  const std::lock_guard guard{mutex_};
  return child_;
}

std::size_t reference::waiting() const {
  const std::lock_guard guard{mutex_};
  return buffer_.size();
}

bool reference::enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) {
  for (;;) {
    auto why = failure::stopped;
    caf::strong_actor_ptr child;
    {
      const std::lock_guard guard{mutex_};
      if (state_ == state::up
          && hands_over_) // Under the lock, so that who takes over its mailbox takes over everything.
        return child_->get()->enqueue(std::move(what), host);
      if (state_ == state::up) {
        child = child_;
      } else if (is_meant_for_incarnation(*what)) {
        return state_ == state::waiting;
      } else if (state_ == state::waiting) {
        if (buffer_.size() < limits_.messages_max) {
          buffer_.push_back({std::move(what), clock_now()});
          return true;
        }
        why = failure::buffer_full;
      }
    }
    if (!child) {
      refuse(std::move(what), why);
      return why != failure::stopped;
    }
    // Its mailbox may have closed. Then a request is answered at once, by which its sender may come back here: not
    // under the lock. Anything else waits for the next incarnation.
    const bool unanswered = !what->mid.is_request() && !is_meant_for_incarnation(*what);
    auto message = unanswered ? what->payload : caf::message{};
    if (child->get()->enqueue(std::move(what), host) || !unanswered)
      return true;
    take_away(child->address());
    what = caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(message));
  }
}

void reference::refuse(caf::mailbox_element_ptr what, failure why) {
  if (what->mid.is_request() && what->sender) // CAF's own way of bouncing would not say why.
    what->sender->enqueue(nullptr, what->mid.response_id(), caf::make_message(with_.error(why, path_)), nullptr);
  else if (!what->mid.is_request() && with_.lost)
    with_.lost({path_, caf::to_string(what->payload.types()), why, what->payload});
}

void reference::put(caf::strong_actor_ptr child) {
  std::deque<waiting_message> waited;
  {
    const std::lock_guard guard{mutex_};
    child_ = child;
    hands_over_ = dynamic_cast<const keeps_mailbox*>(child_->get()) != nullptr;
    state_ = state::up;
    waited = std::exchange(buffer_, {});
    if (hands_over_)
      for (auto& x : std::exchange(waited, {}))
        child_->get()->enqueue(std::move(x.what), nullptr);
  }
  for (auto& x : waited) // As in enqueue, not under the lock; what comes meanwhile may overtake these.
    enqueue(std::move(x.what), nullptr);
}

void reference::take_away(const caf::actor_addr& child) {
  caf::strong_actor_ptr gone; // Let go of outside the lock: its end may call others.
  const std::lock_guard guard{mutex_};
  if (!child_ || child_->address() != child)
    return;
  gone = std::exchange(child_, nullptr);
  if (state_ == state::up)
    state_ = state::waiting;
}

void reference::take_over(caf::scheduled_actor& dying) {
  mailbox_drain drain;
  std::vector<caf::mailbox_element_ptr> refused;
  caf::strong_actor_ptr gone;
  auto why = failure::stopped;
  {
    const std::lock_guard guard{mutex_};
    const bool present = child_ && child_->get() == &dying;
    if (present) {
      gone = std::exchange(child_, nullptr);
      state_ = state_ == state::up ? state::waiting : state_;
    }
    auto& box = dying.mailbox();
    if (!box.closed()) {
      box.close();
      box.flush_cache();
      while (box.queue().new_round(1'000, drain).consumed_items > 0) {
      }
    }
    const auto now = clock_now();
    for (auto& x : drain.taken) {
      if (is_meant_for_incarnation(*x))
        continue;
      if (state_ == state::up)
        child_->get()->enqueue(std::move(x), nullptr); // A successor is there already.
      else if (state_ == state::waiting && buffer_.size() < limits_.messages_max)
        buffer_.push_back({std::move(x), now});
      else
        refused.push_back(std::move(x));
    }
    if (state_ == state::waiting)
      why = failure::buffer_full;
  }
  for (auto& x : refused)
    refuse(std::move(x), why);
}

std::optional<instant> reference::expire(instant now) {
  std::vector<caf::mailbox_element_ptr> expired;
  std::optional<instant> next;
  {
    const std::lock_guard guard{mutex_};
    while (!buffer_.empty() && buffer_.front().since + limits_.wait_max <= now) {
      expired.push_back(std::move(buffer_.front().what));
      buffer_.pop_front();
    }
    if (!buffer_.empty())
      next = buffer_.front().since + limits_.wait_max;
  }
  for (auto& x : expired)
    refuse(std::move(x), failure::waited_too_long);
  return next;
}

void reference::close() {
  std::deque<waiting_message> left;
  caf::strong_actor_ptr gone;
  {
    const std::lock_guard guard{mutex_};
    state_ = state::closed;
    left = std::exchange(buffer_, {});
    gone = std::exchange(child_, nullptr);
  }
  for (auto& x : left)
    refuse(std::move(x.what), failure::stopped);
  cleanup(caf::make_error(failure::stopped, path_), nullptr);
}

caf::strong_actor_ptr make_reference(caf::actor_system& system, buffer_limits limits) {
  caf::actor_config cfg;
  return caf::make_actor<reference, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system, cfg, limits);
}

reference& reference_behind(const caf::strong_actor_ptr& handle) {
  return dynamic_cast<reference&>(*handle->get());
}

} // namespace troupe::supervision

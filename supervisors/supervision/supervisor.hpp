// supervisors/supervision/supervisor.hpp: an actor that owns the lifetime of others, and how a tree of them is
// described.
#pragma once

#include "actors/kernel/time.hpp"
#include "supervisors/supervision/plan.hpp"
#include "supervisors/supervision/reference.hpp"
#include "supervisors/supervision/tree.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe::supervision {

/// `Impl`, an actor class, so that what waits in its mailbox at its end is kept for its successor.
template <class Impl> class supervised : public Impl, public keeps_mailbox {
public:
  template <class... Ts>
  supervised(caf::actor_config& cfg, caf::strong_actor_ptr handle, Ts&&... xs)
    : Impl(cfg, std::forward<Ts>(xs)...), handle_(std::move(handle)) {}

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    if (handle_)
      reference_behind(std::exchange(handle_, nullptr)).take_over(*this);
    return Impl::cleanup(std::move(reason), host);
  }

private:
  caf::strong_actor_ptr handle_;
};

/// The state of an actor whose behaviour a function makes.
template <class Handle> class made_by_function {
public:
  template <class Function, class... Ts>
  explicit made_by_function(typename Handle::pointer self, Function make, Ts... xs)
    : make_([self, make, xs...] { return make(self, xs...); }) {}

  typename Handle::behavior_type make_behavior() { return make_(); }

private:
  std::function<typename Handle::behavior_type()> make_;
};

/// Where an actor starts. A child that is spawned here keeps its mailbox over a restart; one that is spawned elsewhere
/// keeps only what is sent while it is down.
class place {
public:
  /// Nobody's: what is spawned here is looked after by its caller.
  place(caf::actor_system& system) : system_(&system) {}
  place(caf::actor_system& system, caf::strong_actor_ptr handle) : system_(&system), handle_(std::move(handle)) {}

  caf::actor_system& system() const { return *system_; }

  template <class Impl, caf::spawn_options Options = caf::no_spawn_options, class... Ts> auto spawn(Ts&&... xs) const {
    return system_->spawn<supervised<Impl>, Options>(handle_, std::forward<Ts>(xs)...);
  }

  /// An actor whose behaviour is `make(self, xs...)`.
  template <class Handle, caf::spawn_options Options = caf::no_spawn_options, class Function, class... Ts>
  Handle run(Function make, Ts... xs) const {
    return spawn<typename Handle::template stateful_impl<made_by_function<Handle>>, Options>(std::move(make),
                                                                                             std::move(xs)...);
  }

private:
  caf::actor_system* system_;
  caf::strong_actor_ptr handle_;
};

/// How a child is looked after.
struct child_rules {
  restart kind = restart::permanent;
  duration grace{5'000}; // to end when it is asked; then it is killed
  buffer_limits buffer{};
  std::function<keyed_children()> keyed{}; // of a child that looks after others itself; safe on any thread
};

class group;

/// A child and its stable handle, or a supervisor and its children. Made by `group`.
struct child_spec {
  std::string id;
  child_rules rules;
  caf::strong_actor_ptr handle;
  std::function<caf::strong_actor_ptr(const place&)> start; // may throw: it counts as a failure
  std::shared_ptr<const group> children;                    // of a supervisor
};

/// Describes a supervisor: who its children are, in the order of their start, and what happens when one fails.
class group {
public:
  group(caf::actor_system& system, std::string id, strategy how, limits within = {})
    : system_(&system), id_(std::move(id)), how_(how), limits_(within) {}

  /// A child, and the handle that leads to it whichever incarnation is up. `start(place)` answers an actor that
  /// `Handle` fits. Children that need each other hold these handles.
  template <class Handle, class Start> Handle add(std::string id, Start start, child_rules rules = {}) {
    auto handle = make_reference(*system_, rules.buffer);
    children_.push_back({std::move(id), rules, handle,
                         [start = std::move(start)](const place& where) {
                           return caf::actor_cast<caf::strong_actor_ptr>(Handle{start(where)});
                         },
                         nullptr});
    return caf::actor_cast<Handle>(handle);
  }

  /// A supervisor as a child: started, stopped and restarted with all that it looks after. An exit message to its
  /// handle ends the present one.
  caf::actor add(group children);

  const std::string& id() const { return id_; }
  strategy how() const { return how_; }
  const supervision::limits& limits() const { return limits_; }
  const std::vector<child_spec>& children() const { return children_; }

  /// Ends the handles of all children, for ever.
  void close() const;

private:
  caf::actor_system* system_;
  std::string id_;
  strategy how_;
  supervision::limits limits_;
  std::vector<child_spec> children_;
};

/// What a child's end looks like to others.
struct incident {
  std::string path;
  std::string error;          // why it ended
  bool escalates = false;     // its supervisor gives up
  std::uint32_t restarts = 0; // of this child so far
};

/// What the supervisors of a tree share.
struct surroundings {
  clock_fn now;                   // for people; never for decisions
  std::function<double()> jitter; // uniform in [0, 1)
  std::shared_ptr<supervision::tree> tree = std::make_shared<supervision::tree>();
  refusals refuse{};
  std::function<void(const incident&)> failed{};  // each unexpected end; called on any thread
  std::function<void(const incident&)> gave_up{}; // the top of the tree did, after this one; its children have ended
  duration look_every{1'000};                     // at mailboxes
};

/// Starts the tree. The supervisor ends with failure::restarted_too_often when it gives up, and, asked to end with an
/// exit message, ends its children first, in the reverse order of their start.
caf::actor spawn_supervisor(caf::actor_system& system, group root, surroundings with);

} // namespace troupe::supervision

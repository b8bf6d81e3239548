// supervisors/scheduler/asio_coordinator.hpp: runs actors on Asio's threads, one io_context a thread.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::scheduler {

class asio_coordinator;

/// A heap of timers that fires on the thread of one io_context. A disposed timer stays in the heap until it would
/// fire or half of the heap is disposed, so disposing costs nothing. Used on that thread only.
class timer_heap {
public:
  using time_point = caf::actor_clock::time_point;
  using duration_type = caf::actor_clock::duration_type;

  struct entry {
    time_point at;
    std::uint64_t sequence; // timers of one instant fire in the order in which they were set
    caf::action what;
    duration_type period; // zero: fires once
  };

  explicit timer_heap(boost::asio::io_context& context) : timer_(context) {}

  void add(time_point at, caf::action what, duration_type period);

  std::size_t size() const { return entries_.size(); }

  /// Forgets every timer. Only while no thread runs the context.
  void clear();

private:
  void push(entry e);
  void purge();
  void arm();
  void fire();

  boost::asio::steady_timer timer_;
  std::vector<entry> entries_;
  std::size_t purge_at_ = 1024; // entries
  time_point armed_ = time_point::max();
  std::uint64_t sequence_ = 0;
};

/// One thread: its io_context, the actors that are ready to run on it, and its timers.
class io_unit final : public caf::execution_unit {
public:
  io_unit(caf::actor_system& system, std::size_t slice);

  /// Runs `ready` on this unit later. On its thread only.
  void exec_later(caf::resumable* ready) override;

  /// Runs `ready` on this unit later. On any thread.
  void exec_from_afar(caf::resumable* ready);

  /// Sets a timer. On any thread.
  void schedule(timer_heap::time_point at, caf::action what, timer_heap::duration_type period);

  void start();

  /// Returns when the thread has ended. What was ready stays where it is.
  void stop();

  /// Ends what never came to run; whether there was any. Only after stop().
  bool discard();

  boost::asio::io_context& context() { return context_; }

private:
  struct timer_order {
    timer_heap::time_point at;
    caf::action what;
    timer_heap::duration_type period;
  };

  void run_ready();
  void take_in();

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  timer_heap timers_;
  std::deque<caf::resumable*> ready_;
  const std::size_t slice_; // messages that an actor handles before the next one's turn
  bool run_soon_ = false;
  bool running_ = false; // between start() and stop()

  std::mutex mutex_; // for what comes from other threads
  std::vector<caf::resumable*> inbox_;
  std::vector<timer_order> timer_inbox_;

  std::thread thread_;
};

/// A CAF clock whose timers fire on the thread that set them; those of other threads fire on the first unit.
class asio_clock final : public caf::actor_clock {
public:
  explicit asio_clock(asio_coordinator& parent) : parent_(parent) {}

  caf::disposable schedule_periodically(time_point first_run, caf::action f, duration_type period) override;

private:
  asio_coordinator& parent_;
};

/// The scheduler module of an actor system. An actor runs on the thread from which it was last woken, or, when that
/// is none of these, on the next one in turn. There is no work stealing: whoever blocks here stalls the sockets of
/// its thread as well.
class asio_coordinator final : public caf::scheduler::abstract_coordinator {
public:
  explicit asio_coordinator(caf::actor_system& system);
  ~asio_coordinator() override;

  // What caf::actor_system_config::load expects of a module.
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);
  static void add_module_options(caf::actor_system_config&) {}

  /// How many threads there are, and io_contexts.
  std::size_t size() const { return units_.size(); }

  /// That of thread `i`, running from the construction of the actor system to its destruction.
  boost::asio::io_context& context(std::size_t i) { return units_[i]->context(); }

  void enqueue(caf::resumable* ready) override;
  caf::actor_clock& clock() noexcept override { return clock_; }
  void init(caf::actor_system_config& config) override;
  void start() override;

  /// Ends the threads, then forgets pending timers and ends the actors that were ready to run.
  void stop() override;

private:
  friend class asio_clock;

  io_unit* here() const; // the unit of this thread, or nullptr

  std::vector<std::unique_ptr<io_unit>> units_;
  asio_clock clock_;
};

/// Makes actor systems of `config` run their actors on `threads` io threads; 0 means one for each processor.
void load_asio_scheduler(caf::actor_system_config& config, std::size_t threads = 0);

/// The scheduler of a system whose configuration loaded it. Throws std::logic_error for any other.
asio_coordinator& asio_scheduler(caf::actor_system& system);

} // namespace troupe::scheduler

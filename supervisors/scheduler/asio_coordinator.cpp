#include "supervisors/scheduler/asio_coordinator.hpp"

#include <boost/asio/post.hpp>
#include <caf/actor_system.hpp>
#include <caf/resumable.hpp>

#include <algorithm>
#include <stdexcept>

namespace troupe::scheduler {

namespace {

thread_local io_unit* current_unit = nullptr;

// The top of the heap is the timer that fires first.
constexpr auto fires_later = [](const timer_heap::entry& a, const timer_heap::entry& b) {
  return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
};

} // namespace

void timer_heap::add(time_point at, caf::action what, duration_type period) {
  if (what.disposed())
    return;
  push({at, ++sequence_, std::move(what), period});
  if (entries_.size() >= purge_at_)
    purge();
  arm();
}

void timer_heap::clear() {
  timer_.cancel();
  armed_ = time_point::max();
  // Dropping an action may end an actor, which may set a timer again.
  std::exchange(entries_, {}).clear();
}

void timer_heap::push(entry e) {
  entries_.push_back(std::move(e));
  std::push_heap(entries_.begin(), entries_.end(), fires_later);
}

void timer_heap::purge() {
  std::erase_if(entries_, [](const entry& e) { return e.what.disposed(); });
  std::make_heap(entries_.begin(), entries_.end(), fires_later);
  purge_at_ = std::max<std::size_t>(1024, entries_.size() * 2);
}

void timer_heap::arm() {
  if (entries_.empty() || entries_.front().at >= armed_)
    return;
  armed_ = entries_.front().at;
  timer_.expires_at(armed_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error)
      return;
    armed_ = time_point::max();
    fire();
  });
}

void timer_heap::fire() {
  const auto now = time_point::clock::now();
  while (!entries_.empty() && entries_.front().at <= now) {
    std::pop_heap(entries_.begin(), entries_.end(), fires_later);
    auto e = std::move(entries_.back());
    entries_.pop_back();
    const auto ran = e.what.run() == caf::action::transition::success;
    if (!ran || e.period <= duration_type::zero() || e.what.reschedule() != caf::action::transition::success)
      continue;
    // What a stalled thread has missed is skipped, not made up for.
    e.at += e.period * ((now - e.at) / e.period + 1);
    e.sequence = ++sequence_;
    push(std::move(e));
  }
  arm();
}

io_unit::io_unit(caf::actor_system& system, std::size_t slice)
  : caf::execution_unit(&system), context_(1), guard_(context_.get_executor()), timers_(context_), slice_(slice) {}

void io_unit::exec_later(caf::resumable* ready) {
  ready_.push_back(ready);
  if (run_soon_)
    return;
  run_soon_ = true;
  boost::asio::post(context_, [this] { run_ready(); });
}

void io_unit::exec_from_afar(caf::resumable* ready) {
  bool first;
  {
    std::lock_guard lock{mutex_};
    first = inbox_.empty() && timer_inbox_.empty();
    inbox_.push_back(ready);
  }
  if (first)
    boost::asio::post(context_, [this] { take_in(); });
}

void io_unit::schedule(timer_heap::time_point at, caf::action what, timer_heap::duration_type period) {
  if (current_unit == this)
    return timers_.add(at, std::move(what), period);
  bool first;
  {
    std::lock_guard lock{mutex_};
    first = inbox_.empty() && timer_inbox_.empty();
    timer_inbox_.push_back({at, std::move(what), period});
  }
  if (first)
    boost::asio::post(context_, [this] { take_in(); });
}

void io_unit::take_in() {
  std::vector<caf::resumable*> arrived;
  std::vector<timer_order> orders;
  {
    std::lock_guard lock{mutex_};
    arrived.swap(inbox_);
    orders.swap(timer_inbox_);
  }
  for (auto& order : orders)
    timers_.add(order.at, std::move(order.what), order.period);
  for (auto* ready : arrived)
    exec_later(ready);
}

// Runs at most what was ready when it began, so that sockets and timers have their turn between actors.
void io_unit::run_ready() {
  for (auto left = ready_.size(); left > 0; --left) {
    auto* next = ready_.front();
    ready_.pop_front();
    switch (next->resume(this, slice_)) {
      case caf::resumable::resume_later: ready_.push_back(next); break;
      case caf::resumable::done:
      case caf::resumable::awaiting_message: caf::intrusive_ptr_release(next); break;
      case caf::resumable::shutdown_execution_unit: break;
    }
  }
  if (ready_.empty())
    run_soon_ = false;
  else
    boost::asio::post(context_, [this] { run_ready(); });
}

void io_unit::start() {
  running_ = true;
  thread_ = std::thread([this] {
    current_unit = this;
    context_.run();
    current_unit = nullptr;
  });
}

void io_unit::stop() {
  if (!running_)
    return;
  running_ = false;
  guard_.reset();
  boost::asio::post(context_, [this] { context_.stop(); });
  thread_.join();
}

bool io_unit::discard() {
  std::vector<timer_order> orders;
  std::vector<caf::resumable*> left;
  {
    std::lock_guard lock{mutex_};
    left.swap(inbox_);
    orders.swap(timer_inbox_);
  }
  const auto any = !ready_.empty() || !left.empty() || !orders.empty() || timers_.size() > 0;
  timers_.clear();
  left.insert(left.end(), ready_.begin(), ready_.end());
  ready_.clear();
  for (auto* x : left)
    caf::scheduler::abstract_coordinator::cleanup_and_release(x);
  return any;
}

caf::disposable asio_clock::schedule_periodically(time_point first_run, caf::action f, duration_type period) {
  auto handle = f.as_disposable();
  auto* unit = parent_.here();
  if (!unit)
    unit = parent_.units_.front().get();
  unit->schedule(first_run, std::move(f), period);
  return handle;
}

asio_coordinator::asio_coordinator(caf::actor_system& system) : abstract_coordinator(system), clock_(*this) {}

asio_coordinator::~asio_coordinator() = default;

caf::actor_system::module* asio_coordinator::make(caf::actor_system& system, caf::detail::type_list<>) {
  return new asio_coordinator(system);
}

io_unit* asio_coordinator::here() const {
  return current_unit && &current_unit->system() == &system_ ? current_unit : nullptr;
}

void asio_coordinator::enqueue(caf::resumable* ready) {
  if (auto* unit = here())
    return unit->exec_later(ready);
  const auto turn = next_worker_.fetch_add(1, std::memory_order_relaxed);
  units_[turn % units_.size()]->exec_from_afar(ready);
}

void asio_coordinator::init(caf::actor_system_config& config) {
  abstract_coordinator::init(config);
  // CAF's default is without a limit, and one busy actor would then starve the sockets of its thread.
  const auto slice = std::min<std::size_t>(max_throughput_, 64);
  for (std::size_t i = 0; i < num_workers_; ++i)
    units_.push_back(std::make_unique<io_unit>(system_, slice));
}

void asio_coordinator::start() {
  for (auto& unit : units_)
    unit->start();
  abstract_coordinator::start();
}

void asio_coordinator::stop() {
  stop_actors();
  for (auto& unit : units_)
    unit->stop();
  // Ending one actor may wake another.
  for (bool again = true; again;) {
    again = false;
    for (auto& unit : units_)
      again |= unit->discard();
  }
}

void load_asio_scheduler(caf::actor_system_config& config, std::size_t threads) {
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  config.set("caf.scheduler.max-threads", threads);
  config.load<asio_coordinator>();
}

asio_coordinator& asio_scheduler(caf::actor_system& system) {
  auto* found = dynamic_cast<asio_coordinator*>(&system.scheduler());
  if (!found)
    throw std::logic_error("this actor system was not configured by load_asio_scheduler");
  return *found;
}

} // namespace troupe::scheduler

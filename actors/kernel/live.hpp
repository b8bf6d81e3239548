// actors/kernel/live.hpp: a value that is replaced while others read it.
#pragma once

#include <atomic>
#include <forward_list>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe {

/// Copies share one value: what `set` gives to one, all read. Reading is one atomic load. A reference that was read
/// stays good as long as any copy lives: old values are kept, since what a person changes by hand changes seldom.
template <class T> class live {
public:
  live() : live(T{}) {}
  live(T first) : cell_(std::make_shared<cell>()) { set(std::move(first)); }

  const T& operator*() const { return *cell_->current.load(std::memory_order_acquire); }
  const T* operator->() const { return &**this; }

  /// From any thread. A value that is equal to the present one changes nothing.
  void set(T next) const {
    const std::lock_guard guard{cell_->mutex};
    if (!cell_->values.empty() && next == cell_->values.front())
      return;
    cell_->current.store(&cell_->values.emplace_front(std::move(next)), std::memory_order_release);
  }

private:
  struct cell {
    std::mutex mutex;
    std::forward_list<T> values; // the present one in front
    std::atomic<const T*> current{nullptr};
  };

  std::shared_ptr<cell> cell_;
};

} // namespace troupe

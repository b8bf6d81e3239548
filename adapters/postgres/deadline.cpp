#include "adapters/postgres/deadline.hpp"

#include <sys/socket.h>

namespace troupe::postgres {

deadline::deadline(int socket, duration patience)
  : socket_(socket), patience_(patience), thread_([this](std::stop_token end) { watch(std::move(end)); }) {}

deadline::~deadline() = default;

void deadline::start() {
  const std::lock_guard lock{mutex_};
  busy_ = true;
  ++round_;
  changed_.notify_one();
}

void deadline::stop() {
  const std::lock_guard lock{mutex_};
  busy_ = false;
  changed_.notify_one();
}

void deadline::watch(std::stop_token end) {
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, end, [this] { return busy_; })) {
    const auto round = round_;
    const bool over = changed_.wait_for(lock, end, patience_, [this, round] { return !busy_ || round_ != round; });
    if (!over && !end.stop_requested())
      ::shutdown(socket_, SHUT_RDWR); // Under the lock: the socket is still the one that `body` uses.
    if (!over)
      changed_.wait(lock, end, [this, round] { return !busy_ || round_ != round; });
  }
}

} // namespace troupe::postgres

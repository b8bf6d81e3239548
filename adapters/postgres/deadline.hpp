// adapters/postgres/deadline.hpp: an end to waiting for a server that has stopped in the middle of an answer.
#pragma once

#include "actors/kernel/time.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>

namespace troupe::postgres {

/// Breaks a socket off when what is done with it takes too long; whoever reads from it then sees that it has ended.
/// The server cannot be relied on for that: it may hang itself. One thread each.
class deadline {
public:
  deadline(int socket, duration patience);
  ~deadline();
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;

  /// Runs `body`, which uses the socket.
  template <class Body> auto hold(Body&& body) {
    const running now{*this};
    return body();
  }

private:
  struct running {
    explicit running(deadline& of) : of_(of) { of_.start(); }
    ~running() { of_.stop(); }
    deadline& of_;
  };

  void start();
  void stop();
  void watch(std::stop_token end);

  const int socket_;
  const duration patience_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool busy_ = false;
  std::uint64_t round_ = 0;
  std::jthread thread_; // the last member: it uses the others
};

} // namespace troupe::postgres

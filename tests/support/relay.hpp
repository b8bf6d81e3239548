// tests/support/relay.hpp: a network between two programs that can be cut.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <thread>

namespace troupe::test {

/// Passes on, byte by byte, what comes to its port of this machine to another one, and back.
class relay {
public:
  /// Listens; nothing is passed on before lead_to.
  relay();
  ~relay();

  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  std::uint16_t port() const { return port_; }

  void lead_to(std::uint16_t port) { to_ = port; }

  /// From here on nothing arrives any more, and nobody is told: as when a cable is pulled.
  void cut() { is_cut_ = true; }

  /// What was under way when it was cut is gone; new connections are passed on.
  void mend();

private:
  struct leg {
    int from = -1;
    int to = -1;
  };

  void run();
  void take_in();
  bool pass_on(int from, int to);

  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::uint16_t> to_{0};
  std::atomic<bool> is_cut_{false};
  std::atomic<bool> drops_{false};
  std::atomic<bool> ends_{false};
  std::list<leg> legs_; // of the thread alone
  std::thread thread_;
};

} // namespace troupe::test

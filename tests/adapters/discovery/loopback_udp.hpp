// tests/adapters/discovery/loopback_udp.hpp: a socket for datagrams on a loopback port that the system chooses.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace troupe::test {

class loopback_udp {
public:
  using script_fn = std::function<std::string(std::string)>;

  /// Answers each datagram with what `script` makes of it, in a thread of its own; with nothing when that is empty.
  /// Without a script nobody reads.
  explicit loopback_udp(script_fn script = {}) : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0
        || ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error{"no loopback port"};
    port_ = ntohs(address.sin_port);
    if (script)
      thread_ = std::thread{[this, script = std::move(script)] { serve(script); }};
  }

  ~loopback_udp() {
    ::shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable())
      thread_.join();
    ::close(fd_);
  }

  loopback_udp(const loopback_udp&) = delete;
  loopback_udp& operator=(const loopback_udp&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
  void serve(const script_fn& script) {
    for (;;) {
      char bytes[4096];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const auto n = ::recvfrom(fd_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n <= 0)
        return;
      const auto answer = script({bytes, static_cast<std::size_t>(n)});
      if (!answer.empty())
        ::sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  int fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

} // namespace troupe::test

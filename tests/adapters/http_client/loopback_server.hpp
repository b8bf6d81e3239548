// tests/adapters/http_client/loopback_server.hpp: a server of raw bytes on a loopback port that the system chooses.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace troupe::test {

/// One accepted connection, as the script of a test sees it.
class connection {
public:
  explicit connection(int fd, int number) : fd_(fd), number_(number) {}

  int number() const { return number_; } // from 0, in the order of acceptance

  /// The next whole request, or "" when the client has closed.
  std::string read_request() {
    for (;;) {
      if (const auto size = request_size(); size > 0) {
        auto request = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return request;
      }
      char bytes[4096];
      const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0)
        return {};
      buffer_.append(bytes, static_cast<std::size_t>(n));
    }
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void answer(std::string_view body) {
    write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body});
  }

  /// Ends the connection so that its peer gets a reset instead of an end.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  /// Blocks until the client closes.
  void wait_for_close() {
    while (!read_request().empty()) {
    }
  }

private:
  std::size_t request_size() const {
    const auto head = buffer_.find("\r\n\r\n");
    if (head == std::string::npos)
      return 0;
    std::size_t size = head + 4;
    if (const auto at = buffer_.find("Content-Length: "); at != std::string::npos && at < head)
      size += std::stoul(buffer_.substr(at + 16));
    return buffer_.size() >= size ? size : 0;
  }

  int fd_;
  int number_;
  std::string buffer_;
};

/// Runs `script` for each connection, in a thread of its own; the connection closes when the script returns.
class loopback_server {
public:
  using script_fn = std::function<void(connection&)>;

  explicit loopback_server(script_fn script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 128) != 0
        || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error{"no loopback port"};
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread{[this] { accept_all(); }};
  }

  ~loopback_server() {
    stop_listening();
    {
      const std::lock_guard guard{mutex_};
      for (const int fd : open_)
        ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& t : threads_)
      t.join();
  }

  /// Connections that were accepted go on.
  void stop_listening() {
    if (stopping_.exchange(true))
      return;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int accepted() const { return accepted_; }

private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0)
        return;
      const std::lock_guard guard{mutex_};
      open_.push_back(fd);
      threads_.emplace_back([this, fd, number = accepted_++] { serve(fd, number); });
    }
  }

  void serve(int fd, int number) {
    connection c{fd, number};
    script_(c);
    const std::lock_guard guard{mutex_};
    open_.remove(fd);
    ::close(fd);
  }

  script_fn script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

} // namespace troupe::test

// tests/gateways/http/raw_client.hpp: a client that sends the bytes it is told to, broken ones included.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe::test {

/// An answer as it came; `whole` is false when the connection ended inside it.
struct raw_answer {
  int status = 0;
  std::string head; // with its last empty line
  std::string body;
  bool whole = false;

  /// The first field of that name, written exactly so; empty when there is none.
  std::string field(std::string_view name) const {
    const auto begin = head.find("\r\n" + std::string{name} + ": ");
    if (begin == head.npos)
      return {};
    const auto value = begin + name.size() + 4;
    return head.substr(value, head.find("\r\n", value) - value);
  }
};

class raw_client {
public:
  explicit raw_client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0)
      throw std::runtime_error("cannot connect");
  }

  ~raw_client() { ::close(fd_); }

  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  /// Sends as much as the other side takes; whether that was all of it.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  void end_of_input() { ::shutdown(fd_, SHUT_WR); }

  /// Reads one answer. `to_head`: it has no body whatever its fields say.
  raw_answer read(bool to_head = false) {
    raw_answer out;
    auto end = buffer_.find("\r\n\r\n");
    while (end == buffer_.npos) {
      if (!fill())
        return out;
      end = buffer_.find("\r\n\r\n");
    }
    out.head = buffer_.substr(0, end + 4);
    buffer_.erase(0, end + 4);
    std::from_chars(out.head.data() + 9, out.head.data() + 12, out.status);
    std::size_t length = 0;
    const auto text = out.field("Content-Length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    if (to_head)
      length = 0;
    while (buffer_.size() < length && fill()) {
    }
    out.body = buffer_.substr(0, length);
    out.whole = out.body.size() == length;
    buffer_.erase(0, out.body.size());
    return out;
  }

  raw_answer ask(std::string_view bytes) {
    send(bytes);
    return read();
  }

  /// Whether the other side closes the connection without a further byte.
  bool is_closed() { return buffer_.empty() && !fill(); }

private:
  bool fill() {
    pollfd what{fd_, POLLIN, 0};
    if (::poll(&what, 1, 10'000) != 1)
      throw std::runtime_error("the server says nothing");
    char bytes[16 * 1024];
    const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0)
      return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  int fd_;
  std::string buffer_;
};

} // namespace troupe::test

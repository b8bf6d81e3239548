#include "tests/support/relay.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

namespace troupe::test {

namespace {

sockaddr_in here(std::uint16_t port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(port);
  return where;
}

} // namespace

relay::relay() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  auto where = here(0);
  socklen_t size = sizeof where;
  if (::bind(listening_, reinterpret_cast<sockaddr*>(&where), size) != 0 || ::listen(listening_, 64) != 0
      || ::getsockname(listening_, reinterpret_cast<sockaddr*>(&where), &size) != 0)
    throw std::runtime_error{"no port for a relay"};
  port_ = ntohs(where.sin_port);
  thread_ = std::thread{[this] { run(); }};
}

relay::~relay() {
  ends_ = true;
  thread_.join();
  for (const auto& x : legs_) {
    ::close(x.from);
    ::close(x.to);
  }
  ::close(listening_);
}

void relay::mend() {
  drops_ = true;
  is_cut_ = false;
}

void relay::run() {
  while (!ends_) {
    std::vector<pollfd> waits;
    if (drops_.exchange(false)) {
      for (const auto& x : legs_) {
        ::close(x.from);
        ::close(x.to);
      }
      legs_.clear();
    }
    if (!is_cut_ && to_ != 0) {
      waits.push_back({listening_, POLLIN, 0});
      for (const auto& x : legs_) {
        waits.push_back({x.from, POLLIN, 0});
        waits.push_back({x.to, POLLIN, 0});
      }
    }
    constexpr int look_again_ms = 5;
    if (::poll(waits.data(), waits.size(), look_again_ms) <= 0 || is_cut_)
      continue;
    auto event = waits.begin() + 1;
    for (auto next = legs_.begin(); next != legs_.end();) {
      const auto leg = next++;
      const bool there = event++->revents == 0 || pass_on(leg->from, leg->to);
      const bool back = event++->revents == 0 || pass_on(leg->to, leg->from);
      if (there && back)
        continue;
      ::close(leg->from);
      ::close(leg->to);
      legs_.erase(leg);
    }
    if (waits.front().revents != 0)
      take_in();
  }
}

void relay::take_in() {
  const int from = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
  if (from < 0)
    return;
  const int to = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto where = here(to_);
  if (::connect(to, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) {
    legs_.push_back({from, to});
    return;
  }
  ::close(from);
  ::close(to);
}

bool relay::pass_on(int from, int to) {
  char some[16'384];
  const auto got = ::recv(from, some, sizeof some, 0);
  return got > 0 && ::send(to, some, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
}

} // namespace troupe::test

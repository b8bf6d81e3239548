// tests/adapters/discovery/dnsmasq.hpp: a real DNS server on a loopback port of its own.
#pragma once

#include "tests/adapters/discovery/loopback_udp.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::test {

/// dnsmasq with the records of `lines` (of its configuration), which knows the domain `test` by heart and nothing else.
class dnsmasq {
public:
  /// Where Debian puts it, which is on few people's path.
  static constexpr const char* program = "/usr/sbin/dnsmasq";

  static bool is_installed() { return ::access(program, X_OK) == 0; }

  explicit dnsmasq(std::vector<std::string> lines) {
    // Somebody may take the port between its choice and the start.
    for (int attempt = 0; attempt < 5 && pid_ <= 0; ++attempt)
      start(lines);
    if (pid_ <= 0)
      throw std::runtime_error{"dnsmasq does not start: " + said_};
  }

  ~dnsmasq() { stop(); }

  dnsmasq(const dnsmasq&) = delete;
  dnsmasq& operator=(const dnsmasq&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void stop() {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

private:
  void start(const std::vector<std::string>& lines) {
    port_ = loopback_udp{}.port();
    std::vector<std::string> words{program,
                                   "--keep-in-foreground",
                                   "--conf-file=/dev/null",
                                   "--no-resolv",
                                   "--no-hosts",
                                   "--pid-file=",
                                   "--log-facility=-",
                                   "--bind-interfaces",
                                   "--listen-address=127.0.0.1",
                                   "--local=/test/",
                                   "--port=" + std::to_string(port_)};
    if (const auto* self = ::getpwuid(::getuid()))
      words.push_back("--user=" + std::string{self->pw_name});
    for (const auto& line : lines)
      words.push_back("--" + line);
    std::vector<char*> arguments;
    for (auto& word : words)
      arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      throw std::runtime_error{"no pipe"};
    pid_ = ::fork();
    if (pid_ == 0) { // Other threads may hold locks: system calls only.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(ends[1], 2);
      ::execv(program, arguments.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    if (pid_ < 0)
      throw std::runtime_error{"dnsmasq cannot be run"};
    wait_for_start(ends[0]);
  }

  /// It says when it listens, and ends when it cannot. What it says later may fill the pipe; it says nothing then.
  void wait_for_start(int from) {
    said_.clear();
    char bytes[4096];
    while (said_.find("started, version") == said_.npos) {
      const auto n = ::read(from, bytes, sizeof bytes);
      if (n <= 0) {
        stop();
        break;
      }
      said_.append(bytes, static_cast<std::size_t>(n));
    }
    ::close(from);
  }

  pid_t pid_ = 0;
  std::uint16_t port_ = 0;
  std::string said_;
};

} // namespace troupe::test

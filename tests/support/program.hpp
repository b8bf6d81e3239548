// tests/support/program.hpp: a program as a child process, which never outlives its test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace troupe::test {

/// `wanted`, or a multiple of it in a build with sanitizers, which is slow.
std::chrono::milliseconds patience(std::chrono::milliseconds wanted);

/// Asks until `condition` holds; whether it did within `at_most`.
template <class Condition>
bool eventually(std::chrono::milliseconds at_most, Condition condition,
                std::chrono::milliseconds between = std::chrono::milliseconds{20}) {
  const auto until = std::chrono::steady_clock::now() + patience(at_most);
  std::mutex mutex;
  std::condition_variable never;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until)
      return false;
    std::unique_lock lock{mutex};
    never.wait_for(lock, between);
  }
  return true;
}

class temporary_folder {
public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// How a program ended.
struct ending {
  int exit_code = -1; // -1: by a signal
  int signal = 0;

  bool operator==(const ending&) const = default;
};

class program {
public:
  /// Starts `command` in a process group of its own. Variables of `environment` are added to ours; TROUPE_… of ours are
  /// not passed on. Throws std::runtime_error when it cannot be started.
  explicit program(std::vector<std::string> command, std::map<std::string, std::string> environment = {});

  /// Kills the whole group.
  ~program();

  program(const program&) = delete;
  program& operator=(const program&) = delete;

  /// Everything that was printed so far.
  std::string output() const; // standard output
  std::string errors() const; // standard error: logs

  /// Whether `text` appears in the output, or in the errors, within `at_most` and before the end of the program.
  bool prints(std::string_view text, std::chrono::milliseconds at_most = std::chrono::seconds{20});
  bool logs(std::string_view text, std::chrono::milliseconds at_most = std::chrono::seconds{20});

  void send(int signal);

  /// Stops it in the middle of whatever it does; returns when all of its threads stand still.
  void freeze();
  void thaw() { send(SIGCONT); }

  /// Waits for the end; nothing when it goes on for longer.
  std::optional<ending> wait(std::chrono::milliseconds at_most = std::chrono::seconds{20});

  pid_t pid() const { return pid_; }

private:
  struct stream {
    int fd = -1;
    std::string text;
    bool open = true;
    std::thread reader;
  };

  void read(stream& from);
  bool appears(const stream& in, std::string_view text, std::chrono::milliseconds at_most);

  pid_t pid_ = -1;
  int pid_fd_ = -1;
  std::optional<ending> ended_;
  mutable std::mutex mutex_; // for the texts
  std::condition_variable more_;
  stream output_;
  stream errors_;
};

/// A program that ran to its end.
struct finished_program {
  ending how;
  std::string output;
  std::string errors;
};

/// Runs a command to its end. Throws std::runtime_error when that does not come within `at_most`.
finished_program run(std::vector<std::string> command, std::map<std::string, std::string> environment = {},
                     std::chrono::milliseconds at_most = std::chrono::seconds{30});

/// Path of the program under test.
std::string troupe_binary();

} // namespace troupe::test

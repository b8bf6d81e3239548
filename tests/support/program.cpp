#include "tests/support/program.hpp"
#include "tests/support/places.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

extern char** environ;

namespace troupe::test {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int slowness = 5;
#else
constexpr int slowness = 1;
#endif

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error{what + ": " + std::strerror(errno)};
}

std::vector<std::string> make_environment(const std::map<std::string, std::string>& more) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry; ++entry)
    if (!std::string_view{*entry}.starts_with("TROUPE_"))
      out.emplace_back(*entry);
  for (const auto& [name, value] : more)
    out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts)
    out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

} // namespace

std::chrono::milliseconds patience(std::chrono::milliseconds wanted) {
  return wanted * slowness;
}

temporary_folder::temporary_folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "troupe-e2e-XXXXXX").string();
  if (!::mkdtemp(pattern.data()))
    fail("cannot make a temporary folder");
  path_ = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

program::program(std::vector<std::string> command, std::map<std::string, std::string> environment) {
  int output[2];
  int errors[2];
  if (::pipe2(output, O_CLOEXEC) != 0 || ::pipe2(errors, O_CLOEXEC) != 0)
    fail("no pipe");
  auto variables = make_environment(environment);
  const auto arguments = pointers_to(command);
  const auto variable_pointers = pointers_to(variables);
  const auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0)
    fail("cannot fork");
  if (pid_ == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
      ::_exit(127); // The test has died already.
    ::dup2(output[1], STDOUT_FILENO);
    ::dup2(errors[1], STDERR_FILENO);
    ::execvpe(arguments[0], arguments.data(), variable_pointers.data());
    ::_exit(127);
  }
  ::setpgid(pid_, pid_); // Whoever of us two is first.
  ::close(output[1]);
  ::close(errors[1]);
  pid_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  output_.fd = output[0];
  errors_.fd = errors[0];
  output_.reader = std::thread{[this] { read(output_); }};
  errors_.reader = std::thread{[this] { read(errors_); }};
}

program::~program() {
  if (!ended_) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (auto* x : {&output_, &errors_}) {
    x->reader.join();
    ::close(x->fd);
  }
  ::close(pid_fd_);
}

void program::read(stream& from) {
  char bytes[16 * 1024];
  for (;;) {
    const auto n = ::read(from.fd, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR)
      continue;
    const std::lock_guard lock{mutex_};
    if (n <= 0)
      from.open = false;
    else
      from.text.append(bytes, static_cast<std::size_t>(n));
    more_.notify_all();
    if (n <= 0)
      return;
  }
}

std::string program::output() const {
  const std::lock_guard lock{mutex_};
  return output_.text;
}

std::string program::errors() const {
  const std::lock_guard lock{mutex_};
  return errors_.text;
}

bool program::appears(const stream& in, std::string_view text, std::chrono::milliseconds at_most) {
  std::unique_lock lock{mutex_};
  more_.wait_for(lock, patience(at_most), [&] { return !in.open || in.text.find(text) != std::string::npos; });
  return in.text.find(text) != std::string::npos;
}

bool program::prints(std::string_view text, std::chrono::milliseconds at_most) {
  return appears(output_, text, at_most);
}

bool program::logs(std::string_view text, std::chrono::milliseconds at_most) {
  return appears(errors_, text, at_most);
}

void program::send(int signal) {
  if (!ended_)
    ::kill(pid_, signal);
}

void program::freeze() {
  siginfo_t about{};
  send(SIGSTOP);
  ::waitid(P_PID, static_cast<id_t>(pid_), &about, WSTOPPED);
}

std::optional<ending> program::wait(std::chrono::milliseconds at_most) {
  if (ended_)
    return ended_;
  pollfd what{pid_fd_, POLLIN, 0};
  if (::poll(&what, 1, static_cast<int>(patience(at_most).count())) != 1)
    return std::nullopt;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  ended_ = WIFEXITED(status) ? ending{WEXITSTATUS(status), 0} : ending{-1, WTERMSIG(status)};
  // What it printed last is still in the pipes. A grandchild could hold them open.
  ::kill(-pid_, SIGKILL);
  std::unique_lock lock{mutex_};
  more_.wait_for(lock, patience(std::chrono::seconds{5}), [&] { return !output_.open && !errors_.open; });
  return ended_;
}

finished_program run(std::vector<std::string> command, std::map<std::string, std::string> environment,
                     std::chrono::milliseconds at_most) {
  auto name = command.front();
  for (std::size_t i = 1; i < command.size(); ++i)
    name += ' ' + command[i];
  program child{std::move(command), std::move(environment)};
  const auto how = child.wait(at_most);
  if (!how)
    throw std::runtime_error{name + " does not end; it printed\n" + child.output() + child.errors()};
  return {*how, child.output(), child.errors()};
}

std::string troupe_binary() {
  return binary_folder() / "troupe";
}

} // namespace troupe::test

#include "supervisors/sandbox/state_log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace troupe::sandbox {

namespace {

constexpr std::string_view header = "troupe-sandbox-log 1\n";
constexpr std::size_t block_bytes = 1 << 20;

std::string reason() {
  return std::strerror(errno);
}

} // namespace

state_log::state_log(const std::string& path, const std::function<bool(std::string_view line)>& replay)
  : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (file_ < 0)
    throw std::runtime_error("cannot open the sandbox's log " + path + ": " + reason());
  try {
    read(path, replay);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

state_log::~state_log() {
  ::close(file_);
}

void state_log::read(const std::string& path, const std::function<bool(std::string_view line)>& replay) {
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error("the sandbox's log " + path
                             + " is in use by another process: end it or choose another "
                               "state folder");
  std::string text;
  std::size_t number = 0;
  const auto damaged = [&](const std::string& what) {
    return std::runtime_error("the sandbox's log " + path + " " + what + " (line " + std::to_string(number)
                              + "): move the file away to begin with an empty ledger, or bring back a good copy");
  };
  for (bool more = true; more;) {
    const auto kept = text.size();
    text.resize(kept + block_bytes);
    const auto got = ::read(file_, text.data() + kept, block_bytes);
    if (got < 0 && errno == EINTR) {
      text.resize(kept);
      continue;
    }
    if (got < 0)
      throw std::runtime_error("cannot read the sandbox's log " + path + ": " + reason());
    text.resize(kept + static_cast<std::size_t>(got));
    more = got > 0;
    std::string_view rest = text;
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      const auto line = rest.substr(0, end);
      ++number;
      if (number == 1 ? line != header.substr(0, header.size() - 1) : !replay(line))
        throw damaged(number == 1 ? "is no log of this release" : "is damaged");
      rest.remove_prefix(end + 1);
      size_ += static_cast<std::int64_t>(end + 1);
    }
    text.erase(0, text.size() - rest.size());
  }
  if (number == 0 && !header.starts_with(text)) {
    number = 1;
    throw damaged("is no log of this release");
  }
  if (!text.empty() && ::ftruncate(file_, size_) != 0)
    throw std::runtime_error("cannot cut the torn end of the sandbox's log " + path + ": " + reason());
  if (size_ == 0 && !append(header.substr(0, header.size() - 1)))
    throw std::runtime_error("cannot write the sandbox's log " + path + ": " + reason());
}

bool state_log::append(std::string_view line) {
  if (torn_ && ::ftruncate(file_, size_) != 0)
    return false;
  torn_ = false;
  buffer_.assign(line);
  buffer_ += '\n';
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const auto wrote = ::write(file_, buffer_.data() + done, buffer_.size() - done);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0) {
      const auto why = errno;
      torn_ = done > 0 && ::ftruncate(file_, size_) != 0; // The next line must not be joined to a part of this one.
      errno = why;
      return false;
    }
    done += static_cast<std::size_t>(wrote);
  }
  size_ += static_cast<std::int64_t>(buffer_.size());
  return true;
}

bool state_log::clear() {
  if (::ftruncate(file_, static_cast<off_t>(header.size())) != 0)
    return false;
  size_ = static_cast<std::int64_t>(header.size());
  return true;
}

} // namespace troupe::sandbox

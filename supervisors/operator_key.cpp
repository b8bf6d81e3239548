#include "supervisors/operator_key.hpp"

#include "supervisors/entropy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace troupe {

namespace {

constexpr std::string_view operators = "operator key";

[[noreturn]] void fail(std::string_view what, const std::filesystem::path& file, const std::string& why) {
  throw std::runtime_error{std::string{what} + ' ' + file.string() + ": " + why};
}

std::string read_key(std::string_view what, const std::filesystem::path& file) {
  std::ifstream in{file};
  if (!in)
    fail(what, file, std::strerror(errno));
  std::string key;
  in >> key;
  if (key.size() < 16)
    fail(what, file, "holds no key of at least 16 characters; delete it to get a new one");
  return key;
}

} // namespace

std::string read_operator_key(const std::filesystem::path& file) {
  return read_key(operators, file);
}

operator_key load_operator_key(const std::filesystem::path& file, std::string_view what) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    if (errno != EEXIST)
      fail(what, file, std::strerror(errno));
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0)
      fail(what, file, std::strerror(errno));
    // What somebody else has put there for a group of ours, as mounted secrets are, cannot be made more private.
    const mode_t too_open = about.st_uid == ::geteuid() ? 077 : 037;
    if ((about.st_mode & too_open) != 0)
      fail(what, file, "other users can read it; run `chmod 600` on it, or delete it to get a new one");
    return {file, read_key(what, file), false};
  }
  auto key = random_secret(32);
  const auto line = key + '\n';
  const bool written =
    ::write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(descriptor) == 0;
  const auto error = errno;
  ::close(descriptor);
  if (!written) {
    ::unlink(file.c_str());
    fail(what, file, std::strerror(error));
  }
  return {file, std::move(key), true};
}

} // namespace troupe

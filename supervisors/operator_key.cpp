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

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& why) {
  throw std::runtime_error{"operator key " + file.string() + ": " + why};
}

} // namespace

std::string read_operator_key(const std::filesystem::path& file) {
  std::ifstream in{file};
  if (!in)
    fail(file, std::strerror(errno));
  std::string key;
  in >> key;
  if (key.size() < 16)
    fail(file, "holds no key of at least 16 characters; delete it to get a new one");
  return key;
}

operator_key load_operator_key(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    if (errno != EEXIST)
      fail(file, std::strerror(errno));
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0)
      fail(file, std::strerror(errno));
    if ((about.st_mode & 077) != 0)
      fail(file, "other users can read it; run `chmod 600` on it, or delete it to get a new one");
    return {file, read_operator_key(file), false};
  }
  auto key = random_secret(32);
  const auto line = key + '\n';
  const bool written =
    ::write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(descriptor) == 0;
  const auto error = errno;
  ::close(descriptor);
  if (!written) {
    ::unlink(file.c_str());
    fail(file, std::strerror(error));
  }
  return {file, std::move(key), true};
}

} // namespace troupe

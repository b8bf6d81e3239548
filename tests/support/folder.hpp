// tests/support/folder.hpp: a place for the files of one test.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace troupe::test {

/// A folder of its own for one test, removed with all that is in it.
class scratch_folder {
public:
  scratch_folder() {
    // In memory where the system offers it: thousands of syncs of a loaded disk would take minutes.
    auto pattern =
      (::access("/dev/shm", W_OK) == 0 ? std::string{"/dev/shm/"} : ::testing::TempDir()) + "troupe-XXXXXX";
    if (const char* made = ::mkdtemp(pattern.data()))
      path_ = made;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    if (!path_.empty())
      std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

} // namespace troupe::test

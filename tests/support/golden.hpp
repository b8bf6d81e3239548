// tests/support/golden.hpp: files that freeze what is stored and what is sent.
#pragma once

#include "tests/support/places.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace troupe::test {

/// The content of `tests/golden/<path>` without its last line feed; a failure when there is none.
inline std::string golden(const std::string& path) {
  std::ifstream in{source_folder() / "tests/golden" / path};
  EXPECT_TRUE(in) << "no golden file " << path;
  std::ostringstream out;
  out << in.rdbuf();
  auto text = out.str();
  if (text.ends_with('\n'))
    text.pop_back();
  return text;
}

/// Writes `text` to `tests/golden/<path>` when there is no such file and UPDATE_GOLDEN is in the environment. A file
/// that is there stays as it is: what was frozen never changes.
inline void freeze_new(const std::string& path, const std::string& text) {
  const auto file = source_folder() / "tests/golden" / path;
  if (!std::getenv("UPDATE_GOLDEN") || std::filesystem::exists(file))
    return;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream{file} << text << '\n';
}

} // namespace troupe::test

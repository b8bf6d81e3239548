// tests/support/golden.hpp: files that freeze what is stored and what is sent.
#pragma once

#include "tests/support/places.hpp"

#include <gtest/gtest.h>

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

} // namespace troupe::test

#include "tests/repository/files.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

namespace troupe::repository {
namespace {

struct outcome {
  std::string text;
  int status = 0;
};

outcome run(const std::string& command) {
  outcome result;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (!pipe)
    return {"cannot run " + command, -1};
  char buffer[4096];
  while (const auto n = std::fread(buffer, 1, sizeof buffer, pipe))
    result.text.append(buffer, n);
  result.status = ::pclose(pipe);
  return result;
}

TEST(Layout, IsWhatClangFormatMakes) {
  if (run("clang-format-14 --version").status != 0)
    GTEST_SKIP() << "clang-format-14 is not installed; script/bootstrap --test does it";
  std::string sources;
  for (const auto& x : files())
    if (x.path.ends_with(".hpp") || x.path.ends_with(".cpp"))
      sources += ' ' + x.path;
  const auto found = run("cd " TROUPE_SOURCE_DIR " && clang-format-14 --dry-run -Werror" + sources);
  EXPECT_EQ(found.status, 0) << found.text.substr(0, 2'000) << "\nclang-format-14 -i FILE mends it";
}

} // namespace
} // namespace troupe::repository

// tests/repository/files.hpp: the repository's own text files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::repository {

struct file {
  std::string path; // from the repository's root: "actors/kernel/money.hpp"
  std::string text;
};

/// Sources, scripts, documents, YAML and CMake files, in the order of their paths; nothing that is built or kept as
/// bytes (the corpus of the fuzzers).
const std::vector<file>& files();

/// The file of that path; fails the test when there is none.
const file& named(std::string_view path);

std::vector<std::string_view> lines_of(std::string_view text);

/// Whether something of that path is in the repository, a file or a folder.
bool exists(std::string_view path);

} // namespace troupe::repository

#include "tests/repository/files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace troupe::repository {

namespace {

namespace fs = std::filesystem;

const fs::path root{TROUPE_SOURCE_DIR};

bool is_text(const fs::path& x) {
  static const std::set<std::string> kinds{".cpp", ".hpp",     ".md",  ".yaml", ".txt", ".json", ".service",
                                           ".py",  ".example", ".mjs", ".sh",   ".cfg", ".conf", ".timer"};
  return kinds.contains(x.extension().string()) || x.parent_path() == root / "script";
}

std::string read(const fs::path& x) {
  std::ifstream in{x, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<file> find_files() {
  std::vector<file> found;
  for (fs::recursive_directory_iterator it{root}, end; it != end; ++it) {
    const auto name = it->path().filename().string();
    // Whatever else lies there (a build, an editor's or git's own folder) has no part in the repository.
    if (it->is_directory() && (name == "build" || name == "corpus" || name.starts_with('.'))) {
      it.disable_recursion_pending();
      continue;
    }
    if (it->is_regular_file() && is_text(it->path()))
      found.push_back({fs::relative(it->path(), root).generic_string(), read(it->path())});
  }
  std::sort(found.begin(), found.end(), [](const file& a, const file& b) { return a.path < b.path; });
  return found;
}

} // namespace

const std::vector<file>& files() {
  static const auto all = find_files();
  return all;
}

const file& named(std::string_view path) {
  for (const auto& x : files())
    if (x.path == path)
      return x;
  ADD_FAILURE() << "there is no " << path;
  static const file none;
  return none;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool exists(std::string_view path) {
  return fs::exists(root / path);
}

} // namespace troupe::repository

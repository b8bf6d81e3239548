// tests/fuzz/replay.cpp: the kept corpus through the entry points, without libFuzzer.
//   test-fuzz-corpus                 everything in tests/fuzz/corpus; an entry point without inputs fails
//   test-fuzz-corpus NAME FILE...    these files through one entry point
// An input is named before it is tried, so that the last line names what broke.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerInitialize(int*, char***);

// CMake gives each entry point a name of its own.
#define ENTRY(name) extern "C" int try_##name(const std::uint8_t*, std::size_t);
TROUPE_FUZZ_ENTRIES
#undef ENTRY

namespace {

struct entry {
  std::string_view name;
  int (*run)(const std::uint8_t*, std::size_t);
};

#define ENTRY(name) {#name, try_##name},
constexpr entry entries[] = {TROUPE_FUZZ_ENTRIES};
#undef ENTRY

bool replay(const entry& to, const std::filesystem::path& file) {
  std::printf("%.*s %s\n", static_cast<int>(to.name.size()), to.name.data(), file.c_str());
  std::fflush(stdout);
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return false;
  // Exactly as long as the input, so that a sanitizer sees a read past its end.
  const std::vector<char> bytes{std::istreambuf_iterator<char>{in}, {}};
  to.run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return true;
}

bool replay_corpus(const entry& to) {
  const auto folder = std::filesystem::path{TROUPE_SOURCE_DIR "/tests/fuzz/corpus"} / to.name;
  std::set<std::filesystem::path> files;
  if (std::filesystem::is_directory(folder))
    for (const auto& x : std::filesystem::directory_iterator{folder})
      files.insert(x.path());
  for (const auto& file : files)
    if (!replay(to, file))
      return false;
  if (files.empty())
    std::fprintf(stderr, "no inputs in %s\n", folder.c_str());
  return !files.empty();
}

} // namespace

int main(int argc, char** argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  bool good = true;
  if (argc < 2)
    for (const auto& x : entries)
      good = replay_corpus(x) && good;
  for (const auto& x : entries)
    for (int i = 2; i < argc && x.name == argv[1]; ++i)
      good = replay(x, argv[i]) && good;
  return good ? 0 : 1;
}

#include "supervisors/entropy.hpp"

#include <sys/random.h>

#include <stdexcept>
#include <vector>

namespace troupe {

namespace {

void fill(void* out, std::size_t bytes) {
  if (getrandom(out, bytes, 0) != static_cast<ssize_t>(bytes))
    throw std::runtime_error{"the kernel gives no random bytes"};
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class generator {
public:
  generator() { fill(&state_, sizeof state_); }

  std::uint64_t operator()() {
    auto z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }

private:
  std::uint64_t state_ = 0;
};

} // namespace

clock_fn system_clock() {
  return [] { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); };
}

random_fn system_random() {
  return [] {
    thread_local generator source;
    return source();
  };
}

std::string random_secret(std::size_t bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::vector<unsigned char> raw(bytes);
  fill(raw.data(), raw.size());
  std::string out;
  for (const auto byte : raw) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

} // namespace troupe

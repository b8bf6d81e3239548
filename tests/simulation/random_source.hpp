// tests/simulation/random_source.hpp: where everything that a simulation leaves to chance comes from.
#pragma once

#include "actors/kernel/time.hpp"

#include <cstddef>
#include <cstdint>

namespace troupe::simulation {

/// SplitMix64: the same numbers for the same seed, on every machine.
class random_source {
public:
  explicit random_source(std::uint64_t seed) : state_(seed) {}

  std::uint64_t operator()() {
    auto x = state_ += 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
  }

  /// Below `end`, which is not 0.
  std::size_t below(std::size_t end) { return static_cast<std::size_t>((*this)() % end); }

  /// Uniform in [0, 1).
  double unit() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

  bool chance(double probability) { return probability > 0 && unit() < probability; }

  /// In [from, to].
  duration between(duration from, duration to) {
    return from + duration{static_cast<std::int64_t>(below(static_cast<std::size_t>((to - from).count()) + 1))};
  }

  /// Another source that draws on its own, so that what one part draws does not change another's luck.
  random_source fork() { return random_source{(*this)()}; }

private:
  std::uint64_t state_;
};

} // namespace troupe::simulation

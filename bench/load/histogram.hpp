// bench/load/histogram.hpp: how often which length of time was seen, in little memory.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace troupe::load {

/// Lengths of time up to 2^43 ns (two hours and a half, longer ones count as that), each known to better than 1 %.
class histogram {
public:
  using duration = std::chrono::nanoseconds;

  void add(duration x);
  void add(const histogram& others);
  void clear() { *this = {}; }

  std::uint64_t count() const { return count_; }

  /// The least length that at least this share of all lengths does not exceed, at most 1 % too high; zero when empty.
  duration at(double share) const;
  duration max() const { return max_; } // exact
  duration mean() const;                // exact

private:
  // Lengths of one power of two share 2^7 cells of equal width.
  static constexpr unsigned cell_bits = 7;
  static constexpr unsigned length_bits = 43;
  static constexpr std::size_t cells = (length_bits - cell_bits + 1) << cell_bits;

  static std::size_t cell_of(std::uint64_t x);
  static std::uint64_t highest_of(std::size_t cell);

  std::array<std::uint64_t, cells> counts_{};
  std::uint64_t count_ = 0;
  duration max_{0};
  duration sum_{0};
};

} // namespace troupe::load

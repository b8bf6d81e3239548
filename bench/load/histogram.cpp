#include "bench/load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace troupe::load {

std::size_t histogram::cell_of(std::uint64_t x) {
  if (x < (1u << cell_bits))
    return static_cast<std::size_t>(x);
  const auto shift = static_cast<unsigned>(std::bit_width(x)) - cell_bits - 1;
  return (std::size_t{shift} << cell_bits) + static_cast<std::size_t>(x >> shift);
}

std::uint64_t histogram::highest_of(std::size_t cell) {
  if (cell < (2u << cell_bits))
    return cell;
  const auto shift = (cell >> cell_bits) - 1;
  const auto first = (cell & ((1u << cell_bits) - 1)) + (1u << cell_bits);
  return ((std::uint64_t{first} + 1) << shift) - 1;
}

void histogram::add(duration x) {
  constexpr std::int64_t longest = (std::int64_t{1} << length_bits) - 1;
  const auto length = std::clamp<std::int64_t>(x.count(), 0, longest);
  ++counts_[cell_of(static_cast<std::uint64_t>(length))];
  ++count_;
  sum_ += x;
  max_ = std::max(max_, x);
}

void histogram::add(const histogram& others) {
  for (std::size_t cell = 0; cell < cells; ++cell)
    counts_[cell] += others.counts_[cell];
  count_ += others.count_;
  sum_ += others.sum_;
  max_ = std::max(max_, others.max_);
}

histogram::duration histogram::at(double share) const {
  if (count_ == 0)
    return duration{0};
  const auto wanted = std::max<std::uint64_t>(
    1, static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    seen += counts_[cell];
    if (seen >= wanted)
      return std::min(max_, duration{static_cast<std::int64_t>(highest_of(cell))});
  }
  return max_;
}

histogram::duration histogram::mean() const {
  return count_ == 0 ? duration{0} : sum_ / static_cast<std::int64_t>(count_);
}

} // namespace troupe::load

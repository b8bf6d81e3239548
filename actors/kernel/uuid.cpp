#include "actors/kernel/uuid.hpp"

#include "actors/kernel/hash.hpp"

namespace troupe {

namespace {

constexpr char digits[] = "0123456789abcdef";

std::string format(std::uint64_t high, std::uint64_t low) {
  std::string out;
  out.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20)
      out += '-';
    const auto half = nibble < 16 ? high : low;
    out += digits[(half >> (60 - 4 * (nibble % 16))) & 15];
  }
  return out;
}

// The version stands in the 13th digit and the variant in the 17th.
constexpr std::uint64_t with_version(std::uint64_t high, std::uint64_t version) {
  return (high & ~0xF000ull) | version << 12;
}

constexpr std::uint64_t with_variant(std::uint64_t low) {
  return (low & ~(3ull << 62)) | 2ull << 62;
}

} // namespace

std::string make_uuid7(time_point now, const random_fn& random) {
  const auto milliseconds = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const auto first = random() & 0xFFFF; // Drawn one after the other: arguments have no order.
  const auto second = random();
  return format(with_version(milliseconds << 16 | first, 7), with_variant(second));
}

std::string make_named_uuid(std::string_view name) {
  const auto high = fnv1a(name);
  return format(with_version(high, 8), with_variant(fnv1a(name, high)));
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
      return false;
  }
  return true;
}

} // namespace troupe

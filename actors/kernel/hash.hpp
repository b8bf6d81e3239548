// actors/kernel/hash.hpp: FNV-1a, which places streams on shards and seals stored events.
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

inline constexpr std::uint64_t fnv1a_offset = 14695981039346656037ull;

/// FNV-1a, 64 bit (draft-eastlake-fnv). Continue a hash by passing the one before as `seed`.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t seed = fnv1a_offset) {
  for (const char byte : bytes) {
    seed ^= static_cast<unsigned char>(byte);
    seed *= 1099511628211ull;
  }
  return seed;
}

inline constexpr std::uint16_t shard_count = 1024;

/// The shard of a stream, by its key in UTF-8. Frozen: stored events lie where this put them.
constexpr std::uint16_t shard_of(std::string_view key) {
  return static_cast<std::uint16_t>(fnv1a(key) % shard_count);
}

} // namespace troupe

#include "actors/entity/stored_event.hpp"

#include <array>
#include <cstring>

namespace troupe::journal {

namespace {

std::uint64_t add(std::uint64_t sum, std::uint64_t number) {
  std::array<char, 8> bytes;
  for (auto& byte : bytes) {
    byte = static_cast<char>(number & 0xFF);
    number >>= 8;
  }
  return fnv1a({bytes.data(), bytes.size()}, sum);
}

std::uint64_t add(std::uint64_t sum, std::string_view text) {
  return fnv1a(text, add(sum, text.size()));
}

} // namespace

std::uint64_t checksum_of(const stored_event& x) {
  auto sum = add(fnv1a_offset, x.stream.context);
  sum = add(sum, x.stream.key);
  sum = add(sum, x.version);
  sum = add(sum, x.shard);
  sum = add(sum, x.offset);
  sum = add(sum, x.type);
  sum = add(sum, x.schema);
  sum = add(sum, x.data);
  sum = add(sum, x.personal);
  sum = add(sum, static_cast<std::uint64_t>(x.recorded_at.time_since_epoch().count()));
  sum = add(sum, x.epoch);
  sum = add(sum, x.node);
  sum = add(sum, x.principal);
  return add(sum, x.trace);
}

} // namespace troupe::journal

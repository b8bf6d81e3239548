#include "adapters/sqlite/row.hpp"

namespace troupe::sqlite {

journal::stored_event event_of(const statement::cursor& row, journal::stream_name stream) {
  journal::stored_event x;
  x.stream = std::move(stream);
  x.shard = static_cast<std::uint16_t>(row.integer(1) % shard_count);
  x.offset = row.number(2);
  x.version = row.number(4);
  x.type = row.text(6);
  x.schema = static_cast<std::uint16_t>(row.integer(7));
  x.data = row.text(8);
  x.personal = row.text(9);
  x.recorded_at = time_point{duration{row.integer(10)}};
  x.epoch = row.number(11);
  x.node = row.text(12);
  x.principal = row.text(13);
  x.trace = row.text(14);
  x.checksum = row.number(15);
  return x;
}

std::string name_of(const journal::stream_name& x) {
  return x.context + "/" + x.key;
}

void damaged(const journal::stream_name& stream, std::uint64_t version, const std::string& how) {
  throw failure{ec::store_damaged, "event " + std::to_string(version) + " of " + name_of(stream) + " is damaged: " + how
                                     + "; keep a copy of the file, run `troupe store check` and restore a backup"};
}

void verify(const journal::stored_event& x) {
  if (journal::checksum_of(x) != x.checksum)
    damaged(x.stream, x.version, "its checksum does not hold");
}

std::uint64_t checksum_of(const journal::stream_name& stream, const journal::snapshot& x) {
  // A zero byte ends what may have any length; of two such texts in a row the first has no zero byte in it.
  const auto numbers = std::to_string(x.version) + ' ' + std::to_string(x.schema) + ' '
                       + std::to_string(x.recorded_at.time_since_epoch().count());
  auto sum = fnv1a({"", 1}, fnv1a(stream.context));
  sum = fnv1a({"", 1}, fnv1a(stream.key, sum));
  sum = fnv1a({"", 1}, fnv1a(numbers, sum));
  return fnv1a(x.data, sum);
}

std::string pack(const std::vector<std::int64_t>& seqs) {
  std::string bytes;
  bytes.reserve(seqs.size() * 2 + 8);
  std::int64_t last = 0;
  for (const auto seq : seqs) {
    auto step = static_cast<std::uint64_t>(seq - last);
    last = seq;
    for (; step >= 0x80; step >>= 7)
      bytes += static_cast<char>(0x80 | (step & 0x7F));
    bytes += static_cast<char>(step);
  }
  return bytes;
}

std::vector<std::int64_t> unpack(std::string_view bytes) {
  std::vector<std::int64_t> seqs;
  std::uint64_t seq = 0;
  std::uint64_t step = 0;
  int shift = 0;
  for (const char byte : bytes) {
    const auto bits = static_cast<unsigned char>(byte);
    if (shift < 64)
      step |= std::uint64_t{bits & 0x7Fu} << shift;
    shift += 7;
    if ((bits & 0x80) == 0) {
      seq += step;
      seqs.push_back(static_cast<std::int64_t>(seq));
      step = 0;
      shift = 0;
    }
  }
  return seqs;
}

} // namespace troupe::sqlite

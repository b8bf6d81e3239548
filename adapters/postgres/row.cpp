#include "adapters/postgres/row.hpp"

namespace troupe::postgres {

journal::stored_event event_of(const pqxx::row& row, const std::string& context, int first) {
  journal::stored_event x;
  const auto at = [&](int column) { return row[first + column]; };
  x.shard = static_cast<std::uint16_t>(number(at(0)));
  x.offset = number(at(1));
  x.stream = {context, bytes(at(2))};
  x.version = number(at(3));
  x.schema = static_cast<std::uint16_t>(number(at(4)));
  x.recorded_at = time_point{duration{integer(at(5))}};
  x.epoch = number(at(6));
  x.checksum = number(at(7));
  x.type = text(at(8));
  x.node = text(at(9));
  x.principal = bytes(at(10));
  x.trace = bytes(at(11));
  x.data = bytes(at(12));
  x.personal = bytes(at(13));
  if (journal::checksum_of(x) != x.checksum)
    damaged(x.stream, x.version, "its checksum does not hold");
  return x;
}

std::string name_of(const journal::stream_name& x) {
  return x.context + "/" + x.key;
}

void damaged(const journal::stream_name& stream, std::uint64_t version, const std::string& how) {
  throw failure{ec::store_damaged, "event " + std::to_string(version) + " of " + name_of(stream) + " is damaged: " + how
                                     + "; keep a copy of the database and restore a backup"};
}

std::uint64_t checksum_of(std::string_view key, const journal::snapshot& x) {
  // A zero byte ends what may have any length; of the two texts in a row the first has digits and blanks only.
  const auto numbers = std::to_string(x.version) + ' ' + std::to_string(x.schema) + ' '
                       + std::to_string(x.recorded_at.time_since_epoch().count());
  auto sum = fnv1a({"", 1}, fnv1a(numbers));
  sum = fnv1a({"", 1}, fnv1a(std::to_string(key.size()), sum));
  return fnv1a(x.data, fnv1a(key, sum));
}

} // namespace troupe::postgres

#include "adapters/sqlite/moved_heads.hpp"

namespace troupe::sqlite {

moved_heads::map moved_heads::read(connection& db) {
  std::unordered_map<std::int64_t, head> by_id;
  {
    statement tail{db, "SELECT seq, stream, version FROM events WHERE seq > (SELECT indexed_to FROM progress) "
                       "ORDER BY seq"};
    for (auto row = tail.rows(); row.next();)
      by_id[row.integer(1)] = {row.integer(1), row.number(2), row.integer(0)};
  }
  map result;
  statement find{db, "SELECT c.name, s.key, s.version FROM streams s JOIN contexts c ON c.id = s.context "
                     "WHERE s.id = ?"};
  for (const auto& [id, x] : by_id) {
    auto row = find.rows(id);
    if (row.next() && row.number(2) < x.version)
      result.emplace(journal::stream_name{row.string(0), row.string(1)}, x);
  }
  return result;
}

void moved_heads::begin(map known) {
  const std::lock_guard guard{mutex_};
  begun_ = true;
  known_ = std::move(known);
}

void moved_heads::end() {
  const std::lock_guard guard{mutex_};
  begun_ = false;
  known_.clear();
}

moved_heads::found moved_heads::find(const journal::stream_name& stream) const {
  const std::lock_guard guard{mutex_};
  const auto at = known_.find(stream);
  return {begun_, at == known_.end() ? std::nullopt : std::optional{at->second}};
}

} // namespace troupe::sqlite

#include "adapters/sqlite/reader.hpp"

#include "adapters/sqlite/row.hpp"
#include "adapters/sqlite/schema.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <limits>

namespace troupe::sqlite {

namespace {

const std::string& existing(const options& config) {
  if (!file_exists(config.file))
    throw failure{ec::store_unavailable, config.file + " does not exist yet"};
  return config.file;
}

std::int64_t at_most(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, std::numeric_limits<std::int64_t>::max()));
}

} // namespace

reader::reader(const options& config, std::shared_ptr<moved_heads> moved)
  : file_(config.file), moved_(std::move(moved)), use_(existing(config)), db_(file_, SQLITE_OPEN_READWRITE, config.vfs),
    begin_(db_, "BEGIN"), commit_(db_, "COMMIT"), rollback_(db_, "ROLLBACK"),
    find_context_(db_, "SELECT id FROM contexts WHERE name = ?"),
    find_stream_(db_, "SELECT id, version, last FROM streams WHERE context = ? AND key = ?"),
    find_event_(db_, "SELECT " TROUPE_SQLITE_EVENT_COLUMNS " FROM events e WHERE e.seq = ?"),
    find_previous_(db_, "SELECT stream, version, previous FROM events WHERE seq = ?"),
    find_mark_(db_, "SELECT version, seq FROM marks WHERE stream = ? AND version >= ? ORDER BY version LIMIT 1"),
    find_snapshot_(db_, "SELECT version, schema, data, recorded_at, checksum FROM snapshots WHERE stream = ?"),
    progress_(db_, "SELECT indexed_to FROM progress"),
    scan_(db_, "SELECT seq, place, shard_offset FROM events WHERE seq > ? ORDER BY seq"),
    find_run_(db_, "SELECT first_offset FROM shard_runs WHERE place = ? AND first_offset <= ? "
                   "ORDER BY first_offset DESC LIMIT 1"),
    read_runs_(db_, "SELECT first_offset, seqs FROM shard_runs WHERE place = ? AND first_offset >= ? "
                    "ORDER BY first_offset"),
    find_shared_(db_, "SELECT " TROUPE_SQLITE_EVENT_COLUMNS ", s.key, s.context FROM events e "
                      "JOIN streams s ON s.id = e.stream WHERE e.seq = ?"),
    due_(db_, "SELECT key, wake_at FROM streams INDEXED BY wake_ups WHERE context = ? AND wake_at IS NOT NULL "
              "AND wake_at <= ? AND (wake_at, key) > (?, ?) ORDER BY wake_at, key LIMIT ?"),
    positions_(db_, "SELECT s.shard, s.next_offset, coalesce(o.shard_offset, 0) FROM shards s LEFT JOIN outlets o "
                    "ON o.outlet = ? AND o.context = s.context AND o.shard = s.shard WHERE s.context = ? "
                    "ORDER BY s.shard"),
    keys_(db_, "SELECT key FROM streams WHERE context = ? AND key > ? AND version > 0 ORDER BY key LIMIT ?"),
    newest_(db_, "SELECT coalesce(max(seq), 0) FROM events"),
    // CROSS JOIN keeps the order: the events, whose number is bounded, come first.
    latest_(db_, "SELECT " TROUPE_SQLITE_EVENT_COLUMNS ", s.key, c.name FROM events e "
                 "CROSS JOIN streams s ON s.id = e.stream CROSS JOIN contexts c ON c.id = s.context "
                 "WHERE e.seq > ?1 AND e.seq < ?2 AND (?3 = '' OR e.type = ?3) AND (?4 = '' OR s.key = ?4) "
                 "AND (?5 = '' OR c.name = ?5) ORDER BY e.seq DESC LIMIT ?6"),
    count_due_(db_, "SELECT count(*), min(wake_at) FROM streams INDEXED BY wake_ups WHERE context = ? "
                    "AND wake_at IS NOT NULL AND wake_at <= ?") {
  db_.run("PRAGMA query_only = ON");
  db_.run("PRAGMA cache_size = -16384"); // KiB, used as needed
  db_.run("PRAGMA trusted_schema = OFF");
  db_.leave_as_is(); // A log that its writer did not close is the next writer's.
}

reader::~reader() {
  use_.begin_closing();
  if (size_of(file_ + "-wal") == 0)
    db_.leave_as_is(false); // The last one takes the log's files away.
}

template <class Body> auto reader::read(Body&& body) -> caf::expected<decltype(body())> {
  return guarded([&] {
    transaction one_state{db_, begin_, commit_, rollback_};
    return body(); // Rolling back a transaction that only read ends it like a commit.
  });
}

caf::expected<journal::recovered_stream> reader::load(const journal::stream_name& stream) {
  const auto moved = moved_->find(stream);
  return read([&] {
    journal::recovered_stream result;
    const auto known = head_of(stream, moved);
    if (known.version == 0)
      return result;
    std::uint64_t from = 1;
    {
      auto row = find_snapshot_.rows(known.id);
      if (row.next()) {
        result.base = journal::snapshot{row.number(0), static_cast<std::uint16_t>(row.integer(1)), row.string(2),
                                        time_point{duration{row.integer(3)}}};
        from = result.base->version + 1;
        if (checksum_of(stream, *result.base) != row.number(4))
          throw failure{ec::store_damaged,
                        "the snapshot of " + name_of(stream)
                          + " is damaged: its checksum does not "
                            "hold; keep a copy of the file, run `troupe store check` and restore a backup"};
      }
    }
    if (from > known.version + 1)
      throw failure{ec::store_damaged, "the snapshot of " + name_of(stream) + " is of version "
                                         + std::to_string(from - 1) + ", its last event of version "
                                         + std::to_string(known.version)
                                         + "; run `troupe store check` and restore a backup"};
    if (from <= known.version)
      result.events = walk(stream, known.id, known.last, known.version, known.version, from);
    return result;
  });
}

caf::expected<std::vector<journal::stored_event>> reader::read_stream(const journal::stream_name& stream,
                                                                      std::uint64_t first_version, std::size_t limit) {
  const auto moved = moved_->find(stream);
  return read([&] {
    std::vector<journal::stored_event> none;
    const auto known = head_of(stream, moved);
    const auto first = std::max<std::uint64_t>(first_version, 1);
    if (known.version < first || limit == 0)
      return none;
    const auto last = known.version - first < limit ? known.version : first + limit - 1;
    auto version = known.version;
    auto seq = known.last;
    {
      auto mark = find_mark_.rows(known.id, last);
      if (mark.next()) {
        version = mark.number(0);
        seq = mark.integer(1);
      }
    }
    return walk(stream, known.id, seq, version, last, first);
  });
}

caf::expected<std::vector<journal::stored_event>> reader::read_shard(const std::string& context, std::uint16_t shard,
                                                                     std::uint64_t first_offset, std::size_t limit) {
  return read([&] {
    std::vector<journal::stored_event> result;
    const auto id = id_of(context);
    if (id == 0 || limit == 0)
      return result;
    follow();
    const auto place = place_of(id, shard);
    const auto first = std::max<std::uint64_t>(first_offset, 1);
    const auto add = [&](std::int64_t seq, std::uint64_t offset) {
      auto row = find_shared_.rows(seq);
      const auto where = "offset " + std::to_string(offset) + " of shard " + std::to_string(shard) + " of " + context;
      if (!row.next() || row.integer(1) != place || row.number(2) != offset || row.integer(event_columns + 1) != id)
        throw failure{ec::store_damaged, where
                                           + " does not lead to its event; run `troupe store check` and restore a "
                                             "backup"};
      auto event = event_of(row, {context, row.string(event_columns)});
      verify(event);
      result.push_back(std::move(event));
    };
    const auto waiting = tail_.find(place);
    const bool in_tail = waiting != tail_.end() && !waiting->second.empty() && waiting->second.front().offset <= first;
    if (!in_tail) {
      std::uint64_t run_start = first;
      {
        auto run = find_run_.rows(place, first);
        if (run.next())
          run_start = run.number(0);
      }
      auto runs = read_runs_.rows(place, run_start);
      while (result.size() < limit && runs.next()) {
        auto offset = runs.number(0);
        for (const auto seq : unpack(runs.text(1))) {
          if (offset >= first && result.size() < limit)
            add(seq, offset);
          ++offset;
        }
      }
    }
    if (waiting != tail_.end())
      for (const auto& x : waiting->second)
        if (x.offset >= first && result.size() < limit)
          add(x.seq, x.offset);
    auto expected = first;
    for (const auto& x : result)
      if (x.offset != expected++)
        throw failure{ec::store_damaged, "shard " + std::to_string(shard) + " of " + context
                                           + " has no event at offset " + std::to_string(expected - 1)
                                           + "; run `troupe store check` and restore a backup"};
    return result;
  });
}

caf::expected<std::vector<journal::wake_up>> reader::due(const std::string& context, time_point until,
                                                         const std::optional<journal::wake_up>& after,
                                                         std::size_t limit) {
  return read([&] {
    std::vector<journal::wake_up> result;
    const std::int64_t from = after ? after->at.time_since_epoch().count() : std::numeric_limits<std::int64_t>::min();
    const auto key = after ? after->stream.key : std::string{};
    auto row = due_.rows(id_of(context), std::int64_t{until.time_since_epoch().count()}, from, key, at_most(limit));
    while (row.next())
      result.push_back({{context, row.string(0)}, time_point{duration{row.integer(1)}}});
    return result;
  });
}

caf::expected<std::vector<journal::outlet_position>> reader::positions(const std::string& outlet,
                                                                       const std::string& context) {
  return read([&] {
    std::vector<journal::outlet_position> result;
    const auto id = id_of(context);
    follow();
    for (auto row = positions_.rows(outlet, id); row.next();) {
      const auto shard = static_cast<std::uint16_t>(row.integer(0));
      auto last = row.number(1) - 1;
      if (const auto waiting = tail_.find(place_of(id, shard)); waiting != tail_.end() && !waiting->second.empty())
        last = std::max(last, waiting->second.back().offset);
      if (last > 0)
        result.push_back({shard, row.number(2), last});
    }
    return result;
  });
}

caf::expected<std::vector<journal::stored_mark>> reader::marks(const std::string& context) {
  return read([&] {
    std::vector<journal::stored_mark> result;
    statement all{db_, "SELECT outlet, shard, shard_offset FROM outlets WHERE context = ? ORDER BY outlet, shard"};
    for (auto row = all.rows(id_of(context)); row.next();)
      result.push_back({row.string(0), static_cast<std::uint16_t>(row.integer(1)), row.number(2)});
    return result;
  });
}

caf::expected<std::vector<std::string>> reader::contexts() {
  return read([&] {
    std::vector<std::string> result;
    statement all{db_, "SELECT name FROM contexts ORDER BY name"};
    for (auto row = all.rows(); row.next();)
      result.push_back(row.string(0));
    return result;
  });
}

caf::expected<std::vector<std::string>> reader::keys(const std::string& context, const std::string& after,
                                                     std::size_t limit) {
  return read([&] {
    std::vector<std::string> result;
    auto row = keys_.rows(id_of(context), after, at_most(limit));
    while (row.next())
      result.push_back(row.string(0));
    return result;
  });
}

caf::expected<journal::latest_events> reader::latest(const journal::event_filter& filter,
                                                     std::optional<std::uint64_t> before, std::size_t limit) {
  return read([&] {
    journal::latest_events result;
    {
      auto row = newest_.rows();
      row.next();
      result.newest = row.number(0);
    }
    const auto below = std::min(before.value_or(result.newest + 1), result.newest + 1);
    const auto above = result.newest - std::min(result.newest, journal::latest_max);
    auto row = latest_.rows(above, below, filter.type, filter.key, filter.context, at_most(limit));
    while (row.next()) {
      auto event = event_of(row, {row.string(event_columns + 1), row.string(event_columns)});
      verify(event);
      result.events.push_back({row.number(0), std::move(event)});
    }
    return result;
  });
}

caf::expected<journal::due_count> reader::count_due(const std::string& context, time_point until) {
  return read([&] {
    auto row = count_due_.rows(id_of(context), std::int64_t{until.time_since_epoch().count()});
    row.next();
    journal::due_count result{row.number(0), {}};
    if (!row.is_null(1))
      result.oldest = time_point{duration{row.integer(1)}};
    return result;
  });
}

std::int64_t reader::id_of(const std::string& context) {
  if (const auto known = contexts_.find(context); known != contexts_.end())
    return known->second;
  auto row = find_context_.rows(context);
  if (!row.next())
    return 0;
  return contexts_[context] = row.integer(0);
}

reader::head reader::head_of(const journal::stream_name& stream, const moved_heads::found& known) {
  const auto id = id_of(stream.context);
  head result;
  {
    auto row = find_stream_.rows(id, stream.key);
    if (!row.next())
      return result;
    result = {row.integer(0), row.number(1), row.integer(2)};
  }
  auto moved = known.head;
  if (!known.complete) { // No writer of this process knows; the file does.
    const auto all = moved_heads::read(db_);
    const auto found = all.find(stream);
    moved = found == all.end() ? std::nullopt : std::optional{found->second};
  }
  if (moved && moved->version > result.version)
    result = {result.id, moved->version, moved->last};
  return result;
}

std::vector<journal::stored_event> reader::walk(const journal::stream_name& stream, std::int64_t id, std::int64_t seq,
                                                std::uint64_t version, std::uint64_t last, std::uint64_t first) {
  for (; version > last; --version) {
    auto row = find_previous_.rows(seq);
    if (!row.next() || row.integer(0) != id || row.number(1) != version)
      damaged(stream, version, "it is not where it should be");
    seq = row.integer(2);
  }
  std::vector<journal::stored_event> result(last - first + 1);
  for (; version >= first; --version) {
    auto row = find_event_.rows(seq);
    if (!row.next() || row.integer(3) != id || row.number(4) != version)
      damaged(stream, version, "it is not where it should be");
    auto& event = result[version - first];
    event = event_of(row, stream);
    verify(event);
    seq = row.integer(5);
  }
  return result;
}

// Every event is looked at once here, before shard_runs has it.
void reader::follow() {
  std::int64_t indexed_to = 0;
  {
    auto row = progress_.rows();
    if (row.next())
      indexed_to = row.integer(0);
  }
  if (indexed_to != tail_from_) {
    for (auto& [place, events] : tail_)
      std::erase_if(events, [&](const tail_event& x) { return x.seq <= indexed_to; });
    tail_from_ = indexed_to;
    followed_to_ = std::max(followed_to_, indexed_to);
  }
  for (auto row = scan_.rows(followed_to_); row.next();) {
    tail_[row.integer(1)].push_back({row.number(2), row.integer(0)});
    followed_to_ = row.integer(0);
  }
}

} // namespace troupe::sqlite

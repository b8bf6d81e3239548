#include "adapters/sqlite/file.hpp"
#include "adapters/sqlite/row.hpp"
#include "adapters/sqlite/schema.hpp"
#include "adapters/sqlite/store.hpp"

#include <sqlite3.h>

#include <unordered_map>

namespace troupe::sqlite {

namespace {

constexpr std::uint64_t report_every = 65'536; // rows

class checker {
public:
  checker(const std::string& file, const std::function<void(const check_progress&)>& on_progress,
          std::size_t problems_max)
    : use_(file), db_(file, SQLITE_OPEN_READONLY, {}), on_progress_(on_progress), problems_max_(problems_max) {
    db_.leave_as_is();
    db_.run("PRAGMA cache_size = -32768");
  }

  check_report run() {
    db_.run("BEGIN"); // Everything is read from one state.
    phase([&] { indexed_to_ = static_cast<std::int64_t>(count("SELECT indexed_to FROM progress")); });
    phase([&] { pages(); });
    phase([&] { names(); });
    phase([&] { events(); });
    phase([&] { streams(); });
    phase([&] { shards(); });
    phase([&] { outlets(); });
    return std::move(report_);
  }

private:
  struct stream {
    std::int64_t context = 0;
    std::string key;
    std::uint64_t version = 0; // of the last event seen
    std::int64_t last = 0;     // its seq
    std::uint64_t indexed = 0; // version of the last event that is indexed
    std::int64_t recorded_at = 0;
  };
  struct shard {
    std::uint64_t offset = 0;     // of the last event seen
    std::uint64_t indexed_to = 0; // the last offset that shard_runs has
  };

  // A page that cannot be read ends one phase, not the check.
  template <class Body> void phase(Body&& body) {
    try {
      body();
    } catch (const failure& x) {
      if (x.code() != ec::store_damaged)
        throw;
      problem(x.text());
    }
  }

  void problem(std::string text) {
    ++report_.problems;
    if (report_.first_problems.size() < problems_max_)
      report_.first_problems.push_back(std::move(text));
  }

  void progress(std::string_view what, std::uint64_t done, std::uint64_t total) {
    if (on_progress_)
      on_progress_({what, done, total});
  }

  std::uint64_t count(const char* sql) {
    statement x{db_, sql};
    auto row = x.rows();
    return row.next() ? row.number(0) : 0;
  }

  void pages() {
    progress("pages", 0, 0);
    statement check{db_, "PRAGMA integrity_check(100)"};
    for (auto row = check.rows(); row.next();)
      if (row.text(0) != "ok")
        problem("pages: " + row.string(0));
    progress("pages", 1, 1);
  }

  void names() {
    statement contexts{db_, "SELECT id, name FROM contexts"};
    for (auto row = contexts.rows(); row.next();)
      contexts_[row.integer(0)] = row.string(1);
    statement streams{db_, "SELECT id, context, key FROM streams"};
    for (auto row = streams.rows(); row.next();)
      streams_[row.integer(0)] = {row.integer(1), row.string(2)};
    report_.streams = streams_.size();
  }

  void events() {
    const auto total = count("SELECT coalesce(max(seq), 0) FROM events");
    statement all{db_, "SELECT " TROUPE_SQLITE_EVENT_COLUMNS " FROM events e ORDER BY e.seq"};
    for (auto row = all.rows(); row.next();) {
      if (report_.events++ % report_every == 0)
        progress("events", report_.events - 1, total);
      const auto found = streams_.find(row.integer(3));
      if (found == streams_.end()) {
        problem("event number " + std::to_string(row.integer(0)) + " belongs to no stream");
        continue;
      }
      event(row, found->second);
    }
    progress("events", report_.events, report_.events);
  }

  void event(const statement::cursor& row, stream& in) {
    const auto x = event_of(row, {contexts_[in.context], in.key});
    const auto place = "event " + std::to_string(x.version) + " of " + name_of(x.stream) + ": ";
    if (journal::checksum_of(x) != x.checksum)
      problem(place + "its checksum does not hold");
    if (x.version != in.version + 1)
      problem(place + "it follows version " + std::to_string(in.version));
    if (row.integer(5) != in.last)
      problem(place + "it names another event as the one before it");
    if (in.version > 0 && row.integer(10) < in.recorded_at)
      problem(place + "it was recorded before the one before it");
    if (row.integer(1) != place_of(in.context, x.stream.shard()))
      problem(place + "it lies in another shard than its stream");
    auto& of_shard = shards_[row.integer(1)];
    if (x.offset != of_shard.offset + 1)
      problem(place + "its offset " + std::to_string(x.offset) + " in shard " + std::to_string(x.shard)
              + " follows offset " + std::to_string(of_shard.offset));
    of_shard.offset = x.offset;
    in.version = x.version;
    if (row.integer(0) <= indexed_to_)
      in.indexed = x.version;
    in.last = row.integer(0);
    in.recorded_at = row.integer(10);
  }

  // A row may be behind by events that are not indexed yet, see moved_heads.
  bool is_end(const statement::cursor& row, const stream& x) {
    const auto version = row.number(1);
    if (version == x.version)
      return row.integer(2) == x.last;
    if (version > x.version || version < x.indexed || version == 0)
      return false;
    statement find{db_, "SELECT stream, version FROM events WHERE seq = ?"};
    auto event = find.rows(row.integer(2));
    return event.next() && event.integer(0) == row.integer(0) && event.number(1) == version;
  }

  void streams() {
    progress("streams", 0, report_.streams);
    statement heads{db_, "SELECT id, version, last FROM streams"};
    for (auto row = heads.rows(); row.next();) {
      const auto& x = streams_[row.integer(0)];
      if (!is_end(row, x))
        problem(name_of(x) + ": it claims version " + std::to_string(row.number(1)) + ", its last event has version "
                + std::to_string(x.version));
    }
    statement snapshots{db_, "SELECT stream, version, schema, data, recorded_at, checksum FROM snapshots"};
    for (auto row = snapshots.rows(); row.next(); ++report_.snapshots) {
      const auto& x = streams_[row.integer(0)];
      if (row.number(1) == 0 || row.number(1) > x.version)
        problem(name_of(x) + ": its snapshot is of version " + std::to_string(row.number(1))
                + ", its last event has version " + std::to_string(x.version));
      const journal::snapshot of{row.number(1), static_cast<std::uint16_t>(row.integer(2)), row.string(3),
                                 time_point{duration{row.integer(4)}}};
      if (checksum_of({contexts_[x.context], x.key}, of) != row.number(5))
        problem(name_of(x) + ": the checksum of its snapshot does not hold");
    }
    statement marks{db_, "SELECT m.stream, m.version, e.stream, e.version FROM marks m LEFT JOIN events e "
                         "ON e.seq = m.seq"};
    for (auto row = marks.rows(); row.next();)
      if (row.is_null(2) || row.integer(0) != row.integer(2) || row.integer(1) != row.integer(3))
        problem(name_of(streams_[row.integer(0)]) + ": the mark of version " + std::to_string(row.integer(1))
                + " leads elsewhere");
    progress("streams", report_.streams, report_.streams);
  }

  void shards() {
    progress("shards", 0, 0);
    statement runs{db_, "SELECT place, first_offset, seqs FROM shard_runs ORDER BY place, first_offset"};
    statement find{db_, "SELECT place, shard_offset FROM events WHERE seq = ?"};
    for (auto row = runs.rows(); row.next();) {
      const auto where = row.integer(0);
      auto& x = shards_[where];
      auto offset = row.number(1);
      if (offset != x.indexed_to + 1)
        problem(name_of(where) + ": its index has no offset " + std::to_string(x.indexed_to + 1));
      for (const auto seq : unpack(row.text(2))) {
        auto event = find.rows(seq);
        if (!event.next() || event.integer(0) != where || event.number(1) != offset)
          problem(name_of(where) + ": offset " + std::to_string(offset) + " leads elsewhere");
        ++offset;
      }
      x.indexed_to = offset - 1;
    }
    statement tail{db_, "SELECT place, count(*) FROM events WHERE seq > ? GROUP BY place"};
    for (auto row = tail.rows(indexed_to_); row.next();)
      shards_[row.integer(0)].indexed_to += row.number(1);
    for (const auto& [where, x] : shards_)
      if (x.indexed_to != x.offset)
        problem(name_of(where) + ": " + std::to_string(x.offset) + " events, " + std::to_string(x.indexed_to)
                + " of them can be found by offset");
    progress("shards", 1, 1);
  }

  // One that is ahead would skip what comes next.
  void outlets() {
    statement marks{db_, "SELECT outlet, context, shard, shard_offset FROM outlets"};
    for (auto row = marks.rows(); row.next();) {
      const auto context = contexts_.find(row.integer(1));
      if (context == contexts_.end() || row.number(2) >= shard_count) {
        problem("outlet " + row.string(0) + ": its mark is in a shard that there is not");
        continue;
      }
      const auto where = place_of(row.integer(1), static_cast<std::uint16_t>(row.integer(2)));
      const auto found = shards_.find(where);
      const auto last = found == shards_.end() ? 0 : found->second.offset;
      if (row.number(3) > last)
        problem("outlet " + row.string(0) + ": it claims offset " + std::to_string(row.number(3)) + " of "
                + name_of(where) + ", whose last event has offset " + std::to_string(last));
    }
  }

  std::string name_of(const stream& x) { return sqlite::name_of(journal::stream_name{contexts_[x.context], x.key}); }

  std::string name_of(std::int64_t place) {
    return "shard " + std::to_string(place % shard_count) + " of " + contexts_[place / shard_count];
  }

  static std::string name_of(const journal::stream_name& x) { return sqlite::name_of(x); }

  file_use use_; // before the connection, so that it outlives it
  connection db_;
  std::int64_t indexed_to_ = 0;
  const std::function<void(const check_progress&)>& on_progress_;
  std::size_t problems_max_;
  check_report report_;
  std::unordered_map<std::int64_t, std::string> contexts_;
  std::unordered_map<std::int64_t, stream> streams_;
  std::unordered_map<std::int64_t, shard> shards_;
};

} // namespace

caf::expected<check_report> check_store(const std::string& file,
                                        const std::function<void(const check_progress&)>& on_progress,
                                        std::size_t problems_max) {
  return guarded([&] {
    if (!file_exists(file))
      throw failure{ec::store_unavailable, file + " does not exist"};
    check_header(file);
    const file_lock lock{file};
    check_contents(file, {});
    return checker{file, on_progress, problems_max}.run();
  });
}

} // namespace troupe::sqlite

#include "adapters/sqlite/writer.hpp"

#include "adapters/sqlite/row.hpp"
#include "adapters/sqlite/schema.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <tuple>

namespace troupe::sqlite {

namespace {

constexpr std::size_t heads_max = 8'192; // about 10 MiB

int count_log_pages(void* count, sqlite3*, const char*, int pages) {
  *static_cast<int*>(count) = pages;
  return SQLITE_OK;
}

const std::string& ready(const options& config, const file_lock&) {
  if (!file_exists(config.file))
    create_file(config.file, config.vfs);
  check_header(config.file);
  check_contents(config.file, config.vfs);
  renew_log(config.file);
  return config.file;
}

const std::string& not_foreign(const options& config) {
  // Before the lock, which would leave a file of ours beside one that is not.
  if (file_exists(config.file))
    check_header(config.file);
  return config.file;
}

// A batch counts once its last page is in the log. Without room for it, or without the right to write, it does not.
ec code_of_commit(const failure& x) {
  switch (x.sqlite_code() & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_FULL:
    case SQLITE_READONLY: return ec::store_unavailable;
    default: return ec::commit_unknown;
  }
}

} // namespace

writer::prepared::prepared(const options& config, const file_lock& lock)
  : use(ready(config, lock)), db(config.file, SQLITE_OPEN_READWRITE, config.vfs), begin(db, "BEGIN IMMEDIATE"),
    commit(db, "COMMIT"), rollback(db, "ROLLBACK"), data_version(db, "PRAGMA data_version"),
    insert_event(db, "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    insert_stream(db, "INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?)"),
    move_stream(db, "UPDATE streams SET version = ?, last = ? WHERE id = ?"),
    catch_up(db, "UPDATE streams SET version = ?, last = ? WHERE id = ? AND version < ?"),
    wake_stream(db, "UPDATE streams SET version = ?, last = ?, wake_at = ? WHERE id = ?"),
    insert_mark(db, "INSERT INTO marks VALUES (?, ?, ?)"),
    insert_snapshot(db, "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET "
                        "version = excluded.version, schema = excluded.schema, data = excluded.data, "
                        "recorded_at = excluded.recorded_at, checksum = excluded.checksum "
                        "WHERE excluded.version >= version"),
    insert_run(db, "INSERT INTO shard_runs VALUES (?, ?, ?)"),
    find_stream(db, "SELECT id, version, last, wake_at FROM streams WHERE context = ? AND key = ?"),
    advance_shard(db, "UPDATE shards SET next_offset = ? WHERE context = ? AND shard = ?"),
    advance_index(db, "UPDATE progress SET indexed_to = ?"),
    save_offset(db, "INSERT INTO outlets VALUES (?, ?, ?, ?) ON CONFLICT (outlet, context, shard) DO UPDATE SET "
                    "shard_offset = excluded.shard_offset") {
  db.leave_as_is(); // Until all that is needed was read, the file may still be refused.
  db.run("PRAGMA synchronous = FULL");
  db.run("PRAGMA cache_size = -32768"); // KiB, used as needed
  db.run("PRAGMA journal_size_limit = 67108864");
  db.run("PRAGMA trusted_schema = OFF");
  db.run("PRAGMA wal_autocheckpoint = 0"); // SQLite's own would hide that copying failed.
  sqlite3_wal_hook(db.get(), count_log_pages, &log_pages);
}

writer::writer(const options& config, std::shared_ptr<moved_heads> moved)
  : config_(config), lock_(not_foreign(config)), sql_(config_, lock_), moved_(std::move(moved)) {
  refresh();
  sql_.db.leave_as_is(false);
}

writer::~writer() {
  if (broken_.empty())
    std::ignore = write_durably([this] { move_rows(); }); // A closed file says by itself where its streams end.
  moved_->end();
  sql_.use.begin_closing();
  // Empties the log, even if the reader is closed later, which must not do it: it does not know whether to trust it.
  if (broken_.empty())
    checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  // A handle that failed may hold pages that never reached the disk; the log is all that counts.
  if (!broken_.empty())
    sql_.db.leave_as_is();
}

caf::expected<std::vector<journal::lease>> writer::acquire(const journal::claim& x) {
  if (x.incarnation != 0 || !x.shards.all())
    return caf::make_error(ec::refused, std::string{"a SQLite file has one node; a cluster needs PostgreSQL"});
  return write_durably([&] {
    std::vector<journal::lease> leases;
    leases.reserve(x.contexts.size() * shard_count);
    for (const auto& name : x.contexts) {
      const auto id = id_of(name);
      auto& context = contexts_[name];
      statement raise{sql_.db, "UPDATE shards SET epoch = epoch + 1, owner = ? WHERE context = ?"};
      raise.run(x.node, id);
      if (context.id == 0) {
        context.id = id;
        context.shards.resize(shard_count);
        statement insert{sql_.db, "INSERT INTO shards VALUES (?, ?, 1, ?, 1)"};
        for (std::uint16_t shard = 0; shard < shard_count; ++shard)
          insert.run(id, shard, x.node);
      }
      for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
        auto& own = context.shards[shard];
        leases.push_back({name, shard, ++own.epoch, own.next_offset});
      }
    }
    return leases;
  });
}

caf::expected<std::vector<journal::write_result>> writer::commit(std::span<const journal::write> batch,
                                                                 std::span<const journal::offset_mark> marks) {
  return write_durably([&] {
    std::vector<journal::write_result> results;
    results.reserve(batch.size());
    for (const auto& x : batch)
      results.push_back(store(x));
    for (const auto& x : marks)
      store(x);
    const bool full = tail_size_ >= config_.index_every;
    store_heads(full);
    if (full)
      index_shards();
    return results;
  });
}

template <class Body> auto writer::write_durably(Body&& body) -> caf::expected<decltype(body())> {
  if (!broken_.empty())
    return caf::make_error(ec::store_unavailable, "the store must be opened again: " + broken_);
  bool committing = false;
  auto stored = [&] {
    try {
      transaction work{sql_.db, sql_.begin, sql_.commit, sql_.rollback};
      refresh();
      if (heads_.size() > heads_max)
        heads_.clear();
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        committing = true;
        work.commit();
      } else {
        auto result = body();
        committing = true;
        work.commit();
        return result;
      }
    } catch (const failure& x) {
      throw failure{committing ? code_of_commit(x) : x.code(), x.text()};
    }
  };
  auto result = guarded(stored);
  if (!result) {
    // What memory says of streams and shards may be ahead of the file now.
    loaded_ = false;
    heads_.clear();
    listed_.clear();
    lagging_.clear();
    indexed_ = false;
    if (code_of(result.error()) != ec::version_conflict)
      broken_ = to_string(result.error());
    return result;
  }
  settle_heads();
  if (sql_.log_pages >= static_cast<int>(config_.checkpoint_pages))
    checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  return result;
}

// Reads epochs, offsets and the end of the events again when memory cannot be trusted: at first, after a failure, and
// if another connection wrote in spite of the lock.
void writer::refresh() {
  std::int64_t version = 0;
  {
    auto row = sql_.data_version.rows();
    row.next();
    version = row.integer(0);
  }
  if (loaded_ && version == data_version_)
    return;
  load();
  data_version_ = version;
  loaded_ = true;
}

void writer::load() {
  contexts_.clear();
  heads_.clear();
  std::unordered_map<std::int64_t, context_state*> by_id;
  {
    statement names{sql_.db, "SELECT id, name FROM contexts"};
    for (auto row = names.rows(); row.next();)
      by_id[row.integer(0)] = &contexts_[row.string(1)];
  }
  statement shards{sql_.db, "SELECT context, shard, epoch, next_offset FROM shards"};
  for (auto row = shards.rows(); row.next();) {
    const auto found = by_id.find(row.integer(0));
    if (found == by_id.end() || row.number(1) >= shard_count)
      throw failure{ec::store_damaged, "a shard of no context; run `troupe store check` and restore a backup"};
    auto& context = *found->second;
    context.id = row.integer(0);
    context.shards.resize(shard_count);
    context.shards[row.number(1)] = {row.number(2), row.number(3), {}};
  }
  std::int64_t indexed_to = 0;
  {
    statement progress{sql_.db, "SELECT indexed_to, (SELECT coalesce(max(id), 0) FROM streams) FROM progress"};
    auto row = progress.rows();
    if (!row.next())
      throw failure{ec::store_damaged, "no progress is stored; run `troupe store check` and restore a backup"};
    indexed_to = row.integer(0);
    next_stream_ = row.integer(1) + 1;
  }
  next_seq_ = indexed_to + 1;
  tail_size_ = 0;
  statement tail{sql_.db, "SELECT seq, place, shard_offset FROM events WHERE seq > ? ORDER BY seq"};
  for (auto row = tail.rows(indexed_to); row.next();) {
    const auto found = by_id.find(row.integer(1) / shard_count);
    const auto shard = static_cast<std::uint16_t>(row.integer(1) % shard_count);
    if (found == by_id.end() || found->second->shards.empty()
        || found->second->shards[shard].next_offset != row.number(2))
      throw failure{ec::store_damaged, "event number " + std::to_string(row.integer(0))
                                         + " has an offset that leaves a gap; run `troupe store check` and restore a "
                                           "backup"};
    auto& own = found->second->shards[shard];
    ++own.next_offset;
    own.tail.push_back(row.integer(0));
    next_seq_ = row.integer(0) + 1;
    ++tail_size_;
  }
  moved_->begin(moved_heads::read(sql_.db));
}

std::int64_t writer::id_of(const std::string& context) {
  if (const auto known = contexts_.find(context); known != contexts_.end() && known->second.id != 0)
    return known->second.id;
  statement insert{sql_.db, "INSERT INTO contexts (name) VALUES (?) ON CONFLICT (name) DO NOTHING"};
  insert.run(context);
  statement find{sql_.db, "SELECT id FROM contexts WHERE name = ?"};
  auto row = find.rows(context);
  return row.next() ? row.integer(0) : 0;
}

writer::context_state* writer::find_owned(const std::string& context, std::uint16_t shard, std::uint64_t epoch) {
  const auto found = contexts_.find(context);
  const bool owned = found != contexts_.end() && shard < found->second.shards.size() && epoch != 0
                     && found->second.shards[shard].epoch == epoch;
  return owned ? &found->second : nullptr;
}

void writer::store(const journal::offset_mark& x) {
  if (const auto* context = find_owned(x.context, x.shard, x.epoch))
    sql_.save_offset.run(x.outlet, context->id, x.shard, x.offset);
}

journal::write_result writer::store(const journal::write& x) {
  auto* context = find_owned(x.stream.context, x.stream.shard(), x.epoch);
  if (!context)
    return journal::write_result::shard_lost;
  auto& stream = head_of(*context, x.stream);
  if (!x.events.empty())
    store_events(x, *context, stream);
  if (x.wake_up) {
    std::optional<std::int64_t> at;
    if (x.wake_up->at)
      at = x.wake_up->at->time_since_epoch().count();
    if (at != stream.wake_at) {
      stream.wake_at = at;
      stream.woken = true;
      list(stream);
    }
  }
  if (x.snapshot) {
    if (x.snapshot->version > stream.version || x.snapshot->version == 0)
      throw failure{ec::version_conflict, "a snapshot of a version that " + name_of(x.stream) + " does not have"};
    sql_.insert_snapshot.run(stream.id, x.snapshot->version, x.snapshot->schema, x.snapshot->data,
                             std::int64_t{x.snapshot->recorded_at.time_since_epoch().count()},
                             checksum_of(x.stream, *x.snapshot));
  }
  return journal::write_result::stored;
}

void writer::store_events(const journal::write& x, context_state& context, head& stream) {
  const auto number = x.stream.shard();
  auto& shard = context.shards[number];
  const auto place = place_of(context.id, number);
  for (const auto& e : x.events) {
    if (e.version != stream.version + 1)
      throw failure{ec::version_conflict, name_of(x.stream) + " has version " + std::to_string(stream.version)
                                            + ", version " + std::to_string(e.version) + " cannot follow"};
    if (e.offset != shard.next_offset || e.shard != number)
      throw failure{ec::version_conflict, "shard " + std::to_string(number) + " of " + x.stream.context
                                            + " goes on at offset " + std::to_string(shard.next_offset) + ", not at "
                                            + std::to_string(e.offset)};
    const auto seq = next_seq_++;
    sql_.insert_event.run(seq, place, e.offset, stream.id, e.version, stream.last, e.type, e.schema, e.data, e.personal,
                          std::int64_t{e.recorded_at.time_since_epoch().count()}, e.epoch, e.node, e.principal, e.trace,
                          e.checksum);
    if (e.version % mark_every == 0)
      sql_.insert_mark.run(stream.id, e.version, seq);
    ++stream.version;
    stream.last = seq;
    ++shard.next_offset;
    shard.tail.push_back(seq);
    ++tail_size_;
  }
  list(stream);
}

writer::head& writer::head_of(const context_state& context, const journal::stream_name& stream) {
  const auto [found, added] = heads_.try_emplace(stream);
  auto& result = found->second;
  if (!added)
    return result;
  result.name = &found->first;
  result.context = context.id;
  auto row = sql_.find_stream.rows(context.id, stream.key);
  if (row.next()) {
    result.id = row.integer(0);
    result.version = row.number(1);
    result.last = row.integer(2);
    result.may_lag = result.version > 0;
    if (!row.is_null(3))
      result.wake_at = row.integer(3);
    if (const auto moved = moved_->find(stream).head; moved && moved->version > result.version) {
      result.version = moved->version;
      result.last = moved->last;
    }
  } else {
    result.id = next_stream_++;
    result.is_new = true;
  }
  return result;
}

void writer::list(head& x) {
  if (!x.listed)
    listed_.push_back(&x);
  x.listed = true;
}

// Rows of streams that have only gone on stay where they are, unless `all` must be written.
void writer::store_heads(bool all) {
  for (auto* x : listed_) {
    if (x->is_new)
      sql_.insert_stream.run(x->id, x->context, x->name->key, x->version, x->last, x->wake_at);
    else if (x->woken)
      sql_.wake_stream.run(x->version, x->last, x->wake_at, x->id);
    else if (all || !x->may_lag)
      sql_.move_stream.run(x->version, x->last, x->id);
    else
      lagging_.push_back(x);
    x->may_lag = x->version > 0;
    x->is_new = x->woken = x->listed = false;
  }
  listed_.clear();
}

// After a commit: what it has left behind is known to the readers, and what it has caught up with is forgotten.
void writer::settle_heads() {
  if (!indexed_ && lagging_.empty())
    return;
  moved_->with([this](moved_heads::map& known) {
    if (indexed_)
      known.clear();
    for (const auto* x : lagging_)
      known.insert_or_assign(*x->name, moved_heads::head{x->id, x->version, x->last});
  });
  lagging_.clear();
  indexed_ = false;
}

void writer::move_rows() {
  std::vector<moved_heads::head> behind;
  moved_->with([&behind](const moved_heads::map& known) {
    behind.reserve(known.size());
    for (const auto& [name, x] : known)
      behind.push_back(x);
  });
  std::sort(behind.begin(), behind.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  for (const auto& x : behind)
    sql_.catch_up.run(x.version, x.last, x.row, x.version);
  indexed_ = true;
}

void writer::index_shards() {
  move_rows();
  for (auto& [name, context] : contexts_) {
    for (std::uint16_t shard = 0; shard < context.shards.size(); ++shard) {
      auto& own = context.shards[shard];
      if (own.tail.empty())
        continue;
      sql_.insert_run.run(place_of(context.id, shard), own.next_offset - own.tail.size(), pack(own.tail));
      sql_.advance_shard.run(own.next_offset, context.id, shard);
      own.tail.clear();
    }
  }
  sql_.advance_index.run(next_seq_ - 1);
  tail_size_ = 0;
}

void writer::checkpoint(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(sql_.db.get(), "main", mode, nullptr, nullptr);
  // What was committed is safe in the log. A full disk is tried again; a file that cannot be written or synced is not
  // to be trusted.
  if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY && (code & 0xFF) != SQLITE_FULL
      && (code & 0xFF) != SQLITE_LOCKED)
    broken_ = sql_.db.last_failure("copying the log").text();
}

} // namespace troupe::sqlite

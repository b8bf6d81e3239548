#include "adapters/sqlite/store.hpp"

#include "tests/adapters/sqlite/faulty_vfs.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/store_owner.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

namespace troupe::sqlite {

namespace {

using namespace journal;
using test::failure_of;
using test::first_noon;
using test::store_owner;
using test::value_of;
using ::testing::HasSubstr;

const stream_name first{"order", "o-1"};
const std::vector<std::string> contexts{"order"};

template <class T> std::string text_of(const caf::expected<T>& x) {
  return x ? "no error" : to_string(x.error());
}

/// Runs `body` in a process of its own, which then ends at once like one that was killed; whether it returned true.
template <class Body> bool in_another_process(Body&& body) {
  const auto pid = ::fork();
  if (pid == 0) {
    const bool good = body();
    std::fflush(stdout); // What failed in there is told here.
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class SqliteStore : public ::testing::Test {
protected:
  std::shared_ptr<store_factory> stores() {
    options config;
    config.file = file;
    config.vfs = vfs;
    config.checkpoint_pages = checkpoint_pages;
    return make_store(config);
  }

  /// A closed store with `count` events of one stream, and a snapshot.
  void fill(std::size_t count = 100) {
    auto writer = value_of(stores()->open_writer());
    store_owner owner{*writer, contexts};
    for (std::size_t i = 1; i < count; ++i)
      owner.store(first, 1, "{\"text\":\"needle-" + std::to_string(i) + "\"}");
    auto x = owner.make(first, 1);
    x.snapshot = snapshot{count, 1, "{\"text\":\"haystack\"}", x.events[0].recorded_at};
    std::ignore = value_of(owner.commit({x}));
  }

  std::string bytes() const {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  void write(const std::string& content) const { std::ofstream{file, std::ios::binary | std::ios::trunc} << content; }

  void set_byte(std::size_t position, char value) const {
    auto content = bytes();
    content[position] = value;
    write(content);
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& x : std::filesystem::directory_iterator{folder.path()})
      names.push_back(x.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  /// Expects that nobody opens the file, and that it stays as it is.
  void expect_refused(ec code, const std::string& text) {
    const auto before = bytes();
    const auto writer = stores()->open_writer();
    EXPECT_EQ(failure_of(writer), code) << text_of(writer);
    EXPECT_THAT(text_of(writer), HasSubstr(text));
    EXPECT_FALSE(check_store(file));
    EXPECT_TRUE(bytes() == before);
    for (const auto& name : files())
      EXPECT_TRUE(name == "store.db" || name == "store.db.lock") << name;
  }

  void run_sql(const std::string& sql) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  void TearDown() override { test::faulty_vfs::get().heal(); }

  test::scratch_folder folder;
  std::string file = folder / "store.db";
  std::string vfs;
  std::uint32_t checkpoint_pages = 2'000;
};

// ---- what is refused ----

TEST_F(SqliteStore, RefusesAFileThatIsNoDatabase) {
  write("Dear diary, today I was opened by a program that takes me for its store. " + std::string(500, '.'));
  expect_refused(ec::store_foreign, "Name another file");
  EXPECT_EQ(files(), std::vector<std::string>{"store.db"});
}

TEST_F(SqliteStore, RefusesAShortFileThatIsNoDatabase) {
  write("x");
  expect_refused(ec::store_foreign, "Name another file");
}

TEST_F(SqliteStore, RefusesADatabaseOfAnotherProgram) {
  run_sql("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')");
  expect_refused(ec::store_foreign, "another program");
  EXPECT_EQ(files(), std::vector<std::string>{"store.db"});
}

TEST_F(SqliteStore, RefusesAFolder) {
  std::filesystem::create_directory(file);
  EXPECT_EQ(failure_of(stores()->open_writer()), ec::store_foreign);
}

TEST_F(SqliteStore, RefusesAFolderThatIsMissing) {
  file = folder / "missing/store.db";
  EXPECT_EQ(failure_of(stores()->open_writer()), ec::store_unavailable);
}

TEST_F(SqliteStore, RefusesANewerForm) {
  fill();
  set_byte(63, 2);
  expect_refused(ec::store_newer, "newer release");
}

TEST_F(SqliteStore, RefusesAnotherNumberOfShards) {
  fill();
  run_sql("UPDATE meta SET value = 512");
  expect_refused(ec::store_foreign, "512 shards");
}

TEST_F(SqliteStore, RefusesAnEmptyFile) {
  write("");
  expect_refused(ec::store_damaged, "empty");
}

TEST_F(SqliteStore, RefusesATruncatedFile) {
  fill();
  const auto whole = bytes();
  for (const std::size_t left : {10, 99, 100, 4'096, 8'191}) {
    write(whole.substr(0, left));
    expect_refused(ec::store_damaged, "restore a backup");
  }
  write(whole.substr(0, whole.size() - 1));
  expect_refused(ec::store_damaged, "restore a backup");
}

TEST_F(SqliteStore, RefusesADamagedHeader) {
  fill();
  const auto whole = bytes();
  for (const std::size_t position : {0, 15, 16, 17, 18, 20, 21, 47, 59}) {
    set_byte(position, static_cast<char>(whole[position] ^ 0x40));
    expect_refused(ec::store_damaged, "restore a backup");
    write(whole);
  }
  EXPECT_TRUE(stores()->open_writer());
}

TEST_F(SqliteStore, SurvivesAnyDamagedByteOfItsFirstPage) {
  fill(3);
  const auto whole = bytes();
  for (std::size_t position = 0; position < 4'096; position += position < 200 ? 1 : 37) {
    set_byte(position, static_cast<char>(whole[position] ^ 0x15));
    // Refused or not, nothing crashes, and what is given back is what was stored.
    if (const auto writer = stores()->open_writer()) {
      if (const auto reader = stores()->open_reader()) {
        const auto found = (*reader)->read_stream(first, 1, 10);
        if (found && !found->empty()) {
          EXPECT_EQ(found->front().data, "{\"text\":\"needle-1\"}");
        }
      }
    }
    for (const auto* rest : {"-wal", "-shm"})
      std::filesystem::remove(file + rest);
    write(whole);
  }
}

TEST_F(SqliteStore, IsCreatedWholeEvenAfterACreationThatWasInterrupted) {
  std::ofstream{file + ".new"} << "half a store";
  std::ofstream{file + ".new-journal"} << "half a journal";
  fill();
  EXPECT_EQ(files(), (std::vector<std::string>{"store.db", "store.db.lock"}));
}

TEST_F(SqliteStore, HasNoReaderBeforeItsFirstWriter) {
  EXPECT_EQ(failure_of(stores()->open_reader()), ec::store_unavailable);
  EXPECT_TRUE(files().empty());
}

// ---- one process at a time ----

TEST_F(SqliteStore, IsRefusedToASecondProcess) {
  auto mine = stores();
  auto writer = value_of(mine->open_writer());
  EXPECT_TRUE(in_another_process([&] {
    const auto other = stores()->open_writer();
    return failure_of(other) == ec::store_in_use
           && text_of(other).find(std::to_string(::getppid())) != std::string::npos;
  }));
  EXPECT_EQ(failure_of(check_store(file)), ec::store_in_use);
  store_owner owner{*writer, contexts};
  owner.store(first, 1);
  writer.reset();
  EXPECT_TRUE(in_another_process([&] { return stores()->open_writer().engaged(); }));
}

TEST_F(SqliteStore, IsFreeAgainWhenItsProcessWasKilled) {
  EXPECT_TRUE(in_another_process([&] {
    auto writer = stores()->open_writer();
    return writer && (*writer)->acquire(contexts, "node-1");
  })); // Ends without closing anything.
  EXPECT_TRUE(stores()->open_writer());
}

TEST_F(SqliteStore, KeepsWhatWasAcknowledgedBeforeItsProcessWasKilled) {
  EXPECT_TRUE(in_another_process([&] {
    auto* writer = stores()->open_writer()->release();
    store_owner owner{*writer, contexts};
    for (int i = 0; i < 20; ++i)
      owner.store(first, 3);
    return true;
  }));
  ASSERT_GT(std::filesystem::file_size(file + "-wal"), 0u);
  const auto writer = value_of(stores()->open_writer());
  EXPECT_EQ(value_of(value_of(stores()->open_reader())->load(first)).version(), 60u);
}

// The file is then a mixture of before and after, in which its first page may tell of pages that are only in the log.
TEST_F(SqliteStore, GoesOnWhenItsProcessWasKilledWhileItCopiedTheLog) {
  fill(); // A file with something in it.
  checkpoint_pages = 1'000'000;
  ASSERT_TRUE(in_another_process([&] {
    auto* writer = stores()->open_writer()->release();
    store_owner owner{*writer, contexts};
    for (int i = 0; i < 100; ++i)
      owner.store({"order", "o-2"}, 3, "{\"text\":\"" + std::string(200, 'x') + "\"}");
    return true;
  }));
  const auto log_file = file + "-wal";
  const auto before = bytes();
  std::ifstream in{log_file, std::ios::binary};
  const std::string log{std::istreambuf_iterator<char>{in}, {}};
  run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto after = bytes();
  constexpr std::size_t page = 4'096;
  ASSERT_GT(after.size(), before.size() + page);
  for (std::size_t copied = 0; copied <= after.size(); copied += page) {
    write(after.substr(0, copied) + (copied < before.size() ? before.substr(copied) : ""));
    std::filesystem::remove(file + "-shm");
    std::ofstream{log_file, std::ios::binary | std::ios::trunc} << log;
    const auto report = check_store(file);
    ASSERT_TRUE(report) << copied / page << " pages copied: " << text_of(report);
    EXPECT_TRUE(report->ok()) << ::testing::PrintToString(report->first_problems);
    const auto writer = stores()->open_writer();
    ASSERT_TRUE(writer) << copied / page << " pages copied: " << text_of(writer);
    EXPECT_EQ(value_of(value_of(stores()->open_reader())->load({"order", "o-2"})).version(), 300u);
  }
}

TEST_F(SqliteStore, IsReadWhileItIsWritten) {
  auto writer = value_of(stores()->open_writer());
  auto reader = value_of(stores()->open_reader());
  store_owner owner{*writer, contexts};
  for (std::size_t i = 1; i < 20; ++i) {
    owner.store(first, 1);
    EXPECT_EQ(value_of(reader->load(first)).version(), i);
  }
}

TEST_F(SqliteStore, LeavesOneFileWhicheverConnectionIsClosedLast) {
  for (int i = 0; i < 100; ++i) {
    auto writer = value_of(stores()->open_writer());
    auto reader = value_of(stores()->open_reader());
    store_owner{*writer, contexts}.store({"order", "o-" + std::to_string(i)}, 1);
    EXPECT_TRUE(reader->load(first));
    if (i % 3 == 0) {
      writer.reset();
      reader.reset();
    } else if (i % 3 == 1) {
      reader.reset();
      writer.reset();
    } else {
      std::thread other{[&] { reader.reset(); }};
      writer.reset();
      other.join();
    }
    ASSERT_EQ(files(), (std::vector<std::string>{"store.db", "store.db.lock"})) << i;
  }
  EXPECT_EQ(value_of(check_store(file)).events, 100u);
}

// ---- damage inside ----

TEST_F(SqliteStore, NamesTheEventWhoseChecksumDoesNotHold) {
  fill();
  const auto position = bytes().find("needle-42");
  ASSERT_NE(position, std::string::npos);
  set_byte(position, 'm'); // One bit.
  const auto writer = value_of(stores()->open_writer());
  const auto reader = value_of(stores()->open_reader());
  for (const auto& found : {reader->read_stream(first, 1, 1000), reader->read_shard("order", first.shard(), 42, 1)}) {
    EXPECT_EQ(failure_of(found), ec::store_damaged);
    EXPECT_THAT(text_of(found), HasSubstr("event 42 of order/o-1"));
  }
  EXPECT_EQ(value_of(reader->read_stream(first, 43, 1000)).size(), 58u);
  const auto latest = reader->latest({}, {}, 1000);
  EXPECT_EQ(failure_of(latest), ec::store_damaged);
  EXPECT_THAT(text_of(latest), HasSubstr("event 42 of order/o-1"));
}

TEST_F(SqliteStore, NamesTheSnapshotWhoseChecksumDoesNotHold) {
  fill();
  set_byte(bytes().find("haystack"), 'i');
  const auto writer = value_of(stores()->open_writer());
  const auto found = value_of(stores()->open_reader())->load(first);
  EXPECT_EQ(failure_of(found), ec::store_damaged);
  EXPECT_THAT(text_of(found), HasSubstr("snapshot of order/o-1"));
}

TEST_F(SqliteStore, FindsNothingWrongWithASoundFile) {
  fill(300);
  std::vector<std::string> phases;
  const auto before = bytes();
  const auto report = value_of(check_store(file, [&](const check_progress& x) {
    if (phases.empty() || phases.back() != x.phase)
      phases.emplace_back(x.phase);
  }));
  EXPECT_TRUE(report.ok()) << ::testing::PrintToString(report.first_problems);
  EXPECT_EQ(report.streams, 1u);
  EXPECT_EQ(report.events, 300u);
  EXPECT_EQ(report.snapshots, 1u);
  EXPECT_EQ(phases, (std::vector<std::string>{"pages", "events", "streams", "shards"}));
  EXPECT_TRUE(bytes() == before);
}

TEST_F(SqliteStore, ChecksWhatOnlyTheLogHas) {
  EXPECT_TRUE(in_another_process([&] {
    auto* writer = stores()->open_writer()->release();
    store_owner owner{*writer, contexts};
    owner.store(first, 70);
    return true;
  }));
  const auto before = bytes();
  const auto report = value_of(check_store(file));
  EXPECT_TRUE(report.ok()) << ::testing::PrintToString(report.first_problems);
  EXPECT_EQ(report.events, 70u);
  EXPECT_TRUE(bytes() == before);
}

TEST_F(SqliteStore, FindsTheEndOfAStreamWhoseRowIsBehind) {
  const auto go_on = [this](std::size_t count) {
    return in_another_process([&] {
      auto* writer = stores()->open_writer()->release();
      store_owner owner{*writer, contexts};
      for (std::size_t i = 0; i < count; ++i)
        owner.store(first, 1);
      return true;
    });
  };
  ASSERT_TRUE(go_on(70)); // one commit each: only the first wrote the row
  {
    const auto alone = value_of(stores()->open_reader()); // before anybody writes in this process
    EXPECT_EQ(value_of(alone->load(first)).version(), 70u);
    EXPECT_EQ(value_of(alone->read_stream(first, 69, 10)).size(), 2u);
  }
  const auto report = value_of(check_store(file));
  EXPECT_TRUE(report.ok()) << ::testing::PrintToString(report.first_problems);
  auto both = stores();
  auto writer = value_of(both->open_writer());
  auto reader = value_of(both->open_reader());
  EXPECT_EQ(value_of(reader->load(first)).version(), 70u);
  writer.reset(); // A closed file says by itself where its streams end.
  reader.reset();
  run_sql("UPDATE progress SET indexed_to = 70");
  EXPECT_EQ(value_of(value_of(stores()->open_reader())->load(first)).version(), 70u);
}

struct damage {
  std::string name;
  std::string sql;
  std::string problem;
};

class SqliteCheck : public SqliteStore, public ::testing::WithParamInterface<damage> {};

TEST_P(SqliteCheck, Finds) {
  fill(200);
  run_sql(GetParam().sql);
  const auto report = value_of(check_store(file, {}, 1));
  EXPECT_GT(report.problems, 0u);
  ASSERT_EQ(report.first_problems.size(), 1u); // No more than were asked for.
  EXPECT_THAT(report.first_problems[0], HasSubstr(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
  Damages, SqliteCheck,
  ::testing::Values(
    damage{"AnEventThatChanged", "UPDATE events SET data = '{}' WHERE version = 7",
           "event 7 of order/o-1: its checksum does not hold"},
    damage{"AnEventThatIsGone", "DELETE FROM events WHERE version = 7", "event 8 of order/o-1: it follows version 6"},
    damage{"AStreamsEndThatIsGone", "DELETE FROM events WHERE version > 180", "order/o-1: it claims version 200"},
    damage{"ARowThatIsBehindWhatIsIndexed",
           "UPDATE streams SET version = 3, last = 3; UPDATE progress SET indexed_to = 9",
           "order/o-1: it claims version 3"},
    damage{"ARowThatNamesAnotherEvent", "UPDATE streams SET version = 3, last = 4", "order/o-1: it claims version 3"},
    damage{"ASnapshotOfTheFuture", "UPDATE snapshots SET version = 201", "its snapshot is of version 201"},
    damage{"AChangedSnapshot", "UPDATE snapshots SET data = '{}'", "the checksum of its snapshot"},
    damage{"AMarkThatMisleads", "UPDATE marks SET seq = 3 WHERE version = 64", "the mark of version 64"},
    damage{"AnOutletThatIsAhead",
           "INSERT INTO outlets SELECT 'bus', place / 1024, place % 1024, 201 FROM events WHERE version = 1",
           "outlet bus: it claims offset 201"},
    damage{"AnOutletOfNoContext", "INSERT INTO outlets VALUES ('bus', 77, 3, 1)",
           "outlet bus: its mark is in a shard that there is not"},
    damage{"AnIndexThatLacksEvents", "UPDATE progress SET indexed_to = 50", "150 of them can be found by offset"},
    damage{"AnIndexThatMisleads", "INSERT INTO shard_runs SELECT place, 1, x'02' FROM events WHERE version = 1",
           "offset 1 leads elsewhere"},
    damage{"AChangedKey", "UPDATE streams SET key = 'o-9'", "its checksum does not hold"},
    damage{"AStreamThatIsGone", "DELETE FROM streams", "belongs to no stream"}),
  [](const auto& x) { return x.param.name; });

TEST_F(SqliteStore, FindsTimesThatGoBack) {
  {
    auto writer = value_of(stores()->open_writer());
    store_owner owner{*writer, contexts};
    auto x = owner.make(first, 2);
    x.events[1].recorded_at = x.events[0].recorded_at - duration{1};
    x.events[1].checksum = checksum_of(x.events[1]);
    std::ignore = value_of(owner.commit({x}));
  }
  const auto report = value_of(check_store(file));
  ASSERT_EQ(report.problems, 1u);
  EXPECT_THAT(report.first_problems[0], HasSubstr("event 2 of order/o-1: it was recorded before"));
}

// ---- failing disks ----

class SqliteOnABadDisk : public SqliteStore {
protected:
  void SetUp() override {
    vfs = test::faulty_vfs::name;
    disk.heal();
    writer = value_of(stores()->open_writer());
    owner.emplace(*writer, contexts);
    owner->store(first, 1);
  }

  /// Version that is read from disk by new connections.
  std::uint64_t reopen() {
    owner.reset();
    writer.reset();
    auto opened = stores()->open_writer();
    EXPECT_TRUE(opened) << text_of(opened);
    if (!opened)
      return 0;
    writer = std::move(*opened);
    const auto version = value_of(value_of(stores()->open_reader())->load(first)).version();
    owner.emplace(*writer, contexts);
    owner->set_version(first, version);
    return version;
  }

  test::faulty_vfs& disk = test::faulty_vfs::get();
  std::unique_ptr<store_writer> writer;
  std::optional<store_owner> owner;
};

TEST_F(SqliteOnABadDisk, SyncsItsLogInEachCommit) {
  const auto before = disk.log_syncs;
  owner->store(first, 1);
  owner->store(first, 1);
  EXPECT_GE(disk.log_syncs, before + 2);
}

TEST_F(SqliteOnABadDisk, DoesNotKnowWhatBecameOfACommitWhoseSyncFailed) {
  disk.fail_log_sync = SQLITE_IOERR_FSYNC;
  EXPECT_EQ(failure_of(owner->commit({owner->make(first, 1)})), ec::commit_unknown);
}

TEST_F(SqliteOnABadDisk, DoesNotTrustAConnectionWhoseSyncFailed) {
  disk.fail_log_sync = SQLITE_IOERR_FSYNC;
  std::ignore = owner->commit({owner->make(first, 1)});
  disk.heal();
  EXPECT_EQ(failure_of(owner->commit({owner->make(first, 1)})), ec::store_unavailable);
  EXPECT_EQ(failure_of(writer->commit({}, std::vector{journal::offset_mark{"x", "order", 1, 1, 1}})),
            ec::store_unavailable);
  EXPECT_EQ(failure_of(writer->acquire(contexts, "node-1")), ec::store_unavailable);
  const auto version = reopen();
  EXPECT_TRUE(version == 1 || version == 2) << version;
  owner->store(first, 2);
  EXPECT_EQ(reopen(), version + 2);
  writer.reset();
  EXPECT_TRUE(value_of(check_store(file)).ok());
}

TEST_F(SqliteOnABadDisk, StoresNothingWhenTheLogHasNoRoom) {
  disk.fail_log_write = SQLITE_FULL;
  EXPECT_EQ(failure_of(owner->commit({owner->make(first, 1)})), ec::store_unavailable);
  disk.heal();
  EXPECT_EQ(reopen(), 1u);
  owner->store(first, 1);
  EXPECT_EQ(reopen(), 2u);
}

TEST_F(SqliteOnABadDisk, DoesNotKnowWhatBecameOfACommitWhoseWriteFailed) {
  disk.fail_log_write = SQLITE_IOERR_WRITE;
  EXPECT_EQ(failure_of(owner->commit({owner->make(first, 1)})), ec::commit_unknown);
}

TEST_F(SqliteOnABadDisk, KeepsWhatItAcknowledgedWhenCopyingTheLogFails) {
  checkpoint_pages = 1;
  ASSERT_EQ(reopen(), 1u);
  disk.fail_file_sync = SQLITE_IOERR_FSYNC;
  owner->store(first, 1); // It is safe in the log.
  EXPECT_EQ(failure_of(owner->commit({owner->make(first, 1)})), ec::store_unavailable);
  disk.heal();
  EXPECT_EQ(reopen(), 2u);
}

TEST_F(SqliteOnABadDisk, LeavesALogThatItDoesNotTrustToTheNextWriter) {
  auto reader = value_of(stores()->open_reader());
  EXPECT_TRUE(reader->load(first));
  const auto before = bytes();
  disk.fail_log_sync = SQLITE_IOERR_FSYNC;
  std::ignore = owner->commit({owner->make(first, 1)});
  disk.heal();
  owner.reset();
  writer.reset();
  reader.reset();
  EXPECT_TRUE(bytes() == before) << "a log was copied whose pages may never have reached the disk";
  EXPECT_GT(std::filesystem::file_size(file + "-wal"), 0u);
}

/// Puts a disk of one mebibyte there that only this process sees; only the administrator may.
bool mount_small_disk(const std::string& where) {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0
         && ::mount("none", where.c_str(), "tmpfs", 0, "size=1m") == 0;
}

TEST_F(SqliteStore, StoresNothingOnAFullDiskAndGoesOnWhenThereIsRoom) {
  const auto small = folder / "small";
  std::filesystem::create_directory(small);
  if (!in_another_process([&] { return mount_small_disk(small); }))
    GTEST_SKIP() << "no right to mount a small disk; StoresNothingWhenTheLogHasNoRoom stands for it";
  EXPECT_TRUE(in_another_process([&] {
    EXPECT_TRUE(mount_small_disk(small));
    file = small + "/store.db";
    auto writer = value_of(stores()->open_writer());
    std::optional<store_owner> owner{std::in_place, *writer, contexts};
    std::uint64_t acknowledged = 0;
    for (;;) {
      const auto result = owner->commit({owner->make(first, 5, std::string(1'000, 'x'))});
      if (!result) {
        EXPECT_EQ(failure_of(result), ec::store_unavailable) << text_of(result);
        break;
      }
      acknowledged += 5;
    }
    EXPECT_GT(acknowledged, 0u);
    EXPECT_EQ(::mount("none", small.c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
    owner.reset();
    writer.reset();
    writer = value_of(stores()->open_writer());
    EXPECT_EQ(value_of(value_of(stores()->open_reader())->load(first)).version(), acknowledged);
    owner.emplace(*writer, contexts);
    owner->set_version(first, acknowledged);
    owner->store(first, 5);
    return !HasFailure();
  }));
}

TEST_F(SqliteStore, LosesNothingWhenItsFileMayNotGrowAndGoesOnWhenItMay) {
  EXPECT_TRUE(in_another_process([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    auto small = before;
    small.rlim_cur = 600'000;
    auto writer = value_of(stores()->open_writer());
    std::optional<store_owner> owner{std::in_place, *writer, contexts};
    ::setrlimit(RLIMIT_FSIZE, &small);
    std::uint64_t acknowledged = 0;
    for (;;) {
      const auto result = owner->commit({owner->make(first, 5, std::string(1'000, 'x'))});
      if (!result) {
        // A limit of a process is no full disk to SQLite, so it may also say that it does not know.
        EXPECT_TRUE(failure_of(result) == ec::store_unavailable || failure_of(result) == ec::commit_unknown);
        break;
      }
      acknowledged += 5;
    }
    ::setrlimit(RLIMIT_FSIZE, &before);
    writer.reset();
    writer = value_of(stores()->open_writer());
    const auto found = value_of(value_of(stores()->open_reader())->load(first)).version();
    owner.emplace(*writer, contexts);
    owner->set_version(first, found);
    EXPECT_GT(acknowledged, 0u);
    EXPECT_TRUE(found == acknowledged || found == acknowledged + 5) << found << " " << acknowledged;
    owner->store(first, 5);
    return !HasFailure();
  }));
  EXPECT_TRUE(value_of(check_store(file)).ok());
}

} // namespace

} // namespace troupe::sqlite

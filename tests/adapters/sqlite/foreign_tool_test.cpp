// What happens to a store in use when another program, which knows nothing of our lock, opens its file and closes it.
#include "adapters/sqlite/store.hpp"

#include "tests/support/folder.hpp"
#include "tests/support/store_owner.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <stdexcept>

namespace troupe::sqlite {

namespace {

using namespace journal;
using test::failure_of;
using test::store_owner;
using test::value_of;

/// A process of its own with SQLite in it: begun before a store is opened, because SQLite believes that its locks come
/// along into a child.
class foreign_tool {
public:
  explicit foreign_tool(const std::string& file) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      throw std::runtime_error{"no pair of sockets"};
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      for (char what = 0; ::read(ends[1], &what, 1) == 1;) {
        const std::int64_t answer = what == 'e' ? events_of(file) : holder_of(file);
        if (::write(ends[1], &answer, sizeof answer) != sizeof answer)
          break;
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    socket_ = ends[0];
  }

  ~foreign_tool() {
    ::close(socket_);
    ::waitpid(pid_, nullptr, 0);
  }

  foreign_tool(const foreign_tool&) = delete;
  foreign_tool& operator=(const foreign_tool&) = delete;

  /// Opens the file for reading and writing, counts its events and closes it.
  std::int64_t events() { return ask('e'); }

  /// The process that holds SQLite's shared lock on the file; 0 when nobody does.
  std::int64_t holder() { return ask('l'); }

private:
  std::int64_t ask(char what) {
    std::int64_t answer = -1;
    if (::write(socket_, &what, 1) != 1 || ::read(socket_, &answer, sizeof answer) != sizeof answer)
      return -1;
    return answer;
  }

  static std::int64_t events_of(const std::string& file) {
    sqlite3* db = nullptr;
    std::int64_t count = -1;
    if (sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
      sqlite3_stmt* read = nullptr;
      sqlite3_prepare_v2(db, "SELECT count(*) FROM events", -1, &read, nullptr);
      if (sqlite3_step(read) == SQLITE_ROW)
        count = sqlite3_column_int64(read, 0);
      sqlite3_finalize(read);
    }
    sqlite3_close(db);
    return count;
  }

  static std::int64_t holder_of(const std::string& file) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    struct flock wanted {};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    wanted.l_start = 0x40000002; // SQLite's shared range, behind the page that it never uses
    wanted.l_len = 510;
    const bool asked = ::fcntl(fd, F_GETLK, &wanted) == 0;
    ::close(fd);
    return asked && wanted.l_type == F_RDLCK ? wanted.l_pid : 0;
  }

  pid_t pid_ = 0;
  int socket_ = -1;
};

class SqliteBesideAForeignTool : public ::testing::Test {
protected:
  void open_writer() {
    owner.reset();
    writer.reset();
    writer = value_of(stores->open_writer());
    ASSERT_TRUE(writer);
    owner.emplace(*writer, std::vector<std::string>{"order"});
    owner->set_version(stream, static_cast<std::uint64_t>(stored));
    store();
  }

  void open_reader() {
    reader.reset();
    reader = value_of(stores->open_reader());
    ASSERT_TRUE(reader);
    EXPECT_EQ(static_cast<std::int64_t>(value_of(reader->load(stream)).version()), stored);
  }

  void store() {
    owner->store(stream, 1);
    ++stored;
  }

  ino_t log() const {
    struct stat info {};
    return ::stat((file + "-wal").c_str(), &info) == 0 ? info.st_ino : 0;
  }

  /// The tool finds the file locked, reads it and leaves; what is stored afterwards is still found by others.
  void expect_unharmed() {
    ASSERT_TRUE(owner);
    EXPECT_EQ(tool.holder(), ::getpid()) << "nobody holds SQLite's lock";
    const auto before = log();
    EXPECT_NE(before, 0u);
    EXPECT_EQ(tool.events(), stored);
    EXPECT_EQ(log(), before) << "the tool has removed the log";
    store();
    EXPECT_EQ(tool.events(), stored);
    EXPECT_EQ(tool.holder(), ::getpid());
  }

  const stream_name stream{"order", "o-1"};
  test::scratch_folder folder;
  std::string file = folder / "store.db";
  foreign_tool tool{file};
  std::shared_ptr<store_factory> stores = make_store({.file = file, .vfs = {}});
  std::unique_ptr<store_writer> writer;
  std::unique_ptr<store_reader> reader;
  std::optional<store_owner> owner;
  std::int64_t stored = 0;
};

TEST_F(SqliteBesideAForeignTool, KeepsItsLogAfterTheFirstStart) {
  open_writer();
  expect_unharmed();
  open_reader();
  expect_unharmed();
}

TEST_F(SqliteBesideAForeignTool, KeepsItsLogAfterALaterStart) {
  open_writer();
  writer.reset();
  open_writer();
  open_reader();
  expect_unharmed();
}

TEST_F(SqliteBesideAForeignTool, KeepsItsLogWhenItsWriterOpensAgain) {
  open_writer();
  open_reader();
  for (int i = 0; i < 3; ++i) {
    open_writer();
    expect_unharmed();
  }
}

TEST_F(SqliteBesideAForeignTool, KeepsItsLogWhenItsReaderOpensAgain) {
  open_writer();
  for (int i = 0; i < 3; ++i) {
    open_reader();
    expect_unharmed();
  }
}

// The reader alone holds the lock for a moment, which a closing descriptor of the opening writer must not drop.
TEST_F(SqliteBesideAForeignTool, KeepsTheReadersLockWhileNoWriterIsOpen) {
  open_writer();
  open_reader();
  owner.reset();
  writer.reset();
  EXPECT_EQ(tool.events(), stored);
  EXPECT_EQ(tool.holder(), ::getpid());
  open_writer();
  expect_unharmed();
}

TEST_F(SqliteBesideAForeignTool, KeepsItsLogWhenAnotherWriterOfThisProcessIsRefused) {
  open_writer();
  open_reader();
  EXPECT_EQ(failure_of(make_store({.file = file, .vfs = {}})->open_writer()), ec::store_in_use);
  expect_unharmed();
}

TEST_F(SqliteBesideAForeignTool, KeepsItsLogWhenACheckInThisProcessIsRefused) {
  open_writer();
  open_reader();
  EXPECT_EQ(failure_of(check_store(file)), ec::store_in_use);
  expect_unharmed();
}

TEST_F(SqliteBesideAForeignTool, KeepsTheReadersLockWhenThisProcessChecksTheFile) {
  open_writer();
  open_reader();
  owner.reset();
  writer.reset();
  EXPECT_TRUE(value_of(check_store(file)).ok());
  EXPECT_EQ(tool.holder(), ::getpid());
  open_writer();
  expect_unharmed();
}

TEST_F(SqliteBesideAForeignTool, HoldsNothingOfAFileThatItHasClosed) {
  open_writer();
  open_reader();
  open_writer(); // Keeps a descriptor for as long as the reader lives.
  owner.reset();
  writer.reset();
  reader.reset();
  EXPECT_EQ(tool.holder(), 0);
  for (int fd = 0; fd < 1'000; ++fd) {
    struct stat one {
    }, other{};
    if (::fstat(fd, &one) == 0 && ::stat(file.c_str(), &other) == 0) {
      EXPECT_FALSE(one.st_ino == other.st_ino && one.st_dev == other.st_dev) << fd;
    }
  }
}

} // namespace

} // namespace troupe::sqlite

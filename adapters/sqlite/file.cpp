#include "adapters/sqlite/file.hpp"

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/schema.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

namespace troupe::sqlite {

namespace {

constexpr std::string_view magic{"SQLite format 3\0", 16};
constexpr std::size_t header_bytes = 100;

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

[[noreturn]] void fail(const std::string& what) {
  throw failure{ec::store_unavailable, what + ": " + std::generic_category().message(errno)};
}

[[noreturn]] void damaged(const std::string& file, const std::string& how) {
  throw failure{ec::store_damaged,
                file + " is damaged: " + how
                  + "; nothing was changed. Keep a copy of it, run `troupe store check` and restore a "
                    "backup"};
}

std::uint32_t number_at(const std::array<unsigned char, header_bytes>& header, std::size_t position) {
  return std::uint32_t{header[position]} << 24 | std::uint32_t{header[position + 1]} << 16
         | std::uint32_t{header[position + 2]} << 8 | std::uint32_t{header[position + 3]};
}

void sync_folder_of(const std::string& file) {
  const auto slash = file.rfind('/');
  const auto folder = slash == std::string::npos ? std::string{"."} : slash == 0 ? "/" : file.substr(0, slash);
  const descriptor fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (fd.get() < 0 || ::fsync(fd.get()) != 0)
    fail("cannot sync the folder " + folder);
}

// The file as it lies there, without its log and without making files beside it.
std::string immutable_uri(const std::string& file) {
  std::string uri = "file:";
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : file) {
    if (c == '%' || c == '?' || c == '#') {
      uri += '%';
      uri += digits[static_cast<unsigned char>(c) >> 4];
      uri += digits[static_cast<unsigned char>(c) & 0xF];
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

std::size_t read_some(int fd, unsigned char* to, std::size_t bytes, std::uint64_t from) {
  std::size_t done = 0;
  while (done < bytes) {
    const auto n = ::pread(fd, to + done, bytes - done, static_cast<off_t>(from + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      fail("cannot read the store");
    if (n == 0)
      break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

// SQLite's locks are POSIX locks: the system drops all that a process has on a file as soon as the process closes any
// descriptor of it, and SQLite does not notice. Then another program, the sqlite3 tool say, takes itself for the last
// one that uses the file, removes the log, and what this process goes on to write is lost. file_lock does not help, for
// only troupe heeds it. So a descriptor of a file in use is kept until the last connection has gone.
struct use_count {
  std::size_t connections = 0;
  std::vector<descriptor> kept;
};

using file_id = std::pair<dev_t, ino_t>;

struct use_table {
  std::mutex mutex;
  std::map<file_id, use_count> files;

  use_count* find(const struct stat& info) {
    const auto found = files.find({info.st_dev, info.st_ino});
    return found == files.end() ? nullptr : &found->second;
  }
};

use_table& uses() {
  static use_table only;
  return only;
}

using header_array = std::array<unsigned char, header_bytes>;

// The table's mutex must be held, lest a connection is opened before the descriptor is closed.
header_array read_header(const std::string& file, std::size_t& bytes) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0)
    fail("cannot look at " + file);
  if (!S_ISREG(info.st_mode))
    throw failure{ec::store_foreign, file + " is not a file; name another one as the store"};
  header_array header{};
  if (const auto* use = uses().find(info); use && !use->kept.empty()) {
    bytes = read_some(use->kept.front().get(), header.data(), header.size(), 0);
    return header;
  }
  descriptor fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd.get() < 0)
    fail("cannot open " + file);
  if (::fstat(fd.get(), &info) != 0)
    fail("cannot read " + file);
  const int number = fd.get();
  if (auto* use = uses().find(info))
    use->kept.push_back(std::move(fd));
  bytes = read_some(number, header.data(), header.size(), 0);
  return header;
}

} // namespace

file_lock::file_lock(const std::string& file) {
  const auto name = file + ".lock";
  fd_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0)
    fail("cannot open " + name);
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) {
    const auto pid = std::to_string(::getpid()) + "\n";
    // Only for the message below, so a full disk does no harm.
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) < 0)
      errno = 0;
    return;
  }
  const int reason = errno;
  std::array<unsigned char, 20> holder{};
  std::string text;
  if (const auto n = ::pread(fd_, holder.data(), holder.size(), 0); n > 0)
    for (const auto c : holder)
      if (c >= '0' && c <= '9')
        text += static_cast<char>(c);
  ::close(fd_);
  if (reason != EWOULDBLOCK) {
    errno = reason;
    fail("cannot lock " + name);
  }
  throw failure{ec::store_in_use, file + " is in use" + (text.empty() ? "" : " by process " + text)
                                    + "; stop that one first, or name another file"};
}

file_lock::~file_lock() {
  ::close(fd_);
}

file_use::file_use(const std::string& file) {
  const std::lock_guard lock{uses().mutex};
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0)
    fail("cannot look at " + file);
  device_ = info.st_dev;
  number_ = info.st_ino;
  ++uses().files[{device_, number_}].connections;
}

file_use::~file_use() {
  if (!closing_)
    begin_closing();
  const auto found = uses().files.find({device_, number_});
  if (--found->second.connections == 0)
    uses().files.erase(found);
}

void file_use::begin_closing() {
  closing_ = std::unique_lock{uses().mutex};
}

bool file_exists(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) == 0)
    return true;
  if (errno != ENOENT)
    fail("cannot look at " + file);
  return false;
}

std::uint64_t size_of(const std::string& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

void check_header(const std::string& file) {
  std::size_t bytes = 0;
  const auto header = [&] {
    const std::lock_guard lock{uses().mutex};
    return read_header(file, bytes);
  }();
  if (bytes == 0)
    damaged(file, "it is empty");
  const std::string_view start{reinterpret_cast<const char*>(header.data()), std::min(bytes, magic.size())};
  const bool ours = bytes == header_bytes && number_at(header, 68) == application_id;
  if (start != magic.substr(0, start.size())) {
    if (ours)
      damaged(file, "its first bytes are not those of a store");
    throw failure{ec::store_foreign, file + " is not a store of troupe; nothing was changed. Name another file"};
  }
  if (bytes < header_bytes)
    damaged(file, "it ends after " + std::to_string(bytes) + " bytes");
  if (!ours)
    throw failure{ec::store_foreign,
                  file + " is a database of another program; nothing was changed. Name another file"};
  const auto version = number_at(header, 60);
  if (version > schema_version)
    throw failure{ec::store_newer, file + " has form " + std::to_string(version) + ", and this release knows form "
                                     + std::to_string(schema_version)
                                     + "; nothing was changed. Start the newer release that wrote it"};
  const auto page = std::uint32_t{header[16]} << 8 | header[17];
  const bool whole = version >= 1 && page == page_bytes && header[18] == 2 && header[19] == 2 && header[20] == 0
                     && header[21] == 64 && header[22] == 32 && header[23] == 32 && number_at(header, 44) == 4
                     && number_at(header, 56) == 1;
  if (!whole)
    damaged(file, "its header does not hold");
}

void check_contents(const std::string& file, const std::string& vfs) {
  // The connection below is closed before anybody opens another one: it ignores locks, and so drops those of others.
  const std::lock_guard lock{uses().mutex};
  struct stat info {};
  if (::stat(file.c_str(), &info) == 0 && uses().find(info))
    return;
  std::size_t bytes = 0;
  const auto header = read_header(file, bytes);
  // With a log beside it the file may lack pages that the log has, and a crash in the middle of copying them has made
  // it a mixture of before and after. Then only both together make sense.
  const bool alone = size_of(file + "-wal") == 0;
  if (alone) {
    const auto expected = std::uint64_t{number_at(header, 28)} * page_bytes;
    if (size_of(file) < expected)
      damaged(file, "it has " + std::to_string(size_of(file)) + " bytes of " + std::to_string(expected));
  }
  std::int64_t shards = -1;
  try {
    connection db{alone ? immutable_uri(file) : file,
                  alone ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE, vfs};
    db.leave_as_is();
    statement read{db, "SELECT value FROM meta WHERE name = 'shard_count'"};
    auto row = read.rows();
    if (row.next())
      shards = row.integer(0);
  } catch (const failure& x) {
    damaged(file, x.text());
  }
  if (shards < 1)
    damaged(file, "it does not say how many shards it has");
  if (shards != shard_count)
    throw failure{ec::store_foreign,
                  file + " has " + std::to_string(shards) + " shards, and this release needs "
                    + std::to_string(shard_count)
                    + "; nothing was changed. Start the release that wrote it, or name another file"};
}

void create_file(const std::string& file, const std::string& vfs) {
  const auto draft = file + ".new";
  for (const auto* rest : {"", "-journal", "-wal", "-shm"})
    ::unlink((draft + rest).c_str());
  {
    connection db{draft, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs};
    db.run("PRAGMA page_size = " + std::to_string(page_bytes));
    db.run("PRAGMA encoding = 'UTF-8'");
    db.run("PRAGMA synchronous = FULL");
    db.run("BEGIN");
    db.run("PRAGMA application_id = " + std::to_string(application_id));
    db.run("PRAGMA user_version = " + std::to_string(schema_version));
    db.run(schema_sql);
    statement{db, "INSERT INTO meta VALUES ('shard_count', ?)"}.run(std::int64_t{shard_count});
    db.run("COMMIT");
    // The header says so from here on, and a log of nothing is removed when the connection closes.
    db.run("PRAGMA journal_mode = WAL");
  }
  if (::chmod(draft.c_str(), 0600) != 0)
    fail("cannot protect " + draft);
  {
    const descriptor fd{::open(draft.c_str(), O_RDONLY | O_CLOEXEC)};
    if (fd.get() < 0 || ::fsync(fd.get()) != 0)
      fail("cannot sync " + draft);
  }
  if (::rename(draft.c_str(), file.c_str()) != 0)
    fail("cannot name " + file);
  sync_folder_of(file);
}

void renew_log(const std::string& file) {
  const auto name = file + "-wal";
  if (size_of(name) == 0)
    return;
  const descriptor fd{::open(name.c_str(), O_RDWR | O_CLOEXEC)};
  if (fd.get() < 0)
    fail("cannot open " + name);
  std::vector<unsigned char> buffer(1 << 20);
  for (std::uint64_t at = 0;;) {
    const auto n = read_some(fd.get(), buffer.data(), buffer.size(), at);
    if (n == 0)
      break;
    for (std::size_t done = 0; done < n;) {
      const auto written = ::pwrite(fd.get(), buffer.data() + done, n - done, static_cast<off_t>(at + done));
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        fail("cannot write " + name);
      done += static_cast<std::size_t>(written);
    }
    at += n;
  }
  if (::fsync(fd.get()) != 0)
    fail("cannot sync " + name);
}

} // namespace troupe::sqlite

// bench/journal.cpp: events a second through entities into a real SQLite store, against SQLite and the disk alone.
// Usage: bench-journal FOLDER [producers [event bytes [seconds]]]; prints one JSON object. FOLDER must be on the disk
// that is meant, and is left as it is found. Each producer waits for its acknowledgement before its next event.
#include "actors/entity/shard_region.hpp"
#include "actors/entity/store_actors.hpp"
#include "adapters/postgres/store.hpp"
#include "adapters/sqlite/store.hpp"
#include "bench/load/histogram.hpp"
#include "supervisors/entropy.hpp"
#include "supervisors/message_types.hpp"
#include "supervisors/scheduler/asio_coordinator.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace troupe::bench {

struct note {
  std::string key;
  std::string text;
};

struct noted {
  std::uint64_t count = 0;
};

enum class rejection : std::uint8_t { never = 1 };

std::string to_string(rejection) {
  return "never";
}
bool from_string(caf::string_view, rejection&) {
  return false;
}
bool from_integer(std::uint8_t value, rejection& x) {
  x = static_cast<rejection>(value);
  return value == 1;
}

template <class Inspector> bool inspect(Inspector& f, rejection& x) {
  return caf::default_enum_inspect(f, x);
}

using notebook_actor = caf::typed_actor<caf::result<noted>(request_context, note)>;

} // namespace troupe::bench

CAF_BEGIN_TYPE_ID_BLOCK(troupe_bench, caf::first_custom_type_id + 5000)
  CAF_ADD_TYPE_ID(troupe_bench, (troupe::bench::note))
  CAF_ADD_TYPE_ID(troupe_bench, (troupe::bench::noted))
  CAF_ADD_TYPE_ID(troupe_bench, (troupe::bench::rejection))
CAF_END_TYPE_ID_BLOCK(troupe_bench)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::bench::note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::bench::noted)
CAF_ERROR_CODE_ENUM(troupe::bench::rejection)

namespace troupe::bench {

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct traits {
  struct state {
    std::uint64_t count = 0;
  };
  using event = std::string;
  using rejection = bench::rejection;
  using interface = notebook_actor;
  using commands = entity::command_list<note>;
  template <class Command> using answer_to = noted;

  static constexpr const char* context = "bench";
  static constexpr const char* region_name = "notebooks";
  static constexpr std::uint16_t snapshot_schema = 1;

  static const std::string& key_of(const note& command) { return command.key; }
  static bool is_first(const note&) { return false; }
  static void apply(state& s, const event&, time_point) { ++s.count; }
  static journal::encoded_event encode(const event& e) { return {"bench.noted", 1, e, {}}; }
  static caf::expected<event> decode(const journal::stored_event& e) { return e.data; }
  static std::string encode_snapshot(const state& s) { return std::to_string(s.count); }
  static caf::expected<state> decode_snapshot(const journal::snapshot& x) {
    return state{std::strtoull(x.data.c_str(), nullptr, 10)};
  }
  static std::size_t size(const state&) { return 0; }
};

class notebook : public entity::stored_entity<traits> {
public:
  using super = entity::stored_entity<traits>;
  using super::super;

  handle_type::behavior_type make_behavior() {
    started();
    return {
      [this](const request_context& context, note& command) {
        touched();
        return commit<noted>(context, std::vector<std::string>{std::move(command.text)},
                             [](const traits::state& s, std::uint64_t) { return noted{s.count}; });
      },
      [this](entity::wake) { rearm_wake_up(); },
      [this](entity::stop) { return on_stop(); },
    };
  }
};

/// What one producer found out; read by others only when it has ended.
struct tally {
  std::atomic<std::uint64_t> acknowledged = 0;
  load::histogram latency;
  std::string failure;
};

struct phase {
  std::atomic<bool> measuring = false;
  std::atomic<bool> over = false;
};

void produce(caf::event_based_actor* self, const notebook_actor& to, const note& what, tally& found, phase& now) {
  const auto sent = steady::now();
  self->request(to, caf::infinite, request_context{"bench", {}, time_point::max()}, what)
    .then(
      [self, to, what, sent, &found, &now](const noted&) {
        found.acknowledged.fetch_add(1, std::memory_order_relaxed);
        if (now.measuring.load(std::memory_order_relaxed))
          found.latency.add(steady::now() - sent);
        if (!now.over.load(std::memory_order_relaxed))
          produce(self, to, what, found, now);
      },
      [&found](const caf::error& why) { found.failure = to_string(why); });
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& x) { return static_cast<double>(x.tv_sec) + static_cast<double>(x.tv_usec) / 1e6; };
  return of(used.ru_utime) + of(used.ru_stime);
}

double seconds_since(steady::time_point begin) {
  return std::chrono::duration<double>(steady::now() - begin).count();
}

class folder_for_now {
public:
  explicit folder_for_now(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
  }
  ~folder_for_now() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  folder_for_now(const folder_for_now&) = delete;
  folder_for_now& operator=(const folder_for_now&) = delete;

private:
  std::filesystem::path path_;
};

struct workload {
  std::filesystem::path folder;
  std::size_t producers = 64;
  std::size_t event_bytes = 300;
  double seconds = 5;
  std::string url; // of a PostgreSQL database to use in SQLite's place
};

// ---- through entities ----------------------------------------------------------------------------------------------

std::shared_ptr<journal::store_factory> open_stores(const workload& what) {
  if (!what.url.empty()) {
    postgres::options with;
    with.url = what.url;
    return postgres::make_store(std::move(with));
  }
  sqlite::options with;
  with.file = (what.folder / "journal.db").string();
  return sqlite::make_store(std::move(with));
}

nlohmann::ordered_json measure_entities(const workload& what) {
  caf::actor_system_config config;
  scheduler::load_asio_scheduler(config, 0);
  auto stores = open_stores(what);
  caf::actor_system system{config};
  auto writer = system.spawn<caf::detached>(journal::make_writer, stores);
  auto reader = system.spawn<caf::detached>(journal::make_reader, stores);
  journal::options options;
  options.contexts = {traits::context};
  options.node = "bench";
  auto journal =
    system.spawn<journal::journal_actor_impl>(options, journal::dependencies{writer, reader, system_clock()});
  entity::environment env{journal, system_clock(), system_random()};
  using impl = entity::entity_of<notebook_actor>::stateful_impl<notebook>;
  notebook_actor region = system.spawn<entity::region_impl<traits>>(
    env, [env](caf::scheduled_actor* parent, std::string key, entity::recovered<traits::state> from, caf::actor home) {
      return parent->spawn<impl, caf::lazy_init>(std::move(key), env, std::move(from), std::move(home));
    });
  caf::scoped_actor self{system};
  const auto health = [&] {
    journal::health found;
    self->request(journal, 10s, journal::get_health{})
      .receive([&](const journal::health& x) { found = x; }, [](const caf::error&) {});
    return found;
  };
  for (int i = 0; i < 100 && !health().writable; ++i)
    std::this_thread::sleep_for(20ms);

  phase now;
  std::vector<tally> found(what.producers);
  std::vector<caf::actor> producers;
  for (std::size_t i = 0; i < what.producers; ++i) {
    note each{"notebook-" + std::to_string(i), R"({"text":")"};
    each.text += std::string(what.event_bytes - each.text.size() - 2, 'x') + R"("})";
    producers.push_back(system.spawn([region, each, &mine = found[i], &now](caf::event_based_actor* me) {
      produce(me, region, each, mine, now); // ends when nothing is awaited any more
    }));
  }
  const auto acknowledged = [&] {
    std::uint64_t sum = 0;
    for (const auto& x : found)
      sum += x.acknowledged.load(std::memory_order_relaxed);
    return sum;
  };
  std::this_thread::sleep_for(500ms);
  const auto commits_before = health().commits;
  const auto cpu_before = cpu_seconds();
  const auto before = acknowledged();
  const auto begin = steady::now();
  now.measuring = true;
  std::this_thread::sleep_for(std::chrono::duration<double>{what.seconds});
  const auto events = acknowledged() - before;
  const auto seconds = seconds_since(begin);
  const auto cpu = cpu_seconds() - cpu_before;
  const auto commits = health().commits - commits_before;
  now.over = true;
  self->wait_for(producers);
  load::histogram latency;
  for (const auto& x : found) {
    if (!x.failure.empty())
      throw std::runtime_error{"a producer failed: " + x.failure};
    latency.add(x.latency);
  }
  for (const auto& x : {caf::actor_cast<caf::actor>(region), caf::actor_cast<caf::actor>(journal),
                        caf::actor_cast<caf::actor>(reader), caf::actor_cast<caf::actor>(writer)})
    self->send_exit(x, caf::exit_reason::user_shutdown);
  const auto microseconds = [&](double share) {
    return std::chrono::duration<double, std::micro>{latency.at(share)}.count();
  };
  return {{"perSecond", static_cast<double>(events) / seconds},
          {"commitsPerSecond", static_cast<double>(commits) / seconds},
          {"eventsPerCommit", commits == 0 ? 0 : static_cast<double>(events) / static_cast<double>(commits)},
          {"cpuMicrosecondsPerEvent", events == 0 ? 0 : cpu * 1e6 / static_cast<double>(events)},
          {"p50Microseconds", microseconds(0.5)},
          {"p99Microseconds", microseconds(0.99)}};
}

// ---- references ----------------------------------------------------------------------------------------------------

void check(int code, sqlite3* db) {
  if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW)
    throw std::runtime_error{std::string{"SQLite: "} + sqlite3_errmsg(db)};
}

/// Rows a second into a bare table, `batch` of them a transaction, with the same durability.
double measure_raw_sqlite(const workload& what, std::size_t batch, const char* name) {
  const auto file = what.folder / name;
  sqlite3* db = nullptr;
  check(sqlite3_open(file.c_str(), &db), db);
  const auto run = [db](const char* sql) { check(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), db); };
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = FULL");
  run("CREATE TABLE events (seq INTEGER PRIMARY KEY, stream INTEGER, version INTEGER, data TEXT)");
  sqlite3_stmt* insert = nullptr;
  check(sqlite3_prepare_v2(db, "INSERT INTO events (stream, version, data) VALUES (?, ?, ?)", -1, &insert, nullptr),
        db);
  const std::string text(what.event_bytes, 'x');
  std::uint64_t rows = 0;
  const auto begin = steady::now();
  while (seconds_since(begin) < what.seconds / 2) {
    run("BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < batch; ++i, ++rows) {
      sqlite3_bind_int64(insert, 1, static_cast<sqlite3_int64>(i));
      sqlite3_bind_int64(insert, 2, static_cast<sqlite3_int64>(rows));
      sqlite3_bind_text(insert, 3, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
      check(sqlite3_step(insert), db);
      sqlite3_reset(insert);
    }
    run("COMMIT");
  }
  const auto seconds = seconds_since(begin);
  sqlite3_finalize(insert);
  sqlite3_close(db);
  return static_cast<double>(rows) / seconds;
}

/// Appends of `bytes` with fdatasync a second.
double measure_syncs(const workload& what, std::size_t bytes) {
  const auto file = what.folder / "plain";
  const int fd = open(file.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    throw std::runtime_error{"cannot write " + file.string()};
  const std::string text(bytes, 'x');
  std::uint64_t syncs = 0;
  const auto begin = steady::now();
  for (; seconds_since(begin) < what.seconds / 2; ++syncs)
    if (write(fd, text.data(), text.size()) < 0 || fdatasync(fd) != 0)
      throw std::runtime_error{"cannot write " + file.string()};
  const auto seconds = seconds_since(begin);
  close(fd);
  return static_cast<double>(syncs) / seconds;
}

} // namespace

} // namespace troupe::bench

int main(int argc, char** argv) {
  using namespace troupe;
  if (argc < 2) {
    std::cerr << "usage: bench-journal FOLDER [producers [event bytes [seconds [URL of a PostgreSQL database]]]]\n";
    return 2;
  }
  try {
    bench::workload what;
    what.folder = std::filesystem::path{argv[1]} / ("bench-journal-" + std::to_string(getpid()));
    if (argc > 2)
      what.producers = std::max(1ul, std::strtoul(argv[2], nullptr, 10));
    if (argc > 3)
      what.event_bytes = std::max(32ul, std::strtoul(argv[3], nullptr, 10));
    if (argc > 4)
      what.seconds = std::strtod(argv[4], nullptr);
    if (argc > 5)
      what.url = argv[5];
    register_message_types();
    caf::init_global_meta_objects<caf::id_block::troupe_bench>();
    const bench::folder_for_now used{what.folder};
    nlohmann::ordered_json out{{"producers", what.producers}, {"eventBytes", what.event_bytes}};
    out["entities"] = bench::measure_entities(what);
    if (what.url.empty()) {
      out["rawSqliteBatchesPerSecond"] = bench::measure_raw_sqlite(what, what.producers, "batches.db");
      out["rawSqliteSinglePerSecond"] = bench::measure_raw_sqlite(what, 1, "single.db");
    }
    out["appendAndSyncPerSecond"] = bench::measure_syncs(what, what.producers * what.event_bytes);
    std::cout << out.dump() << '\n';
  } catch (const std::exception& e) {
    std::cerr << "bench-journal: " << e.what() << '\n';
    return 1;
  }
}

#include "supervisors/store_commands.hpp"

#include "adapters/sqlite/store.hpp"
#include "supervisors/store_copy.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <string>

namespace troupe {

namespace {

constexpr int cannot = 2;

/// One line that is written over and over, for people only.
class progress_line {
public:
  ~progress_line() { clear(); }

  void show(std::string_view phase, std::uint64_t done, std::uint64_t total) {
    if (!terminal_)
      return;
    constexpr std::uint64_t width = 30;
    std::cerr << "\r\033[K" << phase << ' ';
    if (total > 0) {
      const auto filled = std::min(width, done * width / total);
      std::cerr << '[' << std::string(filled, '#') << std::string(width - filled, '.') << "] " << done * 100 / total
                << "% " << done << " of " << total;
    } else {
      std::cerr << done;
    }
    std::cerr << std::flush;
  }

  void clear() {
    if (terminal_)
      std::cerr << "\r\033[K";
  }

private:
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
};

int complain(const store_settings& of, const caf::error& why) {
  std::cerr << "troupe: " << problem_with_store(of, why) << '\n';
  return cannot;
}

int check_file(const store_settings& x) {
  progress_line line;
  const auto report = sqlite::check_store(x.file.string(), [&](const auto& p) { line.show(p.phase, p.done, p.total); });
  line.clear();
  if (!report)
    return complain(x, report.error());
  std::cout << report->streams << " streams, " << report->events << " events, " << report->snapshots << " snapshots, "
            << report->problems << " problems\n";
  for (const auto& problem : report->first_problems)
    std::cout << "  " << problem << '\n';
  return report->ok() ? 0 : 1;
}

/// Through the port: each event's checksum, offsets and versions without gaps, each stream's end.
int check_database(const store_settings& x) {
  auto opened = make_stores(x)->open_reader();
  if (!opened)
    return complain(x, opened.error());
  auto& reader = **opened;
  const auto contexts = reader.contexts();
  if (!contexts)
    return complain(x, contexts.error());
  progress_line line;
  std::uint64_t streams = 0;
  std::uint64_t events = 0;
  std::uint64_t problems = 0;
  const auto found = [&](const caf::error& why) {
    ++problems;
    line.clear();
    std::cout << "  " << text_of(why) << '\n';
  };
  for (const auto& context : *contexts) {
    for (std::string after;;) {
      const auto keys = reader.keys(context, after, 1'000);
      if (!keys)
        return complain(x, keys.error());
      for (const auto& key : *keys) {
        std::uint64_t version = 1;
        for (;;) {
          const auto page = reader.read_stream({context, key}, version, 1'000);
          if (!page) {
            found(page.error());
            break;
          }
          version += page->size();
          events += page->size();
          if (page->size() < 1'000)
            break;
        }
        if (const auto whole = reader.load({context, key}); !whole)
          found(whole.error());
        line.show(context, ++streams, 0);
      }
      if (keys->size() < 1'000)
        break;
      after = keys->back();
    }
    const auto positions = reader.positions("", context);
    if (!positions)
      return complain(x, positions.error());
    for (const auto& in : *positions)
      for (std::uint64_t next = 1; next <= in.last;) {
        const auto page = reader.read_shard(context, in.shard, next, 1'000);
        if (!page || page->empty()) {
          found(page ? caf::make_error(ec::store_damaged,
                                       "shard " + std::to_string(in.shard) + " of " + context + " ends early")
                     : page.error());
          break;
        }
        next += page->size();
      }
  }
  line.clear();
  std::cout << streams << " streams, " << events << " events, " << problems << " problems\n";
  return problems == 0 ? 0 : 1;
}

int refuse_without_database() {
  std::cerr << "troupe: this is for PostgreSQL: set store.postgres.url, and store.kind=postgres\n";
  return cannot;
}

} // namespace

int check_store(const store_settings& x) {
  return x.on_postgres() ? check_database(x) : check_file(x);
}

int copy_store_file(const std::filesystem::path& file, const store_settings& to) {
  if (!to.on_postgres())
    return refuse_without_database();
  store_settings from;
  from.file = file;
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    return complain(from, caf::make_error(ec::store_unavailable, "there is no file " + file.string()));
  const auto source = make_stores(from);
  const auto lock = source->open_writer(); // A node that runs on it is found here.
  if (!lock)
    return complain(from, lock.error());
  const auto reader = source->open_reader();
  if (!reader)
    return complain(from, reader.error());
  auto filling = to;
  filling.postgres.fills = true;
  const auto target = make_stores(filling);
  const auto writer = target->open_writer();
  if (!writer)
    return complain(to, writer.error());
  const auto read_back = target->open_reader();
  if (!read_back)
    return complain(to, read_back.error());
  progress_line line;
  const auto report =
    copy_store(**reader, **writer, **read_back, [&](const copy_progress& x) { line.show(x.phase, x.done, x.total); });
  line.clear();
  if (!report)
    return complain(to, report.error());
  if (const auto done = postgres::finish_filling(to.postgres); !done)
    return complain(to, done.error());
  std::cout << report->events << " events (" << report->copied << " copied now), " << report->snapshots
            << " snapshots, " << report->wake_ups << " wake-ups, " << report->marks << " marks: all in " << describe(to)
            << ", compared and equal\n"
            << "Keep " << file.string() << " until a node has run on the database.\n";
  return 0;
}

int accept_store(const store_settings& x, const std::string& reason) {
  if (!x.on_postgres())
    return refuse_without_database();
  const auto now = postgres::look_at_server(x.postgres);
  if (!now)
    return complain(x, now.error());
  std::cout << describe(x) << "\n  noted: system " << now->noted_system_identifier << ", timeline "
            << now->noted_timeline << (now->was_synchronous ? ", waited" : ", did not wait") << " for a standby\n"
            << "  now:   system " << now->system_identifier << ", timeline " << now->timeline
            << (now->synchronous ? ", waits" : ", does not wait") << " for a standby\n";
  for (const auto& in : now->contexts)
    std::cout << "  " << in.name << ": " << in.events << " events"
              << (in.newest.empty() ? "" : ", the newest of " + in.newest) << '\n';
  if (const auto done = postgres::accept_server(x.postgres, reason); !done)
    return complain(x, done.error());
  std::cout << "accepted: nodes go on with what is there\n";
  return 0;
}

int print_migrations(const store_settings& x) {
  if (!x.on_postgres())
    return refuse_without_database();
  const auto all = postgres::migration_history(x.postgres);
  if (!all)
    return complain(x, all.error());
  bool missing = false;
  for (const auto& m : *all) {
    std::cout << m.version << "  " << m.name << "  " << (m.applied_at.empty() ? "to come" : m.applied_at) << '\n';
    missing = missing || m.applied_at.empty();
  }
  return missing ? 1 : 0;
}

int migrate_up(const store_settings& x) {
  if (!x.on_postgres())
    return refuse_without_database();
  const auto done = postgres::migrate(x.postgres);
  if (!done)
    return complain(x, done.error());
  for (const auto& m : *done)
    std::cout << "applied " << m.version << "  " << m.name << '\n';
  if (done->empty())
    std::cout << "nothing to do\n";
  return 0;
}

} // namespace troupe

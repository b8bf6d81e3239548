#include "supervisors/store_copy.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace troupe {

using namespace journal;

namespace {

constexpr std::size_t page = 1'000;
constexpr std::size_t events_at_once = 4'000;

struct failed {
  caf::error why;
};

template <class T> T taken(caf::expected<T> x) {
  if (!x)
    throw failed{std::move(x.error())};
  return std::move(*x);
}

using shard_key = std::pair<std::string, std::uint16_t>;

class copier {
public:
  copier(store_reader& from, store_writer& to, store_reader& to_read,
         const std::function<void(const copy_progress&)>& on_progress)
    : from_(from), to_(to), to_read_(to_read), on_progress_(on_progress) {}

  copy_report run() {
    contexts_ = taken(from_.contexts());
    for (auto& x : taken(to_.acquire(contexts_, "copy")))
      leases_[{x.context, x.shard}] = x;
    for (const auto& context : contexts_)
      for (const auto& x : taken(from_.positions("", context))) {
        last_[{context, x.shard}] = x.last;
        report_.events += x.last;
      }
    refuse_foreign_events();
    copy_events();
    copy_streams();
    verify();
    return report_;
  }

private:
  void tell(std::string_view phase, std::uint64_t done, std::uint64_t total) {
    if (on_progress_)
      on_progress_({phase, done, total});
  }

  // The last event of each shard that is there already must be the source's own.
  void refuse_foreign_events() {
    for (const auto& [where, x] : leases_) {
      const auto last = x.next_offset - 1;
      if (last == 0)
        continue;
      const auto here = taken(from_.read_shard(where.first, where.second, last, 1));
      const auto there = taken(to_read_.read_shard(where.first, where.second, last, 1));
      if (here.empty() || there.empty() || here.front() != there.front())
        throw failed{caf::make_error(ec::store_foreign, "the target has events in shard " + std::to_string(where.second)
                                                          + " of " + where.first
                                                          + " that are not the source's; copy into an empty database")};
      done_ += last;
    }
  }

  void copy_events() {
    tell("events", done_, report_.events);
    for (const auto& [where, last] : last_) {
      const auto& lease = leases_.at(where);
      for (auto next = lease.next_offset; next <= last;) {
        const auto events = taken(from_.read_shard(where.first, where.second, next, page));
        if (events.empty())
          throw failed{caf::make_error(ec::store_damaged, "the source ends early in shard "
                                                            + std::to_string(where.second) + " of " + where.first)};
        for (const auto& e : events) {
          auto& x = batch_.emplace_back();
          x.stream = e.stream;
          x.epoch = lease.epoch;
          x.events.push_back(e);
        }
        next += events.size();
        if (batch_.size() >= events_at_once)
          commit_events();
      }
    }
    commit_events();
  }

  void commit_events() {
    const auto count = batch_.size();
    commit();
    report_.copied += count;
    done_ += count;
    tell("events", done_, report_.events);
  }

  void copy_streams() {
    for (const auto& context : contexts_) {
      each_key(context, [&](const std::string& key) {
        auto found = taken(from_.load({context, key}));
        if (!found.base)
          return;
        auto& x = batch_.emplace_back(write_to({context, key}));
        x.snapshot = std::move(found.base);
        ++report_.snapshots;
        commit_if_full();
      });
      each_wake_up(from_, context, [&](const wake_up& due) {
        batch_.emplace_back(write_to(due.stream)).wake_up = wake_up_change{due.at};
        ++report_.wake_ups;
        commit_if_full();
      });
      commit();
      std::vector<offset_mark> marks;
      for (auto& x : taken(from_.marks(context))) {
        const auto epoch = leases_.at({context, x.shard}).epoch;
        marks.push_back({std::move(x.outlet), context, x.shard, x.offset, epoch});
      }
      report_.marks += marks.size();
      if (!marks.empty())
        taken(to_.commit({}, marks));
    }
  }

  write write_to(const stream_name& stream) {
    write x;
    x.stream = stream;
    x.epoch = leases_.at({stream.context, stream.shard()}).epoch;
    return x;
  }

  void commit_if_full() {
    tell("streams", report_.snapshots + report_.wake_ups, 0);
    if (batch_.size() >= page)
      commit();
  }

  void commit() {
    if (batch_.empty())
      return;
    for (const auto result : taken(to_.commit(batch_)))
      if (result != write_result::stored)
        throw failed{caf::make_error(ec::shard_lost, std::string{"somebody else writes to the target"})};
    batch_.clear();
  }

  template <class Use> void each_key(const std::string& context, Use use) {
    for (std::string after;;) {
      const auto keys = taken(from_.keys(context, after, page));
      for (const auto& key : keys)
        use(key);
      if (keys.size() < page)
        return;
      after = keys.back();
    }
  }

  template <class Use> void each_wake_up(store_reader& in, const std::string& context, Use use) {
    for (std::optional<wake_up> after;;) {
      const auto items = taken(in.due(context, time_point::max(), after, page));
      for (const auto& x : items)
        use(x);
      if (items.size() < page)
        return;
      after = items.back();
    }
  }

  void verify() {
    std::uint64_t seen = 0;
    for (const auto& [where, last] : last_)
      for (std::uint64_t next = 1; next <= last; next += page) {
        const auto here = taken(from_.read_shard(where.first, where.second, next, page));
        if (here != taken(to_read_.read_shard(where.first, where.second, next, page)))
          differs("events of shard " + std::to_string(where.second) + " of " + where.first);
        seen += here.size();
        tell("verifying", seen, report_.events);
      }
    if (seen != report_.events)
      differs("number of events");
    for (const auto& context : contexts_) {
      if (taken(from_.marks(context)) != taken(to_read_.marks(context)))
        differs("outlets' marks of " + context);
      std::vector<wake_up> here;
      std::vector<wake_up> there;
      each_wake_up(from_, context, [&](const wake_up& x) { here.push_back(x); });
      each_wake_up(to_read_, context, [&](const wake_up& x) { there.push_back(x); });
      if (here != there)
        differs("wake-ups of " + context);
      each_key(context, [&](const std::string& key) {
        const auto mine = taken(from_.load({context, key}));
        const auto theirs = taken(to_read_.load({context, key}));
        if (mine.base != theirs.base || mine.events != theirs.events)
          differs("stream " + context + "/" + key);
      });
    }
  }

  [[noreturn]] static void differs(const std::string& what) {
    throw failed{caf::make_error(ec::store_damaged, "what was read back differs: " + what)};
  }

  store_reader& from_;
  store_writer& to_;
  store_reader& to_read_;
  const std::function<void(const copy_progress&)>& on_progress_;
  std::vector<std::string> contexts_;
  std::map<shard_key, lease> leases_;
  std::map<shard_key, std::uint64_t> last_; // offsets, of the source
  std::vector<write> batch_;
  std::uint64_t done_ = 0; // events that the target has
  copy_report report_;
};

} // namespace

caf::expected<copy_report> copy_store(store_reader& from, store_writer& to, store_reader& to_read,
                                      const std::function<void(const copy_progress&)>& on_progress) {
  try {
    return copier{from, to, to_read, on_progress}.run();
  } catch (const failed& x) {
    return x.why;
  }
}

} // namespace troupe

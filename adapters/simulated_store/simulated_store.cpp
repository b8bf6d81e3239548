#include "adapters/simulated_store/simulated_store.hpp"

#include <algorithm>

namespace troupe::simulated {

using namespace journal;

namespace {

caf::error closed() {
  return caf::make_error(ec::store_unavailable, std::string{"the process that opened this connection is gone"});
}

std::string name_of(const stream_name& x) {
  return x.context + "/" + x.key;
}

} // namespace

disk::disk() : faults_(std::make_shared<faults>()) {}

void disk::set_faults(std::shared_ptr<faults> x) {
  faults_ = x ? std::move(x) : std::make_shared<faults>();
}

void disk::sync() {
  pending_.clear();
}

void disk::crash() {
  take_back(0);
  ++boots_;
}

stored_event* disk::find(const stream_name& name, std::uint64_t version) {
  const auto where = contexts_.find(name.context);
  if (where == contexts_.end())
    return nullptr;
  const auto found = where->second.streams.find(name.key);
  if (found == where->second.streams.end() || version == 0 || version > found->second.events.size())
    return nullptr;
  return &found->second.events[version - 1];
}

std::string disk::apply(std::span<const write> batch, std::vector<write_result>& results, const shard_set& released) {
  results.reserve(batch.size());
  for (const auto& x : batch)
    if (released.test(x.stream.shard()))
      results.push_back(write_result::shard_lost);
    else if (auto refusal = apply(x, results.emplace_back(write_result::stored)); !refusal.empty())
      return refusal;
  return {};
}

std::string disk::apply(const write& x, write_result& result) {
  const auto where = contexts_.find(x.stream.context);
  if (where == contexts_.end() || x.epoch == 0 || where->second.epochs[x.stream.shard()] != x.epoch) {
    result = write_result::shard_lost;
    return {};
  }
  auto& in = where->second;
  const auto number = x.stream.shard();
  auto& what = in.streams[x.stream.key];
  if (what.key.empty())
    what.key = x.stream.key;
  auto& back = pending_.emplace_back();
  back.where = &in;
  back.what = &what;
  if (!x.events.empty()) {
    auto& shard = in.shards[number];
    for (const auto& e : x.events) {
      if (e.version != what.events.size() + 1)
        return name_of(x.stream) + " has version " + std::to_string(what.events.size());
      if (e.offset != shard.size() + 1 || e.shard != number)
        return "shard " + std::to_string(number) + " has offset " + std::to_string(shard.size());
      what.events.push_back(e);
      shard.push_back({&what, e.version});
      log_.push_back({&what, e.version});
      ++back.events;
      ++events_;
    }
  }
  if (x.wake_up) {
    back.had_wake_up_change = true;
    back.wake_up = what.wake_up;
    set_wake_up(in, what, x.wake_up->at);
  }
  if (x.snapshot) {
    if (x.snapshot->version == 0 || x.snapshot->version > what.events.size())
      return "a snapshot of a version that " + name_of(x.stream) + " does not have";
    if (!what.snapshot || what.snapshot->version <= x.snapshot->version) {
      back.had_snapshot_change = true;
      back.snapshot = std::move(what.snapshot);
      what.snapshot = x.snapshot;
    }
  }
  return {};
}

void disk::apply(const offset_mark& x) {
  const auto where = contexts_.find(x.context);
  if (where == contexts_.end() || x.epoch == 0 || x.shard >= shard_count || where->second.epochs[x.shard] != x.epoch)
    return;
  const outlet_key key{x.outlet, x.context, x.shard};
  auto& mark = outlets_[key];
  pending_.emplace_back().mark.emplace(key, mark);
  mark = x.offset;
}

std::uint64_t disk::mark(const std::string& outlet, const std::string& context, std::uint16_t shard) const {
  const auto found = outlets_.find({outlet, context, shard});
  return found == outlets_.end() ? 0 : found->second;
}

std::uint64_t disk::last_offset(const std::string& context, std::uint16_t shard) const {
  const auto in = contexts_.find(context);
  if (in == contexts_.end())
    return 0;
  const auto found = in->second.shards.find(shard);
  return found == in->second.shards.end() ? 0 : found->second.size();
}

std::uint64_t disk::epoch(const std::string& context, std::uint16_t shard) const {
  const auto in = contexts_.find(context);
  return in == contexts_.end() ? 0 : in->second.epochs.at(shard);
}

void disk::take_back(std::size_t keep) {
  for (; pending_.size() > keep; pending_.pop_back()) {
    auto& back = pending_.back();
    if (back.mark) {
      outlets_[back.mark->first] = back.mark->second;
      continue;
    }
    auto& in = *back.where;
    auto& what = *back.what;
    for (; back.events > 0; --back.events) {
      in.shards[what.events.back().shard].pop_back();
      log_.pop_back();
      what.events.pop_back();
      --events_;
    }
    if (back.had_wake_up_change)
      set_wake_up(in, what, back.wake_up);
    if (back.had_snapshot_change)
      what.snapshot = std::move(back.snapshot);
  }
}

void disk::set_wake_up(context& where, stream& what, const std::optional<time_point>& at) {
  if (what.wake_up == at)
    return;
  if (what.wake_up)
    where.wake_ups.erase({*what.wake_up, what.key});
  if (at)
    where.wake_ups.emplace(*at, what.key);
  what.wake_up = at;
}

const disk::stream* disk::find_stream(const stream_name& name) const {
  const auto where = contexts_.find(name.context);
  if (where == contexts_.end())
    return nullptr;
  const auto found = where->second.streams.find(name.key);
  return found == where->second.streams.end() ? nullptr : &found->second;
}

class writer final : public store_writer {
public:
  explicit writer(std::shared_ptr<disk> where) : disk_(std::move(where)), boot_(disk_->boots_) {}

  using store_writer::acquire;

  caf::expected<std::vector<lease>> acquire(const claim& x) override {
    if (auto reason = unusable())
      return reason;
    if (!disk_->leases_)
      return x.incarnation == 0 ? take_all(x) : caf::expected<std::vector<lease>>{no_clusters()};
    lease_connection leases{disk_->leases_, x.node};
    auto granted =
      x.incarnation == 0 ? leases.take_all(x.node) : leases.claim(x.node, x.incarnation, numbers_of(x.shards));
    if (!granted)
      return std::move(granted.error());
    for (const auto& one : *granted)
      released_.reset(one.shard);
    return seat(x.contexts, *granted);
  }

  caf::expected<void> release(const std::string& node, std::uint64_t incarnation, const shard_set& shards) override {
    if (auto reason = unusable())
      return reason;
    if (!disk_->leases_)
      return no_clusters();
    if (auto reason = lease_connection{disk_->leases_, node}.release(node, incarnation, numbers_of(shards)))
      return reason;
    released_ |= shards;
    return {};
  }

  caf::expected<std::vector<write_result>> commit(std::span<const write> batch,
                                                  std::span<const offset_mark> marks) override {
    if (auto reason = unusable())
      return reason;
    const auto fate = disk_->faults_->on_commit(batch);
    if (disk_->boots_ != boot_)
      return closed(); // The disk crashed while it was slow.
    if (fate == commit_fate::full)
      return caf::make_error(ec::store_unavailable, std::string{"the disk is full"});
    if (fate == commit_fate::lost)
      return broken();
    const auto before = disk_->pending_.size();
    std::vector<write_result> results;
    if (auto refusal = disk_->apply(batch, results, released_); !refusal.empty()) {
      disk_->take_back(before);
      return caf::make_error(ec::version_conflict, std::move(refusal));
    }
    for (const auto& x : marks)
      if (!released_.test(x.shard))
        disk_->apply(x);
    if (fate != commit_fate::unsynced)
      disk_->sync(); // Whatever was written before is synced with it.
    if (fate == commit_fate::unknown)
      return broken();
    ++disk_->commits_;
    return results;
  }

private:
  static caf::error no_clusters() { return caf::make_error(ec::refused, std::string{"this store has no clusters"}); }

  static std::vector<std::uint16_t> numbers_of(const shard_set& x) {
    std::vector<std::uint16_t> result;
    for (std::uint16_t shard = 0; shard < shard_count; ++shard)
      if (x.test(shard))
        result.push_back(shard);
    return result;
  }

  /// What nobody leases has no epochs but those of its contexts.
  std::vector<lease> take_all(const claim& x) {
    std::vector<granted_shard> all;
    for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
      std::uint64_t epoch = 0;
      for (const auto& name : x.contexts)
        epoch = std::max(epoch, disk_->contexts_[name].epochs[shard]);
      all.push_back({shard, epoch + 1});
    }
    return seat(x.contexts, all);
  }

  std::vector<lease> seat(const std::vector<std::string>& contexts, const std::vector<granted_shard>& granted) {
    std::vector<lease> leases;
    leases.reserve(contexts.size() * granted.size());
    for (const auto& name : contexts) {
      auto& in = disk_->contexts_[name];
      auto next = in.shards.begin();
      for (const auto& [shard, epoch] : granted) { // In order.
        while (next != in.shards.end() && next->first < shard)
          ++next;
        const bool has_events = next != in.shards.end() && next->first == shard;
        in.epochs[shard] = epoch;
        leases.push_back({name, shard, epoch, has_events ? next->second.size() + 1 : 1});
      }
    }
    return leases;
  }

  caf::error unusable() const {
    if (disk_->boots_ != boot_)
      return closed();
    if (broken_)
      return caf::make_error(ec::store_unavailable, std::string{"the store must be opened again"});
    return {};
  }

  caf::error broken() {
    broken_ = true;
    return caf::make_error(ec::commit_unknown, std::string{"the disk could not sync"});
  }

  std::shared_ptr<disk> disk_;
  std::uint64_t boot_;
  shard_set released_; // by this connection
  bool broken_ = false;
};

class reader final : public store_reader {
public:
  explicit reader(std::shared_ptr<disk> where) : disk_(std::move(where)), boot_(disk_->boots_) {}

  caf::expected<recovered_stream> load(const stream_name& name) override {
    if (auto reason = unusable())
      return reason;
    recovered_stream result;
    const auto* found = disk_->find_stream(name);
    if (!found)
      return result;
    result.base = found->snapshot;
    const auto after = result.base ? result.base->version : 0;
    result.events.assign(found->events.begin() + static_cast<std::ptrdiff_t>(after), found->events.end());
    return verified(result, result.events);
  }

  caf::expected<std::vector<stored_event>> read_stream(const stream_name& name, std::uint64_t first_version,
                                                       std::size_t limit) override {
    if (auto reason = unusable())
      return reason;
    std::vector<stored_event> result;
    const auto* found = disk_->find_stream(name);
    const auto first = std::max<std::uint64_t>(first_version, 1) - 1;
    if (found && first < found->events.size()) {
      const auto from = found->events.begin() + static_cast<std::ptrdiff_t>(first);
      result.assign(from, from + static_cast<std::ptrdiff_t>(std::min(limit, found->events.size() - first)));
    }
    return verified(result, result);
  }

  caf::expected<std::vector<stored_event>> read_shard(const std::string& context, std::uint16_t shard,
                                                      std::uint64_t first_offset, std::size_t limit) override {
    if (auto reason = unusable())
      return reason;
    std::vector<stored_event> result;
    const auto where = disk_->contexts_.find(context);
    if (where == disk_->contexts_.end())
      return result;
    const auto found = where->second.shards.find(shard);
    if (found == where->second.shards.end())
      return result;
    for (auto i = std::max<std::uint64_t>(first_offset, 1) - 1; i < found->second.size() && result.size() < limit; ++i)
      result.push_back(found->second[i].owner->events[found->second[i].version - 1]);
    return verified(result, result);
  }

  caf::expected<std::vector<wake_up>> due(const std::string& context, time_point until,
                                          const std::optional<wake_up>& after, std::size_t limit) override {
    if (auto reason = unusable())
      return reason;
    std::vector<wake_up> result;
    const auto where = disk_->contexts_.find(context);
    if (where == disk_->contexts_.end())
      return result;
    const auto& all = where->second.wake_ups;
    for (auto i = after ? all.upper_bound({after->at, after->stream.key}) : all.begin();
         i != all.end() && i->first <= until && result.size() < limit; ++i)
      result.push_back({{context, i->second}, i->first});
    return result;
  }

  caf::expected<std::vector<outlet_position>> positions(const std::string& outlet,
                                                        const std::string& context) override {
    if (auto reason = unusable())
      return reason;
    std::vector<outlet_position> result;
    const auto where = disk_->contexts_.find(context);
    if (where == disk_->contexts_.end())
      return result;
    for (const auto& [shard, events] : where->second.shards) {
      const auto mark = disk_->outlets_.find({outlet, context, shard});
      if (!events.empty())
        result.push_back({shard, mark == disk_->outlets_.end() ? 0 : mark->second, events.size()});
    }
    return result;
  }

  caf::expected<std::vector<stored_mark>> marks(const std::string& context) override {
    if (auto reason = unusable())
      return reason;
    std::vector<stored_mark> result;
    for (const auto& [key, offset] : disk_->outlets_)
      if (const auto& [outlet, in, shard] = key; in == context)
        result.push_back({outlet, shard, offset});
    return result;
  }

  caf::expected<std::vector<std::string>> contexts() override {
    if (auto reason = unusable())
      return reason;
    std::vector<std::string> result;
    for (const auto& [name, in] : disk_->contexts_)
      result.push_back(name);
    return result;
  }

  caf::expected<std::vector<std::string>> keys(const std::string& context, const std::string& after,
                                               std::size_t limit) override {
    if (auto reason = unusable())
      return reason;
    std::vector<std::string> result;
    const auto where = disk_->contexts_.find(context);
    if (where == disk_->contexts_.end())
      return result;
    const auto& all = where->second.streams;
    for (auto i = all.upper_bound(after); i != all.end() && result.size() < limit; ++i)
      if (!i->second.events.empty())
        result.push_back(i->first);
    return result;
  }

  caf::expected<latest_events> latest(const event_filter& filter, std::optional<std::uint64_t> before,
                                      std::size_t limit) override {
    if (auto reason = unusable())
      return reason;
    latest_events result;
    const auto& log = disk_->log_;
    result.newest = log.size();
    const auto fits = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
    const auto first = result.newest - std::min(result.newest, latest_max) + 1;
    auto at = std::min(before.value_or(result.newest + 1), result.newest + 1);
    while (at > first && result.events.size() < limit) {
      const auto& from = log[--at - 1];
      const auto& x = from.owner->events[from.version - 1];
      if (!fits(filter.context, x.stream.context) || !fits(filter.key, x.stream.key) || !fits(filter.type, x.type))
        continue;
      if (auto damaged = problem_with(x))
        return damaged;
      result.events.push_back({at, x});
    }
    return result;
  }

  caf::expected<due_count> count_due(const std::string& context, time_point until) override {
    if (auto reason = unusable())
      return reason;
    due_count result;
    const auto where = disk_->contexts_.find(context);
    if (where == disk_->contexts_.end())
      return result;
    const auto& all = where->second.wake_ups;
    for (auto i = all.begin(); i != all.end() && i->first <= until; ++i)
      ++result.count;
    if (result.count > 0)
      result.oldest = all.begin()->first;
    return result;
  }

private:
  caf::error unusable() const {
    if (disk_->boots_ != boot_)
      return closed();
    if (disk_->faults_->fails_to_read())
      return caf::make_error(ec::store_unavailable, std::string{"the disk cannot be read"});
    return {};
  }

  template <class Result>
  caf::expected<Result> verified(Result& result, const std::vector<stored_event>& events) const {
    for (const auto& x : events)
      if (auto damaged = problem_with(x))
        return damaged;
    return std::move(result);
  }

  caf::error problem_with(const stored_event& x) const {
    if (!disk_->verify_ || checksum_of(x) == x.checksum)
      return {};
    return caf::make_error(ec::store_damaged, "event " + std::to_string(x.version) + " of " + name_of(x.stream)
                                                + " is damaged: its checksum does not hold");
  }

  std::shared_ptr<disk> disk_;
  std::uint64_t boot_;
};

class store final : public store_factory {
public:
  explicit store(std::shared_ptr<disk> where) : disk_(std::move(where)) {}

  caf::expected<std::unique_ptr<store_writer>> open_writer() override {
    if (disk_->faults_->fails_to_open())
      return caf::make_error(ec::store_unavailable, std::string{"the disk cannot be opened"});
    return std::unique_ptr<store_writer>{std::make_unique<writer>(disk_)};
  }

  caf::expected<std::unique_ptr<store_reader>> open_reader() override {
    if (disk_->faults_->fails_to_open())
      return caf::make_error(ec::store_unavailable, std::string{"the disk cannot be opened"});
    return std::unique_ptr<store_reader>{std::make_unique<reader>(disk_)};
  }

private:
  std::shared_ptr<disk> disk_;
};

std::shared_ptr<store_factory> make_store(std::shared_ptr<disk> where) {
  return std::make_shared<store>(std::move(where));
}

} // namespace troupe::simulated

#include "supervisors/dead_letters/overlay_store.hpp"

#include "actors/kernel/hash.hpp"

#include <algorithm>
#include <set>

namespace troupe {

using namespace journal;

namespace {

constexpr std::uint64_t first_offset = std::uint64_t{1} << 40; // behind whatever a store below has

} // namespace

caf::expected<store_reader*> overlay::reader() {
  if (!reader_) {
    auto opened = below_->open_reader();
    if (!opened)
      return opened.error();
    reader_ = std::move(*opened);
  }
  return reader_.get();
}

caf::error overlay::add(const write& x) {
  if (!held_.streams.contains(x.stream)) {
    auto from = reader();
    if (!from)
      return from.error();
    auto below = (*from)->load(x.stream);
    if (!below)
      return below.error();
    held_.streams[x.stream].base = below->version();
  }
  auto& to = held_.streams[x.stream];
  for (const auto& e : x.events) {
    if (e.version != to.base + to.events.size() + 1)
      return caf::make_error(ec::version_conflict);
    to.events.push_back(e);
    held_.written.push_back(e);
    auto& last = held_.last_offsets[{x.stream.context, e.shard}];
    last = std::max(last, e.offset);
  }
  if (x.wake_up)
    to.wake_up = x.wake_up->at;
  return {};
}

class overlay_writer final : public store_writer {
public:
  explicit overlay_writer(std::shared_ptr<overlay> over) : over_(std::move(over)) {}

  using store_writer::acquire;
  caf::expected<std::vector<lease>> acquire(const claim& x) override {
    ++over_->epoch_;
    std::vector<lease> result;
    result.reserve(x.contexts.size() * shard_count);
    for (const auto& context : x.contexts)
      for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
        const auto last = over_->held_.last_offsets.find({context, shard});
        result.push_back(
          {context, shard, over_->epoch_, last == over_->held_.last_offsets.end() ? first_offset : last->second + 1});
      }
    return result;
  }

  caf::expected<std::vector<write_result>> commit(std::span<const write> batch, std::span<const offset_mark>) override {
    std::vector<write_result> result;
    const auto before = over_->held_;
    for (const auto& x : batch) {
      if (x.epoch != over_->epoch_) {
        result.push_back(write_result::shard_lost);
        continue;
      }
      if (auto failed = over_->add(x)) {
        over_->held_ = before;
        return failed;
      }
      result.push_back(write_result::stored);
    }
    return result;
  }

private:
  std::shared_ptr<overlay> over_;
};

class overlay_reader final : public store_reader {
public:
  overlay_reader(std::shared_ptr<overlay> over, std::vector<std::string> shown)
    : over_(std::move(over)), shown_(std::move(shown)) {}

  caf::expected<recovered_stream> load(const stream_name& stream) override {
    return below([&](store_reader& x) -> caf::expected<recovered_stream> {
      auto found = x.load(stream);
      if (const auto over = over_->held_.streams.find(stream); found && over != over_->held_.streams.end()) {
        // What came to be below since then did not happen here.
        std::erase_if(found->events, [&](const auto& e) { return e.version > over->second.base; });
        found->events.insert(found->events.end(), over->second.events.begin(), over->second.events.end());
      }
      return found;
    });
  }

  caf::expected<std::vector<stored_event>> read_stream(const stream_name& stream, std::uint64_t first_version,
                                                       std::size_t limit) override {
    return below([&](store_reader& x) -> caf::expected<std::vector<stored_event>> {
      auto found = x.read_stream(stream, first_version, limit);
      if (const auto over = over_->held_.streams.find(stream); found && over != over_->held_.streams.end()) {
        std::erase_if(*found, [&](const auto& e) { return e.version > over->second.base; });
        for (const auto& e : over->second.events)
          if (e.version >= first_version && found->size() < limit)
            found->push_back(e);
      }
      return found;
    });
  }

  caf::expected<std::vector<stored_event>> read_shard(const std::string& context, std::uint16_t shard,
                                                      std::uint64_t from, std::size_t limit) override {
    std::vector<stored_event> result;
    for (const auto& e : over_->held_.written)
      if (e.stream.context == context && e.shard == shard && e.offset >= from && result.size() < limit)
        result.push_back(e);
    return result;
  }

  caf::expected<std::vector<wake_up>> due(const std::string& context, time_point until,
                                          const std::optional<wake_up>& after, std::size_t limit) override {
    std::vector<wake_up> result;
    if (std::find(shown_.begin(), shown_.end(), context) != shown_.end()) {
      auto found = below([&](store_reader& x) { return x.due(context, until, after, limit); });
      if (!found)
        return found;
      result = std::move(*found);
      std::erase_if(result, [this](const wake_up& x) { return over_->held_.streams.contains(x.stream); });
    }
    for (const auto& [name, x] : over_->held_.streams)
      if (name.context == context && x.wake_up && *x.wake_up <= until)
        result.push_back({name, *x.wake_up});
    std::erase_if(result, [&](const wake_up& x) {
      return after && std::pair{x.at, x.stream.key} <= std::pair{after->at, after->stream.key};
    });
    std::sort(result.begin(), result.end(), [](const wake_up& a, const wake_up& b) {
      return std::pair{a.at, a.stream.key} < std::pair{b.at, b.stream.key};
    });
    result.resize(std::min(result.size(), limit));
    return result;
  }

  caf::expected<std::vector<outlet_position>> positions(const std::string&, const std::string& context) override {
    std::vector<outlet_position> result;
    for (const auto& [shard, last] : over_->held_.last_offsets)
      if (shard.first == context)
        result.push_back({shard.second, first_offset - 1, last});
    return result;
  }

  caf::expected<std::vector<std::string>> keys(const std::string& context, const std::string& after,
                                               std::size_t limit) override {
    return below([&](store_reader& x) -> caf::expected<std::vector<std::string>> {
      auto found = x.keys(context, after, limit);
      if (!found)
        return found;
      std::set<std::string> all(found->begin(), found->end());
      for (const auto& [name, over] : over_->held_.streams)
        if (name.context == context && name.key > after && !over.events.empty())
          all.insert(name.key);
      std::vector<std::string> result(all.begin(), all.end());
      result.resize(std::min(result.size(), limit));
      return result;
    });
  }

private:
  template <class Read> auto below(Read read) -> decltype(read(std::declval<store_reader&>())) {
    auto from = over_->reader();
    if (!from)
      return from.error();
    auto result = read(**from);
    if (!result)
      over_->reader_.reset(); // It is opened anew.
    return result;
  }

  std::shared_ptr<overlay> over_;
  std::vector<std::string> shown_;
};

namespace {

class overlay_store final : public store_factory {
public:
  overlay_store(std::shared_ptr<overlay> over, std::vector<std::string> shown)
    : over_(std::move(over)), shown_(std::move(shown)) {}

  caf::expected<std::unique_ptr<store_writer>> open_writer() override {
    return std::unique_ptr<store_writer>{std::make_unique<overlay_writer>(over_)};
  }

  caf::expected<std::unique_ptr<store_reader>> open_reader() override {
    return std::unique_ptr<store_reader>{std::make_unique<overlay_reader>(over_, shown_)};
  }

private:
  std::shared_ptr<overlay> over_;
  std::vector<std::string> shown_;
};

} // namespace

std::shared_ptr<store_factory> make_store(std::shared_ptr<overlay> over, std::vector<std::string> shown) {
  return std::make_shared<overlay_store>(std::move(over), std::move(shown));
}

} // namespace troupe

#include "tests/simulation/store.hpp"

#include <map>
#include <utility>

namespace troupe::simulation {

namespace {

using simulated::commit_fate;

/// Draws what becomes of each commit, and remembers it for whoever has to know what is durable.
class mishaps final : public simulated::faults {
public:
  mishaps(world& w, const disk_faults& odds, bool lies) : world_(w), odds_(odds), lies_(lies) {}

  commit_fate on_commit(std::span<const journal::write>) override {
    fate_ = draw();
    switch (fate_) {
      case commit_fate::durable: break;
      case commit_fate::unsynced: world_.mishap("disk: commit not synced"); break;
      case commit_fate::full: world_.mishap("disk: full"); break;
      case commit_fate::lost: world_.mishap("disk: commit lost"); break;
      case commit_fate::unknown: world_.mishap("disk: commit unknown"); break;
    }
    return fate_;
  }

  bool fails_to_open() override { return fails(odds_.unopenable, "disk: cannot be opened"); }
  bool fails_to_read() override { return fails(odds_.unreadable, "disk: cannot be read"); }

  commit_fate fate() const { return fate_; }

private:
  bool fails(double odds, std::string_view how) {
    const bool result = world_.faults_on() && world_.random().chance(odds);
    if (result)
      world_.mishap(how);
    return result;
  }

  commit_fate draw() {
    if (lies_ && world_.random().chance(0.9))
      return commit_fate::unsynced;
    if (!world_.faults_on())
      return commit_fate::durable;
    auto u = world_.random().unit();
    if (u < odds_.full)
      return commit_fate::full;
    u -= odds_.full;
    if (u < odds_.lost)
      return commit_fate::lost;
    u -= odds_.lost;
    return u < odds_.unknown ? commit_fate::unknown : commit_fate::durable;
  }

  world& world_;
  disk_faults odds_;
  bool lies_;
  commit_fate fate_ = commit_fate::durable;
};

/// What outlives the connections of one store.
struct shared_parts {
  auditor& audit;
  std::shared_ptr<simulated::disk> disk;
  std::shared_ptr<mishaps> luck;
  std::shared_ptr<journal::store_factory> behind;
  store_bugs bugs;
  std::map<journal::stream_name, std::string> earlier; // the snapshot before the latest
};

class watched_writer final : public journal::store_writer {
public:
  watched_writer(std::shared_ptr<shared_parts> parts, std::unique_ptr<journal::store_writer> behind)
    : parts_(std::move(parts)), behind_(std::move(behind)) {}

  caf::expected<std::vector<journal::lease>> acquire(const journal::claim& x) override { return behind_->acquire(x); }

  caf::expected<void> release(const std::string& node, std::uint64_t incarnation,
                              const journal::shard_set& shards) override {
    return behind_->release(node, incarnation, shards);
  }

  caf::expected<std::vector<journal::write_result>> commit(std::span<const journal::write> batch,
                                                           std::span<const journal::offset_mark> marks) override {
    const bool replaces = parts_->bugs.stale_snapshot || parts_->bugs.forgets_wake_up || !parts_->bugs.fences;
    auto result = replaces ? behind_->commit(spoiled(batch), marks) : behind_->commit(batch, marks);
    const auto fate = parts_->luck->fate();
    if (result || fate == commit_fate::unknown)
      parts_->audit.tried_to_commit(batch, fate != commit_fate::unsynced);
    return result;
  }

private:
  std::vector<journal::write> spoiled(std::span<const journal::write> batch) {
    std::vector<journal::write> result{batch.begin(), batch.end()};
    for (auto& x : result) {
      if (!parts_->bugs.fences)
        x.epoch = parts_->disk->epoch(x.stream.context, x.stream.shard());
      if (parts_->bugs.forgets_wake_up)
        x.wake_up.reset();
      if (parts_->bugs.stale_snapshot && x.snapshot) {
        auto& earlier = parts_->earlier[x.stream];
        if (earlier.empty())
          earlier = x.snapshot->data;
        else
          std::swap(earlier, x.snapshot->data);
      }
    }
    return result;
  }

  std::shared_ptr<shared_parts> parts_;
  std::unique_ptr<journal::store_writer> behind_;
};

class watched_store final : public journal::store_factory {
public:
  explicit watched_store(std::shared_ptr<shared_parts> parts) : parts_(std::move(parts)) {}

  caf::expected<std::unique_ptr<journal::store_writer>> open_writer() override {
    auto behind = parts_->behind->open_writer();
    if (!behind)
      return std::move(behind.error());
    return std::unique_ptr<journal::store_writer>{std::make_unique<watched_writer>(parts_, std::move(*behind))};
  }

  caf::expected<std::unique_ptr<journal::store_reader>> open_reader() override { return parts_->behind->open_reader(); }

private:
  std::shared_ptr<shared_parts> parts_;
};

} // namespace

std::shared_ptr<journal::store_factory> make_store(world& w, auditor& audit, std::shared_ptr<simulated::disk> disk,
                                                   const disk_faults& faults, const store_bugs& bugs) {
  auto luck = std::make_shared<mishaps>(w, faults, bugs.unsynced);
  disk->set_faults(luck);
  auto behind = simulated::make_store(disk);
  return std::make_shared<watched_store>(
    std::make_shared<shared_parts>(shared_parts{audit, disk, std::move(luck), std::move(behind), bugs, {}}));
}

} // namespace troupe::simulation
